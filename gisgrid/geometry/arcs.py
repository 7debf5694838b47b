"""A coverage as arcs: every piece of border once, and each ring as a walk along arcs.

Room: geometry. In: polygons whose shared borders have the very same vertices. Out: arcs and references to them, as in
TopoJSON (Bostock 2012). Compares vertices exactly, never by tolerance. Must not import anything of the rooms above.

Two polygons that share a border name the same arc, so a border is sent, drawn and moved once, and no rounding of its
vertices can open a gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import ArrayLike

from gisgrid.geometry.edges import Floats, Integers


@dataclass(frozen=True, slots=True)
class Arcs:
    """The borders of polygons, each once.

    Attributes
    ----------
    points
        Vertices of all arcs, one after the other, (n, 2).
    sizes
        How many vertices each arc has.
    references
        The arcs of all rings, one after the other: `i` is arc i as it runs, `-1 - i` the same arc backwards.
    ring_sizes
        How many arcs each ring has.
    rings
        How many rings each polygon has, its shells and holes alike.
    """

    points: Floats
    sizes: Integers
    references: Integers
    ring_sizes: Integers
    rings: Integers


def arcs_of(polygons: ArrayLike) -> Arcs:
    """Return the borders of polygons and multipolygons of a coverage as arcs between their nodes.

    A node is a vertex in which other than two edges meet; a ring without one is an arc by itself, from its smallest
    vertex on.
    """
    shapes = np.asarray(polygons, dtype=object)
    parts, owner = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    distinct, vertex = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)
    nodes = _nodes(vertex, ring, len(distinct))
    walks: list[Integers] = []
    known: dict[tuple[int, int], int] = {}
    references: list[int] = []
    ring_sizes: list[int] = []
    for walk in np.split(vertex, np.flatnonzero(np.diff(ring)) + 1) if len(ring) else []:
        pieces = _pieces(walk[:-1], nodes)
        ring_sizes.append(len(pieces))
        for piece in pieces:
            first = (int(piece[0]), int(piece[1]))
            if first not in known:
                known[first] = len(walks)
                known.setdefault((int(piece[-1]), int(piece[-2])), -1 - len(walks))
                walks.append(piece)
            references.append(known[first])
    order = np.concatenate(walks) if walks else np.zeros(0, dtype=np.int64)
    return Arcs(
        np.column_stack([distinct.real, distinct.imag])[order],
        np.array([len(walk) for walk in walks], dtype=np.int64),
        np.array(references, dtype=np.int64),
        np.array(ring_sizes, dtype=np.int64),
        np.bincount(owner[part], minlength=len(shapes)).astype(np.int64),
    )


def _nodes(vertex: Integers, ring: Integers, count: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return for each vertex whether it is a node."""
    inside = ring[:-1] == ring[1:]
    tail, head = vertex[:-1][inside], vertex[1:][inside]
    edges = np.unique(np.column_stack([np.minimum(tail, head), np.maximum(tail, head)]), axis=0)
    nodes: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.bincount(edges.ravel(), minlength=count) != 2
    return nodes


def _pieces(walk: Integers, nodes: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[Integers]:
    """Return a closed walk, given without its closing vertex, cut at its nodes."""
    cuts = np.flatnonzero(nodes[walk])
    if not len(cuts):
        start = int(walk.argmin())
        return [np.concatenate([walk[start:], walk[: start + 1]])]
    turned = np.concatenate([walk[cuts[0] :], walk[: cuts[0] + 1]])
    stops = np.append(cuts - cuts[0], len(walk))
    return [turned[start : stop + 1] for start, stop in pairwise(stops.tolist())]
