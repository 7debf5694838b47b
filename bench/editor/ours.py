"""The planner's page, measured inside a real browser: ready, strokes, frames, undo and redo.

A stroke is 50 pointer moves over 50 buildings in one go, until the second frame after it; frames are those while the
hand moves over one building a frame; undo is from the call to what it paints, on a stack of a thousand.
"""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

from bench.editor.pages import opened

DEPTH = 1_000
MEASURE = """
async (depth) => {
    const page = window.gisgridPage, { editor, board, map, tools } = page, surface = document.getElementById("map");
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const target = editor.view.present()[0], middle = editor.view.present()[1];
    page.choose(target);
    page.fit(board.cells.count < 1_000 ? null : middle);
    tools.use("brush");
    tools.resize(-4);
    await frame(); await frame();
    const seen = [...board.buildings.cell.keys()].filter((at) => editor.view.of[board.buildings.cell[at]] !== target);
    const there = (at) => {
        const [x, y] = board.buildings.centres.slice(2 * at, 2 * at + 2), place = map.unproject([x, y], 0);
        const { x: left, y: top } = map.latLngToContainerPoint(place), box = surface.getBoundingClientRect();
        return { at, clientX: left + box.left, clientY: top + box.top, inside: map.getBounds().contains(place) };
    };
    const shown = seen.map(there).filter((each) => each.inside);
    const send = (type, at) => {
        surface.dispatchEvent(new PointerEvent(type, { ...at, bubbles: true, button: 0, pointerId: 1 }));
    };
    const { _southWest: low, _northEast: high } = map.getBounds();
    const found = { stroke: [], frames: [], handler: [], undo: [], redo: [] };
    const box = [low.lng, low.lat, high.lng, high.lat];
    Object.assign(found, { in_view: shown.length, box, way: shown.map(({ at }) => at) });
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


def measure(browser: Any, url: str, repeats: int = 3) -> dict[str, Any]:
    """Return the figures of one size, in milliseconds."""
    page, ready = opened(browser, f"{url}/planner/1", "() => document.documentElement.dataset.ready", repeats)
    found = page.evaluate(MEASURE, DEPTH)
    page.context.close()
    return {
        **ready,
        "stroke_50_ms": round(statistics.median(found["stroke"]), 1),
        "stroke_50_least_ms": round(min(found["stroke"]), 1),
        "handler_ms": round(statistics.median(found["handler"]), 2),
        "frame_p50_ms": round(float(np.quantile(found["frames"], 0.5)), 1),
        "frame_p95_ms": round(float(np.quantile(found["frames"], 0.95)), 1),
        "undo_p50_ms": round(float(np.quantile(found["undo"], 0.5)), 1),
        "undo_p95_ms": round(float(np.quantile(found["undo"], 0.95)), 1),
        "redo_p95_ms": round(float(np.quantile(found["redo"], 0.95)), 1),
        "buildings_in_view": found["in_view"],
        "box": found["box"],
        "way": found["way"],
    }
