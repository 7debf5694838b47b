"""Polygons drawn by hand: overlaps, gaps, parts outside, duplicates, enclaves; each change is told."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import Geometry

from gisgrid.errors import UsageError
from gisgrid.geometry.coverage import dissolve, partition_faults
from gisgrid.geometry.mending import Mended, mend

# Four cells of 100 m in a row, each with a building of 20 m in its middle.
CELLS = np.array([shapely.box(x, 0, x + 100, 100) for x in range(0, 400, 100)])
HOUSES = [shapely.box(x + 40, 40, x + 60, 60) for x in range(0, 400, 100)]
GROUND = shapely.box(0, 0, 400, 100)


def mended(*polygons: Geometry, houses: list[Geometry] = HOUSES, cells: np.ndarray = CELLS) -> Mended:
    result = mend(cells, np.array(polygons, dtype=object), houses)
    grids = dissolve(result.cells.cells, result.cells.side)[1]
    assert partition_faults(grids, GROUND, tolerance=0.002) == []
    return result


def told(result: Mended) -> list[tuple[str, tuple[int, ...], int, float]]:
    return [(each.kind, each.drawn, each.to, round(each.area_m2, 1)) for each in result.changes]


def held(result: Mended) -> dict[int, float]:
    """The area of each polygon now."""
    sides, areas = result.cells.side, shapely.area(result.cells.cells)
    return {int(side): round(float(areas[sides == side].sum()), 1) for side in np.unique(sides)}


def test_an_exact_drawing_stays_as_it_is() -> None:
    result = mended(shapely.box(0, 0, 200, 100), shapely.box(200, 0, 400, 100))
    assert told(result) == []
    assert held(result) == {0: 20000.0, 1: 20000.0}
    assert len(result.cells.cells) == 4


def test_a_gap_goes_to_the_longest_border_and_what_is_outside_is_trimmed() -> None:
    result = mended(shapely.box(-10, 0, 195, 100), shapely.box(205, 0, 400, 98))
    assert told(result) == [
        ("gap", (), 0, 500.0),
        ("gap", (), 1, 890.0),
        ("outside", (0,), -1, 1000.0),
    ]


def test_of_two_neighbours_a_gap_goes_to_the_one_along_more_of_it() -> None:
    foot = shapely.box(195, 0, 200, 30)  # the gap above it has 70 m to either side and 5 m to whoever owns the foot
    west, east = shapely.box(0, 0, 195, 100), shapely.box(200, 0, 400, 100)
    assert told(mended(west, shapely.union(east, foot))) == [("gap", (), 1, 350.0)]
    assert told(mended(shapely.union(west, foot), east)) == [("gap", (), 0, 350.0)]


def test_an_overlap_goes_to_the_longer_border() -> None:
    corner = shapely.box(190, 50, 210, 100)  # doubled; 50 m along one grid's ground, 50 and 20 m along the other's
    west, east = shapely.box(0, 0, 210, 100), shapely.box(190, 0, 400, 100)
    above = shapely.union(shapely.box(210, 0, 400, 100), corner)
    assert told(mended(west, above)) == [("overlap", (0, 1), 0, 1000.0)]
    below = shapely.union(shapely.box(0, 0, 190, 100), corner)
    assert told(mended(below, east)) == [("overlap", (0, 1), 1, 1000.0)]


def test_an_overlap_with_a_building_goes_where_the_building_stands() -> None:
    # Both share 100 m with the overlap; a quarter of the building in it is disputed, the rest stands in grid 1.
    result = mended(shapely.box(0, 0, 245, 100), shapely.box(210, 0, 400, 100))
    assert told(result) == [("overlap", (0, 1), 1, 3500.0)]


def test_a_grid_drawn_over_another_is_an_enclave_and_a_duplicate_falls_away() -> None:
    result = mended(GROUND, shapely.box(110, 10, 190, 90), shapely.box(110, 10, 190, 90))
    assert told(result) == [("overlap", (0, 1, 2), 1, 6400.0)]
    assert held(result) == {0: 33600.0, 1: 6400.0}


def test_a_building_that_a_border_cuts_goes_whole_to_the_larger_part() -> None:
    result = mended(shapely.box(0, 0, 155, 100), shapely.box(155, 0, 400, 100))
    assert told(result) == [("building", (1,), 0, 100.0)]


def test_a_border_beside_a_border_of_cells_falls_onto_it() -> None:
    result = mended(shapely.box(0, 0, 200.4, 100), shapely.box(200.4, 0, 400, 100))
    assert told(result) == [("sliver", (0,), 1, 40.0)]
    assert len(result.cells.cells) == 4


def test_a_piece_without_buildings_apart_from_its_polygon_joins_the_ground_around_it() -> None:
    apart = shapely.MultiPolygon([shapely.box(0, 0, 100, 100), shapely.box(310, 0, 330, 30)])
    result = mended(apart, shapely.difference(shapely.box(100, 0, 400, 100), apart))
    assert told(result) == [("detached", (0,), 1, 600.0)]


def test_gaps_are_shared_out_cell_by_cell_when_outlines_were_drawn_small() -> None:
    inset = [shapely.buffer(cell, -2, join_style="mitre") for cell in CELLS]
    result = mended(*inset)
    assert held(result) == dict.fromkeys(range(4), 10000.0)
    assert {row[0] for row in told(result)} == {"gap"}


def test_polygons_far_away_are_refused() -> None:
    with pytest.raises(UsageError, match="coordinate system"):
        mended(shapely.box(900, 900, 1000, 1000))
