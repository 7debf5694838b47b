"""Micro grids: every building of a residential grid in one of them, connected, in band where the buildings allow it."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gisgrid.errors import Conflict
from gisgrid.geometry.adjacency import components
from gisgrid.model import MICRO_BAND, Band, DrawSettings, MicroGrid
from gisgrid.plan.check_micro import micro_findings
from gisgrid.plan.micro import draw_micro_grids
from gisgrid.plan.sheet import Sheet
from tests.draw import Sketch, drawn

QUICK = DrawSettings(effort="draft")


def sheet(sketch: Sketch) -> Sheet:
    return Sheet.of(sketch.grids, (sketch.cells, sketch.borders), sketch.inputs, QUICK)


def micro(sketch: Sketch, band: Band = MICRO_BAND) -> tuple[MicroGrid, ...]:
    return draw_micro_grids(sheet(sketch), band, QUICK)


def sizes(drawn: tuple[MicroGrid, ...], grid: str) -> list[int]:
    return [each.households for each in drawn if each.grid == grid]


def check_parts(sketch: Sketch, drawn: tuple[MicroGrid, ...]) -> None:
    """Every grid is tiled by its micro grids, each of one piece, numbered from 1, with the sums of its cells."""
    for grid in sketch.grids:
        own = [each for each in drawn if each.grid == grid.key]
        assert [each.number for each in own] == list(range(1, len(own) + 1))
        assert sorted(cell for each in own for cell in each.cells) == sorted(grid.cells)
        assert shapely.coverage_is_valid([each.geometry for each in own])
        assert shapely.coverage_union_all([each.geometry for each in own]).equals(grid.geometry)
        for each in own:
            members = [sketch.cells[number] for number in each.cells]
            assert each.households == sum(cell.households for cell in members)
            assert sorted(each.buildings) == sorted(code for cell in members for code in cell.buildings)
            assert each.geometry.geom_type == "Polygon"


TOWN = drawn("AAAABBBB\nAAAABBBB\nAAAABBBB", households=20)


def test_each_grid_is_divided_within_its_own_borders() -> None:
    parts = micro(TOWN)
    check_parts(TOWN, parts)
    assert len(parts) >= 6
    assert all(50 <= each.households <= 80 for each in parts)
    assert micro_findings(parts, MICRO_BAND, TOWN.households) == ()


def test_the_same_sheet_gives_the_same_micro_grids() -> None:
    assert pickle.dumps(micro(TOWN)) == pickle.dumps(micro(TOWN))


def test_a_tower_stands_alone_and_all_of_them_are_told_together() -> None:
    town = drawn("TAAAAU\nAAAAAA", households="200 20 20 20 20 90 20 20 20 20 20 20")
    town = dataclasses.replace(town, grids=drawn("AAAAAA\nAAAAAA", households=0).grids)
    parts = micro(town)
    check_parts(town, parts)
    alone = [each for each in parts if each.households > 80]
    assert sorted(each.buildings for each in alone) == [("B000",), ("B005",)]
    assert sum(sizes(parts, "A")) == 490
    told = micro_findings(parts, MICRO_BAND, town.households)
    assert [(each.rule, each.codes) for each in told if each.severity == "info"] == [
        ("micro_grid_one_building", ("B000", "B005"))
    ]
    assert "2, with 290 households" in told[-1].message


def test_a_remainder_behind_a_tower_is_told_and_does_not_join_it() -> None:
    town = drawn("AAATTA", households="30 30 10 200 200 15")
    town = dataclasses.replace(town, grids=drawn("AAAAAA", households=0).grids)
    parts = micro(town)
    check_parts(town, parts)
    assert sorted(sizes(parts, "A")) == [15, 70, 200, 200]
    (below,) = [each for each in micro_findings(parts, MICRO_BAND, town.households) if each.severity == "warning"]
    (remainder,) = [each for each in parts if each.households == 15]
    assert (below.rule, below.codes, below.values["numbers"]) == ("micro_grid_below_band", ("A",), [remainder.number])
    assert f"1 micro grid(s) with fewer than 50 households ({remainder.number}: 15)" in below.message
    assert f"1个微网格不足50户（{remainder.number}号15户）" in below.message_zh


def test_empty_ground_goes_with_the_tower_that_cuts_it_off() -> None:
    town = drawn("AAATA", households="30 30 10 200 0")
    town = dataclasses.replace(town, grids=drawn("AAAAA", households=0).grids)
    parts = micro(town)
    assert [each.buildings for each in parts if each.households > 80] == [("B003", "B004")]
    (told,) = micro_findings(parts, MICRO_BAND, town.households)
    assert (told.rule, told.codes) == ("micro_grid_one_building", ("B003",))


def test_dedicated_grids_have_none_and_a_plan_without_cells_is_refused() -> None:
    dedicated = tuple(dataclasses.replace(g, kind="dedicated") if g.key == "B" else g for g in TOWN.grids)
    assert {each.grid for each in micro(dataclasses.replace(TOWN, grids=dedicated))} == {"A"}
    by_hand = Sheet.of([dataclasses.replace(g, cells=()) for g in TOWN.grids], ((), ()), TOWN.inputs, QUICK)
    with pytest.raises(Conflict, match="no cells to divide"):
        draw_micro_grids(by_hand, MICRO_BAND, QUICK)


def test_households_are_those_of_today() -> None:
    grown = tuple(dataclasses.replace(each, households=25) for each in TOWN.inputs.buildings)
    today = dataclasses.replace(TOWN, inputs=dataclasses.replace(TOWN.inputs, buildings=grown))
    assert sum(sizes(micro(today), "A")) == 12 * 25


@given(
    seed=st.integers(0, 10_000),
    wall=st.booleans(),
    target=st.sampled_from([40, 65, 120]),
)
@settings(max_examples=15, deadline=None)
def test_whatever_the_households_the_micro_grids_tile_their_grids(seed: int, wall: bool, target: int) -> None:
    dice = np.random.Generator(np.random.PCG64(seed))
    counts = dice.choice([0, 8, 20, 33, 70, 95, 300], 20)
    bar = "|" if wall else ""
    town = drawn(f"AAA{bar}BB\nAAABB\nAAABB\nAAABB", households=" ".join(map(str, counts)))
    parts = micro(town, Band(target * 3 // 4, target * 5 // 4, target))
    check_parts(town, parts)
    ends = np.array([(border.a, border.b) for border in town.borders])
    of_cell = np.empty(20, dtype=np.int64)
    for number, each in enumerate(parts):
        of_cell[list(each.cells)] = number
    same = of_cell[ends[:, 0]] == of_cell[ends[:, 1]]
    assert len(np.unique(components(20, ends[same, 0], ends[same, 1]))) == len(parts)
