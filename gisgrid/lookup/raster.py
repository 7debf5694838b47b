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
from gisgrid.lookup.distance import FloatArray, Outlines
from gisgrid.lookup.orientation import side
from gisgrid.lookup.rasterising import Floats, Integers

CELLS_A_POLYGON: Final = ((20_000, 512), (200_000, 256), (2**62, 64))
"""So many cells for each polygon, up to a number of polygons: more are quicker, fewer save memory."""
_LEAST_CELLS: Final = 1_024
_SMALLEST_CELL_DEG: Final = 1e-10
"""Far above the rounding of coordinates, far below any building."""

OUTSIDE, INSIDE, BORDER = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """An immutable raster over polygons; its loops run without the interpreter's lock.

    Attributes
    ----------
    origin, scale
        Lower left corner in degrees, and cells a degree: along x and y.
    lines_x, lines_y
        The least coordinate of each column and row.
    cell
        Of each cell -1 outside every polygon, a polygon that holds all of it, or -2 less the number of its record
        where borders touch it: int32, shape (rows, columns).
    record_whole
        Of each record the first polygon that holds the whole cell, or -1.
    record_runs, run_grid, run_entries, entries
        The runs of each record and the segments of each run, as ranges; see `lookup.rasterising`.
    ends
        The segments themselves, those of `lookup.distance.Outlines`.
    """

    origin: Floats
    scale: Floats
    lines_x: Floats
    lines_y: Floats
    cell: Integers
    record_whole: Integers
    record_runs: Integers
    run_grid: Integers
    run_entries: Integers
    entries: Integers
    ends: Floats

    @classmethod
    def over(cls, outlines: Outlines) -> Raster:
        """Return the raster over these polygons, of which the first counts where several cover a point."""
        ends, first = np.ascontiguousarray(outlines.ends), outlines.first.astype(np.int64)
        origin, scale, columns, rows = _extent(ends, first)
        lines_x, lines_y = _lines(origin[0], scale[0], columns), _lines(origin[1], scale[1], rows + 1)
        mark = np.full((rows, columns), -1, dtype=np.int32)
        whole = mark.copy()
        runs, count = rasterising.count_runs(ends, first, origin, scale, lines_y, mark)
        run_cell, run_grid, run_size = np.empty(runs, np.int64), np.empty(runs, np.int32), np.zeros(runs, np.int32)
        mark[:] = -1
        rasterising.fill_runs(ends, first, origin, scale, lines_x, lines_y, mark, whole, run_cell, run_grid, run_size)
        order = np.argsort(run_cell, kind="stable")  # runs of a cell stay in order of polygon
        run_entries = np.concatenate([[0], np.cumsum(run_size[order], dtype=np.int64)])
        place = np.empty(runs, dtype=np.int64)
        place[order] = run_entries[:-1]
        entries = np.empty(count, dtype=np.int32)
        mark[:] = -1
        rasterising.fill_entries(ends, first, origin, scale, lines_y, mark, place, entries)
        touched, begins = np.unique(run_cell[order], return_index=True)
        record_whole = whole.ravel()[touched]
        whole.ravel()[touched] = -2 - np.arange(len(touched), dtype=np.int32)
        return cls(
            origin=origin,
            scale=scale,
            lines_x=lines_x,
            lines_y=lines_y,
            cell=whole,
            record_whole=record_whole,
            record_runs=np.append(begins, runs).astype(np.int32),
            run_grid=run_grid[order],
            run_entries=run_entries.astype(np.int32),
            entries=entries,
            ends=ends,
        )

    def locate(self, lon: FloatArray, lat: FloatArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
        """Return the first polygon that covers each point, or -1, and OUTSIDE, INSIDE or BORDER."""
        polygon = np.empty(len(lon), dtype=np.int64)
        method = np.empty(len(lon), dtype=np.uint8)
        _locate(
            np.ascontiguousarray(lon), np.ascontiguousarray(lat), self.origin, self.scale, self.lines_x, self.lines_y,
            self.cell, self.record_whole, self.record_runs, self.run_grid, self.run_entries, self.entries, self.ends,
            polygon, method,
        )  # fmt: skip
        return polygon, method


def _extent(ends: Floats, first: npt.NDArray[np.int64]) -> tuple[Floats, Floats, int, int]:
    """Return origin, scale, columns and rows: cells about square on the ground, so many for each polygon's box."""
    begins = first[:-1]
    if not len(begins):
        return np.zeros(2), np.ones(2), 0, 0
    west, east = np.minimum.reduceat(ends[:, 0], begins), np.maximum.reduceat(ends[:, 2], begins)
    south = np.minimum.reduceat(np.minimum(ends[:, 1], ends[:, 3]), begins)
    north = np.maximum.reduceat(np.maximum(ends[:, 1], ends[:, 3]), begins)
    origin = np.array([west.min(), south.min()])
    width, height = east.max() - origin[0], north.max() - origin[1]
    wanted = next(cells for limit, cells in CELLS_A_POLYGON if len(begins) <= limit)
    # Polygons far apart: the raster as a whole stays within four times what they would take side by side.
    budget = max(_LEAST_CELLS, wanted * len(begins))
    area = max(((east - west) * (north - south)).sum() / budget, width * height / (4 * budget))
    squeeze = max(0.1, float(np.cos(np.radians(origin[1] + height / 2.0))))
    sides = np.sqrt(area) * np.array([squeeze**-0.5, squeeze**0.5])
    # A long thin polygon has room for few cells across; it is cut no finer along for that.
    sides = np.maximum(sides, np.maximum(np.array([width, height]) / (4 * budget) ** 0.75, _SMALLEST_CELL_DEG))
    scale = 1.0 / sides
    columns = int(np.floor((east.max() - origin[0]) * scale[0])) + 1
    rows = int(np.floor((north.max() - origin[1]) * scale[1])) + 1
    return origin, scale, columns, rows


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
def _locate(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    lon: Floats, lat: Floats, origin: Floats, scale: Floats, lines_x: Floats, lines_y: Floats,
    cell: Integers, record_whole: Integers, record_runs: Integers, run_grid: Integers, run_entries: Integers,
    entries: Integers, ends: Floats,
    polygon: npt.NDArray[np.int64], method: npt.NDArray[np.uint8],
) -> None:  # fmt: skip
    """Fill polygon and method of each point."""
    rows, columns = cell.shape
    x0, y0, sx, sy = origin[0], origin[1], scale[0], scale[1]
    for point in range(len(lon)):
        x, y = lon[point], lat[point]
        across, up = (x - x0) * sx, (y - y0) * sy
        if not (0.0 <= across < columns and 0.0 <= up < rows):
            polygon[point], method[point] = -1, OUTSIDE
            continue
        column, row = int(across), int(up)
        answer = cell[row, column]
        if answer >= -1:
            polygon[point] = answer
            method[point] = INSIDE if answer >= 0 else OUTSIDE
            continue
        record = -2 - answer
        whole = record_whole[record]
        polygon[point] = whole
        method[point] = INSIDE if whole >= 0 else OUTSIDE
        for run in range(record_runs[record], record_runs[record + 1]):
            candidate = run_grid[run] >> 1
            if 0 <= whole < candidate:
                break
            held = _holds(
                x, y, lines_x[column], lines_y[row], run_grid[run] & 1,
                entries[run_entries[run] : run_entries[run + 1]], ends,
            )  # fmt: skip
            if held != OUTSIDE:
                polygon[point], method[point] = candidate, held
                break


@compiled
def _holds(x: float, y: float, left: float, bottom: float, odd: int, segments: Integers, ends: Floats) -> int:
    """Return whether the point is OUTSIDE, INSIDE or on the BORDER of the polygon that these segments bound here."""
    for number in segments:
        ax, ay, bx, by = ends[number, 0], ends[number, 1], ends[number, 2], ends[number, 3]
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
