"""Edits by hand: whole cells move, nothing is refused that a planner may pass through, tallies follow."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest
import shapely

from gisgrid.errors import Conflict, NotFound, UsageError
from gisgrid.model import DrawSettings, Edition, Tie
from gisgrid.plan import edits, splitting
from gisgrid.plan.improve import Budget, Course
from gisgrid.plan.sheet import Sheet
from gisgrid.plan.tallies import tally, tally_plan
from tests.draw import COMMUNITY, Sketch, drawn

COURSE = Course(20, 4.0, 8.0, 100.0, 1.0)
QUICK = Budget(2, 3, 6, COURSE, COURSE, COURSE)


def sheet(sketch: Sketch) -> Sheet:
    return Sheet.of(sketch.grids, (sketch.cells, sketch.borders), sketch.inputs, DrawSettings())


def laid(edited: edits.Edited, sketch: Sketch) -> str:
    """The grids of the cells, as a row of keys."""
    key = {number: grid.key for grid in edited.grids for number in grid.cells}
    return "".join(key[cell.number] for cell in sketch.cells)


GOOD = drawn("AAABBB\nAAABBB", households=60)


def test_assign_moves_the_cells_and_counts_anew() -> None:
    edited = edits.assign(sheet(GOOD), ["B003", "B009"], "A")
    assert laid(edited, GOOD) == "AAAABBAAAABB"
    assert edited.changed == ("A", "B")
    grid = edited.grids[0]
    assert (grid.households, len(grid.buildings), grid.area_m2) == (480, 8, 8 * 1600.0)
    assert shapely.equals(grid.geometry, shapely.union_all([GOOD.cells[n].geometry for n in grid.cells]))
    assert [f.rule for f in edited.findings if f.severity == "error"] == ["grid_below_band"]


def test_assign_to_new_begins_a_grid() -> None:
    edited = edits.assign(sheet(GOOD), ["B005"], edits.NEW)
    assert laid(edited, GOOD) == "AAABB1AAABBB"
    assert edited.changed == ("1", "B")


def test_buildings_on_one_cell_move_together() -> None:
    both = dataclasses.replace(GOOD.cells[3], buildings=("B003", "B003b"))
    sketch = dataclasses.replace(GOOD, cells=(*GOOD.cells[:3], both, *GOOD.cells[4:]))
    edited = edits.assign(sheet(sketch), ["B003b"], "A")
    assert {"B003", "B003b"} <= set(edited.grids[0].buildings)


def test_an_assignment_that_breaks_a_grid_is_carried_out_and_reported() -> None:
    edited = edits.assign(sheet(GOOD), ["B001", "B007"], "B")
    assert laid(edited, GOOD) == "ABABBBABABBB"
    assert [f.codes for f in edited.findings if f.rule == "grid_not_connected"] == [("A",), ("B",)]


def test_a_grid_left_without_cells_ends() -> None:
    edited = edits.assign(sheet(GOOD), list(GOOD.grid("B").buildings), "A")
    assert [grid.key for grid in edited.grids] == ["A"]
    assert edited.changed == ("A", "B")


def test_unknown_names_are_refused_with_what_there_is() -> None:
    with pytest.raises(NotFound, match="no building 'X'"):
        edits.assign(sheet(GOOD), ["X"], "A")
    with pytest.raises(NotFound, match="its grids are A, B"):
        edits.assign(sheet(GOOD), ["B000"], "C")
    with pytest.raises(UsageError, match="No building was named"):
        edits.assign(sheet(GOOD), [], "A")


def test_merge_joins_grids_under_the_first_key() -> None:
    edited = edits.merge(sheet(GOOD), ["B", "A"])
    assert laid(edited, GOOD) == "B" * 12
    assert edited.grids[0].geometry.geom_type == "Polygon"
    with pytest.raises(UsageError, match="two different grids"):
        edits.merge(sheet(GOOD), ["A", "A"])


def test_split_makes_two_connected_grids_in_band() -> None:
    sketch = drawn("AAAAAA\nAAAAAA", households=60)
    edited = splitting.split(sheet(sketch), "A", seed=1, budget=QUICK)
    assert [grid.key for grid in edited.grids] == ["1", "A"]
    assert all(300 <= grid.households <= 500 for grid in edited.grids)
    assert [f for f in edited.findings if f.severity == "error"] == []
    assert edited.grids[1].households >= edited.grids[0].households


def test_split_prefers_the_barrier_that_the_grid_crosses() -> None:
    sketch = drawn("AAAAA|AAAAA", households=70)
    edited = splitting.split(sheet(sketch), "A", budget=QUICK)
    assert laid(edited, sketch) in {"AAAAA11111", "11111AAAAA"}


def test_one_cell_cannot_be_split_nor_can_pieces() -> None:
    with pytest.raises(Conflict, match="only one cell"):
        splitting.split(sheet(drawn("AB")), "A")
    with pytest.raises(Conflict, match="lies in pieces"):
        splitting.split(sheet(drawn("ABA")), "A")


def test_rename_and_kind() -> None:
    renamed = edits.rename(sheet(GOOD), "A", "  榕树网格 ")
    assert (renamed.grids[0].name, renamed.changed) == ("榕树网格", ("A",))
    assert edits.set_kind(sheet(GOOD), "B", "dedicated").grids[1].kind == "dedicated"
    for bad in ("", " ", "x" * 51, "a\nb", "a\x00b"):
        with pytest.raises(UsageError, match="printable"):
            edits.rename(sheet(GOOD), "A", bad)
    with pytest.raises(UsageError, match="residential or dedicated"):
        edits.set_kind(sheet(GOOD), "B", "commercial")  # type: ignore[arg-type]  # what a client may send


def test_a_plan_without_cells_takes_no_moves() -> None:
    grids = tuple(dataclasses.replace(grid, cells=()) for grid in GOOD.grids)
    bare = Sheet.of(grids, ((), ()), GOOD.inputs, DrawSettings())
    with pytest.raises(Conflict, match="no cells"):
        edits.merge(bare, ["A", "B"])


def test_codes_follow_the_edits() -> None:
    coded = tuple(dataclasses.replace(grid, code=f"{COMMUNITY}{n:03d}") for n, grid in enumerate(GOOD.grids, start=1))
    current = Edition("1", COMMUNITY, "1", datetime(2026, 1, 1, tzinfo=UTC), None, coded)
    sketch = dataclasses.replace(GOOD, inputs=dataclasses.replace(GOOD.inputs, current=current), grids=coded)
    moved = edits.assign(sheet(sketch), ["B003"], "A")
    assert [grid.code for grid in moved.grids] == [f"{COMMUNITY}001", f"{COMMUNITY}002"]
    merged = edits.merge(sheet(sketch), ["A", "B"])
    assert [grid.code for grid in merged.grids] == [None]


def test_the_cells_of_a_sheet_are_numbered_without_gaps() -> None:
    with pytest.raises(UsageError, match="numbered from 0"):
        Sheet.of(GOOD.grids, (GOOD.cells[1:], GOOD.borders), GOOD.inputs, DrawSettings())


def test_tallies_say_what_each_grid_amounts_to() -> None:
    ties = (Tie("B000", "B001", 1.0), Tie("B002", "B003", 3.0))
    sketch = dataclasses.replace(drawn("AAA|BBB\nAAABBB"), inputs=dataclasses.replace(GOOD.inputs, ties=ties))
    a, b = tally_plan(sketch.drawing(), sketch.cells, sketch.borders, sketch.inputs)
    assert (a.key, a.kind, a.households, a.buildings, a.area_m2) == ("A", "residential", 360, 6, 6 * 1600.0)
    assert (a.ties_kept, b.ties_kept) == (0.25, 0.0)
    assert (a.line_share, b.line_share) == (0.5, 0.5)
    assert 0.7 < a.compactness < 0.79
    assert tally(sheet(drawn("A")))[0].line_share == 1.0
