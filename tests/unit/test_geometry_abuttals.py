"""What a polygon meets to its east, south, west and north."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gisgrid.geometry.abuttals import NOTHING, SIDES, abuttals

EAST, SOUTH, WEST, NORTH = range(len(SIDES))
SQUARES = [shapely.box(100 * x, 100 * y, 100 * x + 100, 100 * y + 100) for y in range(2) for x in range(2)]
"""Two by two: 0 south-west, 1 south-east, 2 north-west, 3 north-east."""


def test_squares_meet_each_other_and_the_outer_edge() -> None:
    found = abuttals(SQUARES, [])
    assert found.polygons[0].tolist() == [1, NOTHING, NOTHING, 2]
    assert found.polygons[3].tolist() == [NOTHING, 1, 2, NOTHING]
    assert (found.lines == NOTHING).all()


def test_a_line_along_a_border_is_told_before_the_polygon_beyond() -> None:
    between = shapely.LineString([(104, -20), (96, 220)])
    found = abuttals(SQUARES, [between])
    assert found.lines[:, EAST].tolist() == [0, NOTHING, 0, NOTHING]
    assert found.lines[:, WEST].tolist() == [NOTHING, 0, NOTHING, 0]
    assert found.polygons[0].tolist() == [NOTHING, NOTHING, NOTHING, 2]


def test_a_line_that_only_crosses_the_border_is_not_followed() -> None:
    assert (abuttals(SQUARES, [shapely.LineString([(50, 50), (150, 50)])]).lines == NOTHING).all()


def test_a_line_farther_than_the_reach_is_not_followed() -> None:
    assert abuttals(SQUARES, [shapely.LineString([(-20, -16), (220, -16)])]).lines[0, SOUTH] == NOTHING
    assert abuttals(SQUARES, [shapely.LineString([(-20, -14), (220, -14)])]).lines[0, SOUTH] == 0


def test_most_of_a_side_decides() -> None:
    wide = shapely.box(0, 0, 300, 100)
    above = [shapely.box(0, 100, 100, 200), shapely.box(100, 100, 300, 200)]
    noded = shapely.Polygon([(0, 0), (300, 0), (300, 100), (100, 100), (0, 100)])
    assert noded.equals(wide)
    assert abuttals([noded, *above], []).polygons[0, NORTH] == 2


def test_the_largest_part_of_several_and_holes_that_do_not_count() -> None:
    ring = shapely.Polygon(SQUARES[0].exterior, [shapely.box(40, 40, 60, 60).exterior])
    parts = shapely.MultiPolygon([ring, shapely.box(500, 500, 510, 510)])
    assert abuttals([parts, SQUARES[1], shapely.box(40, 40, 60, 60)], []).polygons[0].tolist() == [1, -1, -1, -1]


@given(st.integers(0, 3), st.booleans())
def test_turning_the_map_by_a_quarter_turns_the_sides(quarters: int, clockwise_rings: bool) -> None:
    def turned(shape: shapely.Geometry) -> shapely.Geometry:
        turn = np.round(np.array([[0, -1], [1, 0]])) if quarters else np.eye(2)
        matrix = np.linalg.matrix_power(turn, max(quarters, 1)) if quarters else np.eye(2)
        shape = shapely.transform(shape, lambda xy: xy @ matrix.T)
        return shapely.reverse(shape) if clockwise_rings else shape

    road = shapely.LineString([(-20, -5), (220, -5)])
    found = abuttals([turned(square) for square in SQUARES], [turned(road)])
    # Counter-clockwise by a quarter: what lay south lies east now, what lay east lies north.
    order = [SOUTH, WEST, NORTH, EAST]
    sides = list(range(4))
    for _ in range(quarters):
        sides = [order[side] for side in sides]
    base = abuttals(SQUARES, [road])
    assert found.polygons.tolist() == base.polygons[:, sides].tolist()
    assert found.lines.tolist() == base.lines[:, sides].tolist()
