"""The borders halfway between buildings, block by block.

Room: geometry. In: one block, and the footprints that share its ground. Out: the lines along which the nearest
footprint changes, simplified, and for any point the footprint it is nearest to. Metres.
Must not import anything of the rooms above.

The tessellation of ground by footprints is that of momepy's enclosed tessellation: the Voronoi cells of points
along each footprint's edge, put together by footprint, within blocks (source: Fleischmann, Feliciotti, Romice & Porta
2020, "Morphological tessellation as a way of partitioning space"). Only the borders between different
footprints are kept, as lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.spatial
import shapely
from numpy.typing import NDArray
from shapely import Geometry

from gisgrid.geometry.edges import Floats, Integers
from gisgrid.geometry.linework import Geometries, clip_lines, line_parts

STEP_M: Final = 3.0
"""Distance of the points along a footprint's edge. Between two walls a gap apart the border then zigzags by at most
step² / (8 gap), 0.23 m for a gap of 4 m and the insets, which simplifying straightens."""

NARROW_M: Final = 4.0
FINE_STEP_M: Final = 1.0
"""Distance of the points where another footprint is nearer than `NARROW_M`: 0.15 m of zigzag where walls touch."""

INSET_M: Final = 0.4
"""Footprints are shrunk by this first, so that walls that touch still have a border between them."""

TOLERANCES_M: Final = (0.6, 0.25, 0.1)
"""Borders are simplified by the first of these at which they cut no footprint."""


@dataclass(frozen=True, slots=True)
class Shares:
    """The ground of one block shared out to the footprints that stand on it.

    Attributes
    ----------
    borders
        Lines inside the block, in metres, not yet noded.
    tree, owner
        The points along the footprints' edges and the footprint each belongs to.
    """

    borders: Geometries
    tree: scipy.spatial.cKDTree
    owner: Integers

    def nearest(self, xy: Floats) -> Integers:
        """Return the footprint nearest to each point, (n, 2)."""
        _, position = self.tree.query(xy)
        return self.owner[position]


def share_out(block: Geometry, footprints: Geometries, owners: Integers, obstacles: shapely.STRtree) -> Shares:
    """Return how the ground of a block is shared out to its footprints.

    Parameters
    ----------
    block
        Polygon in metres.
    footprints, owners
        Polygons in metres on that block, and who each belongs to; footprints of one owner get one share together.
    obstacles
        Every footprint near by, over which a border need not and should not be drawn.
    """
    points, owner = _edge_points(footprints, owners)
    segments = _ridges(points, owner, block.bounds)
    borders = _outside_footprints(_chains(segments, block), obstacles)
    return Shares(_simplified(borders, obstacles), scipy.spatial.cKDTree(points), owner)


def _edge_points(footprints: Geometries, owners: Integers) -> tuple[Floats, Integers]:
    """Return distinct points along the edges of the shrunk footprints, and whose they are; denser in narrow gaps."""
    shrunk = shapely.buffer(footprints, -INSET_M, join_style="mitre")
    edges = shapely.boundary(np.where(shapely.is_empty(shrunk), footprints, shrunk))
    points, index = shapely.get_coordinates(shapely.segmentize(edges, STEP_M), return_index=True)
    fine, fine_index = _narrow_points(edges, footprints, owners)
    points, index = np.concatenate([points, fine]), np.concatenate([index, fine_index])
    _, first = np.unique(np.round(points, 3) @ np.array([1.0, 1j]), return_index=True)
    return points[first], owners[index[first]]


def _narrow_points(edges: Geometries, footprints: Geometries, owners: Integers) -> tuple[Floats, Integers]:
    """Return closely set points where the edges of footprints are near another owner's footprint."""
    tree = shapely.STRtree(footprints)
    one, other = tree.query(footprints, predicate="dwithin", distance=NARROW_M)
    tight = np.unique(one[owners[one] != owners[other]])
    points, index = shapely.get_coordinates(shapely.segmentize(edges[tight], FINE_STEP_M), return_index=True)
    index = tight[index]
    point, near = tree.query(shapely.points(points), predicate="dwithin", distance=NARROW_M)
    wanted = np.unique(point[owners[index[point]] != owners[near]])
    return points[wanted], index[wanted]


def _ridges(points: Floats, owner: Integers, bounds: tuple[float, float, float, float]) -> Floats:
    """Return the Voronoi edges between points of different owners, (k, 2, 2).

    A Voronoi edge joins the circumcentres of two Delaunay triangles that share a side; the two points of the side are
    those that it lies halfway between. Four points far outside make every edge within the bounds finite.
    """
    west, south, east, north = bounds
    reach = 10.0 * max(east - west, north - south, 100.0)
    middle = np.array([(west + east) / 2, (south + north) / 2])
    far = reach * np.array([[-1.0, 0.1], [0.1, 1.0], [1.0, -0.1], [-0.1, -1.0]])
    net = scipy.spatial.Delaunay(np.concatenate([points - middle, far]))
    whose = np.concatenate([owner, np.full(4, -1)])
    # Triangle, and which of its corners lies opposite the side; each side once, and only between two owners.
    triangle, opposite = np.nonzero(net.neighbors > np.arange(len(net.neighbors))[:, None])
    one, other = (whose[net.simplices[triangle, (opposite + step) % 3]] for step in (1, 2))
    between = (one != other) & (one >= 0) & (other >= 0)
    triangle, opposite = triangle[between], opposite[between]
    centre = _circumcentres(net.points[net.simplices])
    edges = np.stack([centre[triangle], centre[net.neighbors[triangle, opposite]]], axis=1) + middle
    return np.asarray(edges[np.isfinite(edges).all(axis=(1, 2))], dtype=np.float64)


def _circumcentres(corners: Floats) -> Floats:
    """Return the circumcentres of triangles, (t, 3, 2) → (t, 2); not finite for a triangle without area."""
    a = corners[:, 0]
    b, c = corners[:, 1] - a, corners[:, 2] - a
    twice_area = 2.0 * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
    b2, c2 = (b**2).sum(axis=1), (c**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = (c[:, 1] * b2 - b[:, 1] * c2) / twice_area
        y = (b[:, 0] * c2 - c[:, 0] * b2) / twice_area
    return np.asarray(a + np.column_stack([x, y]), dtype=np.float64)


def _chains(segments: Floats, block: Geometry) -> Geometries:
    """Return the segments as lines from junction to junction, clipped to the block."""
    whole = np.hypot(*(segments[:, 0] - segments[:, 1]).T) > 0
    if not whole.any():
        return np.empty(0, dtype=object)
    merged = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(segments[whole])))
    return clip_lines([merged], block)


def _outside_footprints(chains: Geometries, obstacles: shapely.STRtree) -> Geometries:
    """Return the pieces of chains outside every footprint: ground inside a footprint is its building's anyway."""
    if not len(chains):
        return chains
    line, footprint = obstacles.query(chains, predicate="intersects")
    touched = np.unique(line)
    if not len(touched):
        return chains
    start = np.searchsorted(line, touched)
    pieces = [
        shapely.difference(chains[chain], shapely.union_all(obstacles.geometries[inside]))
        for chain, inside in zip(touched, np.split(footprint, start[1:]), strict=True)
    ]
    return np.concatenate([np.delete(chains, touched), line_parts(pieces)])


def _simplified(chains: Geometries, obstacles: shapely.STRtree) -> Geometries:
    """Return chains with the same ends and fewer vertices, which cut no footprint that they did not cut before."""
    result = chains.copy()
    left = np.arange(len(chains))
    for tolerance in TOLERANCES_M:
        if not len(left):
            break
        result[left] = shapely.simplify(chains[left], tolerance, preserve_topology=True)
        left = left[_cuts(result[left], obstacles)]
        result[left] = chains[left]
    return result


def _cuts(chains: Geometries, obstacles: shapely.STRtree) -> NDArray[np.bool_]:
    """Return which chains run through a footprint for more than a centimetre."""
    line, footprint = obstacles.query(chains, predicate="intersects")
    inside = shapely.length(shapely.intersection(chains[line], obstacles.geometries[footprint]))
    return np.bincount(line, weights=inside, minlength=len(chains)) > 0.01
