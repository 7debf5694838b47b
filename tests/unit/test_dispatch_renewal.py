"""What becomes of an assignment when the grids have changed: the rule, case by case, and its laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisgrid.dispatch.reassignment import renew_assignment
from gisgrid.dispatch.states import state_when_moved
from gisgrid.model import OPEN_STATES, Assignment, GridInForce

A, B, C = (f"99010100100100{number}" for number in (1, 2, 3))
NOWHERE = Assignment(None, "unplaced")
STANDS, WENT_TO_B, LOST = {A: GridInForce(A, "9")}, {A: GridInForce(B, "9")}, {A: None}


def at(grid: str, method: str = "inside", edition: str = "9") -> Assignment:
    return Assignment(grid, method, edition)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("held", "anew", "heirs", "grid", "method"),
    [
        # the place decides: stays, moves, is found at last
        (at(A), at(A), STANDS, None, None),
        (at(A), at(C), STANDS, C, "inside"),
        (at(A, "building"), at(C, "building"), WENT_TO_B, C, "building"),
        (NOWHERE, at(C, "border"), {}, C, "border"),
        (NOWHERE, NOWHERE, {}, None, None),
        # the place leads nowhere now: stays while the grid stands, follows its households, is left behind
        (at(A, "building"), NOWHERE, STANDS, None, None),
        (at(A, "building"), NOWHERE, WENT_TO_B, B, "successor"),
        # a hand stands as long as the grid does
        (at(A, "manual"), at(C), STANDS, None, None),
        (at(A, "manual"), at(C), WENT_TO_B, B, "successor"),
        (at(A, "successor"), at(C), STANDS, None, None),
        (at(A, "successor"), at(C), WENT_TO_B, B, "successor"),
    ],
)
def test_the_rule(held: Assignment, anew: Assignment, heirs: dict, grid: str | None, method: str | None) -> None:
    renewed = renew_assignment(held, anew, heirs)
    assert (None if renewed is None else (renewed.grid, renewed.method)) == (method and (grid, method))
    if method == "successor":
        assert [finding.rule for finding in renewed.findings] == ["report_followed_lineage"]


def test_without_an_heir_it_stands_on_the_work_list_again() -> None:
    lost = renew_assignment(at(A, "manual"), at(C), LOST)
    assert lost is not None
    assert (lost.grid, lost.method) == (None, "unplaced")
    assert [finding.rule for finding in lost.findings] == ["report_lost_its_grid"]
    assert state_when_moved("assigned", lost) == "unplaced"


def test_who_works_on_a_report_goes_on_when_it_moves() -> None:
    moved = {state: state_when_moved(state, at(B)) for state in OPEN_STATES}
    assert moved == {**{state: state for state in OPEN_STATES}, "unplaced": "assigned"}


GRIDS = st.sampled_from([A, B, C])
PLACED = st.builds(at, GRIDS, st.sampled_from(["inside", "border", "nearest", "building", "manual", "successor"]))
ANEW = st.just(NOWHERE) | st.builds(at, GRIDS, st.sampled_from(["inside", "building"]))
HEIRS = st.fixed_dictionaries({grid: st.none() | GRIDS.map(lambda code: GridInForce(code, "9")) for grid in (A, B, C)})


@given(st.just(NOWHERE) | PLACED, ANEW, HEIRS)
def test_a_move_is_always_to_another_grid_and_never_to_an_ended_one(
    held: Assignment, anew: Assignment, heirs: dict[str, GridInForce | None]
) -> None:
    renewed = renew_assignment(held, anew, heirs)
    if renewed is None:
        stands = held.grid is None or heirs[held.grid] == GridInForce(held.grid, "9")
        assert stands or anew.grid == held.grid  # by the place, so in force
    else:
        assert renewed.grid != held.grid
        assert renewed.grid is None or renewed.edition == "9"
