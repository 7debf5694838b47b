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
"""So many polygons near a point find room at once; a power of two."""


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
) -> Floats:  # fmt: skip
    """Return of one point: its polygon or -1, the method, metres to that border or NaN, then others near, with metres.

    Each other polygon is followed by its metres, the nearest first. All in one array: each that crosses to Python
    costs as much as looking up the point.

    Parameters
    ----------
    tolerance_m
        A point that no polygon covers is given to the nearest one within this distance.
    reach_m
        Other polygons within this distance are named.
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
    told, count = np.empty(3 + 2 * len(near)), 3
    told[0], told[1], told[2] = polygon, method, distance_m
    for place in range(len(near)):
        if near[place] != polygon and metres[place] <= reach_m:
            told[count], told[count + 1] = near[place], metres[place]
            count += 2
    return told[:count]


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
    room = _FEW
    while True:
        found, metres, seen = np.empty(room, np.int32), np.empty(room), np.full(4 * room, -1, np.int32)
        count = _fill(
            x, y, reach_m, frame, lines_x, lines_y, cell, book, vertices, rings, polygons, found, metres, seen
        )
        if count >= 0:
            return found[:count], metres[:count]
        room *= 4


@compiled
def _fill(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    x: float, y: float, reach_m: float,
    frame: Floats, lines_x: Floats, lines_y: Floats, cell: Integers, book: Integers,
    vertices: Floats, rings: Integers, polygons: Integers, found: Integers, metres: Floats, seen: Integers,
) -> int:  # fmt: skip
    """Fill in what `within` returns; return how many they are, or -1 where there is no room for them."""
    scale = metres_of_a_degree(y)
    covering = _add_covering(x, y, frame, lines_x, lines_y, cell, book, vertices, found, seen)
    # A millimetre for what rounding brings into reach, a thousandth for what it takes from the box.
    width, height = (reach_m * 1.001 + 0.001) / max(scale[0], 1e-9), (reach_m * 1.001 + 0.001) / scale[1]
    first_column, last_column = _range(x, width, frame[0], frame[2], cell.shape[1])
    first_row, last_row = _range(y, height, frame[1], frame[3], cell.shape[0])
    count = covering
    for row in range(first_row, last_row + 1):
        for column in range(first_column, last_column + 1):
            if count >= 0 and cell[row, column] < -1:
                record = -2 - cell[row, column]
                run, end = record + 2, book[record + 1]
                while run < end:
                    count = _add(book[run] >> 1, found, seen, count)
                    run += 2 + book[run + 1]
    kept = min(count, 0)
    for position in range(count):
        polygon, distance_m = found[position], 0.0
        if position >= covering:
            distance_m = border_distance_m(polygon, x, y, scale, reach_m + 0.001, vertices, rings, polygons)
        if distance_m <= reach_m:
            _insert(polygon, distance_m, found, metres, kept)
            kept += 1
    return kept


@compiled
def _range(middle: float, half: float, origin: float, scale: float, count: int) -> tuple[int, int]:
    """Return the first and the last column or row that a stretch meets; the first is greater where it meets none."""
    low, high = np.floor((middle - half - origin) * scale), np.floor((middle + half - origin) * scale)
    return int(min(max(low, 0.0), float(count))), int(max(min(high, count - 1.0), -1.0))


@compiled
def _add_covering(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    x: float, y: float, frame: Floats, lines_x: Floats, lines_y: Floats,
    cell: Integers, book: Integers, vertices: Floats, found: Integers, seen: Integers,
) -> int:  # fmt: skip
    """Add every polygon that covers a point; return how many they are, or -1 where there is no room for them."""
    row, column = place_of(x, y, frame, cell.shape[0], cell.shape[1])
    answer = cell[row, column] if row >= 0 else -1
    if answer >= -1:
        return _add(answer, found, seen, 0) if answer >= 0 else 0
    record = -2 - answer
    count = _add(book[record], found, seen, 0) if book[record] >= 0 else 0
    run, end = record + 2, book[record + 1]
    while run < end:
        segments = run + 2
        run = segments + book[run + 1]
        odd = book[segments - 2] & 1
        if holds(x, y, lines_x[column], lines_y[row], odd, book, segments, run, vertices) != OUTSIDE:
            count = _add(book[segments - 2] >> 1, found, seen, count)
    return count


@compiled
def _add(polygon: int, found: Integers, seen: Integers, count: int) -> int:
    """Add one polygon unless it is seen; return how many there are then, or -1 from when there is no room on.

    What is seen stands in an open table with linear probing (Knuth, *The Art of Computer Programming* 3, 6.4, algorithm
    L), a power of two long: as large as what is near, not as all polygons.
    """
    last = len(seen) - 1
    place = ((np.int64(polygon) * 0x9E3779B1) >> 8) & last
    while seen[place] >= 0:
        if seen[place] == polygon:
            return count
        place = (place + 1) & last
    if count < 0 or count == len(found):
        return -1
    seen[place], found[count] = polygon, polygon
    return count + 1


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
