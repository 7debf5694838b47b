"""The staff map beside plain folium on the same data, in headless Chromium without a GPU, in one run.

    python -m bench.staff_map [--parts community district real] [--rounds 3] [--data ../shared/data] [--json OUT]

Two made-up places (a community of 17 grids and 450 buildings, a district of 1,122 and 30,000; see
`bench/staff_map_places.py`) are written by `render_staff_map` and by folium as its manual shows it: a GeoJson layer of
grids with tooltip and popup, one of buildings. The pages are loaded in turn. folium's page asks CDNs for ten files; its
Leaflet is answered from this machine at once and the others with nothing, else it would not paint at all, so its
figures flatter it. First paint is the second frame after the document is read; a zoom step ends with the second frame
after it; the heap is what a forced collection leaves. The last part needs the real footprints of `--data`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import folium
import numpy as np
import shapely
from playwright.sync_api import Browser, sync_playwright
from scipy.spatial import cKDTree

from bench.staff_map_places import COMMUNITY, DISTRICT, frames, liechtenstein, made_up, nanshan
from gisgrid.maps.content import MapData
from gisgrid.maps.resources import leaflet
from gisgrid.maps.staff_map import render_staff_map

MARK = """
addEventListener("DOMContentLoaded", () => requestAnimationFrame(() => requestAnimationFrame(() => {
    window.painted = performance.now();
})));
"""
ZOOM = """
async (map) => {
    const frame = () => new Promise((done) => requestAnimationFrame(done)), found = [];
    const start = map.getZoom();
    for (let i = 0; i < 6; i += 1) {
        const begun = performance.now();
        map.setZoom(i % 2 ? start : start + 1, { animate: false });
        await frame(); await frame();
        found.push(performance.now() - begun);
    }
    return found;
}
"""
VERTICES = """
(layer) => {
    const round = (points) => [...points];
    const grids = layer.content.grids.flatMap((grid) => grid.rings.map(round));
    const buildings = layer.content.layers.find((each) => each.kind.key === "buildings").own.shapes;
    return { grids, buildings: [round(buildings.points)] };
}
"""


@dataclass(frozen=True, slots=True)
class Written:
    """A page as it was written: its HTML, how long that took, and its map's name in the script."""

    html: str
    seconds: float
    map_name: str


def ours(data: MapData) -> Written:
    """Return the staff map with phones, as the internal audience sees it."""
    begun = time.perf_counter()
    html = render_staff_map(data, audience="internal", phones=True)
    return Written(html, time.perf_counter() - begun, "map_staff")


def plain_folium(data: MapData) -> Written:
    """Return the same data as folium draws it by itself."""
    begun = time.perf_counter()
    grids, buildings = frames(data)
    centre = shapely.centroid(data.division.geometry)
    here = folium.Map(location=(centre.y, centre.x), tiles=None)
    for frame, fields in (
        (grids, ["name", "households", "contact", "phone"]),
        (buildings, ["name", "address", "households"]),
    ):
        folium.GeoJson(
            frame,
            style_function=lambda feature: {"fillColor": feature["properties"].get("colour", "#999"), "weight": 1},
            tooltip=folium.GeoJsonTooltip(fields[:1]),
            popup=folium.GeoJsonPopup(fields),
        ).add_to(here)
    west, south, east, north = data.division.geometry.bounds
    here.fit_bounds([[south, west], [north, east]])
    html = here.get_root().render()
    return Written(html, time.perf_counter() - begun, here.get_name())


def load(browser: Browser, page_: Written, file: Path, *, throttle: int = 1, heap: bool = True) -> dict[str, Any]:
    """Return what one load of a page costs: first paint, heap, zoom step, requests, vertices on request."""
    file.write_text(page_.html, encoding="utf-8")
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    asked: list[str] = []
    context.route(lambda url: url.startswith("http"), lambda route: _answer(route, asked))
    context.add_init_script(MARK)
    page = context.new_page()
    session = context.new_cdp_session(page)
    if throttle > 1:
        session.send("Emulation.setCPUThrottlingRate", {"rate": throttle})
    page.goto(file.as_uri(), timeout=120_000)
    page.wait_for_function("window.painted", timeout=120_000)
    found: dict[str, Any] = {"paint_ms": page.evaluate("window.painted"), "requests": len(asked)}
    if heap:
        session.send("HeapProfiler.collectGarbage")
        usage = session.send("Runtime.getHeapUsage")
        found["heap_mb"] = usage["usedSize"] / 1e6
        found["arrays_mb"] = usage.get("backingStorageSize", 0) / 1e6
        found["zoom_ms"] = statistics.median(page.evaluate(f"({ZOOM})({page_.map_name})"))
    context.close()
    return found


def _answer(route: Any, asked: list[str]) -> None:
    url = route.request.url
    asked.append(url)
    kind = "text/css" if url.endswith(".css") else "text/javascript"
    text = {"leaflet.js": leaflet().script, "leaflet.css": leaflet().style}.get(url.rpartition("/")[2], "")
    route.fulfill(body=text, content_type=kind)


def vertex_error_m(browser: Browser, page_: Written, file: Path, data: MapData) -> float:
    """Return the largest distance in metres between a vertex as the page draws it and the nearest one of its source."""
    file.write_text(page_.html, encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    name = page.evaluate("Object.keys(window).find((each) => each.startsWith('grid_layer_'))")
    drawn = page.evaluate(f"({VERTICES})({name})")
    page.close()
    editions = [each.edition for each in data.communities if each.edition is not None]
    sources = {
        "grids": [grid.geometry for edition in editions for grid in edition.grids],
        "buildings": [building.geometry for each in data.communities for building in each.buildings],
    }
    worst = 0.0
    for kind, shapes in sources.items():
        world = np.concatenate([np.reshape(points, (-1, 2)) for points in drawn[kind]])
        lon = (world[:, 0] / 256 - 0.5) * 360
        lat = np.degrees(np.arctan(np.sinh((0.5 - world[:, 1] / 256) * 2 * np.pi)))
        scale = np.array([111_320 * np.cos(np.radians(lat.mean())), 111_000])
        distance, _ = cKDTree(shapely.get_coordinates(shapes) * scale).query(np.column_stack([lon, lat]) * scale)
        worst = max(worst, float(distance.max()))
    return worst


@contextmanager
def black_hole() -> Iterator[int]:
    """Yield the port of a proxy that takes every connection and never answers."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def swallow() -> None:
            try:
                while True:
                    held.append(server.accept()[0])
            except OSError:
                return

        threading.Thread(target=swallow, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    for each in held:
        each.close()


def swallowed(launch: Callable[..., Browser], pages: dict[str, Written], file: Path) -> dict[str, Any]:
    """Return when each page paints behind a firewall that swallows packets; None where it is blank after 12 s."""
    found: dict[str, Any] = {}
    with black_hole() as port:
        browser = launch(proxy={"server": f"http://127.0.0.1:{port}"})
        for name, page_ in pages.items():
            file.write_text(page_.html, encoding="utf-8")
            page = browser.new_page()
            page.add_init_script(MARK)
            page.goto(file.as_uri(), wait_until="commit")
            deadline = time.monotonic() + 12
            painted = None
            while painted is None and time.monotonic() < deadline:
                page.wait_for_timeout(50)
                painted = page.evaluate("window.painted ?? null")
            found[name] = painted
            page.close()
        browser.close()
    return found


def compare(browser: Browser, data: MapData, folder: Path, rounds: int) -> tuple[dict[str, Any], dict[str, Written]]:
    """Return the medians of both pages of a place and their ratios."""
    writers = {"folium": plain_folium, "ours": ours}
    pages: dict[str, Written] = {}
    result: dict[str, Any] = {}
    for name, write in writers.items():
        written = [write(data) for _ in range(3 if name == "ours" else 1)]
        pages[name] = written[-1]
        seconds = statistics.median(each.seconds for each in written)
        result[name] = {"bytes": len(written[-1].html.encode()), "generate_s": seconds}
    loads: dict[str, list[dict[str, Any]]] = {name: [] for name in writers}
    for _ in range(rounds):
        for name, page in pages.items():
            loads[name].append(load(browser, page, folder / f"{name}.html"))
    for name, found in loads.items():
        result[name] |= {key: statistics.median(each[key] for each in found) for key in found[0]}
    result["folium / ours"] = {
        key: result["folium"][key] / result["ours"][key] for key in result["ours"] if result["ours"][key]
    }
    result["ours"]["vertex_error_m"] = vertex_error_m(browser, pages["ours"], folder / "ours.html", data)
    return result, pages


def footprints(browser: Browser, data: MapData, folder: Path) -> dict[str, Any]:
    """Return bytes a building of a real place, ours and folium's, and the vertex error."""
    written, beside = ours(data), plain_folium(data)
    bare = MapData(
        data.division,
        tuple(type(each)(each.division, each.edition) for each in data.communities),
        data.drawn_at,
    )
    count = sum(len(each.buildings) for each in data.communities)
    found = load(browser, written, folder / "real.html")
    return {
        "buildings": count,
        "bytes": len(written.html.encode()),
        "bytes_a_building": (len(written.html.encode()) - len(ours(bare).html.encode())) / count,
        "folium_bytes_a_building": len(beside.html.encode()) / count,
        "paint_ms": found["paint_ms"],
        "vertex_error_m": vertex_error_m(browser, written, folder / "real.html", data),
    }


def _told(part: str, result: dict[str, Any]) -> None:
    """Tell what is known already: a run takes minutes on a busy machine."""
    print(part, json.dumps(result[part], default=str), file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", default=["community", "district", "real"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    result: dict[str, Any] = {}
    with sync_playwright() as player, tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def launch(**more: Any) -> Browser:
            arguments = ["--no-sandbox", "--disable-gpu", "--enable-precise-memory-info"]
            return player.chromium.launch(executable_path=program, args=arguments, **more)

        browser = launch()
        if "community" in options.parts:
            result["community"], pages = compare(browser, made_up(COMMUNITY), folder, options.rounds)
            for each, page in pages.items():
                slow = [
                    load(browser, page, folder / "slow.html", throttle=4, heap=False) for _ in range(options.rounds)
                ]
                result["community"][each]["paint_ms at 1/4 speed"] = statistics.median(one["paint_ms"] for one in slow)
            _told("community", result)
            result["packets swallowed, paint_ms"] = swallowed(launch, pages, folder / "swallowed.html")
            _told("packets swallowed, paint_ms", result)
        if "district" in options.parts:
            result["district"], _ = compare(browser, made_up(DISTRICT), folder, options.rounds)
            _told("district", result)
        for real, read in (("Nanshan", nanshan), ("Liechtenstein", liechtenstein)):
            if "real" in options.parts and options.data.exists():
                result[real] = footprints(browser, read(options.data), folder)
                _told(real, result)
        browser.close()
    text = json.dumps(result, indent=1, default=str, ensure_ascii=False)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
