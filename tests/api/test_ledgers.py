"""The ledger of a published town at both doors; its sums are those of SQL."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pypdfium2
import pytest
from served_town import EAST, STREETS, WEST, Service
from sqlalchemy import text

from gisgrid import cli

Problem = Callable[[httpx.Response, int, str], dict[str, object]]


def rows_of(book: openpyxl.Workbook, sheet: str) -> list[dict[str, Any]]:
    headings, *rows = ([cell.value for cell in row] for row in book[sheet].iter_rows())
    return [dict(zip(headings, row, strict=True)) for row in rows]


def test_a_streets_ledger_sums_up_to_what_the_database_holds(shared_service: Service) -> None:
    answer = shared_service.client("planner").get(f"/maps/{STREETS[0]}.xlsx")
    assert answer.status_code == 200
    assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    *grids, total = rows_of(book, "网格情况表")
    with shared_service.database.transaction() as connection:
        kept = connection.execute(
            text(
                "SELECT eb.grid_code, sum(b.households), count(*) FROM gisgrid.edition_buildings AS eb"
                " JOIN gisgrid.editions AS e ON e.id = eb.edition_id AND upper_inf(e.valid)"
                " JOIN gisgrid.buildings AS b ON b.code = eb.building_code"
                " WHERE e.community_code = :community GROUP BY eb.grid_code ORDER BY eb.grid_code"
            ),
            {"community": WEST},
        ).all()
    assert [(row["网格编码"], row["户数（常住户）"], row["楼栋数"]) for row in grids] == [tuple(row) for row in kept]
    assert total["户数（常住户）"] == sum(row[1] for row in kept)
    assert {row["网格编码"][:12] for row in grids} == {WEST}
    assert all(row["街道"] == "西街道" and row["社区"] == "西社区" for row in grids)
    workers = rows_of(book, "网格员台账")
    assert [(row["网格编码"], row["姓名"], row["值班电话"]) for row in workers] == [
        (f"{WEST}001", "网格员甲一", "000-0001")
    ]
    links = {row["环节"]: row for row in rows_of(book, "链条核对")}
    assert (links["房进网格"]["应进"], links["房进网格"]["未进"]) == (24, 0)


def test_abuttals_name_the_neighbouring_grids_and_the_edge(shared_service: Service) -> None:
    book = openpyxl.load_workbook(io.BytesIO(shared_service.client("planner").get(f"/maps/{WEST}.xlsx").content))
    grids = rows_of(book, "网格情况表")[:-1]
    told = {row[f"{side}至"] for row in grids for side in "东南西北"}
    names = {row["网格名称"] for row in grids}
    assert "社区边界" in told
    assert told <= names | {"社区边界"}
    assert told & names, "no grid of the community abuts on another"


def test_who_may_have_it(shared_service: Service, problem: Problem) -> None:
    problem(shared_service.client("viewer").get(f"/maps/{WEST}.xlsx"), 403, "forbidden")
    problem(shared_service.client("planner", STREETS[0]).get(f"/maps/{EAST}.xlsx"), 403, "forbidden")
    problem(shared_service.client("planner").get("/maps/999999999999.xlsx"), 404, "not_found")


def test_the_verb_writes_the_same(
    shared_service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GISGRID_DATABASE_URL", shared_service.database.url)
    out = tmp_path / "台账.xlsx"
    with pytest.raises(SystemExit) as ended:
        cli.main(["ledger", "990101", "-o", str(out), "--json"])
    assert not ended.value.code
    told = json.loads(capsys.readouterr().out)
    assert told == {"division": "990101", "path": str(out), "bytes": out.stat().st_size}
    assert len(rows_of(openpyxl.load_workbook(out), "楼栋台账")) == 48 + 1
    with pytest.raises(SystemExit) as refused:
        cli.main(["ledger", "990101", "-o", str(tmp_path / "a.pdf")])
    assert refused.value.code == 2


def test_the_wall_sheet_at_both_doors(
    shared_service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: Problem
) -> None:
    answer = shared_service.client("planner").get(f"/maps/{STREETS[0]}.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    document = pypdfium2.PdfDocument(answer.content)
    assert len(document) == 2
    assert "西社区 网格图" in document[1].get_textpage().get_text_range()
    document.close()
    problem(shared_service.client("viewer").get(f"/maps/{WEST}.pdf"), 403, "forbidden")
    monkeypatch.setenv("GISGRID_DATABASE_URL", shared_service.database.url)
    for name, status in (("西.svg", 0), ("西.png", 0), ("西.doc", 2)):
        with pytest.raises(SystemExit) as ended:
            cli.main(["sheet", WEST, "-o", str(tmp_path / name), "--json"])
        assert (ended.value.code or 0) == status
    assert (tmp_path / "西.svg").read_text().startswith("<svg")
    with pytest.raises(SystemExit) as refused:
        cli.main(["sheet", STREETS[0], "-o", str(tmp_path / "street.png")])
    assert refused.value.code == 2
    assert not (tmp_path / "street.png").exists()
