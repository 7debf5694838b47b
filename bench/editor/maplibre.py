"""MapLibre GL as a peer: the same ground, the same strokes by feature-state, in the same browser without a GPU.

It is fetched once by `npm pack` into a cache folder outside the project and only used if its sum is the pinned one;
without npm or network the benchmark runs without it. It is asked for less than the planner's page does: what lies under
the hand is told to it, it counts nothing, and it letters nothing.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import subprocess
import tarfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.editor.pages import opened
from bench.editor.town import Town

NAME: Final = "maplibre-gl-6.17.0"
SHA256: Final = "587807d8d6c99349022e027fa310c16cfaa55392131f6263df080306db6809b0"
PAGE: Final = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/maplibre/maplibre-gl.css">
<style>html,body{margin:0;height:100%}#map{position:absolute;left:54px;top:46px;width:940px;height:694px}</style>
<div id="map"></div><script type="module" src="/maplibre/page.js"></script>"""
SCRIPT: Final = """
import { Map, setWorkerUrl } from "/maplibre/maplibre-gl.mjs";
setWorkerUrl("/maplibre/maplibre-gl-worker.mjs");
const palette = ["#f7dcae", "#c3e2c4", "#c8dbf3", "#f5cdca", "#ded0ec", "#ebe8ab", "#bfe5e4", "#f1d0e2"];
const grid = ["%", ["coalesce", ["feature-state", "grid"], ["get", "grid"]], 8];
const colour = ["match", grid, ...palette.slice(1).flatMap((each, at) => [at + 1, each]), palette[0]];
const [west, south, east, north] = new URLSearchParams(location.search).get("box").split(",").map(Number);
const map = new Map({
  container: "map", bounds: [[west, south], [east, north]], fadeDuration: 0, attributionControl: false,
  style: {
    version: 8,
    sources: {
      cells: { type: "geojson", data: "/maplibre/cells.json" },
      buildings: { type: "geojson", data: "/maplibre/buildings.json" },
    },
    layers: [
      { id: "ground", type: "fill", source: "cells", paint: { "fill-color": colour, "fill-antialias": false } },
      { id: "buildings", type: "fill", source: "buildings", paint: { "fill-color": "rgba(84,74,66,.55)" } },
      { id: "borders", type: "line", source: "cells", paint: { "line-color": "#34404c", "line-width": 1 } },
    ],
  },
});
map.once("load", () => {
  performance.mark("ready");
  window.peer = map;
});
"""
MEASURE: Final = """
async (way) => {
    const map = window.peer, frame = () => new Promise((done) => requestAnimationFrame(done));
    const drawn = () => new Promise((done) => map.once("render", done));
    const paint = (id, grid) => map.setFeatureState({ source: "cells", id }, { grid });
    const found = { stroke: [], frames: [] };
    await frame(); await frame();
    for (let round = 0; round < 5; round += 1) {
        const begun = performance.now();
        for (const id of way.slice(0, 50)) paint(id, round + 1);
        await drawn(); await frame();
        found.stroke.push(performance.now() - begun);
    }
    let last = performance.now();
    for (const id of way.slice(0, 40)) {
        paint(id, 7);
        await drawn();
        const now = performance.now();
        found.frames.push(now - last);
        last = now;
    }
    return found;
}
"""


def fetched() -> Path | None:
    """Return the folder of MapLibre's files, fetched and checked once; nothing where it cannot be had."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "gisgrid-bench"
    archive, folder = cache / f"{NAME}.tgz", cache / NAME
    cache.mkdir(parents=True, exist_ok=True)
    if not archive.is_file():
        command = ["npm", "pack", NAME.replace("-gl-", "-gl@"), "--pack-destination", str(cache), "--silent"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=120)
        except (OSError, subprocess.SubprocessError) as error:
            print(f"MapLibre cannot be fetched, so it is left out: {error}")
            return None
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != SHA256:
        raise RuntimeError(
            f"{archive} has SHA-256 {found}, not the pinned {SHA256}; remove it and look where it is from."
        )
    if not folder.is_dir():
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    return folder / "package" / "dist"


def files_of(folder: Path, town: Town) -> dict[str, tuple[str, bytes]]:
    """Return the peer's page with all that it loads."""
    script = "text/javascript"
    return {
        "/maplibre": ("text/html; charset=utf-8", PAGE.encode()),
        "/maplibre/page.js": (script, SCRIPT.encode()),
        "/maplibre/maplibre-gl.mjs": (script, (folder / "maplibre-gl.mjs").read_bytes()),
        "/maplibre/maplibre-gl-worker.mjs": (script, (folder / "maplibre-gl-worker.mjs").read_bytes()),
        "/maplibre/maplibre-gl-shared.mjs": (script, (folder / "maplibre-gl-shared.mjs").read_bytes()),
        "/maplibre/maplibre-gl.css": ("text/css", (folder / "maplibre-gl.css").read_bytes()),
        "/maplibre/cells.json": ("application/json", town.cells.encode()),
        "/maplibre/buildings.json": ("application/json", town.buildings.encode()),
    }


def measure(browser: Any, url: str, box: list[float], way: list[int], repeats: int = 2) -> dict[str, Any]:
    """Return the peer's figures in milliseconds: over the same box of degrees, painting the same cells."""
    address = f"{url}/maplibre?box={','.join(map(str, box))}"
    page, ready = opened(browser, address, "() => window.peer", repeats)
    found = page.evaluate(MEASURE, way)
    page.context.close()
    return {
        **ready,
        "stroke_50_ms": round(statistics.median(found["stroke"]), 1),
        "frame_p50_ms": round(float(np.quantile(found["frames"], 0.5)), 1),
        "frame_p95_ms": round(float(np.quantile(found["frames"], 0.95)), 1),
    }
