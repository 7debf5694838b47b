"""The planner's page in headless Chromium without a GPU, beside MapLibre in the same run; then on the real service.

    python -m bench.editor [--sizes 450 3000 30000] [--no-peer] [--no-service] [--json OUT]

Made-up communities are packed as the service packs a plan (`town`), the page's own files are served to a real browser
(`server`), and the page (`ours`) and its peer (`maplibre`) get the same strokes. On the service (`service`): undo a
thousand deep after a reload, and suggestions until they are shown. The machine's load is told with the figures.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from api import planner_assets
from bench.editor import maplibre, ours, service
from bench.editor.server import files_of, served
from bench.editor.town import made_up

SIZES = (450, 3_000, 30_000)
WITHOUT_GPU = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage"]


def main() -> None:
    """Print a line of figures for each size, ours and the peer's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--no-service", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    names = [*planner_assets.modules_of("main.js"), "main.js", "leaflet.css", "editor.css"]
    files = [planner_assets.assets()[name] for name in names]
    size = {"bytes": sum(len(each.content) for each in files), "sent": sum(len(each.zipped) for each in files)}
    results: dict[str, Any] = {"files": size, "load": os.getloadavg()[0]}
    print(f"script and style with Leaflet: {size['bytes']} bytes, {size['sent']} as sent; load {results['load']:.1f}")
    folder = None if arguments.no_peer else maplibre.fetched()
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=WITHOUT_GPU)
        for count in arguments.sizes:
            results[str(count)] = _size(browser, count, folder)
        if not arguments.no_service:
            results["service"] = service.measure(browser)
            print("service", results["service"])
        browser.close()
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


def _size(browser: Any, count: int, folder: Path | None) -> dict[str, Any]:
    """Return and print the figures of one size."""
    town = made_up(count)
    files = files_of(town.document)
    board = files["/v1/plans/1/board"][1]
    files |= maplibre.files_of(folder, town) if folder else {}
    found: dict[str, Any] = {"board_bytes": len(board), "board_sent": len(gzip.compress(board, 3))}
    with served(files) as url:
        found["ours"] = ours.measure(browser, url)
        box, way = found["ours"].pop("box"), found["ours"].pop("way")
        print(count, "ours", found["ours"])
        if folder:
            found["maplibre"] = maplibre.measure(browser, url, box, way)
            ratio = found["maplibre"]["frame_p95_ms"] / found["ours"]["frame_p95_ms"]
            print(count, "maplibre", found["maplibre"], f"frames p95 {ratio:.1f} times ours")
    return found


if __name__ == "__main__":
    main()
