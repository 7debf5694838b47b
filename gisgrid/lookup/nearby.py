"""Which polygons are near a point, how far, and which of them is nearest: compiled loops over a raster.

Room `lookup`, pure. In: a point, the arrays of a `Raster` and its outlines. Out: positions of polygons and metres.
Imports numpy and this room.

The raster says which polygons may be near: those whose border touches a cell within reach, and those that hold the
point. The outline of each, taken once, says how near.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from gisgrid.lookup.compiled import compiled
from gisgrid.lookup.distance import border_distance_m, metres_of_a_degree
from gisgrid.lookup.outlines import Floats, Integers
from gisgrid.lookup.raster import BORDER, INSIDE, OUTSIDE, Raster, first_of_record, holds, place_of

NEAREST: Final = 3
"""The method of a point that no polygon covers but whose nearest one is within the tolerance."""
_FEW: Final = 16

Words = npt.NDArray[np.uint64]


def arrays_of(raster: Raster) -> tuple[Floats, Floats, Floats, Integers, Integers, Floats, Integers, Integers]:
    """Return the arrays of a raster that the loops take, in their order."""
    outlines = raster.outlines
    return (
        raster.frame, raster.lines_x, raster.lines_y, raster.cell, raster.book,
        outlines.vertices, outlines.rings, outlines.polygons,
    )  # fmt: skip


@compiled
def evidence(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    x: float, y: float, tolerance_m: float, reach_m: float,
    frame: Floats, lines_x: Floats, lines_y: Floats, cell: Integers, book: Integers,
    vertices: Floats, rings: Integers, polygons: Integers,
) -> tuple[int, int, float, Integers, Floats]:  # fmt: skip
    """Return of one point: its polygon or -1, the method, metres to that border or NaN, others near and their metres.

    Parameters
    ----------
    tolerance_m
        A point that no polygon covers is given to the nearest one within this distance.
    reach_m
        Other polygons within this distance are named, nearest first.
    """
    row, column = place_of(x, y, frame, cell.shape[0], cell.shape[1])
    polygon = cell[row, column] if row >= 0 else -1
    method = INSIDE if polygon >= 0 else OUTSIDE
    if polygon < -1:
        polygon, method = first_of_record(x, y, lines_x[column], lines_y[row], -2 - polygon, book, vertices)
    reach = max(reach_m, tolerance_m) if polygon < 0 else reach_m
    near, metres = within(x, y, reach, frame, lines_x, lines_y, cell, book, vertices, rings, polygons)
    distance_m = np.nan
    if polygon < 0 and len(near) and metres[0] <= tolerance_m:
        polygon, method, distance_m = near[0], NEAREST, metres[0]
    elif method == BORDER:
        distance_m = 0.0
    elif polygon >= 0:
        distance_m = border_distance_m(polygon, x, y, metres_of_a_degree(y), np.inf, vertices, rings, polygons)
    others = (near != polygon) & (metres <= reach_m)
    return polygon, method, distance_m, near[others], metres[others]


@compiled
def give_to_nearest(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    lon: Floats, lat: Floats, tolerance_m: float,
    frame: Floats, lines_x: Floats, lines_y: Floats, cell: Integers, book: Integers,
    vertices: Floats, rings: Integers, polygons: Integers,
    polygon: npt.NDArray[np.int64], method: npt.NDArray[np.uint8],
) -> None:  # fmt: skip
    """Give each point that has no polygon to the nearest one within the tolerance."""
    for point in range(len(lon)):
        if polygon[point] < 0:
            near, _ = within(
                lon[point], lat[point], tolerance_m,
                frame, lines_x, lines_y, cell, book, vertices, rings, polygons,
            )  # fmt: skip
            if len(near):
                polygon[point], method[point] = near[0], NEAREST


@compiled
def fill_border_distances(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    lon: Floats, lat: Floats, polygon: npt.NDArray[np.int64], method: npt.NDArray[np.uint8],
    vertices: Floats, rings: Integers, polygons: Integers, metres: Floats,
) -> None:  # fmt: skip
    """Fill in the metres from each point to the border of its polygon, NaN where it has none."""
    for point in range(len(lon)):
        if polygon[point] < 0:
            metres[point] = np.nan
        elif method[point] == BORDER:
            metres[point] = 0.0
        else:
            scale = metres_of_a_degree(lat[point])
            metres[point] = border_distance_m(
                polygon[point], lon[point], lat[point], scale, np.inf, vertices, rings, polygons
            )


@compiled
def within(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    x: float, y: float, reach_m: float,
    frame: Floats, lines_x: Floats, lines_y: Floats, cell: Integers, book: Integers,
    vertices: Floats, rings: Integers, polygons: Integers,
) -> tuple[Integers, Floats]:  # fmt: skip
    """Return the polygons within reach of a point and their metres, nearest first, then in order; 0 where it is in."""
    scale = metres_of_a_degree(y)
    # A millimetre for what rounding brings into reach, a thousandth for what it takes from the box.
    width, height = (reach_m * 1.001 + 0.001) / max(scale[0], 1e-9), (reach_m * 1.001 + 0.001) / scale[1]
    first_column, last_column = _range(x, width, frame[0], frame[2], cell.shape[1])
    first_row, last_row = _range(y, height, frame[1], frame[3], cell.shape[0])
    if first_column > last_column or first_row > last_row:
        return np.empty(0, np.int32), np.empty(0)
    seen = np.zeros((len(polygons) >> 6) + 1, np.uint64)
    found, covering = _covering(x, y, frame, lines_x, lines_y, cell, book, vertices, seen)
    count = covering
    for row in range(first_row, last_row + 1):
        for column in range(first_column, last_column + 1):
            if cell[row, column] < -1:
                found, count = _add_touching(-2 - cell[row, column], book, seen, found, count)
    metres = np.zeros(count)
    kept = 0
    for position in range(count):
        polygon, distance_m = found[position], 0.0
        if position >= covering:
            distance_m = border_distance_m(polygon, x, y, scale, reach_m + 0.001, vertices, rings, polygons)
        if distance_m <= reach_m:
            _insert(polygon, distance_m, found, metres, kept)
            kept += 1
    return found[:kept], metres[:kept]


@compiled
def _range(middle: float, half: float, origin: float, scale: float, count: int) -> tuple[int, int]:
    """Return the first and the last column or row that a stretch meets; the first is greater where it meets none."""
    low, high = np.floor((middle - half - origin) * scale), np.floor((middle + half - origin) * scale)
    return int(min(max(low, 0.0), float(count))), int(max(min(high, count - 1.0), -1.0))


@compiled
def _covering(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    x: float, y: float, frame: Floats, lines_x: Floats, lines_y: Floats,
    cell: Integers, book: Integers, vertices: Floats, seen: Words,
) -> tuple[Integers, int]:  # fmt: skip
    """Return every polygon that covers a point, with room for more, and how many they are; they are seen now."""
    found, count = np.empty(_FEW, np.int32), 0
    row, column = place_of(x, y, frame, cell.shape[0], cell.shape[1])
    if row < 0:
        return found, count
    answer = cell[row, column]
    if answer >= -1:
        return _add(answer, seen, found, count) if answer >= 0 else (found, count)
    record = -2 - answer
    if book[record] >= 0:
        found, count = _add(book[record], seen, found, count)
    run, end = record + 2, book[record + 1]
    while run < end:
        segments = run + 2
        run = segments + book[run + 1]
        odd = book[segments - 2] & 1
        if holds(x, y, lines_x[column], lines_y[row], odd, book, segments, run, vertices) != OUTSIDE:
            found, count = _add(book[segments - 2] >> 1, seen, found, count)
    return found, count


@compiled
def _add_touching(record: int, book: Integers, seen: Words, found: Integers, count: int) -> tuple[Integers, int]:
    """Add the polygons whose border touches a cell and that are not seen yet."""
    run, end = record + 2, book[record + 1]
    while run < end:
        found, count = _add(book[run] >> 1, seen, found, count)
        run += 2 + book[run + 1]
    return found, count


@compiled
def _add(polygon: int, seen: Words, found: Integers, count: int) -> tuple[Integers, int]:
    """Add one polygon unless it is seen, in an array that grows."""
    bit = np.uint64(1) << np.uint64(polygon & 63)
    if seen[polygon >> 6] & bit:
        return found, count
    seen[polygon >> 6] |= bit
    if count == len(found):
        longer = np.empty(2 * count, np.int32)
        longer[:count] = found
        found = longer
    found[count] = polygon
    return found, count + 1


@compiled
def _insert(polygon: int, distance_m: float, found: Integers, metres: Floats, kept: int) -> None:
    """Insert a polygon among those kept so far, by distance and then by position."""
    place = kept
    while place > 0 and (
        metres[place - 1] > distance_m or (metres[place - 1] == distance_m and found[place - 1] > polygon)
    ):
        found[place], metres[place] = found[place - 1], metres[place - 1]
        place -= 1
    found[place], metres[place] = polygon, distance_m
