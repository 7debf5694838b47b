"""Second nets in a real PostGIS: a file of beats against the grids in force; loads of grids."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import shapely
from sqlalchemy import text
from town import COMMUNITY, NEIGHBOUR, SOUTH, WEST, build, code, publish, save_plan

from gisgrid import cli, filing
from gisgrid.directory import GridDirectory
from gisgrid.model import Report
from gisgrid.store import loads
from gisgrid.store.database import Database

FAR = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def town(database: Database) -> Database:
    with database.transaction() as connection:
        build(connection)
        publish(connection, save_plan(connection))
    return database


def test_beats_from_a_file_are_held_against_the_grids(
    town: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A beat over grid 1 and the south of grid 2, one over the north of grids 2 and 3; s3 lies in none."""
    monkeypatch.setenv("GISGRID_DATABASE_URL", town.url)
    west = shapely.union(shapely.box(WEST, SOUTH, 111.002, 40.004), shapely.box(111.002, SOUTH, 111.004, 40.002))
    north = shapely.box(111.002, 40.002, 111.006, 40.004)
    away = shapely.box(112, 41, 112.1, 41.1)
    rows = [("警务", "P1", "一警区", west), ("警务", "P2", "二警区", north), ("监测", "M1", "", away)]
    file = tmp_path / "nets.csv"
    file.write_text("网,编码,名称,wkt\n" + "".join(f'{n},{c},{name},"{shape.wkt}"\n' for n, c, name, shape in rows))
    for inserted in (3, 0):
        with pytest.raises(SystemExit) as ended:
            cli.main(["import", "nets", str(file), "--crs", "wgs84", "--json"])
        assert not ended.value.code, capsys.readouterr()
        assert json.loads(capsys.readouterr().out)["inserted"] == inserted
    table = tmp_path / "对照.csv"
    with pytest.raises(SystemExit) as ended:
        cli.main(["nets", COMMUNITY, "--csv", str(table), "--json"])
    assert not ended.value.code
    told = json.loads(capsys.readouterr().out)
    assert told["nets"] == ["police"]
    assert [(p["grid"], p["area"], p["buildings"], p["households"], p["relation"]) for p in told["pairs"]] == [
        (code(1), "P1", 2, 400, "grid_inside"),
        (code(2), "P1", 1, 200, "crossing"),
        (code(2), "P2", 1, 200, "crossing"),
        (code(3), None, 1, 200, "outside"),
        (code(3), "P2", 1, 200, "crossing"),
    ]
    assert [finding["rule"] for finding in told["findings"]].count("net_crosses_grid") == 3
    assert "二警区" in table.read_text("utf-8-sig")


def test_the_load_of_a_grid_counts_what_is_new_open_and_overdue(town: Database) -> None:
    directory = GridDirectory(town, nearest_tolerance_m=0.0)
    now = datetime.now(UTC)
    for number, (building, days) in enumerate((("s1", 1), ("s1", 200), ("s2", 1), (None, 1))):
        report = Report("12345", f"A-{number}", text="路灯", building_code=building, reported_at=now - timedelta(days))
        filing.file_report(town, directory, report, actor="hotline")
    with town.transaction() as connection:
        connection.execute(text("UPDATE gisgrid.reports SET close_due = :due WHERE building_code = 's1'"), {"due": FAR})
        found = loads.of_grids(connection, [COMMUNITY], since=now - timedelta(days=90), now=now)
        assert {grid: (load.reports, load.open, load.overdue) for grid, load in found.items()} == {
            code(1): (1, 2, 2),
            code(2): (1, 1, 0),
        }
        assert loads.of_grids(connection, [NEIGHBOUR], since=FAR, now=now) == {}
