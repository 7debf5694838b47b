"""Faces are handed to cells, so that every cell is one connected piece of ground and no footprint is cut.

Room: geometry. In: the faces between all lines of a community, and the footprints on it. Out: the cell of each face.
Must not import anything of the rooms above.

A face inside a footprint goes to that building, other ground to the building of its block that it lies along, or else
that is nearest; ground of a block without buildings makes an empty cell. What this leaves detached from its building
joins the neighbour that it shares the longest border with. Parts of one building that stand apart are joined by the
cells on the shortest way between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.sparse
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from gisgrid.geometry.adjacency import components
from gisgrid.geometry.claims import claims_of
from gisgrid.geometry.edges import Floats, Integers, largest_per_row, shared_lengths, sum_by_pair
from gisgrid.geometry.footprints import TOLERANCE_M, Units
from gisgrid.geometry.linework import Geometries
from gisgrid.geometry.voronoi import Shares

SLIVER_AREA_M2: Final = 30.0
SLIVER_WIDTH_M: Final = 1.0
"""Empty ground below this area, or narrower than this (twice its area by its perimeter), makes no cell of its own."""

_OVER_A_BUILDING: Final = 10.0
"""How many empty cells the way between two parts of a building takes rather than go over another building's cell."""


@dataclass(frozen=True, slots=True)
class Allotment:
    """The cell of each face and footprint; see `tessellation.Tessellation`."""

    cell: Integers
    cell_of_footprint: Integers
    block: Integers
    merged: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Connected faces with one claim on them.

    Attributes
    ----------
    of_face
        The piece of each face.
    claim
        The group of footprints that the piece is claimed for, or -1: empty ground, or an obstacle.
    obstacle
        The group of obstacles that it is part of, or -1; such a piece never founds a cell.
    block
        The block it lies in.
    built
        Area of footprints or obstacles in it.
    wide
        Whether it is no sliver.
    a, b, length
        Pieces that touch, and the length of the border between them.
    """

    of_face: Integers
    claim: Integers
    obstacle: Integers
    block: Integers
    built: Floats
    wide: NDArray[np.bool_]
    a: Integers
    b: Integers
    length: Floats

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.claim)


def allot(faces: Geometries, blocks: Geometries, units: Units, home: Integers, shares: dict[int, Shares]) -> Allotment:
    """Return the cell of each face.

    Parameters
    ----------
    faces
        (f,) polygons that tile the community, in canonical order.
    blocks
        (b,) polygons that tile the community, of which `shares` tells how the ground is shared out.
    units, home
        The pieces of footprints, and the block of each group of them.
    shares
        The share-out of each block with buildings.
    """
    pieces = _pieces(faces, blocks, units, home, shares)
    seat, apart = _seats(faces, pieces, units.clusters)
    seat = _absorb(pieces, seat, home)
    seat = _join(pieces, seat, apart + _obstacles_apart(faces, pieces))
    return _numbered(faces, pieces, seat, units, home)


def _pieces(faces: Geometries, blocks: Geometries, units: Units, home: Integers, shares: dict[int, Shares]) -> _Pieces:
    """Return the connected pieces of faces with the same claim."""
    beside = shared_lengths(faces)
    claims = claims_of(faces, blocks, units, home, shares, beside)
    of_face = components(len(faces), *beside.ends_where(claims.key[beside.left] == claims.key[beside.right]))
    first = np.unique(of_face, return_index=True)[1]
    p, q = of_face[beside.left], of_face[beside.right]
    inside = p == q
    area, perimeter, built = (
        np.bincount(of_face, weights=amount).astype(np.float64)
        for amount in (shapely.area(faces), shapely.length(faces), claims.built)
    )
    perimeter = perimeter - 2.0 * np.bincount(p[inside], weights=beside.length[inside], minlength=len(first))
    a, b, (length,) = sum_by_pair(np.minimum(p, q)[~inside], np.maximum(p, q)[~inside], beside.length[~inside])
    return _Pieces(
        of_face=of_face,
        claim=claims.claim[first],
        obstacle=claims.obstacle[first],
        block=claims.block[first],
        built=built,
        wide=(area >= SLIVER_AREA_M2) & (2.0 * area >= SLIVER_WIDTH_M * perimeter),
        a=a,
        b=b,
        length=length,
    )


def _seats(faces: Geometries, pieces: _Pieces, clusters: int) -> tuple[Integers, list[tuple[int, int]]]:
    """Return the pieces that found cells (seat = itself, else -1), and pairs of pieces of one building.

    The piece with most of a building founds its cell; another piece with a wall of that building in it founds
    one for the time being, to be joined later.
    """
    seat = np.full(pieces.count, -1, dtype=np.int64)
    empty = (pieces.claim < 0) & (pieces.obstacle < 0) & pieces.wide
    seat[empty] = np.flatnonzero(empty)
    order = np.lexsort((np.arange(pieces.count), -pieces.built, pieces.claim))
    claimed, first = np.unique(pieces.claim[order], return_index=True)
    main = np.full(clusters, -1, dtype=np.int64)
    main[claimed[claimed >= 0]] = order[first[claimed >= 0]]
    seat[main[main >= 0]] = main[main >= 0]
    apart = []
    for piece in np.flatnonzero((pieces.claim >= 0) & (pieces.built > 0) & (seat < 0)).tolist():
        if _counts(faces, pieces, piece):
            seat[piece] = piece
            apart.append((int(main[pieces.claim[piece]]), piece))
    return seat, apart


def _obstacles_apart(faces: Geometries, pieces: _Pieces) -> list[tuple[int, int]]:
    """Return pairs of pieces of one obstacle, which must end in one cell."""
    first: dict[int, int] = {}
    apart = []
    times = np.bincount(pieces.obstacle + 1)
    for piece in np.flatnonzero((pieces.obstacle >= 0) & (times[pieces.obstacle + 1] > 1)).tolist():
        if _counts(faces, pieces, piece):
            chief = first.setdefault(int(pieces.obstacle[piece]), piece)
            apart.append((chief, piece))
    return apart


def _counts(faces: Geometries, pieces: _Pieces, piece: int) -> bool:
    """Return whether anything is left of a piece of a footprint after shrinking it by the tolerance."""
    whole = shapely.coverage_union_all(faces[pieces.of_face == piece])
    return not shapely.buffer(whole, -TOLERANCE_M).is_empty


def _absorb(pieces: _Pieces, seat: Integers, home: Integers) -> Integers:
    """Return the seats with every piece that founds no cell given to the neighbour with the longest shared border.

    First to cells of the same block; then wide ground without such a neighbour founds an empty cell; then to any.
    """
    seat = seat.copy()
    own_block = np.where(pieces.claim >= 0, home[pieces.claim] if len(home) else -1, pieces.block)
    a, b = np.concatenate([pieces.a, pieces.b]), np.concatenate([pieces.b, pieces.a])
    length = np.concatenate([pieces.length, pieces.length])
    while (seat < 0).any():
        open_pair = (seat[a] < 0) & (seat[b] >= 0)
        same_block = open_pair & (own_block[seat[b]] == pieces.block[a])
        if same_block.any():
            _take_longest(seat, a[same_block], b[same_block], length[same_block])
            continue
        stranded = np.flatnonzero((seat < 0) & (pieces.obstacle < 0) & pieces.wide)
        if len(stranded):
            seat[stranded] = stranded
            own_block[stranded] = pieces.block[stranded]
            continue
        if not open_pair.any():  # a community or a part of one that is nothing but a sliver or an obstacle
            alone = np.flatnonzero(seat < 0)
            seat[alone[:1]] = alone[:1]
            continue
        _take_longest(seat, a[open_pair], b[open_pair], length[open_pair])
    return seat


def _take_longest(seat: Integers, a: Integers, b: Integers, length: Floats) -> None:
    """Give each piece of `a` the seat with which it shares the longest border in all; ties go to the smaller seat."""
    piece, candidate, (total,) = sum_by_pair(a, seat[b], length)
    chosen = largest_per_row(piece, candidate, total, len(seat))
    seat[chosen >= 0] = chosen[chosen >= 0]


def _join(pieces: _Pieces, seat: Integers, apart: list[tuple[int, int]]) -> Integers:
    """Return the seats with the cells of each pair of pieces joined by the cells on the shortest way between them."""
    ends = [(int(seat[p]), int(seat[q])) for p, q in apart if seat[p] != seat[q]]
    if not ends:
        return seat
    a, b = seat[pieces.a], seat[pieces.b]
    a, b = a[a != b], b[a != b]
    built = np.bincount(seat[pieces.claim >= 0], minlength=pieces.count) > 0
    cost = 1.0 + _OVER_A_BUILDING * built
    ways = {(int(x), int(y)): float(cost[y]) for x, y in [*zip(a, b, strict=True), *zip(b, a, strict=True)]}
    x, y = np.array(list(ways), dtype=np.int64).T
    graph = scipy.sparse.coo_array((np.array(list(ways.values())), (x, y)), shape=(pieces.count, pieces.count)).tocsr()
    joined: list[tuple[int, int]] = []
    for start, end in ends:
        before = dijkstra(graph, indices=np.array([start]), return_predecessors=True)[1][0]
        step = end
        while step != start and before[step] >= 0:
            joined.append((step, int(before[step])))
            step = int(before[step])
    p, q = np.array(joined, dtype=np.int64).reshape(-1, 2).T
    group = components(pieces.count, p, q)
    smallest = np.unique(group, return_index=True)[1]
    return np.asarray(smallest[group[seat]], dtype=np.int64)


def _numbered(faces: Geometries, pieces: _Pieces, seat: Integers, units: Units, home: Integers) -> Allotment:
    """Return the cells in their order: by first footprint, then empty ones by their westernmost face."""
    seats = np.unique(seat)
    founder = np.full(pieces.count, units.clusters, dtype=np.int64)
    founded = (pieces.claim >= 0) & (pieces.built > 0)
    np.minimum.at(founder, seat[founded], pieces.claim[founded])
    westmost = np.full(pieces.count, len(pieces.of_face), dtype=np.int64)
    np.minimum.at(westmost, seat[pieces.of_face], np.arange(len(pieces.of_face)))
    order = np.lexsort((westmost[seats], founder[seats]))
    number = np.full(pieces.count, -1, dtype=np.int64)
    number[seats[order]] = np.arange(len(seats))

    # A building's cell is where most of it stands.
    cell_of_cluster = np.full(units.clusters, -1, dtype=np.int64)
    by_built = np.flatnonzero(founded)[np.argsort(pieces.built[founded], kind="stable")]
    cell_of_cluster[pieces.claim[by_built]] = number[seat[by_built]]
    # A sliver that lies under others or falls between two lattice points has no face; its cell is the one it lies in.
    of_building = np.flatnonzero(units.cluster < units.clusters)
    lost = of_building[cell_of_cluster[units.cluster[of_building]] < 0]
    at = shapely.STRtree(faces).nearest(shapely.point_on_surface(units.polygons[lost]))
    cell_of_cluster[units.cluster[lost]] = number[seat[pieces.of_face[at]]]
    held = units.cluster_of_footprint
    cell_of_footprint = np.where(held >= 0, cell_of_cluster[held] if units.clusters else -1, -1)

    first = founder[seats[order]]
    block = np.where(first < units.clusters, np.append(home, -1)[first], pieces.block[seats[order]])
    sharing: dict[int, list[int]] = {}
    for footprint, cell in enumerate(cell_of_footprint.tolist()):
        if cell >= 0:
            sharing.setdefault(cell, []).append(footprint)
    merged = tuple(tuple(group) for _, group in sorted(sharing.items()) if len(group) > 1)
    return Allotment(number[seat[pieces.of_face]], cell_of_footprint, block, merged)
