"""Laws of edits: whatever is done by hand, the grids tile the town, and each step can be undone to the last byte."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gisgrid.errors import Conflict, UsageError
from gisgrid.geometry.coverage import TOLERANCE_DEGREES, partition_faults
from gisgrid.model import DrawSettings, Edition, PlanChange
from gisgrid.plan import execution, splitting
from gisgrid.plan.changes import change_between, with_change
from gisgrid.plan.checks import findings_of
from gisgrid.plan.edits import Edited
from gisgrid.plan.improve import Budget, Course
from gisgrid.plan.operations import Arrange, Assign, Merge, Operation, Rename, SetKind, SetLocks, Split
from gisgrid.plan.sheet import Sheet
from tests.draw import COMMUNITY, drawn

QUIETLY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
COURSE = Course(5, 4.0, 8.0, 100.0, 1.0)
QUICK = Budget(1, 1, 1, COURSE, COURSE, COURSE)
GROUND = ("1", "1")

Step = tuple[int, int, int, int]
STEPS = st.lists(st.tuples(*(st.integers(0, 999) for _ in range(4))), max_size=100)


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    """A random plan of up to 4 by 6 cells with barriers, some ground without buildings, and grids in force."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(2, 6))
    dice = np.random.Generator(np.random.PCG64(draw(st.integers(0, 2**32 - 1))))
    lines = ["".join(("|" if dice.random() < 0.1 else "") + str(dice.choice([*"123"])) for _ in range(columns))
             for _ in range(rows)]  # fmt: skip
    sketch = drawn("\n".join(lines), households=" ".join(map(str, dice.choice([0, 24, 90, 180, 520], rows * columns))))
    inputs, grids = sketch.inputs, sketch.grids
    codes = draw(st.sampled_from(["none", "in force", "of a drawing"]))
    if codes != "none":
        grids = tuple(dataclasses.replace(each, code=f"{COMMUNITY}{int(each.key):03d}") for each in grids)
    if codes == "in force":
        current = Edition("1", COMMUNITY, "1", datetime(2026, 1, 1, tzinfo=UTC), None, grids)
        inputs = dataclasses.replace(inputs, current=current)
    sheet = Sheet.of(grids, (sketch.cells, sketch.borders), inputs, DrawSettings())
    return sheet.examined() if draw(st.booleans()) else sheet


def operation(sheet: Sheet, step: Step) -> Operation:
    """What four numbers ask of a plan."""
    what, a, b, c = step
    codes, keys = sorted(sheet.buildings), [grid.key for grid in sheet.grids]
    one, two = keys[a % len(keys)], keys[b % len(keys)]
    target = ["new", two, two, two][c % 4]
    some = tuple(codes[a % len(codes) :][: 1 + b % 4])
    ways: list[Operation] = [
        Assign(target, some),
        Assign(target, some),
        Assign(target, (), (a % len(sheet.cells), b % len(sheet.cells))),
        Arrange((Assign("new-1", some), Assign("new-2", (codes[c % len(codes)],)))),
        Merge((one, two)),
        Split(one, c),
        Rename(one, f"第{b}号"),
        SetKind(one, "dedicated" if b % 2 else "residential"),
        SetLocks(c % 3 == 0, (one,), some),
    ]
    return ways[what % len(ways)]


def carried_out(sheet: Sheet, asked: Operation) -> Edited | None:
    """The plan after an operation, None where it is refused."""
    try:
        return (
            splitting.split(sheet, asked.grid, asked.seed, QUICK)
            if isinstance(asked, Split)
            else execution.edited(sheet, asked)
        )
    except (Conflict, UsageError):
        return None


def state(sheet: Sheet) -> tuple[object, ...]:
    """All that there is to know of a plan, its polygons byte for byte."""
    return sheet.locks, tuple((each.geometry.wkb, dataclasses.replace(each, geometry=None)) for each in sheet.grids)  # type: ignore[arg-type]  # compared by its bytes


def check(sheet: Sheet) -> None:
    """The contract's invariants, and tallies counted from nothing."""
    faults = partition_faults(
        [grid.geometry for grid in sheet.grids], sheet.inputs.community.geometry, tolerance=TOLERANCE_DEGREES
    )
    assert {fault.kind for fault in faults} <= {"not_connected"}
    assert sorted(number for grid in sheet.grids for number in grid.cells) == list(range(len(sheet.cells)))
    assert sorted(code for grid in sheet.grids for code in grid.buildings) == sorted(sheet.buildings)
    for grid in sheet.grids:
        assert grid.households == sum(sheet.buildings[code].households for code in grid.buildings)
        assert grid.area_m2 == round(sum(sheet.cells[number].area_m2 for number in grid.cells), 2)
    fresh = Sheet.of(sheet.grids, (sheet.cells, sheet.cell_borders()), sheet.inputs, sheet.settings, (), sheet.locks)
    assert findings_of(sheet) == findings_of(fresh)


def done(sheet: Sheet, steps: Sequence[Step]) -> tuple[Sheet, list[PlanChange], list[tuple[object, ...]]]:
    """The plan after the steps that were not refused, with the changes and the states between."""
    changes, states = [], [state(sheet)]
    for number, step in enumerate(steps):
        after = carried_out(sheet, operation(sheet, step))
        change = None if after is None else change_between(sheet, after.sheet, GROUND)
        if after is None or change is None:
            continue
        assert set(after.changed) >= {key for _, key in change.after.cells} - {None}
        if number % 10 == 0:
            check(after.sheet)
            assert after.findings == findings_of(after.sheet)
        sheet = after.sheet
        changes.append(change)
        states.append(state(sheet))
    return sheet, changes, states


@QUIETLY
@given(sheets(), STEPS)
def test_any_edits_keep_the_invariants_and_can_be_taken_back_and_made_again(sheet: Sheet, steps: list[Step]) -> None:
    first = sheet
    sheet, changes, states = done(sheet, steps)
    check(sheet)
    for change, before in zip(reversed(changes), reversed(states[:-1]), strict=True):
        sheet = with_change(sheet, change.reversed).sheet
        assert state(sheet) == before
    assert state(sheet) == state(first)
    for change, after in zip(changes, states[1:], strict=True):
        sheet = with_change(sheet, change).sheet
        assert state(sheet) == after


@QUIETLY
@given(sheets(), STEPS)
def test_who_follows_the_changes_has_the_same_plan(sheet: Sheet, steps: list[Step]) -> None:
    after, changes, _ = done(sheet, steps)
    cells = {number: grid.key for grid in sheet.grids for number in grid.cells}
    labels = {grid.key for grid in sheet.grids}
    for change in changes:  # as a page does that knows cells and labels only
        cells.update({number: key for number, key in change.after.cells if key is not None})
        labels = labels - set(change.gone) | {label.key for label in change.after.grids}
    assert cells == {number: grid.key for grid in after.grids for number in grid.cells}
    assert labels == {grid.key for grid in after.grids}


@QUIETLY
@given(sheets(), STEPS)
def test_what_is_locked_stays_where_it_is(sheet: Sheet, steps: list[Step]) -> None:
    for step in steps:
        asked = operation(sheet, step)
        after = carried_out(sheet, asked)
        if after is None:
            continue
        if not isinstance(asked, SetLocks):
            before = {grid.key: grid.cells for grid in sheet.grids}
            now = {grid.key: grid.cells for grid in after.grids}
            assert all(now[key] == before[key] for key in sheet.locks.grids)
            homes = [
                {code: grid.key for grid in side for code in grid.buildings} for side in (sheet.grids, after.grids)
            ]
            assert all(homes[0][code] == homes[1][code] for code in sheet.locks.buildings)
        sheet = after.sheet
