"""Footprints made ready for tessellation: the pieces inside a community, and which of them must share a cell.

Room: geometry. In: footprints and obstacles in metres. Out: single polygons, each with the building it belongs to.
Must not import anything of the rooms above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.sparse
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from shapely import Geometry

from gisgrid.geometry.edges import Integers
from gisgrid.geometry.linework import Geometries, polygon_parts

TOLERANCE_M: Final = 0.05
"""A footprint counts as whole when it is so after shrinking by this much: walls are drawn no more truly than that."""

_SPECK_M: Final = 0.01


@dataclass(frozen=True, slots=True)
class Units:
    """The pieces of footprints and obstacles inside one community that no border may cut, footprints first.

    Attributes
    ----------
    polygons
        (u,) single polygons; where two overlap, the one that comes first keeps the overlap.
    cluster
        (u,) the group of pieces that shares a cell: first the groups with a footprint, numbered by the first one in
        it, then those of obstacles alone.
    cluster_of_footprint
        For each footprint its group, or -1 where no piece of it lies in the community.
    """

    polygons: Geometries
    cluster: Integers
    cluster_of_footprint: Integers

    @property
    def clusters(self) -> int:
        """How many groups hold a footprint; the others are obstacles alone."""
        return int(self.cluster_of_footprint.max(initial=-1)) + 1

    def home_blocks(self, blocks: Geometries) -> Integers:
        """Return for each group of footprints the block that holds most of its area."""
        building = np.flatnonzero(self.cluster < self.clusters)
        unit, block = shapely.STRtree(blocks).query(self.polygons[building], predicate="intersects")
        unit = building[unit]
        several = np.bincount(unit, minlength=len(self.polygons))[unit] > 1
        area = shapely.area(self.polygons[unit])
        area[several] = shapely.area(shapely.intersection(self.polygons[unit[several]], blocks[block[several]]))
        held = scipy.sparse.coo_array((area, (self.cluster[unit], block)), shape=(self.clusters, len(blocks))).tocsr()
        return np.asarray(held.argmax(axis=1), dtype=np.int64).ravel() if self.clusters else np.empty(0, np.int64)

    def at(self, points: Geometries) -> Integers:
        """Return for each point the first piece that it lies in, or -1."""
        result = np.full(len(points), -1, dtype=np.int64)
        point, unit = shapely.STRtree(self.polygons).query(points, predicate="intersects")
        order = np.lexsort((unit, point))[::-1]
        result[point[order]] = unit[order]  # the last written, so the first piece, stays
        return result


def units_of(community: Geometry, footprints: Geometries, obstacles: Geometries) -> Units:
    """Return the pieces of footprints and obstacles inside a community.

    A footprint that reaches into several parts of the community belongs to the part that holds most of it;
    elsewhere it is an obstacle, since no connected cell could hold both.

    Parameters
    ----------
    community
        Polygon or multipolygon, metres.
    footprints, obstacles
        Polygons or multipolygons, metres; invalid ones are repaired first. A footprint that is nothing but a line on
        the lattice stands as a square of a centimetre, so that its building too has a cell.
    """
    pieces, source, part = pieces_inside(community, np.concatenate([_with_area(footprints), obstacles]))
    footprint = np.where(source < len(footprints), source, -1)
    footprint = _only_main_part(footprint, part, shapely.area(pieces))
    order = np.lexsort((np.arange(len(pieces)), source, footprint < 0))
    pieces, footprint = pieces[order], footprint[order]
    group = _groups(pieces, source[order], part[order])
    cluster, of_footprint = _numbered(group, footprint, len(footprints))
    return Units(pieces, cluster, of_footprint)


def _with_area(footprints: Geometries) -> Geometries:
    """Return the footprints repaired, those without an area as a square of a centimetre where they begin."""
    result = _sound(footprints)
    flat = np.flatnonzero((shapely.area(result) == 0) & ~shapely.is_empty(footprints))
    first = [shapely.Point(shapely.get_coordinates(footprint)[0]) for footprint in footprints[flat]]
    result[flat] = shapely.buffer(np.array(first, dtype=object), _SPECK_M / 2, cap_style="square")
    return result


def _sound(footprints: Geometries) -> Geometries:
    """Return the footprints, invalid ones repaired: rounding to the lattice may have crossed an outline."""
    result = footprints.copy()
    broken = ~shapely.is_valid(result)
    result[broken] = shapely.make_valid(result[broken], method="structure", keep_collapsed=False)
    return result


def pieces_inside(community: Geometry, footprints: Geometries) -> tuple[Geometries, Integers, Integers]:
    """Return the single polygons of footprints inside a community.

    Parameters
    ----------
    community
        Polygon or multipolygon, metres.
    footprints
        (m,) polygons or multipolygons, metres; invalid ones are repaired first.

    Returns
    -------
    tuple of ndarray
        The pieces, in order of their footprints; the position of the footprint that each is of; and which part of
        the community each lies in.
    """
    sound = _sound(footprints)
    shapely.prepare(community)
    crossing = ~shapely.contains_properly(community, sound)
    sound[crossing] = shapely.intersection(sound[crossing], community)
    pieces, source = polygon_parts(sound)
    return pieces, source, _part_of(community, pieces)


def _part_of(community: Geometry, pieces: Geometries) -> Integers:
    """Return which part of the community each piece lies in."""
    parts = shapely.get_parts(community)
    if len(parts) == 1:
        return np.zeros(len(pieces), dtype=np.int64)
    return np.asarray(shapely.STRtree(parts).nearest(shapely.point_on_surface(pieces)), dtype=np.int64)


def _only_main_part(footprint: Integers, part: Integers, area: NDArray[np.float64]) -> Integers:
    """Return the footprint of each piece, -1 for pieces outside the community part that holds most of it."""
    result = footprint.copy()
    if not len(part) or part.max() == 0:
        return result
    building = np.flatnonzero(footprint >= 0)
    keys, position = np.unique(np.column_stack([footprint[building], part[building]]), axis=0, return_inverse=True)
    held = np.bincount(position.ravel(), weights=area[building])
    main: dict[int, tuple[int, float]] = {}
    for (owner, where), size in sorted(zip(map(tuple, keys.tolist()), held.tolist(), strict=True)):
        if owner not in main or size > main[owner][1]:
            main[owner] = (where, size)
    wanted = np.array([main[owner][0] for owner in footprint[building].tolist()], dtype=np.int64)
    result[building[part[building] != wanted]] = -1
    return result


def _groups(pieces: Geometries, source: Integers, part: Integers) -> Integers:
    """Return groups of pieces that stay together: in one part of one footprint, or overlapping beyond the tolerance."""
    first, second = shapely.STRtree(pieces).query(pieces, predicate="intersects")
    first, second = first[first < second], second[first < second]
    # The earlier piece keeps the overlap, so it is the later one that must still be whole after shrinking.
    shrunk = shapely.buffer(pieces[second], -TOLERANCE_M, join_style="mitre")
    overlap = shapely.area(shapely.intersection(shrunk, pieces[first])) > 0
    _, chief, follower = np.unique(np.column_stack([source, part]), axis=0, return_index=True, return_inverse=True)
    a = np.concatenate([first[overlap], chief[follower.ravel()]])
    b = np.concatenate([second[overlap], np.arange(len(pieces))])
    graph = scipy.sparse.coo_array((np.ones(len(a)), (a, b)), shape=(len(pieces), len(pieces)))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _numbered(group: Integers, footprint: Integers, footprints: int) -> tuple[Integers, Integers]:
    """Return the groups numbered by their first piece, for each piece and for each footprint; footprints come first."""
    _, first, position = np.unique(group, return_index=True, return_inverse=True)
    cluster = np.argsort(np.argsort(first))[position].astype(np.int64)
    of_footprint = np.full(footprints, -1, dtype=np.int64)
    building = np.flatnonzero(footprint >= 0)
    of_footprint[footprint[building]] = cluster[building]
    return cluster, of_footprint
