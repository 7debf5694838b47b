"""Laws of ground cut by hand: any lines and areas, one after the other, leave a plan that is whole."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import LineString, Polygon

from gisgrid.errors import Conflict, UsageError
from gisgrid.geometry.coverage import TOLERANCE_DEGREES, cut_footprints, partition_faults
from gisgrid.model import DrawSettings
from gisgrid.plan.changes import change_between
from gisgrid.plan.cutting import annex, split_by_line
from gisgrid.plan.sheet import Sheet
from tests.draw import LAT, LAT_STEP, LON, LON_STEP, drawn

TOWN = drawn("AAAB\nAABB\nCCBB", households=50)
PLAN = Sheet.of(TOWN.grids, (TOWN.cells, TOWN.borders), TOWN.inputs, DrawSettings())

places = st.tuples(st.integers(-10, 50), st.integers(-10, 40)).map(
    lambda place: (LON + place[0] / 10 * LON_STEP, LAT - place[1] / 10 * LAT_STEP)
)
strokes = st.tuples(
    st.sampled_from(["split", "annex"]), st.integers(0, 9), st.lists(places, min_size=2, max_size=4, unique=True)
)


def check(plan: Sheet) -> None:
    """The contract's invariants, counted from nothing."""
    community = plan.inputs.community.geometry
    for shapes in ([cell.geometry for cell in plan.cells], [grid.geometry for grid in plan.grids]):
        faults = partition_faults(shapes, community, tolerance=TOLERANCE_DEGREES)
        assert {fault.kind for fault in faults} <= {"not_connected"}
    footprints = plan.place.to_metres([building.geometry for building in plan.inputs.buildings])
    ground = plan.place.to_metres([grid.geometry for grid in plan.grids])
    assert cut_footprints(footprints, ground, plan.place.community_m).tolist() == []
    assert sorted(number for grid in plan.grids for number in grid.cells) == list(range(len(plan.cells)))
    assert sorted(code for grid in plan.grids for code in grid.buildings) == sorted(plan.buildings)
    assert sorted(code for cell in plan.cells for code in cell.buildings) == sorted(plan.buildings)
    for grid in plan.grids:
        assert grid.households == sum(plan.buildings[code].households for code in grid.buildings)
        assert grid.area_m2 == round(sum(plan.cells[number].area_m2 for number in grid.cells), 2)


@settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)  # fmt: skip
@given(st.lists(strokes, min_size=1, max_size=4))
def test_any_strokes_leave_a_whole_plan(drawn_strokes: list[tuple[str, int, list[tuple[float, float]]]]) -> None:
    plan = PLAN
    for verb, which, points in drawn_strokes:
        key = plan.grids[which % len(plan.grids)].key
        try:
            if verb == "split":
                edited = split_by_line(plan, key, LineString(points))
            else:
                edited = annex(plan, key, Polygon(points) if len(points) > 2 else LineString(points))
        except (UsageError, Conflict):  # a grid in pieces
            continue
        check(edited.sheet)
        change = change_between(plan, edited.sheet, ("1", "2"))
        assert change is not None
        assert {label.key for label in change.after.grids} <= {grid.key for grid in edited.sheet.grids}
        plan = edited.sheet
