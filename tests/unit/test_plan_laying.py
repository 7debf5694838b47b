"""Drafts that nobody draws: an edition on the ground of today, with what differs told; bare ground."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import shapely

from gisgrid.model import Building, DrawSettings, Edition
from gisgrid.plan import execution
from gisgrid.plan.board import PlanBoard
from gisgrid.plan.laying import blank_drawing, edition_drawing
from gisgrid.plan.operations import Arrange, Assign
from gisgrid.plan.sheet import Sheet
from tests.draw import COMMUNITY, Sketch, drawn

TOWN = drawn("AAAB|BB\nAAAB|BB", households=60)
SETTINGS = DrawSettings()


def in_force(sketch: Sketch) -> Edition:
    """The letters of a sketch as an edition."""
    grids = tuple(
        dataclasses.replace(grid, code=f"{COMMUNITY}{number:03d}", name=f"第{number}网格", cells=())
        for number, grid in enumerate(sketch.grids, start=1)
    )
    return Edition("7", COMMUNITY, "1", datetime(2026, 1, 1, tzinfo=UTC), None, grids)


def rules(findings: object) -> list[str]:
    return [each.rule for each in findings]  # type: ignore[attr-defined]  # findings


def test_an_edition_whose_cells_fit_is_laid_out_as_it_is() -> None:
    edition = in_force(TOWN)
    inputs = dataclasses.replace(TOWN.inputs, current=edition)
    draft = edition_drawing(inputs, SETTINGS, edition, TOWN.cells)
    assert [(grid.key, grid.code, grid.name) for grid in draft.grids] == [
        ("1", f"{COMMUNITY}001", "第1网格"), ("2", f"{COMMUNITY}002", "第2网格"),
    ]  # fmt: skip
    assert [grid.geometry.wkb for grid in draft.grids] == [grid.geometry.wkb for grid in TOWN.grids]
    assert [grid.buildings for grid in draft.grids] == [grid.buildings for grid in TOWN.grids]
    assert draft.base_edition == "7"
    assert [each.severity for each in draft.findings if each.severity == "error"] == []
    assert not {"ground_cut_anew", "building_joined", "building_left"} & set(rules(draft.findings))


def test_the_borders_of_cells_know_the_barriers_of_today() -> None:
    edition = in_force(TOWN)
    draft = edition_drawing(dataclasses.replace(TOWN.inputs, barriers=()), SETTINGS, edition, TOWN.cells)
    assert sum(border.barrier_m for border in draft.borders) == 0.0
    again = edition_drawing(TOWN.inputs, SETTINGS, edition, TOWN.cells)
    assert sum(border.barrier_m for border in again.borders) > 60.0


def test_buildings_that_came_and_went_are_told_and_the_ground_is_cut_anew() -> None:
    edition = in_force(TOWN)
    gone, *rest = TOWN.inputs.buildings
    west, south, *_ = gone.geometry.bounds
    came = Building("B900", shapely.box(west, south, west + 0.0001, south + 0.0001), households=33, community=COMMUNITY)
    inputs = dataclasses.replace(TOWN.inputs, buildings=(*rest, came), current=edition)
    draft = edition_drawing(inputs, SETTINGS, edition, TOWN.cells)
    found = {each.rule: each for each in draft.findings}
    assert found["building_joined"].codes == ("B900", "1")
    assert found["building_left"].codes == (gone.code, f"{COMMUNITY}001")
    assert found["ground_cut_anew"].values["area_m2"] >= 0.0
    assert sorted(code for grid in draft.grids for code in grid.buildings) == sorted(
        each.code for each in inputs.buildings
    )
    assert draft.grids[0].households == 60 * 5 + 33
    assert not {"ground_without_grid", "grids_overlap", "cells_without_grid"} & set(rules(draft.findings))


def test_ground_that_came_to_the_community_joins_the_grid_beside_it() -> None:
    row, wider = drawn("AAABBB", households=60), drawn("AAABBBCC", households=60)
    draft = edition_drawing(wider.inputs, SETTINGS, in_force(row), row.cells)
    assert [len(grid.buildings) for grid in draft.grids] == [3, 5]
    assert [each.codes for each in draft.findings if each.rule == "building_joined"] == [("B006", "2"), ("B007", "2")]
    assert "cells_without_grid" not in rules(draft.findings)


def test_a_grid_with_no_ground_left_is_told() -> None:
    row, narrow = drawn("AAABBB", households=60), drawn("AAA", households=60)
    draft = edition_drawing(narrow.inputs, SETTINGS, in_force(row), row.cells)
    assert [grid.name for grid in draft.grids] == ["第1网格"]
    assert [each.codes for each in draft.findings if each.rule == "grid_without_ground"] == [(f"{COMMUNITY}002",)]


def test_bare_ground_is_filled_by_hand() -> None:
    draft = blank_drawing(TOWN.inputs, SETTINGS)
    assert (draft.grids, rules(draft.findings)) == ((), ["plan_empty"])
    assert {code for cell in draft.cells for code in cell.buildings} == {each.code for each in TOWN.inputs.buildings}
    sheet = Sheet.of((), (draft.cells, draft.borders), TOWN.inputs, SETTINGS)
    assert PlanBoard.of(sheet).keys == ()
    for each in (sheet, sheet.examined()):
        begun = execution.edited(each, Assign("new", ("B000", "B001")))
        assert [(grid.key, grid.households) for grid in begun.grids] == [("1", 120)]
        assert {"cells_without_grid", "building_without_grid", "ground_without_grid"} <= set(rules(begun.findings))
        assert "building_cut" not in rules(begun.findings)
    west = tuple(code for code in TOWN.grid("A").buildings if code not in {"B000", "B001"})
    whole = execution.edited(begun.sheet, Arrange((Assign("1", west), Assign("new", TOWN.grid("B").buildings))))
    assert "building_without_grid" not in rules(whole.findings)
