"""Polygons drawn by hand become an exact coverage on cells, and every piece of ground that changed hands is told.

Room: geometry. In: the cells of a community, polygons drawn over it with gaps, overlaps and parts outside, footprints;
metres. Out: the cells cut along what was drawn, the polygon that each belongs to now, and the changes. Must not import
anything of the rooms above.

All outlines are noded together with the cells once (`recutting`), so every face lies in none, one or several of the
polygons. Overlaps go to one of those that claim them, gaps to the neighbour with the longest shared border; then
buildings and slivers as in any cut, then ground without buildings that lies detached from its polygon.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely import Geometry

from gisgrid.errors import UsageError
from gisgrid.geometry.adjacency import components
from gisgrid.geometry.coverage import dissolve
from gisgrid.geometry.edges import Floats, Integers, grouped, largest_per_row, shared_lengths, sum_by_pair
from gisgrid.geometry.linework import Geometries, polygon_parts
from gisgrid.geometry.recutting import CutFaces, Recut, Settled, cells_of, faces_of, settle

ChangeKind = Literal["overlap", "gap", "outside", "building", "sliver", "detached"]

LEAST_WIDTH_M: Final = 0.002
"""Narrower than this (twice the area by the perimeter) is no change but the rounding of vertices."""


@dataclass(frozen=True, slots=True)
class Change:
    """Connected ground that is not where it was drawn.

    Attributes
    ----------
    kind
        `overlap`: several polygons claimed it; `gap`: none did; `outside`: it lies beyond the cells and was trimmed;
        `building`: it went along with a building that is not cut; `sliver`: it is too narrow for a cell of its own;
        `detached`: it lay apart from its polygon, without a building.
    drawn
        Positions of the polygons that it was drawn in.
    to
        Position of the polygon that has it now; -1 for none.
    area_m2
        Its area.
    geometry
        Where it is, metres.
    """

    kind: ChangeKind
    drawn: tuple[int, ...]
    to: int
    area_m2: float
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class Mended:
    """Drawn polygons laid on cells: `cells.side` is the polygon that each cell belongs to now."""

    cells: Recut
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Claims:
    """Which polygons claim each face.

    Attributes
    ----------
    sets
        The distinct sets of claimants; the first is empty.
    of_face
        (f,) which set each face has.
    """

    sets: tuple[tuple[int, ...], ...]
    of_face: Integers

    def sole(self) -> Integers:
        """Return for each face its only claimant, or -1."""
        only = np.array([each[0] if len(each) == 1 else -1 for each in self.sets], dtype=np.int64)
        return only[self.of_face]

    def size(self) -> Integers:
        """Return how many claim each face."""
        return np.array([len(each) for each in self.sets], dtype=np.int64)[self.of_face]


def mend(cells_m: ArrayLike, polygons_m: ArrayLike, footprints_m: ArrayLike, obstacles_m: ArrayLike = ()) -> Mended:
    """Return polygons laid on cells without gap, overlap or cut building, and what was changed for it.

    Parameters
    ----------
    cells_m
        (m,) polygons of a coverage, metres, on the lattice.
    polygons_m
        (n,) valid polygons or multipolygons, metres.
    footprints_m, obstacles_m
        As for `tessellation.tessellate`.

    Raises
    ------
    UsageError
        No polygon reaches into the cells.
    """
    polygons = np.asarray(polygons_m, dtype=object)
    faces = faces_of(cells_m, shapely.boundary(polygons), footprints_m, obstacles_m)
    claims = _claims(faces, polygons)
    side = _overlaps_given(faces, claims, len(polygons))
    if not (side >= 0).any():
        raise UsageError("None of the polygons reaches into the community; check its coordinate system.")
    side = _gaps_given(faces, side)
    settled = settle(faces, side)
    joined = _detached_joined(faces, settled)
    changes = _changes(faces, claims, settled, joined)
    outside = _outside(polygons, np.asarray(cells_m, dtype=object))
    return Mended(cells_of(faces, joined), (*changes, *outside))


def _claims(faces: CutFaces, polygons: Geometries) -> _Claims:
    """Return which polygons claim each face."""
    inner = shapely.point_on_surface(faces.polygons)
    face, polygon = shapely.STRtree(polygons).query(inner, predicate="within")
    claimants: list[list[int]] = [[] for _ in inner]
    for at, claimant in sorted(zip(face.tolist(), polygon.tolist(), strict=True)):
        claimants[at].append(claimant)
    sets = sorted({(), *map(tuple, claimants)}, key=lambda each: (len(each), each))
    number = {each: position for position, each in enumerate(sets)}
    return _Claims(tuple(sets), np.array([number[tuple(each)] for each in claimants], dtype=np.int64))


def _overlaps_given(faces: CutFaces, claims: _Claims, polygons: int) -> Integers:
    """Return the polygon of each face that is claimed, -1 for the others.

    An overlap goes to the claimant whose undisputed ground holds more of the buildings that stand in it, or else shares
    the longer border with it; but where a claimant would lose more than half of its ground, to that one.
    """
    side = claims.sole()
    size = claims.size()
    left, right = faces.beside.left, faces.beside.right
    disputed = (size[left] > 1) & (claims.of_face[left] == claims.of_face[right])
    region = components(len(side), *faces.beside.ends_where(disputed))
    known = side >= 0
    undisputed = np.bincount(side[known], weights=faces.area[known], minlength=polygons).astype(np.float64)
    whole = undisputed.copy()
    for number, each in enumerate(claims.sets):
        if len(each) > 1:
            whole[list(each)] += faces.area[claims.of_face == number].sum()
    needy = undisputed < whole / 2.0
    result = side.copy()
    for _, members in grouped(np.where(size > 1, region, -1))[int((size <= 1).any()) :]:
        claimants = np.array(claims.sets[claims.of_face[members[0]]], dtype=np.int64)
        if needy[claimants].any() and not needy[claimants].all():
            claimants = claimants[needy[claimants]]
        built = _built_beside(faces, side, members, polygons)[claimants]
        border = _border_with(faces, side, members, polygons)[claimants]
        result[members] = claimants[np.lexsort((claimants, -np.round(border, 3), -np.round(built, 6)))[0]]
    return result


def _built_beside(faces: CutFaces, side: Integers, members: Integers, polygons: int) -> Floats:
    """Return how much of the buildings that stand in some faces lies undisputed in each polygon."""
    bodies = np.unique(faces.body[members])
    held = np.isin(faces.body, bodies[bodies >= 0]) & (side >= 0)
    return np.bincount(side[held], weights=faces.area[held], minlength=polygons).astype(np.float64)


def _border_with(faces: CutFaces, side: Integers, members: Integers, polygons: int) -> Floats:
    """Return how much border some faces share with the undisputed ground of each polygon."""
    inside = np.zeros(len(side), dtype=bool)
    inside[members] = True
    left, right, length = faces.beside.left, faces.beside.right, faces.beside.length
    out = np.concatenate([right[inside[left] & ~inside[right]], left[inside[right] & ~inside[left]]])
    metres = np.concatenate([length[inside[left] & ~inside[right]], length[inside[right] & ~inside[left]]])
    known = side[out] >= 0
    return np.bincount(side[out[known]], weights=metres[known], minlength=polygons).astype(np.float64)


def _gaps_given(faces: CutFaces, side: Integers) -> Integers:
    """Return the polygon of each face, unclaimed ground of each cell given to the longest border, from outside in."""
    result = side.copy()
    left, right = faces.beside.left, faces.beside.right
    bare = (side[left] < 0) & (side[right] < 0) & (faces.parent[left] == faces.parent[right])
    piece = components(len(side), *faces.beside.ends_where(bare))
    a, b = np.concatenate([left, right]), np.concatenate([right, left])
    length = np.tile(faces.beside.length, 2)
    while (result < 0).any():
        beside = (result[a] < 0) & (result[b] >= 0)
        if not beside.any():
            result[result < 0] = int(result.max())  # a part of the community that no polygon reaches
            break
        row, candidate, (total,) = sum_by_pair(piece[a[beside]], result[b[beside]], length[beside])
        chosen = largest_per_row(row, candidate, np.round(total, 3), len(side))[piece]
        result = np.where((result < 0) & (chosen >= 0), chosen, result)
    return result


def _detached_joined(faces: CutFaces, settled: Settled) -> Settled:
    """Return the settled faces with cells without buildings that lie apart from their polygon given to a neighbour."""
    names, cell = np.unique(settled.cell, return_inverse=True)
    side = settled.side[np.unique(cell, return_index=True)[1]]
    built = np.bincount(cell, weights=np.where(faces.body >= 0, faces.area, 0.0))
    area = np.bincount(cell, weights=faces.area)
    beside = shared_lengths(dissolve(faces.polygons, cell)[1])
    for _ in range(len(names)):
        ground = components(len(names), *beside.ends_where(side[beside.left] == side[beside.right]))
        held = np.column_stack([np.bincount(ground, weights=built), np.bincount(ground, weights=area)])
        first = np.unique(ground, return_index=True)[1]
        order = np.lexsort((-held[:, 1], -held[:, 0], side[first]))
        main = order[np.unique(side[first][order], return_index=True)[1]]
        loose = np.setdiff1d(np.flatnonzero(held[:, 0] == 0), main)
        if not len(loose):
            break
        a = np.concatenate([ground[beside.left], ground[beside.right]])
        b = np.concatenate([beside.right, beside.left])
        out = np.isin(a, loose) & (ground[b] != a) & ~np.isin(ground[b], loose)
        row, candidate, (total,) = sum_by_pair(a[out], side[b[out]], np.tile(beside.length, 2)[out])
        chosen = largest_per_row(row, candidate, np.round(total, 3), len(held))[ground]
        if not (chosen >= 0).any():
            break
        side = np.where(chosen >= 0, chosen, side)
    return Settled(side[cell], settled.cell, settled.parent, settled.for_building)


def _changes(faces: CutFaces, claims: _Claims, settled: Settled, joined: Settled) -> list[Change]:
    """Return the connected ground that is not where it was drawn."""
    kind = _kinds(claims, settled, joined)
    changed = kind >= 0
    left, right = faces.beside.left, faces.beside.right
    alike = changed[left] & (kind[left] == kind[right]) & (claims.of_face[left] == claims.of_face[right])
    alike &= joined.side[left] == joined.side[right]
    piece = components(len(kind), *faces.beside.ends_where(alike))
    changes = []
    for _, members in grouped(np.where(changed, piece, -1))[int((~changed).any()) :]:
        at = int(members[0])
        ground = dissolve(faces.polygons[members], np.zeros(len(members), dtype=np.int64))[1][0]
        if 2.0 * ground.area > LEAST_WIDTH_M * ground.length:
            drawn = claims.sets[claims.of_face[at]]
            changes.append(Change(_KINDS[kind[at]], drawn, int(joined.side[at]), float(ground.area), ground))
    return changes


_KINDS: Final[tuple[ChangeKind, ...]] = ("overlap", "gap", "building", "sliver", "detached")


def _kinds(claims: _Claims, settled: Settled, joined: Settled) -> Integers:
    """Return what befell each face, as a position in `_KINDS`, or -1 where it is as it was drawn."""
    size = claims.size()
    pairs = zip(claims.of_face.tolist(), joined.side.tolist(), strict=True)
    own = np.array([side in claims.sets[number] for number, side in pairs], dtype=bool)
    moved = np.where(joined.side != settled.side, 4, np.where(settled.for_building, 2, 3))
    return np.where(size == 0, 1, np.where(own, np.where(size > 1, 0, -1), moved)).astype(np.int64)


def _outside(polygons: Geometries, cells: Geometries) -> list[Change]:
    """Return the ground of polygons beyond the cells."""
    ground = dissolve(cells, np.zeros(len(cells), dtype=np.int64))[1][0]
    parts, source = polygon_parts(shapely.difference(polygons, ground))
    wide = 2.0 * shapely.area(parts) > LEAST_WIDTH_M * shapely.length(parts)
    return [
        Change("outside", (owner,), -1, float(part.area), part)
        for part, owner in zip(parts[wide], source[wide].tolist(), strict=True)
    ]
