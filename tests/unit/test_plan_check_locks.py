"""Locks: what is locked stays, and a lock that could not be kept says which, why, and what would free it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from gisgrid.model import Cell, DrawSettings, Edition, Finding, Grid
from gisgrid.plan.check_locks import lock_findings
from gisgrid.plan.present import grid_in_force_of
from gisgrid.plan.sheet import Sheet
from tests.draw import COMMUNITY, Sketch, drawn


def code(key: str) -> str:
    """The code in force of a letter's grid."""
    return f"{COMMUNITY}{ord(key) - ord('A') + 1:03d}"


def edition(sketch: Sketch) -> Edition:
    grids = tuple(dataclasses.replace(grid, code=code(grid.key)) for grid in sketch.grids)
    return Edition("1", COMMUNITY, "1", datetime(2026, 1, 1, tzinfo=UTC), None, grids)


def locks(before: Sketch, after: Sketch, *, grids: str = "", buildings: tuple[str, ...] = ()) -> list[Finding]:
    """The findings on locks where the plan `after` follows the edition `before`."""
    settings = DrawSettings(locked_grids=tuple(map(code, grids)), locked_buildings=buildings)
    inputs = dataclasses.replace(after.inputs, current=edition(before))
    return lock_findings(Sheet.of(after.grids, (after.cells, after.borders), inputs, settings))


def reasons(found: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.codes[0], finding.values["reason"]) for finding in found]


BEFORE = drawn("AABBCC\nAABBCC")


@pytest.mark.parametrize("after", ["AABBCC\nAABBCC", "XXYYYY\nXXYZZZ"])
def test_a_grid_that_is_one_grid_again_has_kept_its_lock(after: str) -> None:
    assert locks(BEFORE, drawn(after), grids="A", buildings=("B000", "B007")) == []


def test_a_grid_that_was_divided_or_added_to_has_not() -> None:
    assert reasons(locks(BEFORE, drawn("AXBBCC\nAABBCC"), grids="A")) == [(code("A"), "divided")]
    (added,) = locks(BEFORE, drawn("AAABCC\nAABBCC"), grids="A")
    assert added.severity == "warning"
    assert added.message.startswith(f"The lock on grid {code('A')} could not be kept: ")
    assert added.message_zh.startswith(f"网格{code('A')}的锁定未能保持：")


def test_a_grid_in_pieces_says_so() -> None:
    torn = drawn("AXA")
    before = dataclasses.replace(torn, grids=torn.grids)
    (finding,) = locks(before, drawn("AXB"), grids="A")
    assert finding.values["reason"] == "pieces"
    assert "in 2 pieces" in finding.message


def test_a_locked_building_follows_its_grid_and_not_a_key() -> None:
    # Q is B grown by two buildings: whoever was in B and is in Q has stayed.
    assert locks(BEFORE, drawn("AQQQCC\nAQQQCC"), buildings=("B002", "B009")) == []
    assert reasons(locks(BEFORE, drawn("AQQQCC\nAQQQCC"), buildings=("B001",))) == [("B001", "no_counterpart")]


def test_a_locked_building_that_became_a_tower_says_so_with_its_households() -> None:
    after = drawn("TABBCC\nAABBCC", households={"T": 620, "A": 100, "B": 100, "C": 100})
    (finding,) = locks(BEFORE, after, buildings=("B000",))
    assert finding.values["reason"] == "tower"
    assert "holds 620 households now, more than 500" in finding.message
    assert "现有620户" in finding.message_zh


def test_locks_of_one_grid_in_two_zones_contradict_each_other() -> None:
    before, after = drawn("AAAAA|A"), drawn("AAAAA|B")
    (finding,) = locks(before, after, buildings=("B000", "B005"))
    assert (finding.codes, finding.values["reason"]) == (("B005",), "two_zones")
    assert "part it from building B000" in finding.message


def test_a_locked_building_that_is_gone_or_on_dedicated_ground_says_so() -> None:
    after = drawn("DABBCC\nAABBCC")
    inputs = dataclasses.replace(after.inputs, buildings=after.inputs.buildings[:-1])
    dedicated = tuple(dataclasses.replace(g, kind="dedicated") if g.key == "D" else g for g in after.grids)
    shorter = tuple(dataclasses.replace(g, buildings=tuple(b for b in g.buildings if b != "B011")) for g in dedicated)
    after = dataclasses.replace(after, inputs=inputs, grids=shorter)
    found = reasons(locks(BEFORE, after, buildings=("B000", "B011")))
    assert found == [("B000", "dedicated"), ("B011", "gone")]


def test_a_lock_on_what_is_in_force_no_more_is_none() -> None:
    settings = DrawSettings(locked_grids=(f"{COMMUNITY}099",), locked_buildings=("X",))
    inputs = dataclasses.replace(BEFORE.inputs, current=edition(BEFORE))
    assert lock_findings(Sheet.of(BEFORE.grids, (BEFORE.cells, BEFORE.borders), inputs, settings)) == []
    assert lock_findings(Sheet.of(BEFORE.grids, (BEFORE.cells, BEFORE.borders), BEFORE.inputs, settings)) == []


def test_ground_in_force_goes_by_buildings_then_by_place() -> None:
    cells = list(BEFORE.cells)
    cells[2] = dataclasses.replace(cells[2], buildings=())  # empty ground
    cells[3] = dataclasses.replace(cells[3], buildings=("NEW",))  # a house that came since
    grids = edition(BEFORE).grids

    def at(cells: list[Cell], grids: tuple[Grid, ...], locked: str = "") -> list[int]:
        return grid_in_force_of(cells, grids, BEFORE.households, frozenset(map(code, locked))).tolist()

    assert at(cells, grids)[:6] == [0, 0, 1, -1, 2, 2]
    assert at(cells, grids, "B")[:6] == [0, 0, 1, 1, 2, 2]
    assert at(cells, ()) == [-1] * 12
