"""Cells cut along drawn lines: round buildings, without slivers, numbers kept."""

from __future__ import annotations

import numpy as np
import shapely

from gisgrid.geometry.coverage import partition_faults
from gisgrid.geometry.recutting import Recut, recut

# Two cells of 100 m side by side, each with a building of 20 m in its middle.
CELLS = np.array([shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)])
HOUSES = [shapely.box(40, 40, 60, 60), shapely.box(140, 40, 160, 60)]
GROUND = shapely.box(0, 0, 200, 100)


def sound(result: Recut) -> Recut:
    assert partition_faults(result.cells, GROUND, tolerance=0.002) == []
    return result


def pieces(result: Recut) -> list[tuple[int, int, float]]:
    """Parent, side and area of each cell."""
    return list(zip(result.parent.tolist(), result.side.tolist(), shapely.area(result.cells).tolist(), strict=True))


def test_a_line_cuts_the_cells_that_it_crosses_and_the_built_piece_keeps_the_number() -> None:
    result = sound(recut(CELLS, shapely.box(0, 0, 200, 20), HOUSES))
    assert pieces(result) == [(0, 1, 8000.0), (1, 1, 8000.0), (0, 0, 2000.0), (1, 0, 2000.0)]


def test_a_new_vertex_on_a_border_comes_to_both_neighbours() -> None:
    result = sound(recut(CELLS, shapely.box(0, 0, 100, 20), HOUSES))
    assert pieces(result) == [(0, 1, 8000.0), (1, 1, 10000.0), (0, 0, 2000.0)]
    assert [100.0, 20.0] in shapely.get_coordinates(result.cells[1]).tolist()


def test_the_border_goes_round_a_building_to_the_side_that_holds_more_of_it() -> None:
    low = sound(recut(CELLS, shapely.box(0, 0, 200, 45), HOUSES))
    assert pieces(low)[:2] == [(0, 1, 5600.0), (1, 1, 5600.0)]
    high = sound(recut(CELLS, shapely.box(0, 0, 200, 55), HOUSES))
    assert pieces(high)[:2] == [(0, 0, 5600.0), (1, 0, 5600.0)]


def test_a_building_in_equal_halves_goes_to_the_inside() -> None:
    result = sound(recut(CELLS, shapely.box(0, 0, 200, 50), HOUSES))
    assert pieces(result)[:2] == [(0, 0, 5200.0), (1, 0, 5200.0)]


def test_a_line_beside_a_border_of_cells_makes_no_sliver() -> None:
    result = sound(recut(CELLS, shapely.box(0, 0, 100.6, 100), HOUSES))
    assert pieces(result) == [(0, 0, 10000.0), (1, 1, 10000.0)]


def test_a_cell_whose_building_stands_in_two_parts_goes_whole() -> None:
    parts = shapely.MultiPolygon([shapely.box(20, 10, 40, 30), shapely.box(20, 60, 50, 90)])
    result = sound(recut(CELLS, shapely.box(0, 0, 200, 50), [parts, HOUSES[1]]))
    assert pieces(result)[0] == (0, 1, 10000.0)
    assert [row[0] for row in pieces(result)] == [0, 1, 1]


def test_a_neighbours_building_over_the_edge_is_not_cut_either() -> None:
    foreign = shapely.box(-10, 40, 10, 60)
    result = sound(recut(CELLS, shapely.box(0, 0, 200, 45), HOUSES, [foreign]))
    assert sum(result.cells[n].covers(shapely.box(0, 40, 10, 60)) for n in range(len(result.cells))) == 1


def test_ground_that_lies_wholly_inside_moves_without_a_cut() -> None:
    result = sound(recut(CELLS, shapely.box(-5, -5, 100, 105), HOUSES))
    assert pieces(result) == [(0, 0, 10000.0), (1, 1, 10000.0)]
    assert shapely.equals_exact(result.cells, shapely.normalize(CELLS), 0.0).all()
