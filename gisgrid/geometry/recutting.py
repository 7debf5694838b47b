"""Cells cut anew along drawn lines: each piece lies in one cell of before and on one side, and no building is cut.

Room: geometry. In: the cells of a coverage, grounds that are to be told apart, footprints; metres. Out: the cells cut
anew, still a coverage. Must not import anything of the rooms above.

Borders of cells, the outlines drawn and the walls of the buildings beside them are noded together once, on the lattice
of the tessellation; the faces between them are unions of nothing but their own cell's ground. So ground never changes
its cell, neighbours get the very same new vertices, and what the lines do not touch stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import Geometry

from gisgrid.errors import UsageError
from gisgrid.geometry.adjacency import components
from gisgrid.geometry.allotment import SLIVER_AREA_M2, SLIVER_WIDTH_M
from gisgrid.geometry.coverage import dissolve
from gisgrid.geometry.edges import Floats, Integers, SharedLengths, largest_per_row, shared_lengths, sum_by_pair
from gisgrid.geometry.footprints import units_of
from gisgrid.geometry.linework import Geometries, clip_lines, faces_within, line_parts, node

_SQUARE_MILLIMETRES: Final = 6
"""Areas are compared as whole square millimetres, so that equal halves are equal."""

_TOUCHED_M: Final = 0.01
"""Cells this near to a drawn line may get new vertices by it."""


@dataclass(frozen=True, slots=True)
class CutFaces:
    """The faces between cells, drawn lines and walls: what a cut hands out.

    Attributes
    ----------
    polygons
        (f,) faces that tile the ground of the cells.
    parent
        The cell of before that each is ground of.
    body
        The building (a group of footprints that stay together, or an obstacle) that each is part of, or -1.
    beside
        The edges that faces share.
    cells
        How many cells there were.
    """

    polygons: Geometries
    parent: Integers
    body: Integers
    beside: SharedLengths
    cells: int

    @property
    def area(self) -> Floats:
        """Areas, in whole square millimetres of a square metre."""
        return np.asarray(np.round(shapely.area(self.polygons), _SQUARE_MILLIMETRES), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Settled:
    """Where each face went, (f,) each.

    Attributes
    ----------
    side
        The side that it is on now.
    cell
        Its new cell.
    parent
        The cell of before that its new cell is cut from.
    for_building
        Whether it changed sides with a building; otherwise it did so with a sliver.
    """

    side: Integers
    cell: Integers
    parent: Integers
    for_building: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Recut:
    """Cells cut anew.

    The largest built piece of a cell keeps its number; the other pieces follow after the last cell of before.

    Attributes
    ----------
    cells
        (n,) polygons, on the same ground as the cells of before.
    parent
        (n,) the cell that each was cut from.
    side
        (n,) the side that each is on.
    """

    cells: Geometries
    parent: Integers
    side: Integers


def recut(cells_m: ArrayLike, ground_m: Geometry, footprints_m: ArrayLike, obstacles_m: ArrayLike = ()) -> Recut:
    """Return the cells cut along the outline of a ground: side 0 is in it, side 1 is not.

    A building that the outline crosses is not cut: it goes whole to the side that holds more of it (to side 0 if both
    hold the same), and the border goes round it. A cell whose building stands in several parts goes whole likewise.
    Pieces below 30 m², or narrower than 1 m, join the piece of their own cell with the longest shared border.

    Parameters
    ----------
    cells_m
        (m,) polygons of a coverage, metres, on the lattice.
    ground_m
        Polygon or multipolygon, metres.
    footprints_m, obstacles_m
        As for `tessellation.tessellate`.

    Raises
    ------
    UsageError
        A cell would vanish.
    """
    faces = faces_of(cells_m, shapely.boundary([ground_m]), footprints_m, obstacles_m)
    shapely.prepare(ground_m)
    inside = shapely.contains(ground_m, shapely.point_on_surface(faces.polygons))
    return cells_of(faces, settle(faces, np.where(inside, 0, 1)))


def faces_of(cells_m: ArrayLike, lines_m: ArrayLike, footprints_m: ArrayLike, obstacles_m: ArrayLike = ()) -> CutFaces:
    """Return the faces between the borders of cells, lines inside them, and the walls on the cells that lines touch.

    Parameters
    ----------
    cells_m
        (m,) polygons of a coverage, metres, on the lattice.
    lines_m
        Lines of any kind, metres; what lies outside the cells counts for nothing.
    footprints_m, obstacles_m
        Polygons or multipolygons, metres.
    """
    cells = np.asarray(cells_m, dtype=object)
    ground = dissolve(cells, np.zeros(len(cells), dtype=np.int64))[1][0]
    lines = clip_lines(line_parts(lines_m), ground)
    touched = np.unique(shapely.STRtree(cells).query(lines, predicate="dwithin", distance=_TOUCHED_M)[1])
    near = shapely.STRtree(cells[touched])
    units = units_of(ground, _upon(near, footprints_m), _upon(near, obstacles_m))
    noded = node(np.concatenate([shapely.boundary(cells), lines, shapely.boundary(units.polygons)]))
    polygons = faces_within(noded, ground)
    inner = shapely.point_on_surface(polygons)
    return CutFaces(
        polygons=polygons,
        parent=np.asarray(shapely.STRtree(cells).nearest(inner), dtype=np.int64),
        body=np.append(units.cluster, -1)[units.at(inner)],
        beside=shared_lengths(polygons),
        cells=len(cells),
    )


def settle(faces: CutFaces, side: Integers) -> Settled:
    """Return the side and the cell of each face, buildings whole and slivers joined.

    Parameters
    ----------
    faces
        Of `faces_of`.
    side
        (f,) the side that each face lies on, from 0.
    """
    with_buildings = _with_buildings(faces, side)
    seat, piece = _seats(faces, with_buildings)
    cell = seat[piece]
    founder = np.unique(piece, return_index=True)[1][cell]
    final = with_buildings[founder]
    return Settled(final, cell, faces.parent[founder], (with_buildings != side) & (final == with_buildings))


def cells_of(faces: CutFaces, settled: Settled) -> Recut:
    """Return the cells that settled faces make.

    Raises
    ------
    UsageError
        A cell would vanish.
    """
    polygons = dissolve(faces.polygons, settled.cell)[1]
    _, first, cell = np.unique(settled.cell, return_index=True, return_inverse=True)
    built = np.bincount(cell, weights=np.where(faces.body >= 0, faces.area, 0.0))
    area = np.bincount(cell, weights=faces.area)
    parent, side = settled.parent[first], settled.side[first]
    order = np.lexsort((first, -area, -built, parent))
    chief = order[np.unique(parent[order], return_index=True)[1]]
    if len(chief) < faces.cells:
        lost = int(np.setdiff1d(np.arange(faces.cells), parent)[0])
        raise UsageError(f"Cell {lost} is too small to be told apart beside the line; draw the line a little off it.")
    others = order[~np.isin(order, chief)]
    placed = np.concatenate([chief, others])
    return Recut(np.asarray(shapely.normalize(polygons[placed]), dtype=object), parent[placed], side[placed])


def _upon(cells: shapely.STRtree, footprints: ArrayLike) -> Geometries:
    """Return the footprints that stand on the cells of a tree, in their order."""
    source = np.atleast_1d(np.asarray(footprints, dtype=object))
    return source[np.unique(cells.query(source, predicate="intersects")[0])] if len(source) else source


def _with_buildings(faces: CutFaces, side: Integers) -> Integers:
    """Return the sides with every building, and every cell of a building in several parts, on one side whole."""
    result = side.copy()
    built = np.flatnonzero(faces.body >= 0)
    if not len(built):
        return result
    bodies = int(faces.body.max()) + 1
    result[built] = _held_most(faces.body[built], side[built], faces.area[built], bodies)[faces.body[built]]
    one = (faces.body[faces.beside.left] == faces.body[faces.beside.right]) & (faces.body[faces.beside.left] >= 0)
    part = components(len(faces.body), *faces.beside.ends_where(one))
    parts = np.unique(np.column_stack([faces.body[built], part[built]]), axis=0)
    in_parts = np.bincount(parts[:, 0], minlength=bodies) > 1
    whole = np.unique(faces.parent[built[in_parts[faces.body[built]]]])
    of_whole = built[np.isin(faces.parent[built], whole)]
    held = _held_most(faces.parent[of_whole], side[of_whole], faces.area[of_whole], faces.cells)
    at = np.isin(faces.parent, whole)
    result[at] = held[faces.parent[at]]
    return result


def _held_most(row: Integers, side: Integers, area: Floats, rows: int) -> Integers:
    """Return for each row the side that holds most of its area, the smaller of equals."""
    owner, candidate, (total,) = sum_by_pair(row, side, area)
    return largest_per_row(owner, candidate, np.round(total, _SQUARE_MILLIMETRES), rows)


def _seats(faces: CutFaces, side: Integers) -> tuple[Integers, Integers]:
    """Return for each piece the piece whose cell it joins, and the piece of each face.

    A piece is connected ground of one cell on one side. Wide pieces and pieces with a building found cells, in each
    cell at least the largest; the others join, the longest shared border first.
    """
    left, right = faces.beside.left, faces.beside.right
    same_cell = faces.parent[left] == faces.parent[right]
    piece = components(len(side), *faces.beside.ends_where(same_cell & (side[left] == side[right])))
    first = np.unique(piece, return_index=True)[1]
    p, q = piece[left], piece[right]
    inside = p == q
    area, perimeter, built = (
        np.bincount(piece, weights=amount)
        for amount in (faces.area, shapely.length(faces.polygons), np.where(faces.body >= 0, faces.area, 0.0))
    )
    perimeter = perimeter - 2.0 * np.bincount(p[inside], weights=faces.beside.length[inside], minlength=len(first))
    parent = faces.parent[first]
    founds = (built > 0) | ((area >= SLIVER_AREA_M2) & (2.0 * area >= SLIVER_WIDTH_M * perimeter))
    order = np.lexsort((np.arange(len(first)), -area, ~founds, parent))
    founds[order[np.unique(parent[order], return_index=True)[1]]] = True
    seat = np.where(founds, np.arange(len(first)), -1)
    a, b = np.concatenate([p[~inside], q[~inside]]), np.concatenate([q[~inside], p[~inside]])
    _join_longest(seat, parent, a, b, np.tile(faces.beside.length[~inside], 2))
    return seat, piece


def _join_longest(seat: Integers, parent: Integers, a: Integers, b: Integers, length: Floats) -> None:
    """Give every piece without a seat that of the neighbour with the longest border: of its own cell, else of any."""
    while (seat < 0).any():
        beside = (seat[a] < 0) & (seat[b] >= 0)
        own = beside & (parent[a] == parent[seat[b]])
        taken = own if own.any() else beside
        if not taken.any():
            seat[seat < 0] = np.flatnonzero(seat < 0)  # ground that touches no other
            return
        row, candidate, (total,) = sum_by_pair(a[taken], seat[b[taken]], length[taken])
        chosen = largest_per_row(row, candidate, total, len(seat))
        seat[chosen >= 0] = chosen[chosen >= 0]
