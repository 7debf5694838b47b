"""Borders of cells: how long, how much of them a barrier closes, and where a crossing opens it."""

from __future__ import annotations

import pytest
from shapely import LineString, Point, box

from gisgrid.geometry.adjacency import Borders, components, shared_borders

WEST, EAST, NORTH = box(0, 0, 50, 100), box(50, 0, 100, 100), box(0, 100, 100, 150)
ROAD = LineString([(50, -10), (50, 100)])


def _rows(borders: Borders) -> list[tuple[float, ...]]:
    columns = (borders.a, borders.b, borders.length_m, borders.barrier_m, borders.street_m)
    return [tuple(round(float(value), 6) for value in row) for row in zip(*columns, strict=True)]


def test_neighbours_come_in_order_with_the_length_of_their_border() -> None:
    west, east = box(0, 0, 50, 50), box(50, 0, 100, 50)
    north_west = box(0, 50, 50, 100)
    assert _rows(shared_borders([north_west, west, east])) == [(0, 1, 50, 0, 0), (1, 2, 50, 0, 0)]


def test_cells_that_meet_at_a_point_or_without_the_same_vertices_share_no_border() -> None:
    assert _rows(shared_borders([box(0, 0, 50, 50), box(50, 50, 100, 100)])) == []
    assert _rows(shared_borders([box(0, 0, 50, 50), box(50, 0, 100, 60)])) == []


def test_a_barrier_on_the_border_closes_it_and_a_street_is_counted_beside() -> None:
    assert _rows(shared_borders([WEST, EAST], barriers_m=[ROAD])) == [(0, 1, 100, 100, 0)]
    assert _rows(shared_borders([WEST, EAST], streets_m=[ROAD])) == [(0, 1, 100, 0, 100)]


def test_a_barrier_that_only_crosses_the_border_closes_nothing() -> None:
    across = LineString([(50 - 0.4, 50), (50.4, 50)])
    assert _rows(shared_borders([WEST, EAST], barriers_m=[across])) == [(0, 1, 100, 0, 0)]


def test_a_crossing_opens_the_barrier_fifteen_metres_to_either_side() -> None:
    (row,) = _rows(shared_borders([WEST, EAST], barriers_m=[ROAD], crossings_m=[Point(50, 50)]))
    assert row == (0, 1, 100, 70, 0)
    (row,) = _rows(shared_borders([WEST, EAST], barriers_m=[ROAD], crossings_m=[LineString([(40, 50), (60, 50)])]))
    assert row[3] == pytest.approx(70, abs=0.2)
    (row,) = _rows(shared_borders([WEST, EAST], barriers_m=[ROAD], crossings_m=[Point(50 - 15.1, 50)]))
    assert row[3] == 100


def test_a_crossing_at_the_end_of_a_border_makes_it_passable() -> None:
    (row,) = _rows(shared_borders([WEST, EAST], barriers_m=[ROAD], crossings_m=[Point(50, -13.5)]))
    assert row[2] - row[3] >= 1.0


def test_a_barrier_that_ends_inside_a_block_closes_the_border_it_parts() -> None:
    # The river flows through the western cell's middle without being a border of cells.
    river = LineString([(40, 10), (40, 90)])
    assert _rows(shared_borders([WEST, EAST], barriers_m=[river])) == [(0, 1, 100, 100, 0)]
    bridge = Point(40, 50)
    assert _rows(shared_borders([WEST, EAST], barriers_m=[river], crossings_m=[bridge])) == [(0, 1, 100, 0, 0)]
    beside_the_way = LineString([(40, 60), (40, 90)])
    assert _rows(shared_borders([WEST, EAST], barriers_m=[beside_the_way])) == [(0, 1, 100, 0, 0)]


def test_a_barrier_inside_a_third_cell_parts_no_others() -> None:
    around = box(0, 0, 30, 100).union(box(0, 0, 100, 10))  # an L, so the way to its arm leads over the yard
    yard = box(30, 10, 100, 100)
    wall = LineString([(60, 20), (60, 90)])
    rows = _rows(shared_borders([around, yard, box(100, 0, 130, 10)], barriers_m=[wall]))
    assert [row for row in rows if row[:2] == (0, 2)] == [(0, 2, 10, 0, 0)]


def test_no_cells_have_no_borders() -> None:
    assert _rows(shared_borders([])) == []
    assert _rows(shared_borders([WEST], barriers_m=[ROAD], crossings_m=[Point(0, 0)])) == []


def test_components_are_numbered_by_their_first_cell() -> None:
    assert components(6, [4, 0], [1, 5]).tolist() == [0, 1, 2, 3, 1, 0]
    assert components(2, [], []).tolist() == [0, 1]
    assert components(0, [], []).tolist() == []
