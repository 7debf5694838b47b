"""Two divisions on one map: numbers and colours that stay, who moves, from where to where."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from gisgrid.maps.comparison_map import NEW, NOWHERE, Moves, Side, comparison_data, find_moves, move_table
from gisgrid.maps.content import MapData, grid_number
from gisgrid.maps.staff_map import StaffMap
from gisgrid.model import Building, CommunityInputs, Grid
from gisgrid.plan.compare import compare

from .conftest import HOSTILE, NOW, SIDE, SOUTH, WEST, cell
from .test_staff_map_browser import click, pixel, visit

__all__ = ["visit"]

COMMUNITY = "990101001001"
COUNTS = (100, 100, 100, 100, 100, 100)
SQUARES = [cell(number % 3, number // 3) for number in range(6)]
BUILDINGS = tuple(
    Building(f"B{number}", SQUARES[number].buffer(-SIDE / 3), name=f"{number}号楼", households=100)
    for number in range(6)
)


def grid(key: str, code: str | None, *squares: int) -> Grid:
    """A grid of whole squares with the building of each."""
    ground = SQUARES[squares[0]]
    for each in squares[1:]:
        ground = ground.union(SQUARES[each])
    return Grid(
        key, "residential", None, code, 100 * len(squares), tuple(f"B{n}" for n in squares), squares, ground, 1.0
    )


BEFORE = (grid("1", f"{COMMUNITY}007", 0, 3), grid("2", f"{COMMUNITY}008", 1, 4), grid("3", f"{COMMUNITY}009", 2, 5))
AFTER = (grid("a", None, 2), grid("b", None, 0, 3, 4), grid("c", None, 1), grid("d", None, 5))
"""B4 goes from 8 to 7; 9 is parted: one half goes on as 9, the other is new."""


def moves_of(before: tuple[Grid, ...] = BEFORE, after: tuple[Grid, ...] = AFTER, **households: int) -> Moves:
    counted = dict.fromkeys((f"B{n}" for n in range(6)), 100) | households
    return find_moves(before, after, dict(compare(before, after, counted).matched), counted)


def test_grids_that_answer_each_other_keep_number_and_colour() -> None:
    moves = moves_of()
    assert [grid_number(each) for each in moves.before] == ["7", "8", "9"]
    numbers = [grid_number(each) for each in moves.after]
    assert sorted(numbers) == ["7", "8", "9", "新1"]
    assert numbers[1:3] == ["7", "8"]
    before, after = moves.colours[:3], moves.colours[3:]
    for number, colour in zip(numbers, after, strict=True):
        if number != "新1":
            assert colour == before[int(number) - 7]
    assert len(set(before)) == 3, "neighbours before differ"
    assert after[1] != after[2]
    assert after[0] != after[3]


def test_who_moves_is_told_by_name_with_new_and_lost_buildings() -> None:
    moves = moves_of()
    assert moves.same == (False, False, False)
    other = "B5" if moves.after[0].key == "9" else "B2"
    assert moves.told == {"B4": "第8网格 → 第7网格", other: "第9网格 → 新增第1网格"}
    assert moves.rows == (("第8网格", "第7网格", 1, 100), ("第9网格", "新增第1网格", 1, 100))
    assert move_table(moves).total == ["合计", None, 2, 200]
    came = moves_of(before=(grid("1", f"{COMMUNITY}007", 0, 3), *BEFORE[2:]), B9=5)
    assert came.told["B1"].startswith(f"{NEW} → ")
    assert "B1" not in came.origin
    left = moves_of(after=(AFTER[0], AFTER[1], AFTER[3]))
    assert left.told["B1"] == f"第8网格 → {NOWHERE}"


def test_the_same_division_moves_nobody() -> None:
    moves = moves_of(after=BEFORE)
    assert moves.same == (True, True, True)
    assert (moves.told, moves.rows, move_table(moves).total) == ({}, (), None)
    assert [each.key for each in moves.after] == ["7", "8", "9"]


def page_of(place: MapData, name: str = "方案 2") -> StaffMap:
    community = place.communities[0].division
    buildings = tuple(dataclasses.replace(each, name=name, address=name) for each in BUILDINGS)
    inputs = CommunityInputs(community, buildings)
    moves = moves_of()
    sides = Side("版本 1", COMMUNITY, BEFORE, NOW), Side(name, COMMUNITY, AFTER, NOW)
    data = comparison_data(inputs, (), *sides, moves, NOW)
    for layer in data.layers:
        assert layer.document(None, "public") is None  # type: ignore[arg-type]  # the public gets nothing to place
    return StaffMap(data, audience="internal", tables=(move_table(moves),))


@pytest.mark.browser
def test_the_map_shows_both_and_the_list(place: MapData, visit: Any) -> None:
    page = visit(page_of(place))
    assert "版本 1 → 方案 2" in page.locator("header").inner_text()
    assert "第8网格" in page.locator(".told").inner_text()
    assert page.locator(".list tbody tr").count() == 4
    moved = (WEST + 1.12 * SIDE, SOUTH + 1.12 * SIDE)  # ground of B4: 8 before, 7 after
    kept = (WEST + 0.12 * SIDE, SOUTH + 0.12 * SIDE)
    assert pixel(page, *moved) == pixel(page, *kept)
    page.locator(".gisgrid-switches summary").click()
    page.locator(".gisgrid-switches input[name=before]").check()
    assert pixel(page, *moved) != pixel(page, *kept)
    page.locator(".gisgrid-switches input[name=before]").uncheck()
    page.locator(".gisgrid-switches summary").click()
    assert "变动楼栋" in page.locator("#legend").inner_text()
    click(page, WEST + 1.5 * SIDE, SOUTH + 1.5 * SIDE)
    assert "第8网格 → 第7网格" in page.locator("#card").inner_text()


@pytest.mark.browser
def test_hostile_names_stay_texts(place: MapData, visit: Any) -> None:
    page = visit(page_of(place, HOSTILE[2]))
    assert HOSTILE[2] in page.locator("header").inner_text()
