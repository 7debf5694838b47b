"""Cells on small ground whose right answer is plain to see."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import LineString, MultiPolygon, Polygon, box

from gisgrid.errors import UsageError
from gisgrid.geometry.coverage import cut_footprints, partition_faults
from gisgrid.geometry.tessellation import Tessellation, tessellate

GROUND = box(0, 0, 100, 60)


def checked(
    community: shapely.Geometry,
    footprints: list[shapely.Geometry],
    *,
    lines: list[LineString] | None = None,
    areas: list[Polygon] | None = None,
    obstacles: list[Polygon] | None = None,
) -> Tessellation:
    result = tessellate(community, footprints, lines_m=lines or [], areas_m=areas or [], obstacles_m=obstacles or [])
    assert partition_faults(result.cells, community, tolerance=0.002) == []
    assert set(shapely.get_type_id(result.cells).tolist()) == {3}
    assert cut_footprints(footprints + (obstacles or []), result.cells, community).tolist() == []
    return result


def test_the_border_between_two_equal_buildings_lies_halfway() -> None:
    result = checked(GROUND, [box(10, 20, 30, 40), box(70, 20, 90, 40)])
    assert result.cell_of_footprint.tolist() == [0, 1]
    assert shapely.area(result.cells).tolist() == pytest.approx([3000.0, 3000.0], rel=0.01)
    middle = shapely.get_coordinates(shapely.intersection(*result.cells))
    assert np.abs(middle[:, 0] - 50.0).max() < 1.0


def test_ground_without_buildings_or_lines_is_one_empty_cell() -> None:
    result = checked(GROUND, [])
    assert len(result.cells) == 1
    assert result.cells[0].equals(GROUND)
    assert (result.block.tolist(), result.area_of_cell.tolist(), result.merged) == ([0], [-1], ())


def test_a_street_parts_blocks_and_an_empty_block_is_a_cell() -> None:
    street = LineString([(60, -5), (60, 65)])
    result = checked(GROUND, [box(10, 20, 30, 40)], lines=[street])
    assert [cell.bounds for cell in result.cells] == [(0, 0, 60, 60), (60, 0, 100, 60)]
    assert result.block.tolist() == [0, 1]


def test_a_building_has_no_ground_across_the_street_even_if_it_is_nearest() -> None:
    street = LineString([(60, 0), (60, 60)])
    result = checked(GROUND, [box(40, 20, 59, 40), box(90, 20, 95, 40)], lines=[street])
    assert result.cells[0].bounds == (0, 0, 60, 60)


def test_a_street_that_stops_short_is_led_on_and_a_dead_end_is_not() -> None:
    short = LineString([(60, 0), (60, 45)])  # 15 m before the edge
    dead_end = LineString([(30, 0), (30, 30)])  # 30 m before the edge
    result = checked(GROUND, [], lines=[short, dead_end])
    assert [cell.bounds for cell in result.cells] == [(0, 0, 60, 60), (60, 0, 100, 60)]


def test_a_spur_is_not_led_back_to_the_street_that_it_leaves() -> None:
    street = LineString([(50, 0), (50, 60)])
    for spur in (LineString([(50, 30), (60, 30)]), LineString([(50, 30), (60, 30), (60, 35)])):
        assert [cell.area for cell in checked(GROUND, [], lines=[street, spur]).cells] == [3000.0, 3000.0]


def test_a_street_is_not_led_on_through_a_building() -> None:
    short = LineString([(60, 0), (60, 45)])
    result = checked(GROUND, [box(50, 48, 70, 56)], lines=[short])
    assert len(result.cells) == 1


def test_a_line_through_a_building_goes_round_it() -> None:
    street = LineString([(50, 0), (50, 60)])
    building = box(45, 20, 70, 40)  # most of it lies east
    result = checked(GROUND, [building], lines=[street])
    assert len(result.cells) == 2
    home = result.cells[result.cell_of_footprint[0]]
    assert home.covers(building)
    assert home.area == pytest.approx(50 * 60 + 5 * 20)


def test_buildings_that_share_a_wall_have_cells_of_their_own_along_it() -> None:
    result = checked(GROUND, [box(20, 20, 40, 40), box(40, 20, 60, 40)])
    assert result.cell_of_footprint.tolist() == [0, 1]
    wall = shapely.intersection(*result.cells)
    assert wall.covers(shapely.LineString([(40, 20.01), (40, 39.99)]))


@pytest.mark.parametrize(("overlap", "together"), [(0.04, False), (0.06, True), (5.0, True)])
def test_footprints_that_overlap_by_more_than_five_centimetres_share_a_cell(overlap: float, together: bool) -> None:
    result = checked(GROUND, [box(20, 20, 40, 40), box(40 - overlap, 20, 60, 40)])
    assert (result.cell_of_footprint[0] == result.cell_of_footprint[1]) == together
    assert result.merged == (((0, 1),) if together else ())


def test_the_same_footprint_twice_is_one_cell() -> None:
    result = checked(GROUND, [box(20, 20, 40, 40), box(60, 20, 80, 40), box(20, 20, 40, 40)])
    assert result.cell_of_footprint.tolist() == [0, 1, 0]
    assert result.merged == ((0, 2),)


def test_the_parts_of_one_building_are_one_cell_with_what_stands_between() -> None:
    two_parts = MultiPolygon([box(10, 20, 20, 40), box(80, 20, 90, 40)])
    between = box(45, 5, 55, 55)
    result = checked(GROUND, [two_parts, between])
    assert result.cell_of_footprint.tolist() == [0, 0]
    assert result.merged == ((0, 1),)
    neighbours = MultiPolygon([box(10, 20, 20, 40), box(30, 20, 40, 40)])
    result = checked(GROUND, [neighbours, box(80, 20, 90, 40)])
    assert result.cell_of_footprint.tolist() == [0, 1]


def test_a_building_in_the_courtyard_of_another_fills_its_hole() -> None:
    round_the_court = box(20, 10, 80, 50).difference(box(30, 20, 70, 40))
    result = checked(GROUND, [round_the_court, box(45, 25, 55, 35)])
    outer, inner = result.cells
    assert len(outer.interiors) == 1
    assert Polygon(outer.interiors[0]).equals(inner)


def test_only_what_lies_inside_the_community_counts() -> None:
    result = checked(GROUND, [box(-10, 20, 10, 40), box(200, 200, 210, 210), box(100, 20, 120, 40)])
    assert result.cell_of_footprint.tolist() == [0, -1, -1]
    assert len(result.cells) == 1


def test_a_neighbours_building_reaching_in_is_cut_by_no_border_and_has_no_cell() -> None:
    obstacle = box(45, 40, 55, 80)
    result = checked(GROUND, [box(10, 20, 30, 40), box(70, 20, 90, 40)], obstacles=[obstacle])
    assert len(result.cells) == 2


def test_a_building_in_two_parts_of_the_community_belongs_to_the_part_with_most_of_it() -> None:
    islands = shapely.union(box(0, 0, 40, 60), box(50, 0, 100, 60))
    bridge = box(35, 20, 80, 40)
    result = checked(islands, [bridge])
    home = result.cells[result.cell_of_footprint[0]]
    assert home.equals(box(50, 0, 100, 60))
    assert len(result.cells) == 2


def test_dedicated_ground_cuts_blocks_and_its_cells_know_it() -> None:
    school = box(0, 0, 50, 60)
    result = checked(GROUND, [box(10, 20, 30, 40), box(70, 20, 90, 40)], areas=[box(90, 200, 99, 300), school])
    assert result.area_of_cell.tolist() == [1, -1]
    assert result.cells[0].equals(school)


def test_slivers_between_two_drawings_of_one_line_join_a_neighbour() -> None:
    double = [LineString([(60, 0), (60, 60)]), LineString([(60.8, 0), (60.8, 60)])]
    assert len(checked(GROUND, [box(10, 20, 30, 40)], lines=double).cells) == 2
    dual_carriageway = [LineString([(60, 0), (60, 60)]), LineString([(68, 0), (68, 60)])]
    assert len(checked(GROUND, [box(10, 20, 30, 40)], lines=dual_carriageway).cells) == 3


def test_a_building_thinner_than_the_lattice_still_has_a_cell() -> None:
    for thin in (Polygon([(60, 30), (60.0004, 30), (60, 40)]), Polygon([(60, 30), (60.002, 30), (60, 30.002)])):
        assert checked(GROUND, [box(10, 20, 30, 40), thin]).cell_of_footprint.tolist() == [0, 1]


def test_an_invalid_footprint_is_taken_by_its_repaired_shape() -> None:
    bow_tie = Polygon([(20, 20), (40, 40), (40, 20), (20, 40)])
    street = LineString([(35, 0), (35, 60)])
    result = checked(GROUND, [bow_tie], lines=[street])
    assert result.cells[result.cell_of_footprint[0]].buffer(0.002).covers(shapely.make_valid(bow_tie))


def test_holes_and_parts_of_the_community_are_kept() -> None:
    community = shapely.union(box(0, 0, 60, 60).difference(box(20, 20, 40, 40)), box(70, 0, 100, 60))
    result = checked(community, [box(5, 5, 15, 15), box(45, 45, 55, 55), box(75, 20, 95, 40)])
    assert len(result.cells) == 3


def test_cells_stand_in_the_order_of_their_footprints_then_from_west_to_east() -> None:
    streets = [LineString([(x, 0), (x, 60)]) for x in (25, 50, 75)]
    result = checked(GROUND, [box(80, 20, 90, 40), box(30, 20, 40, 40)], lines=streets)
    assert [cell.bounds[0] for cell in result.cells] == [75, 25, 0, 50]
    assert result.block.tolist() == [3, 1, 0, 2]


def test_borders_are_light() -> None:
    result = checked(GROUND, [box(10, 20, 30, 40), box(70, 10, 85, 50), box(40, 5, 60, 15)])
    assert max(shapely.get_num_coordinates(result.cells)) < 30


@pytest.mark.parametrize("wkt", ["LINESTRING (0 0, 1 1)", "POLYGON EMPTY", "POLYGON ((0 0, 9 9, 9 0, 0 9, 0 0))"])
def test_a_community_that_is_no_valid_polygon_is_refused(wkt: str) -> None:
    with pytest.raises(UsageError, match="repair its boundary"):
        tessellate(shapely.from_wkt(wkt), [])


def test_a_regular_town_has_regular_cells() -> None:
    # Equal squares on a square lattice: every four corners lie on one circle, the hard case of a Voronoi diagram.
    houses = [box(x, y, x + 10, y + 10) for x in range(5, 160, 20) for y in range(5, 120, 20)]
    result = checked(box(0, 0, 160, 120), houses)
    assert len(result.cells) == len(houses)
    assert shapely.area(result.cells) == pytest.approx(np.full(len(houses), 400.0), rel=0.06)


def test_the_ground_round_a_building_in_a_row_is_its_own() -> None:
    # Narrow gaps to both sides: the way round the middle one is a single face that touches all three.
    row = [box(20, 20, 39.9, 40), box(40, 20, 60, 40), box(60.1, 20, 80, 40)]
    result = checked(GROUND, row)
    assert shapely.area(result.cells) == pytest.approx([2400.0, 1200.0, 2400.0], rel=0.06)
