"""Lays polygons over a raster, in compiled loops: which cells lie wholly in a polygon, and which border crosses a cell.

Room `lookup`, pure. In: outlines of polygons in order of code, a raster. Out: flat arrays for `lookup.raster`. Imports
the orientation test.

The *book* is one array of numbers in which each cell that needs more than one number has its *record*:

    whole   the first polygon that holds the whole cell and does not touch it with its border, or -1
    end     where the record ends
    and in order of polygon, for each that touches the cell with its border, a *run*:
        twice the polygon, plus 1 where the polygon holds the cell's corner
        how many of its segments touch the cell
        their numbers

A polygon that holds the whole cell behind a first one has a run without segments. All of a record lies together, so
that it comes out of memory at once.

The corner is the lower left one moved by ε to the left and by ε² down, both too small for any coordinate: so it lies
on no border, and parity is always defined (simulation of simplicity: Edelsbrunner & Mücke, ACM Transactions on
Graphics 9, 1990).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gisgrid.lookup.compiled import compiled
from gisgrid.lookup.orientation import side
from gisgrid.lookup.outlines import Floats, Integers, segment_of

Segment = tuple[float, float, float, float]


@compiled
def index_of(value: float, origin: float, scale: float) -> int:
    """Return the column or row of a coordinate; it never falls while the coordinate rises, whatever is rounded."""
    return int(np.floor((value - origin) * scale))


@compiled
def _rows(segment: Segment, frame: Floats) -> tuple[int, int]:
    """Return the first and the last row that a segment touches."""
    low, high = min(segment[1], segment[3]), max(segment[1], segment[3])
    return index_of(low, frame[1], frame[3]), index_of(high, frame[1], frame[3])


@compiled
def _columns(segment: Segment, row: int, lines_y: Floats, frame: Floats) -> tuple[int, int]:
    """Return the first and the last column that a segment may touch in a row: never too few."""
    ax, ay, bx, by = segment
    first, last = index_of(ax, frame[0], frame[2]), index_of(bx, frame[0], frame[2])
    if first == last or ay == by:
        return first, last
    low = max(min(ay, by), lines_y[row])
    high = min(max(ay, by), lines_y[row + 1])
    one = ax + (low - ay) / (by - ay) * (bx - ax)
    other = ax + (high - ay) / (by - ay) * (bx - ax)
    rounding = 1e-14 * (abs(ax) + abs(bx))  # some 30 times what the interpolation may lose
    begin = index_of(min(one, other) - rounding, frame[0], frame[2])
    end = index_of(max(one, other) + rounding, frame[0], frame[2])
    return max(first, begin), min(last, end)


@compiled
def lay(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    vertices: Floats, rings: Integers, polygons: Integers, frame: Floats, lines_x: Floats, lines_y: Floats,
    whole: Integers, place: Integers, head: Integers, book: Integers, writing: bool,
) -> None:  # fmt: skip
    """Lay all polygons over the raster: once to count, then, with the book opened, once to write.

    Parameters
    ----------
    frame
        Origin x and y in degrees, cells a degree along x and y.
    whole
        The first polygon that holds the whole cell and does not touch it, -1 at first: shape (rows, columns).
    place
        Counting: how many numbers the runs of the cell take, 0 at first. Writing: where the next of them goes.
    head
        -1 at first. Counting: the last polygon that touched the cell. Writing: where its run begins.
    """
    for polygon in range(len(polygons) - 1):
        box = _trace(polygon, vertices, rings, polygons, frame, lines_y, place, head, book, writing)
        odd = np.zeros((box[1] - box[0] + 1, box[3] - box[2] + 2), dtype=np.bool_)
        for ring in range(polygons[polygon], polygons[polygon + 1]):
            for number in range(rings[ring], rings[ring + 1] - 1):
                _turn(segment_of(vertices, number), box[0], box[2], frame, lines_x, lines_y, odd)
        _cover(polygon, box[0], box[2], odd, whole, place, head, book, writing)


@compiled
def _trace(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    polygon: int, vertices: Floats, rings: Integers, polygons: Integers, frame: Floats, lines_y: Floats,
    place: Integers, head: Integers, book: Integers, writing: bool,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Enter the segments of a polygon in the cells that they touch; return its first and last row and column."""
    low_row, high_row, low_column, high_column = place.shape[0], -1, place.shape[1], -1
    for ring in range(polygons[polygon], polygons[polygon + 1]):
        for number in range(rings[ring], rings[ring + 1] - 1):
            segment = segment_of(vertices, number)
            low, high = _rows(segment, frame)
            low_row, high_row = min(low_row, low), max(high_row, high)
            low_column = min(low_column, index_of(segment[0], frame[0], frame[2]))
            high_column = max(high_column, index_of(segment[2], frame[0], frame[2]))
            for row in range(low, high + 1):
                left, right = _columns(segment, row, lines_y, frame)
                for column in range(left, right + 1):
                    if not _touched(polygon, row, column, head, book, writing):
                        _begin_run(2 * polygon, row, column, place, head, book, writing)
                    if writing:
                        book[head[row, column] + 1] += 1
                        book[place[row, column]] = number
                    place[row, column] += 1
    return low_row, high_row, low_column, high_column


@compiled
def _cover(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    polygon: int, low_row: int, low_column: int, odd: npt.NDArray[np.bool_], whole: Integers,
    place: Integers, head: Integers, book: Integers, writing: bool,
) -> None:  # fmt: skip
    """Enter a polygon in the cells whose corner it holds, given where that changes along each row of its box."""
    for row in range(low_row, low_row + odd.shape[0]):
        inside = False
        for column in range(low_column, low_column + odd.shape[1] - 1):
            inside ^= odd[row - low_row, column - low_column]
            if not inside:
                continue
            if _touched(polygon, row, column, head, book, writing):
                if writing:
                    book[head[row, column]] |= 1
                continue
            if whole[row, column] < 0:
                whole[row, column] = polygon
            if whole[row, column] != polygon:
                _begin_run(2 * polygon + 1, row, column, place, head, book, writing)


@compiled
def _touched(polygon: int, row: int, column: int, head: Integers, book: Integers, writing: bool) -> bool:
    """Return whether the polygon has its run in the cell already."""
    last = head[row, column]
    if writing and last >= 0:
        last = book[last] >> 1
    return bool(last == polygon)


@compiled
def _begin_run(
    name: int, row: int, column: int, place: Integers, head: Integers, book: Integers, writing: bool
) -> None:
    """Begin the run of a polygon in a cell."""
    if writing:
        head[row, column] = place[row, column]
        book[place[row, column]] = name
        book[place[row, column] + 1] = 0
    else:
        head[row, column] = name >> 1
    place[row, column] += 2


@compiled
def open_book(place: Integers) -> int:
    """Turn the numbers that the cells' runs take into where they begin; return how many the whole book takes."""
    total = 0
    for row in range(place.shape[0]):
        for column in range(place.shape[1]):
            taken = place[row, column]
            if taken > 0:
                place[row, column] = total + 2
                total += taken + 2
            else:
                place[row, column] = total
    return total


@compiled
def close_book(place: Integers, whole: Integers, book: Integers) -> None:
    """Write the heads of all records, and into each cell of `whole` that has one -2 less where it begins."""
    begin = 0
    for row in range(place.shape[0]):
        for column in range(place.shape[1]):
            end = place[row, column]
            if end > begin:
                book[begin] = whole[row, column]
                book[begin + 1] = end
                whole[row, column] = -2 - begin
                begin = end


@compiled
def _turn(
    segment: Segment, low_row: int, low_column: int, frame: Floats, lines_x: Floats, lines_y: Floats,
    odd: npt.NDArray[np.bool_],
) -> None:  # fmt: skip
    """Turn, in each row that the segment crosses at the corners' height, the first corner to the right of it."""
    ax, ay, bx, by = segment
    low, high = _rows(segment, frame)
    last = low_column + odd.shape[1] - 1
    rightwards = -1 if ay <= by else 1
    for row in range(low, high + 1):
        height = lines_y[row]
        if (ay < height) == (by < height):
            continue
        crossing = ax + (height - ay) / (by - ay) * (bx - ax)
        column = min(max(index_of(crossing, frame[0], frame[2]) + 1, low_column), last)
        while column > low_column and side(ax, ay, bx, by, lines_x[column - 1], height) == rightwards:
            column -= 1
        while column < last and side(ax, ay, bx, by, lines_x[column], height) != rightwards:
            column += 1
        odd[row - low_row, column - low_column] ^= True
