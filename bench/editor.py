"""The planner's page in headless Chromium without a GPU: ready, stroke, frames and undo at 450 to 30,000 buildings.

    python -m bench.editor [--sizes 450 3000 30000] [--json OUT]

A made-up community (a warped lattice of cells with a footprint each, 17 grids and more) is packed as the service packs
a plan, and the page's own files are served to a real browser; edits are answered at once, so that the figures are the
page's alone. A stroke is 50 pointer moves over 50 buildings in one go, until the second frame after it; frames are
those while the hand moves over one building a frame; undo is from the key to the frame that shows it, 1,000 deep.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import shutil
import statistics
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import shapely.affinity
from playwright.sync_api import sync_playwright

from api import planner_assets, planner_pages
from gisgrid.maps.planner_board import BoardBorders, BoardContent, board_document
from gisgrid.model import Building, CommunityInputs, Division, Grid

SIZES = (450, 3_000, 30_000)
LON, LAT, STEP = 111.70, 40.80, 0.0004
DEPTH = 1_000
MEASURE = """
async (depth) => {
    const page = window.gisgridPage, { editor, board, map, tools } = page, surface = document.getElementById("map");
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const target = editor.view.present()[0], middle = editor.view.present()[1];
    page.choose(target);
    page.fit(middle);
    tools.use("brush");
    tools.resize(-4);
    await frame(); await frame();
    const seen = [...board.buildings.cell.keys()].filter((at) => editor.view.of[board.buildings.cell[at]] !== target);
    const there = (at) => {
        const [x, y] = board.buildings.centres.slice(2 * at, 2 * at + 2), place = map.unproject([x, y], 0);
        const { x: left, y: top } = map.latLngToContainerPoint(place), box = surface.getBoundingClientRect();
        return { clientX: left + box.left, clientY: top + box.top, inside: map.getBounds().contains(place) };
    };
    const shown = seen.map(there).filter((each) => each.inside);
    const send = (type, at) => {
        surface.dispatchEvent(new PointerEvent(type, { ...at, bubbles: true, button: 0, pointerId: 1 }));
    };
    const found = { in_view: shown.length, stroke: [], frames: [], handler: [], undo: [], redo: [] };
    for (let round = 0; round < 7; round += 1) {
        const way = shown.slice(0, 50);
        const begun = performance.now();
        send("pointerdown", way[0]);
        for (const at of way) send("pointermove", at);
        await frame(); await frame();
        found.stroke.push(performance.now() - begun);
        send("pointerup", way.at(-1));
        editor.undo();
        await frame(); await frame();
    }
    send("pointerdown", shown[0]);
    let last = performance.now();
    for (const at of shown.slice(0, 120)) {
        const begun = performance.now();
        send("pointermove", at);
        found.handler.push(performance.now() - begun);
        await frame();
        const now = performance.now();
        found.frames.push(now - last);
        last = now;
    }
    send("pointerup", shown[0]);
    const cells = seen.slice(0, depth).map((at) => board.buildings.cell[at]);
    for (const cell of cells) {
        const slot = editor.view.of[cell], key = editor.view.slots[(slot + 1) % editor.view.slots.length].key;
        editor.done.push({ cells: [[cell, key]], before: [[cell, editor.view.slots[slot].key]] });
    }
    editor.confirmed.undo = editor.confirmed.redo = { revision: 1 };
    for (const [name, count] of [["undo", 40], ["redo", 20]]) {
        for (let i = 0; i < count; i += 1) {
            await frame();
            const begun = performance.now();
            editor[name]();
            page.canvas.flush();
            found[name].push(performance.now() - begun);
        }
    }
    return found;
}
"""


def made_up(count: int) -> dict[str, Any]:
    """Return the document of a plan of so many buildings on a warped lattice, 26 to a grid."""
    columns = math.ceil(math.sqrt(count * 1.3))
    rows = math.ceil(count / columns)
    x, y = np.meshgrid(np.arange(columns + 1), np.arange(rows + 1))
    lon = LON + STEP * (x + 0.25 * np.sin(0.7 * y))
    lat = LAT + 0.75 * STEP * (y + 0.25 * np.sin(0.9 * x))
    nodes = np.round(np.dstack([lon, lat]), 9)
    places = [(row, column) for row in range(rows) for column in range(columns)]
    cells = [shapely.Polygon([nodes[r, c], nodes[r, c + 1], nodes[r + 1, c + 1], nodes[r + 1, c]]) for r, c in places]
    footprints = [shapely.affinity.scale(cell, 0.5, 0.4) for cell in cells]
    block = max(1, round(math.sqrt(len(cells) / 17 if len(cells) <= 3_000 else 176)))
    group = np.array([(r // block) * math.ceil(columns / block) + c // block for r, c in places])
    households = np.full(len(cells), 15, dtype=np.int64)
    buildings = tuple(
        Building(f"B{n:05d}", shape, address=f"示例街{n}号", households=15) for n, shape in enumerate(footprints)
    )
    outline = shapely.coverage_union_all(cells)
    inputs = CommunityInputs(Division("150105001001", "示例社区", "community", "150105001", outline), buildings)
    grids = [Grid(str(k + 1), "residential", None, None, 0, (), (), outline, 0.0) for k in range(int(group.max()) + 1)]
    number = np.arange(len(cells)).reshape(rows, columns)
    a = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    b = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    length = np.full(len(a), 30.0)
    borders = BoardBorders(a, b, length, np.zeros(len(a)), np.ones(len(a), dtype=np.bool_))
    board = board_document(
        BoardContent(inputs, grids, cells, households, group, {f"B{n:05d}": n for n in range(len(cells))}, borders)
    )
    caller = {"actor": "bench (user)", "may_edit": True, "may_decide": False}
    settings = {"min": 300, "max": 500, "target": 400}
    return {
        "plan": "1", "community": "150105001001", "state": "draft", "revision": 1, "settings": settings, "findings": [],
        "name": "示例社区", "path": [], "caller": caller, "tessellation": "1", "undo": None, "redo": None,
        "board": board,
    }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    """Serves the page, its files and one board; answers every edit at once with what it asked for."""

    board = b""
    revision = 1

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/planner/assets/"):
            asset = planner_assets.assets()[path.rpartition("/")[2]]
            self._send(asset.zipped, asset.media_type, zipped=True)
        elif path.startswith("/planner/"):
            self._send(bytes(planner_pages.editor_page("1").body), "text/html; charset=utf-8")
        elif path.endswith("/board"):
            self._send(self.board, "application/json", zipped=True)
        else:
            threading.Event().wait(15)
            self._send(
                b'{"edits": [], "state": "draft", "revision": 1, "undo": null, "redo": null}', "application/json"
            )

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        _Handler.revision += 1
        document = {"revision": self.revision, "cells": [], "grids": [], "tessellation": "1"}
        self._send(json.dumps(document).encode(), "application/json")

    def _send(self, content: bytes, media_type: str, *, zipped: bool = False) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        if zipped:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def measure(browser: Any, url: str, repeats: int = 5) -> dict[str, Any]:
    """Return the figures of one size, in milliseconds."""
    ready, page = [], None
    for _ in range(repeats):
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        context.add_init_script("Element.prototype.setPointerCapture = () => {};")
        page = context.new_page()
        page.goto(f"{url}/planner/1", wait_until="commit")
        page.wait_for_selector("html[data-ready]", timeout=60_000)
        ready.append(page.evaluate("() => performance.getEntriesByName('ready')[0].startTime"))
    found = page.evaluate(MEASURE, DEPTH)
    return {
        "ready_ms": round(statistics.median(ready)),
        "ready_least_ms": round(min(ready)),
        "stroke_50_ms": round(statistics.median(found["stroke"]), 1),
        "stroke_50_least_ms": round(min(found["stroke"]), 1),
        "handler_ms": round(statistics.median(found["handler"]), 2),
        "frame_p50_ms": round(float(np.quantile(found["frames"], 0.5)), 1),
        "frame_p95_ms": round(float(np.quantile(found["frames"], 0.95)), 1),
        "undo_p50_ms": round(float(np.quantile(found["undo"], 0.5)), 1),
        "undo_p95_ms": round(float(np.quantile(found["undo"], 0.95)), 1),
        "redo_p95_ms": round(float(np.quantile(found["redo"], 0.95)), 1),
        "buildings_in_view": found["in_view"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    names = [*planner_assets.modules_of("main.js"), "main.js", "leaflet.css", "editor.css"]
    files = [planner_assets.assets()[name] for name in names]
    size = {
        "files_bytes": sum(len(each.content) for each in files),
        "files_gzip_bytes": sum(len(each.zipped) for each in files),
    }
    results: dict[str, Any] = {"files": size}
    print(size)
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=program, args=options)
        for count in arguments.sizes:
            document = json.dumps(made_up(count), ensure_ascii=False, separators=(",", ":")).encode()
            _Handler.board, _Handler.revision = gzip.compress(document, 3), 1
            server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            found = measure(browser, f"http://127.0.0.1:{server.server_port}")
            server.shutdown()
            results[str(count)] = {**found, "board_bytes": len(document), "board_gzip_bytes": len(_Handler.board)}
            print(count, results[str(count)])
        browser.close()
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
