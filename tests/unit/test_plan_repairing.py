"""A plan drawn by hand is laid on cells, and every change is told with its area, its place and the grids."""

from __future__ import annotations

import dataclasses

import pytest
import shapely
from shapely import Geometry, affinity

from gisgrid.errors import Conflict, RefusedData, UsageError
from gisgrid.geometry.coverage import TOLERANCE_DEGREES, partition_faults
from gisgrid.model import DrawSettings, Grid, Plan, Rule
from gisgrid.plan import edits, repairing
from gisgrid.plan.checks import REPAIR_RULES, check_plan, findings_of
from gisgrid.plan.repairing import Repaired, repair
from gisgrid.plan.sheet import Sheet
from tests.draw import COMMUNITY, LAT_STEP, LON_STEP, drawn

TOWN = drawn("AAABBB\nAAABBB", households=60)


def sheet(**polygons: Geometry) -> Sheet:
    """A plan whose grids are polygons; A and B as in the picture unless given."""
    shapes = {grid.key: grid.geometry for grid in TOWN.grids} | polygons
    grids = [Grid(key, "residential", f"网格{key}", None, 0, (), (), shape, 1.0) for key, shape in shapes.items()]
    return Sheet.of(grids, (TOWN.cells, TOWN.borders), TOWN.inputs, DrawSettings())


def told(repaired: Repaired) -> list[tuple[str, tuple[str, ...]]]:
    return [(finding.rule, finding.codes) for finding in repaired.changes]


def sound(repaired: Repaired) -> Repaired:
    plan = repaired.edited.sheet
    polygons = [grid.geometry for grid in plan.grids]
    assert partition_faults(polygons, plan.inputs.community.geometry, tolerance=TOLERANCE_DEGREES) == []
    assert sorted(code for grid in plan.grids for code in grid.buildings) == sorted(plan.buildings)
    each = [finding.values["area_m2"] for finding in repaired.changes if finding.geometry is not None]
    assert repaired.changes[0].values["area_m2"] == pytest.approx(sum(each), abs=0.01 * len(each) + 0.01)
    return repaired


def test_a_drawing_that_fits_is_laid_on_cells_without_a_change() -> None:
    repaired = sound(repair(sheet()))
    assert told(repaired) == [("repaired_total", (COMMUNITY,))]
    assert repaired.moved_m2 == 0.0
    assert [(g.key, g.name, g.households, len(g.buildings)) for g in repaired.edited.grids] == [
        ("A", "网格A", 360, 6),
        ("B", "网格B", 360, 6),
    ]
    assert not [finding for finding in repaired.findings if finding.severity == "error"]


def test_a_shifted_grid_leaves_a_gap_and_is_trimmed_and_all_of_it_is_told() -> None:
    away = affinity.translate(TOWN.grid("B").geometry, 0.2 * LON_STEP, 0.1 * LAT_STEP)
    repaired = sound(repair(sheet(B=away)))
    assert {rule for rule, _ in told(repaired)} == {"repaired_total", "repaired_gap", "repaired_outside"}
    for finding in repaired.changes[1:]:
        assert finding.geometry is not None
        assert f"{finding.values['area_m2']:.2f} m²" in finding.message
    total = repaired.changes[0].values
    assert total["count"] == len(repaired.changes) - 1
    assert total["inside_m2"] + total["trimmed_m2"] == pytest.approx(total["area_m2"], abs=0.02)
    assert min(total["trimmed_m2"], total["inside_m2"]) > 0.0
    assert [len(grid.buildings) for grid in repaired.edited.grids] == [6, 6]


def test_a_doubled_grid_falls_away_and_is_named() -> None:
    repaired = sound(repair(sheet(C=TOWN.grid("B").geometry)))
    assert ("grid_fell_away", ("C",)) in told(repaired)
    assert [grid.key for grid in repaired.edited.grids] == ["A", "B"]


def test_before_the_repair_a_check_asks_for_it_and_edits_are_refused() -> None:
    plan = sheet()
    assert [finding.rule for finding in findings_of(plan)] == ["plan_without_cells"]
    with pytest.raises(Conflict, match="repair"):
        edits.assign(plan, ["B000"], "B")


def test_what_was_changed_is_told_by_every_check_until_the_plan_is_edited() -> None:
    repaired = repair(sheet(B=affinity.translate(TOWN.grid("B").geometry, 0.2 * LON_STEP, 0.1 * LAT_STEP)))
    after = repaired.edited.sheet
    kept = Plan("1", COMMUNITY, "draft", 1, DrawSettings(), after.grids, repaired.findings)
    again = check_plan(kept, after.cells, after.cell_borders(), TOWN.inputs)
    assert sorted(map(repr, again)) == sorted(map(repr, repaired.findings))
    rules = {each.name for each in vars(repairing).values() if isinstance(each, Rule)} - {"plan_empty"}
    assert rules == REPAIR_RULES


def test_codes_of_a_drawing_go_on_with_their_grids() -> None:
    plan = sheet()
    coded = [dataclasses.replace(grid, code=f"{COMMUNITY}{n:03d}") for n, grid in enumerate(plan.grids, start=7)]
    repaired = repair(dataclasses.replace(plan, grids=tuple(coded)))
    assert [grid.code for grid in repaired.edited.grids] == [f"{COMMUNITY}007", f"{COMMUNITY}008"]
    moved = edits.assign(repaired.edited.sheet, ["B003"], "A")
    assert [grid.code for grid in moved.grids] == [f"{COMMUNITY}007", f"{COMMUNITY}008"]


def test_what_needs_no_repair_and_what_cannot_be_repaired() -> None:
    with pytest.raises(Conflict, match="lies on cells already"):
        repair(Sheet.of(TOWN.grids, (TOWN.cells, TOWN.borders), TOWN.inputs, DrawSettings()))
    empty = Sheet.of((), (TOWN.cells, TOWN.borders), TOWN.inputs, DrawSettings())
    with pytest.raises(RefusedData, match="no grid"):
        repair(empty)
    far = shapely.box(0, 0, 1, 1)
    with pytest.raises(UsageError, match="coordinate system"):
        repair(sheet(A=far, B=far))
