"""Which cells share a border, how long it is, and how much of it a barrier or a street covers.

Room: geometry. In: the cells of a coverage and lines, in metres. Out: index-aligned arrays, one row for each pair of
neighbours. Must not import anything of the rooms above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.sparse
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components

from gisgrid.geometry.edges import Floats, Integers, directed_edges, shared_edges, sum_by_pair
from gisgrid.geometry.linework import Geometries, line_parts

ON_LINE_M: Final = 0.5
"""An edge lies on a line when both its ends and its middle are this near."""

CROSSING_REACH_M: Final = 15.0
"""A crossing opens a barrier this far around it."""


@dataclass(frozen=True, slots=True)
class Borders:
    """The shared borders of cells, one row a pair, sorted by `a`, then `b`.

    Attributes
    ----------
    a, b
        Positions of the two cells, a < b.
    length_m
        Length of their shared border.
    barrier_m
        How much of it a hard barrier closes. `length_m - barrier_m` is what one can pass.
    street_m
        How much of it runs along a street.
    """

    a: Integers
    b: Integers
    length_m: Floats
    barrier_m: Floats
    street_m: Floats


def shared_borders(
    cells: ArrayLike, *, barriers_m: ArrayLike = (), streets_m: ArrayLike = (), crossings_m: ArrayLike = ()
) -> Borders:
    """Return the borders that cells share, from edges with the very same ends.

    A barrier closes the edges that lie on it, but for their part within 15 m of a crossing. A barrier that ends inside
    a block is no border of cells; there a border is closed whole when the straight way between the two cells'
    inner points crosses the barrier inside one of the two cells, farther than 15 m from any crossing.

    Parameters
    ----------
    cells
        (n,) polygons of a coverage, metres.
    barriers_m
        Hard barriers: lines, metres.
    streets_m
        Streets that borders like to follow: lines, metres.
    crossings_m
        Bridges, underpasses, gates: points or lines, metres.
    """
    polygons = np.asarray(cells, dtype=object)
    barriers, streets = line_parts(barriers_m), line_parts(streets_m)
    crossings = np.atleast_1d(np.asarray(crossings_m, dtype=object))
    edges = directed_edges(polygons)
    edge, a, b = shared_edges(edges)
    ends = np.stack([edges.start[edge], edges.end[edge]], axis=1)
    length = edges.length[edge]
    closed = np.where(_on_lines(ends, barriers), length - _opened(ends, crossings), 0.0)
    along = np.where(_on_lines(ends, streets), length, 0.0)
    first, second, (length_m, barrier_m, street_m) = sum_by_pair(a, b, length, closed, along)
    parted = _parted_inside(polygons, first, second, barriers, crossings)
    barrier_m = np.where(parted, length_m, np.minimum(barrier_m, length_m))
    return Borders(first, second, length_m, barrier_m, street_m)


def components(n: int, a: ArrayLike, b: ArrayLike) -> Integers:
    """Return a label for each of n cells, equal for cells that pairs (a, b) connect; labels number by first cell."""
    first, second = np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64)
    graph = scipy.sparse.coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(n, n))
    labels = connected_components(graph, directed=False)[1].astype(np.int64)
    _, first_cell, position = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first_cell))[position].astype(np.int64)


def _on_lines(ends: Floats, lines: Geometries) -> NDArray[np.bool_]:
    """Return which edges, (m, 2, 2), lie on one of the lines with both ends and the middle."""
    if not len(lines) or not len(ends):
        return np.zeros(len(ends), dtype=bool)
    tree = shapely.STRtree(lines)
    on = np.ones(len(ends), dtype=bool)
    for points in (ends.mean(axis=1), ends[:, 0], ends[:, 1]):
        left = np.flatnonzero(on)
        near = tree.query(shapely.points(points[left]), predicate="dwithin", distance=ON_LINE_M)[0]
        on[np.delete(left, np.unique(near))] = False
    return on


def _opened(ends: Floats, crossings: Geometries) -> Floats:
    """Return how many metres of each edge lie within reach of a crossing."""
    opened = np.zeros(len(ends))
    if not len(crossings) or not len(ends):
        return opened
    reach = shapely.union_all(shapely.buffer(crossings, CROSSING_REACH_M))
    lines = shapely.linestrings(ends)
    shapely.prepare(reach)
    near = np.flatnonzero(shapely.intersects(reach, lines))
    opened[near] = shapely.length(shapely.intersection(lines[near], reach))
    return opened


def _parted_inside(
    cells: Geometries, a: Integers, b: Integers, barriers: Geometries, crossings: Geometries
) -> NDArray[np.bool_]:
    """Return which pairs of cells a barrier parts without being their border: one that ends inside their block."""
    parted = np.zeros(len(a), dtype=bool)
    if not len(barriers) or not len(a):
        return parted
    inner = shapely.get_coordinates(shapely.point_on_surface(cells))
    ways = shapely.linestrings(np.stack([inner[a], inner[b]], axis=1))
    pair, barrier = shapely.STRtree(barriers).query(ways, predicate="intersects")
    points, row = shapely.get_parts(shapely.intersection(ways[pair], barriers[barrier]), return_index=True)
    pair = pair[row]
    inside = np.zeros(len(points), dtype=bool)
    for side in (a, b):
        cell = cells[side[pair]]
        deep = shapely.distance(shapely.boundary(cell), points) > ON_LINE_M
        inside |= deep & shapely.intersects(cell, points)
    if len(crossings):
        near = shapely.STRtree(crossings).query(points, predicate="dwithin", distance=CROSSING_REACH_M)[0]
        inside[np.unique(near)] = False
    parted[pair[inside]] = True
    return parted
