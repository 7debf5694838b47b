"""The ledger as a workbook: what stands in it, and that no text becomes a formula."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gisgrid.maps.ledger import ledger_tables, render_ledger
from gisgrid.maps.workbook import Table, write_workbook
from gisgrid.model import CoverageRow, Division, Estate, Post
from gisgrid.model.ledger import BuildingLine, FindingLine, LedgerData, LineageLine, Residents

NOW = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)
"""The 28th in China."""
COMMUNITY = "990101001001"
GRID, RETIRED = f"{COMMUNITY}002", f"{COMMUNITY}001"
HOSTILE = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "=cmd|' /C calc'!A0",
    "\t=1",
    "_x0041_",
    "a\x00b",
    "<b>&amp;</b>",
    "\u202eabc",
)


def building(number: int, grid: str | None, **changed: object) -> BuildingLine:
    values: dict[str, object] = {
        "community": COMMUNITY, "code": f"B{number}", "name": f"{number}号楼", "address": f"试验路{number}号",
        "floors": 6, "households": 100 + number, "household_source": "declared", "household_measure": "resident",
        "use": None, "estate": "E1", "grid": grid,
    }  # fmt: skip
    return BuildingLine(**(values | changed))  # type: ignore[arg-type]  # names and types are those above


def data(**changed: object) -> LedgerData:
    chain = (
        Division("990101", "合成区", "district"),
        Division("990101001", "西街道", "street"),
        Division(COMMUNITY, "西社区", "community"),
    )
    values: dict[str, object] = {
        "division": chain[2],
        "chains": {COMMUNITY: chain},
        "grids": (
            CoverageRow(
                GRID, "第2网格", "residential", 303, 2, 12345.67, COMMUNITY, "7", NOW, None, shapely.box(0, 0, 1, 1)
            ),
        ),
        "buildings": (building(1, GRID), building(2, GRID, household_source="estimated"), building(3, None)),
        "estates": (Estate("E1", "试验小区", "old", "试验物业"),),
        "posts": {GRID: (Post(GRID, "网格员", "甲一", "000-0001", NOW, None), Post(GRID, "网格长", "乙二"))},
        "lineage": (LineageLine(COMMUNITY, "7", NOW, "reviewer", RETIRED, GRID, 55),),
        "findings": (FindingLine(COMMUNITY, "above_band", "error", "户数过多。", (GRID,), "reviewer"),),
        "residents": {COMMUNITY: Residents(10, 8, 21)},
        "abuttals": {GRID: ("试验路", "第3网格", "社区边界", "社区边界")},
        "drawn_at": NOW,
    }
    return LedgerData(**(values | changed))  # type: ignore[arg-type]  # names and types are those above


def sheets(content: bytes) -> dict[str, list[list[object]]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book}


def test_the_sheets_and_their_figures() -> None:
    found = sheets(render_ledger(data()))
    assert list(found) == [
        "说明", "网格情况表", "网格员台账", "楼栋台账", "小区台账", "变更记录", "检查结果", "链条核对",
    ]  # fmt: skip
    headings, row, total = found["网格情况表"]
    grid = dict(zip(headings, row, strict=True))
    assert grid["网格编码"] == GRID
    assert (grid["户数（常住户）"], grid["楼栋数"], grid["面积（平方米）"]) == (203, 2, 12345.7)
    assert [grid[f"{side}至"] for side in "东南西北"] == ["试验路", "第3网格", "社区边界", "社区边界"]
    assert (grid["网格长"], grid["网格员"]) == ("乙二", "甲一")
    assert dict(zip(headings, total, strict=True))["户数（常住户）"] == 203
    assert [row[8] for row in found["楼栋台账"][1:4]] == [None] * 3
    assert [row[9] for row in found["楼栋台账"][1:4]] == ["第2网格", "第2网格", "未入网格"]
    assert found["小区台账"][1][:7] == ["试验小区", "E1", "老旧小区", "试验物业", 3, 306, 1]
    assert found["变更记录"][1][2:5] == [RETIRED, GRID, 55]
    assert found["检查结果"][1][1:4] == ["错误", "above_band", "户数过多。"]
    links = {row[2]: row[3:] for row in found["链条核对"][1:]}
    assert links["人进户"] == [10, 8, 2, "登记 21 人；未填人数的户计为未进"]
    assert links["户进房"][:3] == [306, 0, 306]
    assert links["房进网格"] == [3, 2, 1, "未入网格的楼栋：B3"]
    assert links["网格进图"][:3] == [1, 1, 0]


def test_days_are_those_of_china() -> None:
    found = sheets(render_ledger(data()))
    assert found["网格情况表"][1][-1] == datetime(2026, 11, 28)  # noqa: DTZ001  a day, as a workbook holds it
    assert dict(row for row in found["说明"][1:])["制表日期"] == datetime(2026, 11, 28)  # noqa: DTZ001  as above


def test_a_division_without_an_edition_has_its_buildings_all_the_same() -> None:
    found = sheets(render_ledger(data(grids=(), posts={}, abuttals={}, buildings=(building(1, None),))))
    assert found["楼栋台账"][1][3] == "B1"
    assert dict(row for row in found["说明"][1:])["版本生效日期"] == "尚无生效版本"


def test_several_measures_are_told() -> None:
    mixed = (building(1, GRID), building(2, GRID, household_measure="dwelling"))
    assert "户数（常住户、住宅套数）" in ledger_tables(data(buildings=mixed))[1].headings


def test_no_text_becomes_a_formula() -> None:
    lines = tuple(building(number, None, name=text, address=text) for number, text in enumerate(HOSTILE))
    content = render_ledger(data(buildings=lines, estates=(Estate("E1", HOSTILE[0], None, HOSTILE[1]),)))
    archive = zipfile.ZipFile(io.BytesIO(content))
    for name in archive.namelist():
        assert b"<f>" not in archive.read(name), f"{name} holds a formula"
    book = openpyxl.load_workbook(io.BytesIO(content))
    for row in book["楼栋台账"].iter_rows(min_row=2, max_row=1 + len(HOSTILE), min_col=3, max_col=5):
        for cell in row:
            assert cell.data_type == "s"
            assert cell.quotePrefix, "Excel would read the text again when the cell is edited"
    shown = [as_shown(row[2].value) for row in book["楼栋台账"].iter_rows(min_row=2, max_row=1 + len(HOSTILE))]
    assert shown[:7] == list(HOSTILE[:7])
    assert shown[7:] == ["a�b", *HOSTILE[8:]]


@settings(max_examples=25)
@given(st.lists(st.text(), min_size=1, max_size=5))
def test_whatever_the_texts_the_workbook_opens(texts: list[str]) -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(write_workbook([Table("表", ("一",), [[text] for text in texts])], title="表"))
    )
    assert book["表"].max_row == 1 + len(texts)


@pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice is not on this machine (Debian: libreoffice-calc-nogui)"
)
def test_libreoffice_opens_it_and_finds_what_was_written(tmp_path: Path) -> None:
    """A file that needs repair would lose cells; a text that became a formula would come back as its value."""
    names = [f"{text} {number}" for number, text in enumerate(HOSTILE)]
    buildings = tuple(building(number, GRID, name=name, address=HOSTILE[number]) for number, name in enumerate(names))
    written = tmp_path / "ledger.xlsx"
    written.write_bytes(render_ledger(data(buildings=buildings)))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    options = ["--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(tmp_path / "again")]
    subprocess.run(["soffice", profile, *options, str(written)], check=True, capture_output=True, timeout=300)
    ours, again = sheets(written.read_bytes()), sheets((tmp_path / "again" / "ledger.xlsx").read_bytes())
    assert list(ours) == list(again)
    for title, rows in ours.items():
        wide = max(len(row) for row in rows)
        found = [[as_shown(cell) for cell in row[:wide]] for row in again[title][: len(rows)]]
        assert found == [[as_shown(cell) for cell in row] for row in rows], title


def as_shown(cell: object) -> object:
    """Return what a reader sees of a cell, by the standard's escape, which openpyxl leaves in (ECMA-376, 22.9.2.19)."""
    return cell.replace("_x005F_", "_") or None if isinstance(cell, str) else cell
