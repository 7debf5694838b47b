"""The walk on real data: the buildings of Nanshan and Liechtenstein, the reports of Baltimore.

Nothing of gisgrid judges itself here: `bench/verify_invariants.py` uses shapely and SQL alone, and lookups are compared
with an STRtree over the stored polygons.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import psycopg
import pytest
import shapely

from gisgrid import importing, workflow
from gisgrid.directory import GridDirectory
from gisgrid.importing import ImportRequest
from gisgrid.model import DrawSettings
from gisgrid.store.database import Database

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))

import places  # noqa: E402 - it lies in the folder just named

pytestmark = pytest.mark.slow
POINTS = 10_000


def draw_and_publish_everything(database: Database) -> int:
    codes = workflow.communities_with_buildings(database)
    # A draft goes the way of every plan with less search; how good plans are is the planning benchmark's business.
    drawn = workflow.draw_plans(database, codes, DrawSettings(effort="draft"), spread=workflow.Spread(jobs=2))
    for each in drawn:
        workflow.publish_plan(database, each.plan.id, accept=("all",), actor="test", from_draft=True)
    return len(drawn)


def verified(url: str) -> dict[str, str]:
    """Return the sums that the independent verifier prints; fail where it finds anything broken."""
    run = subprocess.run(
        [sys.executable, str(BENCH / "verify_invariants.py"), url], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return dict(line.rsplit(": ", 1) for line in run.stdout.splitlines() if ": " in line and "edition" not in line)


def assert_lookups_agree_with_an_strtree(database: Database) -> None:
    with psycopg.connect(database.url) as connection:
        rows = connection.execute(
            "SELECT g.code, ST_AsBinary(g.geom) FROM gisgrid.edition_grids g JOIN gisgrid.editions e"
            " ON e.id = g.edition_id WHERE e.valid @> now() ORDER BY g.code"
        ).fetchall()
    codes, polygons = [row[0] for row in rows], shapely.from_wkb([bytes(row[1]) for row in rows])
    west, south, east, north = shapely.total_bounds(polygons)
    chance = np.random.default_rng(7)
    lon, lat = chance.uniform(west, east, POINTS), chance.uniform(south, north, POINTS)
    point, grid = shapely.STRtree(polygons).query(shapely.points(lon, lat), predicate="intersects")
    expected: list[str | None] = [None] * POINTS
    for each, found in sorted(zip(point.tolist(), grid.tolist(), strict=True), reverse=True):
        expected[each] = codes[found]
    directory = GridDirectory(database, nearest_tolerance_m=0.0)
    located = directory.locate_many(lon, lat, "wgs84")
    answered, place = located.holding()
    holding = [*answered, None]
    assert [holding[position] for position in place] == expected
    for each in range(0, POINTS, 100):
        assert directory.locate(lon[each], lat[each], "wgs84").location.grid == expected[each]
    assert sum(code is not None for code in expected) > POINTS // 4


@pytest.mark.timeout(900)
def test_nanshan_is_imported_drawn_published_and_located(shared_data: Path, database: Database, tmp_path: Path) -> None:
    paths = places.nanshan(shared_data, tmp_path)
    for layer, path in paths.items():
        request = ImportRequest(layer, path, dwelling_m2=100.0 if layer == "buildings" else None)
        assert importing.import_layer(database, request).rejected == 0
    assert draw_and_publish_everything(database) == places.COMMUNITIES
    sums = verified(database.url)
    assert sums["buildings"] == "5,438"
    assert sums["communities"] == "20"
    assert_lookups_agree_with_an_strtree(database)


@pytest.mark.timeout(900)
def test_liechtenstein_is_imported_drawn_published_and_located(shared_data: Path, database: Database) -> None:
    imported = {each.layer: each for each in importing.import_osm(database, shared_data / "liechtenstein.osm.pbf")}
    assert (imported["divisions"].inserted, imported["buildings"].inserted) == (11, 14_031)
    assert draw_and_publish_everything(database) == 11
    sums = verified(database.url)
    assert sums["buildings"] == "13,992"  # 39 stand just over the border
    assert_lookups_agree_with_an_strtree(database)


def test_baltimore_is_filed_twice_and_the_second_time_changes_nothing(shared_data: Path, database: Database) -> None:
    request = ImportRequest(
        "reports",
        shared_data / "reports_baltimore_311.csv",
        crs="wgs84",
        columns={
            "external_id": "servicerequestnum", "category": "srtype", "lon": "longitude", "lat": "latitude",
            "address": "address", "reported_at": "createddate",
        },
    )  # fmt: skip
    first, second = importing.import_layer(database, request), importing.import_layer(database, request)
    assert (first.inserted, first.unchanged, first.rejected) == (10_000, 0, 0)
    assert (second.inserted, second.unchanged, second.rejected) == (0, 10_000, 0)
    with psycopg.connect(database.url) as connection:
        kept = connection.execute("SELECT count(*), count(lon) FROM gisgrid.reports").fetchone()
        placed = connection.execute("SELECT count(*) FROM gisgrid.report_assignments").fetchone()
    assert kept == (10_000, 9_410)  # 590 came without coordinates
    assert placed == (10_000,)
    rules = {finding.rule for finding in first.findings}
    assert {"report_without_place", "report_outside"} <= rules
