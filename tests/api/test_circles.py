"""The service circle of a published town: from the database to the table, the CSV file and the ledger."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import openpyxl
import pytest
import shapely
from served_town import EAST, ORIGIN, STEP, STREETS, WEST

from gisgrid import cli
from gisgrid.ledgers import draw_ledger
from gisgrid.store.database import Database
from gisgrid.store.tables import BARRIERS, SITES


def place(column: float, row: float) -> tuple[float, float]:
    return ORIGIN[0] + column * STEP, ORIGIN[1] + row * STEP


def furnish(database: Database) -> None:
    """A centre in the west corner of the town, and a street along its south."""
    street = shapely.LineString([place(0, 0.05), place(8, 0.05)])
    centre = shapely.Point(place(0.1, 0.1))
    with database.transaction() as connection:
        connection.execute(
            SITES.insert().values(
                code="C1", kind="service_centre", name="=西街中心", area_m2=120, geom=f"SRID=4326;{centre.wkt}"
            )
        )
        connection.execute(BARRIERS.insert().values(kind="street", name="南街", geom=f"SRID=4326;{street.wkt}"))


def test_who_lives_within_a_walk(
    town: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    furnish(town)
    monkeypatch.setenv("GISGRID_DATABASE_URL", town.url)
    file = tmp_path / "圈.csv"
    with pytest.raises(SystemExit) as ended:
        cli.main(["circle", "990101", "--reach", "250", "--csv", str(file), "--json"])
    assert not ended.value.code
    told = json.loads(capsys.readouterr().out)
    grids = {grid["code"]: grid for grid in told["grids"]}
    assert (told["households"], told["measured"]) == (48 * 40, "streets")
    assert told["within"] == sum(grid["within"] for grid in grids.values())
    assert 0 < told["within"] < 24 * 40, "some of the western community and none of the eastern"
    assert all(grid["within"] == 0 for code, grid in grids.items() if code.startswith(EAST))
    assert {grid["centre"] for grid in grids.values()} == {"C1"}
    rules = {finding["rule"]: finding["codes"] for finding in told["findings"]}
    assert rules["service_centre_too_small"] == [WEST, "C1"]
    assert rules["no_service_centre"] == [EAST]
    lines = list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"))))
    assert [line["网格编码"] for line in lines] == list(grids)
    assert {line["最近服务中心"] for line in lines} == {"'=西街中心"}
    book = openpyxl.load_workbook(io.BytesIO(draw_ledger(town, STREETS[0])))
    note, headings, *rows = book["15分钟服务圈"].iter_rows(values_only=True)
    assert "1000米以内" in str(note[0])
    assert dict(zip(headings, rows[-1], strict=True))["圈内户数"] == 24 * 40
    assert [row[0] for row in book["服务中心"].iter_rows(min_row=2, values_only=True)] == ["=西街中心"]


def test_what_is_no_walk_is_refused(
    town: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GISGRID_DATABASE_URL", town.url)
    for arguments, status, sentence in (
        (["990101", "--reach", "0"], 2, "A reach of 0 m is no walk"),
        (["990101", "--reach", "nan"], 2, "is no walk"),
        (["990101", "--csv", "a.txt"], 2, "--csv a.csv"),
        (["999999"], 1, "No division has the code"),
    ):
        with pytest.raises(SystemExit) as ended:
            cli.main(["circle", *arguments])
        assert ended.value.code == status
        assert sentence in capsys.readouterr().err.replace("\n", " ")
