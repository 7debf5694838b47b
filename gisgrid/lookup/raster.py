"""Which polygon a point is in, by one look at a raster and, near borders, at the few segments that cross its cell.

Room `lookup`, pure. In: outlines of polygons in order of code. Out: for each point the first polygon that covers it,
its border included, and whether the point lies on that border; exact for any valid polygons: holes, several parts,
one inside another, overlaps and gaps. Imports numpy and this room.

A cell that no border touches is answered by one number. In any other cell the polygons whose border touches it are
asked in order of code, until one that holds the whole cell would come first. A polygon holds the point if it holds the
cell's corner and an even number of its segments crosses the way from there: up the cell's left side to the height of
the point, then across; or if it does not hold the corner and the number is odd. The way stays within the cell, so
the segments that touch the cell are enough, however many the polygon has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from gisgrid.lookup import rasterising
from gisgrid.lookup.compiled import compiled
from gisgrid.lookup.orientation import side
from gisgrid.lookup.outlines import Floats, Integers, Outlines, segment_of

CELLS_A_POLYGON: Final = ((20_000, 512), (200_000, 256), (2**62, 64))
"""So many cells for each polygon, up to a number of polygons: more are quicker, fewer save memory."""
_LEAST_CELLS: Final = 1_024
_SMALLEST_CELL_DEG: Final = 1e-10
"""Far above the rounding of coordinates, far below any building."""

OUTSIDE, INSIDE, BORDER = 0, 1, 2
_NO_BOOK: Final = np.empty(0, dtype=np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """An immutable raster over polygons; its loops run without the interpreter's lock.

    Attributes
    ----------
    frame
        Longitude and latitude of the lower left corner in degrees, then cells a degree along x and y.
    lines_x, lines_y
        The least coordinate of each column and row.
    cell
        Of each cell -1 outside every polygon, a polygon that holds all of it, or -2 less where its record in the book
        begins: int32, shape (rows, columns).
    book
        The records, see `lookup.rasterising`.
    outlines
        What the numbers of polygons and segments in it stand for.
    """

    frame: Floats
    lines_x: Floats
    lines_y: Floats
    cell: Integers
    book: Integers
    outlines: Outlines

    @classmethod
    def over(cls, outlines: Outlines) -> Raster:
        """Return the raster over these polygons, of which the first counts where several cover a point.

        Raises
        ------
        ValueError
            The polygons overlap so much that 32 bits cannot number their records.
        """
        shapes = (outlines.vertices, outlines.rings, outlines.polygons)
        frame, columns, rows = _frame(outlines)
        lines_x, lines_y = _lines(frame[0], frame[2], columns), _lines(frame[1], frame[3], rows + 1)
        whole, place, book = np.full((rows, columns), -1, np.int32), np.zeros((rows, columns), np.int32), _NO_BOOK
        head = whole.copy()
        rasterising.lay(*shapes, frame, lines_x, lines_y, whole, place, head, book, False)
        total = rasterising.open_book(place)
        if total > np.iinfo(np.int32).max:
            raise ValueError(f"{len(outlines):,} polygons overlap too much for one index: divide them")
        book = np.empty(total, dtype=np.int32)
        head[:] = -1
        rasterising.lay(*shapes, frame, lines_x, lines_y, whole, place, head, book, True)
        rasterising.close_book(place, whole, book)
        return cls(frame, lines_x, lines_y, whole, book, outlines)

    def locate(self, lon: Floats, lat: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
        """Return the first polygon that covers each point, or -1, and OUTSIDE, INSIDE or BORDER."""
        polygon = np.empty(len(lon), dtype=np.int64)
        method = np.empty(len(lon), dtype=np.uint8)
        locate_all(
            np.ascontiguousarray(lon), np.ascontiguousarray(lat), self.frame, self.lines_x, self.lines_y,
            self.cell, self.book, self.outlines.vertices, polygon, method,
        )  # fmt: skip
        return polygon, method


def _frame(outlines: Outlines) -> tuple[Floats, int, int]:
    """Return the frame, columns and rows: cells about square on the ground, so many for each polygon."""
    if not len(outlines):
        return np.array([0.0, 0.0, 1.0, 1.0]), 0, 0
    lower, upper = outlines.boxes()
    origin = lower.min(axis=0)
    size = upper.max(axis=0) - origin
    wanted = next(cells for limit, cells in CELLS_A_POLYGON if len(outlines) <= limit)
    # The boxes of all rings share the cells, so that overlaps do not multiply them. Polygons far apart: the raster as
    # a whole stays within four times what they would take side by side.
    budget = max(_LEAST_CELLS, wanted * len(outlines))
    area = max((upper - lower).prod(axis=1).sum() / budget, size.prod() / (4 * budget))
    squeeze = max(0.1, float(np.cos(np.radians(origin[1] + size[1] / 2.0))))
    sides = np.sqrt(area) * np.array([squeeze**-0.5, squeeze**0.5])
    # A long thin polygon has room for few cells across; it is cut no finer along for that.
    scale = 1.0 / np.maximum(sides, np.maximum(size / (4 * budget) ** 0.75, _SMALLEST_CELL_DEG))
    columns, rows = (np.floor((upper.max(axis=0) - origin) * scale) + 1).astype(int).tolist()
    return np.concatenate([origin, scale]), columns, rows


def _lines(origin: float, scale: float, count: int) -> Floats:
    """Return the least coordinate that `index_of` puts into each column or row, to the last bit."""
    numbers = np.arange(count)
    lines: Floats = origin + numbers / scale
    while (low := np.floor((lines - origin) * scale) < numbers).any():
        lines[low] = np.nextafter(lines[low], np.inf)
    while (high := np.floor((np.nextafter(lines, -np.inf) - origin) * scale) >= numbers).any():
        lines[high] = np.nextafter(lines[high], -np.inf)
    return lines


@compiled
def locate_all(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    lon: Floats, lat: Floats, frame: Floats, lines_x: Floats, lines_y: Floats,
    cell: Integers, book: Integers, vertices: Floats,
    polygon: npt.NDArray[np.int64], method: npt.NDArray[np.uint8],
) -> None:  # fmt: skip
    """Fill polygon and method of each point."""
    for point in range(len(lon)):
        x, y = lon[point], lat[point]
        row, column = place_of(x, y, frame, cell.shape[0], cell.shape[1])
        answer = cell[row, column] if row >= 0 else -1
        if answer >= -1:
            polygon[point], method[point] = answer, INSIDE if answer >= 0 else OUTSIDE
        else:
            polygon[point], method[point] = first_of_record(
                x, y, lines_x[column], lines_y[row], -2 - answer, book, vertices
            )


@compiled
def place_of(x: float, y: float, frame: Floats, rows: int, columns: int) -> tuple[int, int]:
    """Return row and column of the cell that a point is in, -1 and -1 beside the raster."""
    across, up = (x - frame[0]) * frame[2], (y - frame[1]) * frame[3]
    if not (0.0 <= across < columns and 0.0 <= up < rows):
        return -1, -1
    return int(up), int(across)


@compiled
def first_of_record(
    x: float, y: float, left: float, bottom: float, record: int, book: Integers, vertices: Floats
) -> tuple[int, int]:
    """Return the first polygon that covers a point of a cell with this record, or -1, and how."""
    whole, end = book[record], book[record + 1]
    run = record + 2
    while run < end:
        candidate, segments = book[run] >> 1, run + 2
        if 0 <= whole < candidate:
            break
        run = segments + book[run + 1]
        held = holds(x, y, left, bottom, book[segments - 2] & 1, book, segments, run, vertices)
        if held != OUTSIDE:
            return candidate, held
    return whole, INSIDE if whole >= 0 else OUTSIDE


@compiled
def holds(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    x: float, y: float, left: float, bottom: float, odd: int,
    book: Integers, begin: int, end: int, vertices: Floats,
) -> int:  # fmt: skip
    """Return whether the point is OUTSIDE, INSIDE or on the BORDER of the polygon that these segments bound here."""
    for place in range(begin, end):
        ax, ay, bx, by = segment_of(vertices, book[place])
        if (ay <= y) != (by <= y):
            # The segment crosses the height of the point: left of the point, right of it, or in it?
            if x >= ax:
                rightwards = -1 if ay < by else 1
                found = rightwards if x > bx else side(ax, ay, bx, by, x, y)
                if found == 0:
                    return BORDER
                if found == rightwards and left <= bx and (left <= ax or side(ax, ay, bx, by, left, y) != rightwards):
                    odd ^= 1
        elif (x == ax and y == ay) or (x == bx and y == by) or (ay == y and by == y and ax <= x <= bx):
            return BORDER
        if ax < left <= bx and _below(ax, ay, bx, by, left, y, True) != _below(ax, ay, bx, by, left, bottom, False):
            odd ^= 1
    return INSIDE if odd else OUTSIDE


@compiled
def _below(ax: float, ay: float, bx: float, by: float, x: float, y: float, level: bool) -> bool:
    """Return whether the segment passes below (x - ε, y); one that is level with it does if `level` says so."""
    if y > max(ay, by):
        return True
    if y < min(ay, by):
        return False
    found = side(ax, ay, bx, by, x, y)
    return found == 1 or (found == 0 and (by > ay or (level and by == ay)))
