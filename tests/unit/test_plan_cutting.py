"""Ground cut by hand: lines across grids, areas drawn over borders, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import Geometry, LineString, Polygon

from gisgrid.errors import Conflict, LockedGround, NotFound, UsageError
from gisgrid.geometry.coverage import TOLERANCE_DEGREES, cut_footprints, partition_faults
from gisgrid.model import DrawSettings, Locks
from gisgrid.plan.cutting import MOST_VERTICES, annex, split_by_line
from gisgrid.plan.edits import Edited, assign
from gisgrid.plan.sheet import Sheet
from tests.draw import LAT, LAT_STEP, LON, LON_STEP, Sketch, drawn

GOOD = drawn("AAABBB\nAAABBB", households=60)


def sheet(sketch: Sketch = GOOD, locks: Locks | None = None) -> Sheet:
    return Sheet.of(sketch.grids, (sketch.cells, sketch.borders), sketch.inputs, DrawSettings(), locks=locks)


def at(*places: tuple[float, float]) -> list[tuple[float, float]]:
    """Columns and rows of the picture, from its north-western corner, in degrees."""
    return [(LON + x * LON_STEP, LAT - y * LAT_STEP) for x, y in places]


def sound(edited: Edited) -> Edited:
    """The plan, once it is known to be whole: an exact tiling, no building cut, every building and cell in one grid."""
    plan = edited.sheet
    community = plan.inputs.community.geometry
    faults = partition_faults([grid.geometry for grid in plan.grids], community, tolerance=TOLERANCE_DEGREES)
    assert {fault.kind for fault in faults} <= {"not_connected"}
    assert partition_faults([cell.geometry for cell in plan.cells], community, tolerance=TOLERANCE_DEGREES) == []
    footprints = plan.place.to_metres([building.geometry for building in plan.inputs.buildings])
    ground = plan.place.to_metres([grid.geometry for grid in plan.grids])
    assert cut_footprints(footprints, ground, plan.place.community_m).tolist() == []
    assert sorted(code for grid in plan.grids for code in grid.buildings) == sorted(plan.buildings)
    assert sorted(n for grid in plan.grids for n in grid.cells) == list(range(len(plan.cells)))
    tree = shapely.STRtree([grid.geometry for grid in plan.grids])
    for code, building in plan.buildings.items():
        homes = tree.query(building.geometry.representative_point(), predicate="intersects").tolist()
        assert [code in plan.grids[home].buildings for home in homes] == [True]
    assert sum(grid.households for grid in plan.grids) == sum(b.households for b in plan.inputs.buildings)
    assert {rule.rule for rule in edited.findings} & {"grids_overlap", "ground_without_grid", "building_cut"} == set()
    return edited


def keys(edited: Edited) -> dict[str, str]:
    """The grid of each building."""
    return {code: grid.key for grid in edited.grids for code in grid.buildings}


def test_a_line_splits_a_grid_round_its_buildings_and_neighbours_get_the_vertices() -> None:
    line = LineString(at((0.6, -0.5), (0.6, 2.5)))  # through the first column's houses, nearer to their east
    edited = sound(split_by_line(sheet(), "A", line))
    assert [(grid.key, len(grid.buildings), grid.households) for grid in edited.grids] == [
        ("1", 2, 120),
        ("A", 4, 240),
        ("B", 6, 360),
    ]
    assert keys(edited)["B000"] == keys(edited)["B006"] == "1"
    assert len(edited.sheet.cells) == 14
    assert edited.changed == ("1", "A")
    assert edited.sheet.grids[2].geometry is GOOD.grids[1].geometry


def test_the_border_of_a_neighbour_gets_the_vertex_where_the_line_ends() -> None:
    line = LineString(at((-0.5, 0.9), (3.5, 0.9)))
    edited = sound(split_by_line(sheet(), "A", line))
    assert "B" in edited.changed, "its polygon has a vertex more"
    assert edited.grids[-1].cells == GOOD.grids[1].cells


def test_a_line_along_a_border_of_cells_falls_onto_it() -> None:
    line = LineString(at((-0.5, 1.005), (3.5, 1.005)))  # 20 cm beside it
    edited = sound(split_by_line(sheet(), "A", line))
    assert len(edited.sheet.cells) == len(GOOD.cells)
    assert sorted(len(grid.cells) for grid in edited.grids) == [3, 3, 6]


def test_a_line_that_ends_short_is_led_on_to_the_border() -> None:
    short = LineString(at((0.2, 1.0), (2.8, 1.0)))  # 8 m short on either side
    assert len(sound(split_by_line(sheet(), "A", short)).grids) == 3


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (LineString(at((1.1, 0.9), (1.9, 1.1))), "begin and end it outside"),
        (LineString(at((-0.5, 1.0), (1.5, 1.0))), "begin and end it outside"),
        (LineString(at((4.0, -1.0), (4.0, 3.0))), "does not touch"),
        (LineString(at((9.0, 9.0), (9.5, 9.5))), "does not touch"),
        (LineString(at((-0.5, 0.5), (3.5, 0.5), (3.5, 1.5), (-0.5, 1.5))), "into 3 parts"),
        (LineString(at((-0.5, 1.0), (2.0, 1.0), (2.0, 0.2), (1.0, 0.2), (1.0, 3.0))), "into 3 parts"),
        (LineString(at((-0.1, 0.2), (0.2, -0.1))), "at least 30 m²"),
        (Polygon(at((0, 0), (1, 0), (1, 1))), "is a Polygon"),
        (LineString(np.column_stack([np.linspace(LON, LON + 0.001, 100_000), np.full(100_000, LAT)])), "100,000"),
        (LineString(at((1.0, 1.0), (1.0, 1.0))), "not sound"),
    ],
)
def test_lines_that_part_nothing_are_refused_with_what_to_draw(line: Geometry, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        split_by_line(sheet(), "A", line)


def test_a_line_that_cuts_off_a_part_of_a_building_only_is_refused() -> None:
    sketch = drawn("AA", households=60)
    houses = [shapely.box(*shapely.bounds(cell.geometry)) for cell in sketch.cells]
    inputs = type(sketch.inputs)(
        sketch.inputs.community,
        tuple(
            type(b)(b.code, house, households=60, community=b.community)
            for b, house in zip(sketch.inputs.buildings, houses, strict=True)
        ),
    )
    full = Sheet.of(sketch.grids, (sketch.cells, sketch.borders), inputs, DrawSettings())
    with pytest.raises(UsageError, match="between the buildings"):
        split_by_line(full, "A", LineString(at((-0.2, 0.5), (0.5, -0.2))))


def test_an_area_goes_to_the_grid_it_is_drawn_for() -> None:
    area = Polygon(at((2.9, 0.1), (3.9, 0.1), (3.9, 0.95), (2.9, 0.95)))
    edited = sound(annex(sheet(), "A", area))
    assert keys(edited)["B003"] == "A"
    assert len(edited.grids) == 2
    assert edited.changed == ("A", "B")


def test_an_area_over_a_whole_grid_ends_it_and_cuts_no_cell() -> None:
    area = Polygon(at((2.5, -1), (7, -1), (7, 3), (2.5, 3)))
    edited = sound(annex(sheet(), "A", area))
    assert [grid.key for grid in edited.grids] == ["A"]
    assert len(edited.sheet.cells) == len(GOOD.cells)


def test_an_annexed_island_is_carried_out_and_reported() -> None:
    area = Polygon(at((4.1, 0.1), (4.9, 0.1), (4.9, 0.9), (4.1, 0.9)))
    edited = sound(annex(sheet(), "A", area))
    assert "grid_not_connected" in {finding.rule for finding in edited.findings}


@pytest.mark.parametrize(
    ("area", "words"),
    [
        (Polygon(at((9, 9), (9.5, 9), (9.5, 9.5))), "outside the community"),
        (Polygon(at((0, 0), (1, 1), (1, 0), (0, 1))), "without crossing itself"),
        (Polygon(at((0, 0), (1, 0), (1, 1))), "adds nothing"),
        (Polygon(at((3.0, 0.0), (3.01, 0.0), (3.01, 2.0), (3.0, 2.0))), "adds nothing"),
        (LineString(at((0, 0), (1, 1))), "is a LineString"),
        (shapely.Point(LON + 0.0018, LAT - 0.0004).buffer(0.0005, quad_segs=25_000), "more than the 2,000"),
    ],
)
def test_areas_that_are_none_are_refused(area: Geometry, words: str) -> None:
    assert MOST_VERTICES < 100_000
    with pytest.raises(UsageError, match=words):
        annex(sheet(), "A", area)


def test_what_is_locked_is_neither_split_nor_annexed() -> None:
    line, area = LineString(at((1, -1), (1, 3))), Polygon(at((3, 0), (4, 0), (4, 1), (3, 1)))
    with pytest.raises(LockedGround, match="grid A"):
        split_by_line(sheet(locks=Locks(grids=("A",))), "A", line)
    with pytest.raises(LockedGround, match="building B003"):
        annex(sheet(locks=Locks(buildings=("B003",))), "A", area)


def test_unknown_grids_plans_without_cells_and_grids_in_pieces() -> None:
    line = LineString(at((1, -1), (1, 3)))
    with pytest.raises(NotFound):
        split_by_line(sheet(), "Z", line)
    apart = assign(sheet(), ["B004"], "A").sheet
    with pytest.raises(Conflict, match="in pieces"):
        split_by_line(apart, "A", line)


def test_edits_go_on_over_cells_that_were_cut() -> None:
    edited = sound(split_by_line(sheet(), "A", LineString(at((0.6, -0.5), (0.6, 2.5)))))
    edited = sound(annex(edited.sheet, "1", Polygon(at((0.5, 0.05), (1.95, 0.05), (1.95, 0.9), (0.5, 0.9)))))
    assert keys(edited)["B001"] == "1"
    edited = sound(split_by_line(edited.sheet, "B", LineString(at((2.5, 0.2), (6.5, 1.9)))))
    edited = sound(assign(edited.sheet, ["B003"], "A"))
    assert len(edited.grids) == 4
