"""Lays polygons over a raster, in compiled loops: which cells lie wholly in a polygon, and which border crosses a cell.

Room `lookup`, pure. In: the border segments of polygons in order of code (`lookup.distance.Outlines`), a raster. Out:
flat arrays for `lookup.raster`. Imports the orientation test.

A *run* is one polygon in one cell that its border touches: the segments that touch the cell, and whether the polygon
holds the cell's corner. The corner is the lower left one moved by ε to the left and by ε² down, both too small for
any coordinate: so it lies on no border, and parity is always defined (simulation of simplicity: Edelsbrunner & Mücke,
ACM Transactions on Graphics 9, 1990).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gisgrid.lookup.compiled import compiled
from gisgrid.lookup.orientation import side

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int32]
Positions = npt.NDArray[np.int64]


@compiled
def index_of(value: float, origin: float, scale: float) -> int:
    """Return the column or row of a coordinate; it never falls while the coordinate rises, whatever is rounded."""
    return int(np.floor((value - origin) * scale))


@compiled
def _rows(segment: Floats, origin_y: float, scale_y: float) -> tuple[int, int]:
    """Return the first and the last row that a segment touches."""
    low, high = min(segment[1], segment[3]), max(segment[1], segment[3])
    return index_of(low, origin_y, scale_y), index_of(high, origin_y, scale_y)


@compiled
def _columns(segment: Floats, row: int, lines_y: Floats, origin_x: float, scale_x: float) -> tuple[int, int]:
    """Return the first and the last column that a segment may touch in a row: never too few."""
    ax, ay, bx, by = segment[0], segment[1], segment[2], segment[3]
    first, last = index_of(ax, origin_x, scale_x), index_of(bx, origin_x, scale_x)
    if first == last or ay == by:
        return first, last
    low = max(min(ay, by), lines_y[row])
    high = min(max(ay, by), lines_y[row + 1])
    one = ax + (low - ay) / (by - ay) * (bx - ax)
    other = ax + (high - ay) / (by - ay) * (bx - ax)
    rounding = 1e-14 * (abs(ax) + abs(bx))  # some 30 times what the interpolation may lose
    begin = index_of(min(one, other) - rounding, origin_x, scale_x)
    end = index_of(max(one, other) + rounding, origin_x, scale_x)
    return max(first, begin), min(last, end)


@compiled
def count_runs(
    ends: Floats, first: Positions, origin: Floats, scale: Floats, lines_y: Floats, mark: Integers
) -> tuple[int, int]:
    """Return how many runs there are and how many segments they hold in all.

    Parameters
    ----------
    mark
        One number a cell, -1 at first, shape (rows, columns); left with the last run of each cell.
    """
    runs, entries = 0, 0
    for polygon in range(len(first) - 1):
        begin = runs
        for number in range(first[polygon], first[polygon + 1]):
            segment = ends[number]
            low, high = _rows(segment, origin[1], scale[1])
            for row in range(low, high + 1):
                left, right = _columns(segment, row, lines_y, origin[0], scale[0])
                for column in range(left, right + 1):
                    if mark[row, column] < begin:
                        mark[row, column] = runs
                        runs += 1
                    entries += 1
    return runs, entries


@compiled
def fill_runs(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    ends: Floats,
    first: Positions,
    origin: Floats,
    scale: Floats,
    lines_x: Floats,
    lines_y: Floats,
    mark: Integers,
    whole: Integers,
    run_cell: Positions,
    run_grid: Integers,
    run_size: Integers,
) -> None:
    """Fill the runs and the cells that lie wholly in a polygon, the first polygon that holds a cell counting.

    Parameters
    ----------
    whole
        The first polygon that holds the whole cell and does not touch it with its border, or -1, as `mark`.
    run_cell, run_grid, run_size
        Of each run: its cell; twice its polygon, plus 1 where the polygon holds the corner; its number of segments.
    """
    columns = mark.shape[1]
    runs = 0
    for polygon in range(len(first) - 1):
        begin = runs
        low_row, high_row, low_column, high_column = mark.shape[0], -1, columns, -1
        for number in range(first[polygon], first[polygon + 1]):
            segment = ends[number]
            low, high = _rows(segment, origin[1], scale[1])
            low_row, high_row = min(low_row, low), max(high_row, high)
            low_column = min(low_column, index_of(segment[0], origin[0], scale[0]))
            high_column = max(high_column, index_of(segment[2], origin[0], scale[0]))
            for row in range(low, high + 1):
                left, right = _columns(segment, row, lines_y, origin[0], scale[0])
                for column in range(left, right + 1):
                    if mark[row, column] < begin:
                        mark[row, column] = runs
                        run_cell[runs] = row * columns + column
                        run_grid[runs] = 2 * polygon
                        runs += 1
                    run_size[mark[row, column]] += 1
        odd = np.zeros((high_row - low_row + 1, high_column - low_column + 2), dtype=np.bool_)
        for number in range(first[polygon], first[polygon + 1]):
            _turn(ends[number], low_row, low_column, origin, scale, lines_x, lines_y, odd)
        for row in range(low_row, high_row + 1):
            inside = False
            for column in range(low_column, high_column + 1):
                inside ^= odd[row - low_row, column - low_column]
                if not inside:
                    continue
                if mark[row, column] >= begin:
                    run_grid[mark[row, column]] |= 1
                elif whole[row, column] < 0:
                    whole[row, column] = polygon


@compiled
def _turn(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    segment: Floats,
    low_row: int,
    low_column: int,
    origin: Floats,
    scale: Floats,
    lines_x: Floats,
    lines_y: Floats,
    odd: npt.NDArray[np.bool_],
) -> None:
    """Turn, in each row that the segment crosses at the corners' height, the first corner to the right of it."""
    ax, ay, bx, by = segment[0], segment[1], segment[2], segment[3]
    low, high = _rows(segment, origin[1], scale[1])
    last = low_column + odd.shape[1] - 1
    rightwards = -1 if ay <= by else 1
    for row in range(low, high + 1):
        height = lines_y[row]
        if (ay < height) == (by < height):
            continue
        crossing = ax + (height - ay) / (by - ay) * (bx - ax)
        column = min(max(index_of(crossing, origin[0], scale[0]) + 1, low_column), last)
        while column > low_column and side(ax, ay, bx, by, lines_x[column - 1], height) == rightwards:
            column -= 1
        while column < last and side(ax, ay, bx, by, lines_x[column], height) != rightwards:
            column += 1
        odd[row - low_row, column - low_column] ^= True


@compiled
def fill_entries(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    ends: Floats,
    first: Positions,
    origin: Floats,
    scale: Floats,
    lines_y: Floats,
    mark: Integers,
    place: Positions,
    entries: Integers,
) -> None:
    """Fill in the segments of each run; `place` says where those of a run begin, and is moved on."""
    runs = 0
    for polygon in range(len(first) - 1):
        begin = runs
        for number in range(first[polygon], first[polygon + 1]):
            segment = ends[number]
            low, high = _rows(segment, origin[1], scale[1])
            for row in range(low, high + 1):
                left, right = _columns(segment, row, lines_y, origin[0], scale[0])
                for column in range(left, right + 1):
                    if mark[row, column] < begin:
                        mark[row, column] = runs
                        runs += 1
                    run = mark[row, column]
                    entries[place[run]] = number
                    place[run] += 1
