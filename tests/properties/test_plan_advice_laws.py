"""Laws of advice: a preview is what the edit then does, an explanation is true, a suggestion keeps its promises."""

from __future__ import annotations

import dataclasses
import string

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gisgrid.model import DrawSettings, Estate
from gisgrid.plan import edits
from gisgrid.plan.alternatives import Alternatives
from gisgrid.plan.board import PlanBoard
from gisgrid.plan.checks import findings_of
from gisgrid.plan.choices import Suggestion, Suggestions
from gisgrid.plan.explain import explain_sheet
from gisgrid.plan.preview import preview
from gisgrid.plan.sheet import Sheet
from gisgrid.plan.suggest import suggest_balance, suggest_merge, suggest_split
from gisgrid.plan.tallies import tally
from tests.draw import Sketch, drawn

QUIETLY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SIZES = (0, 0, 12, 24, 60, 90, 130, 180)


def sheet_of(sketch: Sketch, asked: DrawSettings | None = None) -> Sheet:
    return Sheet.of(sketch.grids, (sketch.cells, sketch.borders), sketch.inputs, asked or DrawSettings())


@st.composite
def plans(draw: st.DrawFn, *, connected: bool = False, barriers: bool = True) -> Sketch:
    """A random plan of up to 3 by 6 cells with estates: letters anywhere, or grids of whole columns."""
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(2, 6))
    letters = string.ascii_uppercase[: draw(st.integers(2, 4))]
    by_column = sorted(draw(st.lists(st.sampled_from(letters), min_size=columns, max_size=columns)))
    lines = []
    for _ in range(rows):
        line = ""
        for column in range(columns):
            line += "|" if column and barriers and draw(st.integers(0, 7)) == 0 else ""
            line += by_column[column] if connected else draw(st.sampled_from(letters))
        lines.append(line)
    counts = draw(st.lists(st.sampled_from(SIZES), min_size=rows * columns, max_size=rows * columns))
    sketch = drawn("\n".join(lines), households=" ".join(map(str, counts)))
    estates = draw(st.lists(st.sampled_from([None, "E1", "E2"]), min_size=rows * columns, max_size=rows * columns))
    buildings = tuple(
        dataclasses.replace(building, estate=estate)
        for building, estate in zip(sketch.inputs.buildings, estates, strict=True)
    )
    named = (Estate("E1", "榕树苑"), Estate("E2", "海棠里"))
    return dataclasses.replace(sketch, inputs=dataclasses.replace(sketch.inputs, buildings=buildings, estates=named))


@QUIETLY
@given(plans(), st.data())
def test_a_preview_is_what_the_edit_then_does(sketch: Sketch, data: st.DataObject) -> None:
    sheet = sheet_of(sketch)
    codes = sorted(sheet.buildings)
    chosen = data.draw(st.lists(st.sampled_from(codes), min_size=1, max_size=4, unique=True))
    to = data.draw(st.sampled_from([*(grid.key for grid in sheet.grids), edits.NEW]))
    seen = preview(PlanBoard.of(sheet), to, buildings=chosen)
    edited = edits.assign(sheet, chosen, to)
    after = dataclasses.replace(sheet, grids=edited.grids)
    assert {change.key for change in seen.effect.grids} == set(edited.changed)
    tallies = {each.key: each for each in tally(after)}
    pieces = {f.codes[0]: f.values["pieces"] for f in findings_of(after) if f.rule == "grid_not_connected"}
    for change in seen.effect.grids:
        assert (change.after is None) == (change.key not in tallies)
        if change.after is not None:
            told = tallies[change.key]
            assert (change.after.households, change.after.buildings) == (told.households, told.buildings)
            assert (change.after.ties_kept, change.after.line_share) == (told.ties_kept, told.line_share)
            assert change.after.pieces == pieces.get(change.key, 1)
    assert seen.effect.estates_split == sum(f.rule.startswith("estate_") for f in findings_of(after))
    out_of_band = {f.codes[0] for f in findings_of(after) if f.rule in {"grid_above_band", "grid_below_band"}}
    told_so = {f.codes[0] for f in seen.findings if f.rule in {"would_exceed_band", "would_fall_below_band"}}
    assert told_so == out_of_band & set(edited.changed)


@QUIETLY
@given(plans(barriers=False), st.data())
def test_there_and_back_costs_nothing(sketch: Sketch, data: st.DataObject) -> None:
    sheet = sheet_of(sketch)
    board = PlanBoard.of(sheet)
    unit = data.draw(st.integers(0, len(board.labels) - 1))
    labels = board.labels.copy()
    labels[unit] = data.draw(st.integers(0, len(board.keys)))
    there = board.effect(labels)
    moved = dataclasses.replace(board, labels=labels)
    assert moved.effect(board.labels).cost_change == -there.cost_change
    assert moved.effect(board.labels).ties_change == -there.ties_change


@QUIETLY
@given(plans(), st.booleans())
def test_a_single_move_is_weighed_as_the_whole_plan_is(sketch: Sketch, estates_matter: bool) -> None:
    weights = DrawSettings().weights
    if not estates_matter:
        weights = dataclasses.replace(weights, estate=0.0)
    board = PlanBoard.of(sheet_of(sketch, DrawSettings(weights=weights)))
    alternatives = Alternatives(board)
    for grid in range(len(board.keys)):
        for move in alternatives.moves(grid):
            labels = board.labels.copy()
            labels[move.unit] = move.other
            effect = board.effect(labels)
            if effect.grids[-1].after is not None and effect.grids[0].after is not None:  # no grid ended
                assert (move.off, move.cost) == (effect.off_band_change, effect.cost_change)


@QUIETLY
@given(plans())
def test_every_explanation_is_true(sketch: Sketch) -> None:
    sheet = sheet_of(sketch)
    board = PlanBoard.of(sheet)
    unit_of = {title: unit for unit, title in enumerate(board.titles)}
    explained = explain_sheet(sheet)
    assert [f.codes[0] for f in explained if f.rule == "grid_explained"] == [grid.key for grid in sheet.grids]
    assert sum(f.rule == "estate_explained" for f in explained) == int(board.estates_split.sum())
    for finding in explained:
        assert finding.severity == "info"
        assert "{" not in finding.message + finding.message_zh
        if finding.rule != "grid_explained" or finding.values["building"] is None:
            continue
        unit, here, there = unit_of[finding.values["building"]], finding.values["grid"], finding.values["other"]
        labels = board.labels.copy()
        labels[unit] = board.keys.index(there)
        effect = board.effect(labels)
        after = {change.key: change.after for change in effect.grids}
        reason = finding.values["reason"]
        left, full = after[here], after[there]
        assert full is not None
        if reason.startswith("better_"):
            assert (effect.off_band_change, effect.cost_change) < (0, 0.0)
        elif reason == "above":
            assert full.households > board.band.maximum
        elif reason == "below":
            assert left is None or left.households < board.band.minimum
        elif reason == "apart":
            assert Alternatives(board).pieces_without(unit) > 1
        else:
            assert effect.cost_change >= 0.0 or left is None


def division_of(sketch: Sketch, sheet: Sheet) -> tuple[tuple[str, ...], ...]:
    """Which buildings with households share a grid."""
    home = {code: grid.key for grid in sheet.grids for code in grid.buildings}
    together: dict[str, list[str]] = {}
    for code, households in sorted(sketch.households.items()):
        if households:
            together.setdefault(home[code], []).append(code)
    return tuple(sorted(map(tuple, together.values())))


def applied(sheet: Sheet, choice: Suggestion) -> Sheet:
    """The plan after a choice, carried out by edits alone."""
    board = PlanBoard.of(sheet)
    labels = board.labels.copy()
    begun: dict[str, int] = {}
    for move in choice.moves:
        at = (
            begun.setdefault(move.to_key, len(board.keys) + len(begun))
            if move.begins
            else board.keys.index(move.to_key)
        )
        labels[np.isin(board.cells, move.cells)] = at
        assert tuple(sorted(code for number in move.cells for code in sheet.cells[number].buildings)) == move.buildings
    for move in choice.moves:
        if move.buildings:
            to = edits.NEW if move.begins and move.to_key not in {grid.key for grid in sheet.grids} else move.to_key
            sheet = dataclasses.replace(sheet, grids=edits.assign(sheet, move.buildings, to).grids)
    return sheet


@settings(QUIETLY, max_examples=25)
@given(plans(connected=True), st.sampled_from(["split", "merge", "balance"]), st.integers(0, 2), st.data())
def test_a_suggestion_keeps_its_promises(sketch: Sketch, op: str, seed: int, data: st.DataObject) -> None:
    locked = tuple(data.draw(st.lists(st.sampled_from(sorted(sketch.households)), max_size=2, unique=True)))
    sheet = sheet_of(sketch, DrawSettings(locked_buildings=locked))
    key = data.draw(st.sampled_from([grid.key for grid in sheet.grids]))
    most = data.draw(st.sampled_from([24, 100, 400]))

    def ask() -> Suggestions:
        if op == "split":
            return suggest_split(sheet, key, seed)
        if op == "merge":
            return suggest_merge(sheet, key, seed)
        return suggest_balance(sheet, None, most, seed)

    found = ask()
    assert ask() == found  # same seed, same answer
    assert found.choices or found.findings
    assert len(found.choices) <= 3
    divisions = {division_of(sketch, sheet)}  # the present plan is no choice
    for choice in found.choices:
        after = applied(sheet, choice)
        loads = {grid.key: int(count) for grid, count in zip(after.grids, after.households, strict=True)}
        for change in choice.effect.grids:
            if change.after is not None:
                assert loads[change.key] == change.after.households
                assert change.after.pieces == 1
        divisions.add(division_of(sketch, after))
        assert choice.effect.off_band_change <= 0
        moved = {code for move in choice.moves for code in move.buildings}
        assert not moved & set(locked)
        if op == "balance":
            assert choice.effect.households_moved <= most
            assert len(after.grids) == len(sheet.grids)
    assert len(divisions) == len(found.choices) + 1
