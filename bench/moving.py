"""Open reports after a publication: how long the publication takes, and how long until all of them have followed.

A community of the sample is drawn and published, so many reports are filed in it, and it is drawn again otherwise and
published. Run: python bench/moving.py [--reports 20000]
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import shapely

from gisgrid import filing, importing, moving, workflow
from gisgrid.directory import GridDirectory
from gisgrid.handling import handle_report
from gisgrid.model import Band, DrawSettings, Report, ReportEventRequest
from gisgrid.sample_data import SAMPLE_LAYERS, sample_folder
from gisgrid.store import migrations
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Database

BATCH = 5_000


def published(database: Database, community: str, settings: DrawSettings) -> tuple[float, object]:
    """Draw and publish; the seconds that the publication took, and the edition."""
    drawn = workflow.draw_plans(database, [community], settings)[0]
    began = time.perf_counter()
    edition = workflow.publish_plan(database, drawn.plan.id, accept=("all",), actor="bench", from_draft=True)
    return time.perf_counter() - began, edition


def points_in(ground: shapely.Geometry, count: int) -> np.ndarray:
    """Points at random in the ground."""
    chance = np.random.default_rng(0)
    west, south, east, north = ground.bounds
    points = np.column_stack([chance.uniform(west, east, 4 * count), chance.uniform(south, north, 4 * count)])
    return points[shapely.contains_xy(ground, *points.T)][:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=20_000)
    wanted = parser.parse_args().reports
    home = Path(tempfile.mkdtemp(prefix="gisgrid-bench-"))
    home.chmod(0o711)
    cluster = Cluster(home)
    try:
        cluster.start()
        migrations.upgrade(cluster.url)
        database = Database(cluster.url)
        for layer in SAMPLE_LAYERS:
            request = importing.ImportRequest(
                layer=layer.layer, path=sample_folder() / layer.file_name, crs=layer.crs,
                dwelling_m2=100.0 if layer.estimate_households else None, rejects=home / "rejects.csv",
            )  # fmt: skip
            importing.import_layer(database, request)
        measure(database, wanted)
        database.close()
    finally:
        cluster.stop(force=True)
        shutil.rmtree(home)


def measure(database: Database, wanted: int) -> None:
    community = workflow.communities_with_buildings(database)[0]
    empty_s, edition = published(database, community, DrawSettings())
    directory = GridDirectory(database, nearest_tolerance_m=0.0)
    points = points_in(shapely.union_all([grid.geometry for grid in edition.grids]), wanted)  # type: ignore[attr-defined]
    reports = [Report("bench", str(n), lon=x, lat=y, crs="wgs84") for n, (x, y) in enumerate(points.tolist())]
    ids = []
    for start in range(0, len(reports), BATCH):
        filed = filing.file_reports(database, directory, reports[start : start + BATCH], actor="bench")
        ids += [each.record.id for each in filed]
    full_s, _ = published(database, community, DrawSettings(band=Band(200, 350, 260), seed=7))
    waits, done = [], threading.Event()
    handler = threading.Thread(target=handling, args=(database, directory, ids, waits, done))
    handler.start()
    began = time.perf_counter()
    moved = moving.move_reports(database, directory)
    move_s = time.perf_counter() - began
    done.set()
    handler.join()
    began = time.perf_counter()
    moving.move_reports(database, directory)
    idle_ms = 1_000 * (time.perf_counter() - began)
    print(f"{len(ids):,} open reports in community {community}, {moved:,} of them to another grid")
    print(f"publication: {empty_s:.2f} s without reports, {full_s:.2f} s with them")
    print(f"moved or confirmed in {move_s:.2f} s, {len(ids) / move_s:,.0f} a second; a look that finds nothing: "
          f"{idle_ms:.1f} ms")  # fmt: skip
    print(
        f"meanwhile {len(waits)} notes on reports: {np.median(waits):.3f} s in the median, {max(waits):.3f} s at most"
    )


def handling(
    database: Database, directory: GridDirectory, ids: list[str], waits: list[float], done: threading.Event
) -> None:
    """Note something on one report after the other, and how long each took."""
    for identifier in np.random.default_rng(1).permutation(ids).tolist():
        if done.is_set():
            break
        began = time.perf_counter()
        handle_report(database, directory, identifier, ReportEventRequest("note", "看"), actor="bench")
        waits.append(time.perf_counter() - began)


if __name__ == "__main__":
    main()
