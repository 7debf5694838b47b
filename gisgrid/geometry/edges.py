"""The directed edges of polygons: what adjacency, dissolving and the partition test have in common.

Room: geometry. In: arrays of polygons whose shared borders have the very same vertices. Out: edges with exact integer
names of their ends. Compares vertices exactly, never by tolerance, so it works in metres and in degrees alike.
Must not import anything of the rooms above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Edges:
    """Every edge of an array of polygons, directed so that the polygon lies on its left.

    Attributes
    ----------
    points
        The distinct vertices, (p, 2), sorted by x then y.
    owner
        Position of the polygon that each edge belongs to.
    tail, head
        Positions in `points` of each edge's ends.
    """

    points: Floats
    owner: Integers
    tail: Integers
    head: Integers

    @property
    def name(self) -> Integers:
        """One integer for each directed edge: equal for the same ends in the same order."""
        return self.tail * len(self.points) + self.head

    @property
    def reverse_name(self) -> Integers:
        """The name that each edge would have in the other direction."""
        return self.head * len(self.points) + self.tail

    @property
    def start(self) -> Floats:
        """Coordinates of the tails, (m, 2)."""
        return self.points[self.tail]

    @property
    def end(self) -> Floats:
        """Coordinates of the heads, (m, 2)."""
        return self.points[self.head]

    @property
    def length(self) -> Floats:
        """Length of each edge, in the unit of the coordinates."""
        return np.asarray(np.hypot(*(self.end - self.start).T), dtype=np.float64)


def directed_edges(polygons: ArrayLike) -> Edges:
    """Return the edges of polygons and multipolygons, shells counter-clockwise and holes clockwise.

    Repeated vertices are skipped. Empty geometries and None have no edges.
    """
    parts, part_owner = shapely.get_parts(np.asarray(polygons, dtype=object), return_index=True)
    rings, ring_part = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    vertices, position = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)
    points = np.column_stack([vertices.real, vertices.imag])
    tail, head = position[:-1].astype(np.int64), position[1:].astype(np.int64)
    real = (ring[:-1] == ring[1:]) & (tail != head)
    owner = part_owner[ring_part[ring[:-1]]].astype(np.int64) if len(ring) else np.empty(0, np.int64)
    return Edges(points, owner[real], tail[real], head[real])


def twins(edges: Edges) -> Integers:
    """Return for each directed edge the position of the same edge in the other direction, or -1.

    In a coverage every inner edge has exactly one twin, and it belongs to the neighbour; edges of the outline have
    none.
    """
    if not len(edges.owner):
        return np.empty(0, np.int64)
    names = edges.name
    order = np.argsort(names, kind="stable")
    found = np.searchsorted(names, edges.reverse_name, sorter=order).clip(max=len(names) - 1)
    candidate = order[found]
    return np.where(names[candidate] == edges.reverse_name, candidate, -1).astype(np.int64)


def shared_edges(edges: Edges) -> tuple[Integers, Integers, Integers]:
    """Return the edges that two different polygons share: position of the edge, and the polygons a < b beside it."""
    other = twins(edges)
    once = np.flatnonzero((other >= 0) & (edges.tail < edges.head))
    left, right = edges.owner[once], edges.owner[other[once]]
    different = left != right
    once, left, right = once[different], left[different], right[different]
    return once, np.minimum(left, right), np.maximum(left, right)


@dataclass(frozen=True, slots=True)
class SharedLengths:
    """The edges that polygons of a coverage share: the two polygons beside each, and its length."""

    left: Integers
    right: Integers
    length: Floats

    def ends_where(self, wanted: NDArray[np.bool_]) -> tuple[Integers, Integers]:
        """Return the polygons beside the edges that are wanted."""
        return self.left[wanted], self.right[wanted]


def shared_lengths(polygons: ArrayLike) -> SharedLengths:
    """Return the edges that polygons of a coverage share, with their lengths."""
    edges = directed_edges(polygons)
    edge, left, right = shared_edges(edges)
    return SharedLengths(left, right, edges.length[edge])


def grouped(labels: Integers) -> list[tuple[int, Integers]]:
    """Return each distinct label, sorted, with the positions that carry it, in order."""
    order = np.argsort(labels, kind="stable")
    distinct, start = np.unique(labels[order], return_index=True)
    return [
        (int(label), positions.astype(np.int64))
        for label, positions in zip(distinct, np.split(order, start)[1:], strict=True)
    ]


def sum_by_pair(a: Integers, b: Integers, *amounts: Floats) -> tuple[Integers, Integers, list[Floats]]:
    """Return the distinct pairs (a, b), sorted, with the sum of each amount over the pair's rows."""
    if not len(a):
        return a.astype(np.int64), b.astype(np.int64), [np.zeros(0) for _ in amounts]
    width = int(b.max()) + 1
    pairs, row = np.unique(a * width + b, return_inverse=True)
    sums = [np.bincount(row, weights=amount, minlength=len(pairs)).astype(np.float64) for amount in amounts]
    return pairs // width, pairs % width, sums


def largest_per_row(row: Integers, candidate: Integers, amount: Floats, rows: int) -> Integers:
    """Return for each row the candidate with the largest amount, the smaller one of equals, or -1 without any."""
    chosen = np.full(rows, -1, dtype=np.int64)
    order = np.lexsort((candidate, -amount, row))
    distinct, first = np.unique(row[order], return_index=True)
    chosen[distinct] = candidate[order[first]]
    return chosen
