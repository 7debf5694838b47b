"""Abuttals (四至): what a polygon meets to its east, south, west and north.

Room: geometry. In: polygons and named lines of one place, in metres. Out: for each polygon and side which line its
border follows, or which polygon lies beyond it. Must not import anything of the rooms above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

SIDES: Final = ("east", "south", "west", "north")
"""The order in which abuttals are told (东至…，南至…，西至…，北至…)."""

REACH_M: Final = 15.0
"""A border follows a line that is no farther from the middle of the edge: half the width of a main road."""

PARALLEL: Final = 0.9
"""Cosine of the largest angle (about 25 degrees) between an edge and the line that it follows."""

_BESIDE_M: Final = 0.5

NOTHING: Final = -1


@dataclass(frozen=True, slots=True)
class Abuttals:
    """What polygons abut on, by side.

    Attributes
    ----------
    lines
        Position of the line that most of the side follows, (n, 4) in the order of `SIDES`; -1 where it follows none.
    polygons
        Position of the polygon beyond most of the side, (n, 4); -1 where nothing lies beyond it, or a line is told.
    """

    lines: NDArray[np.int64]
    polygons: NDArray[np.int64]


def abuttals(polygons: ArrayLike, lines: ArrayLike) -> Abuttals:
    """Return what each polygon meets on its four sides.

    Every edge of the outer ring belongs to the side that its outward normal points to, within 45 degrees, and counts
    with its length. What the longest part of a side meets is its abuttal: a line beside which it runs, else the
    polygon beyond.

    Parameters
    ----------
    polygons
        Valid polygons (several parts: the largest counts), in metres, x to the east and y to the north.
    lines
        Lines that have a name worth telling, in metres.
    """
    shapes = np.asarray(polygons, dtype=object)
    owner, start, end = _edges(shapes)
    length = np.hypot(*(end - start).T)
    normal = np.column_stack([end[:, 1] - start[:, 1], start[:, 0] - end[:, 0]]) / length[:, None]
    side = _side_of(normal)
    middle = (start + end) / 2
    line = _followed(middle, normal, np.asarray(lines, dtype=object))
    beyond = _beyond(middle + normal * _BESIDE_M, owner, shapes)
    # Lines and polygons compete in one vote a side: lines are counted first, polygons after them, nothing last.
    met = np.where(line >= 0, line, np.where(beyond >= 0, beyond + len(np.atleast_1d(lines)), NOTHING))
    winners = _most(len(shapes), owner, side, met, length)
    count = len(np.atleast_1d(lines))
    return Abuttals(
        lines=np.where(winners < count, winners, NOTHING),
        polygons=np.where(winners >= count, winners - count, NOTHING),
    )


def _edges(shapes: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return owner, start and end of each edge of the outer rings, counter-clockwise: outside is on the right."""
    largest = np.array([max(shapely.get_parts(shape), key=shapely.area) for shape in shapes], dtype=object)
    rings = shapely.get_exterior_ring(shapely.orient_polygons(largest))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    together = (ring[1:] == ring[:-1]) & np.any(xy[1:] != xy[:-1], axis=1)
    return ring[:-1][together].astype(np.int64), xy[:-1][together], xy[1:][together]


def _side_of(normal: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the position in `SIDES` of the side that each outward normal points to."""
    x, y = normal.T
    flat = np.abs(x) >= np.abs(y)
    return np.where(flat, np.where(x > 0, 0, 2), np.where(y < 0, 1, 3)).astype(np.int64)


def _followed(
    middle: NDArray[np.float64], normal: NDArray[np.float64], lines: NDArray[np.object_]
) -> NDArray[np.int64]:
    """Return the nearest line within reach that runs the way of the edge, -1 where there is none."""
    followed = np.full(len(middle), NOTHING, dtype=np.int64)
    if not len(lines):
        return followed
    owners, pieces = _pieces(lines)
    tree = shapely.STRtree(pieces)
    edge, piece = tree.query(shapely.points(middle), predicate="dwithin", distance=REACH_M)
    ends = shapely.get_coordinates(pieces).reshape(-1, 2, 2)
    along = ends[:, 1] - ends[:, 0]
    along /= np.hypot(*along.T)[:, None]
    # An edge runs at right angles to its normal: parallel pieces are at right angles to it too.
    across = np.abs(np.einsum("ij,ij->i", normal[edge], along[piece]))
    edge, piece = edge[across <= np.sqrt(1 - PARALLEL**2)], piece[across <= np.sqrt(1 - PARALLEL**2)]
    distance = shapely.distance(shapely.points(middle[edge]), pieces[piece])
    order = np.lexsort((owners[piece], distance, edge))
    first = np.unique(edge[order], return_index=True)[1]
    followed[edge[order][first]] = owners[piece[order][first]]
    return followed


def _pieces(lines: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Return the straight pieces of the lines, and which line each is of."""
    parts, part_owner = shapely.get_parts(lines, return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    together = (part[1:] == part[:-1]) & np.any(xy[1:] != xy[:-1], axis=1)
    pieces = shapely.linestrings(np.stack([xy[:-1][together], xy[1:][together]], axis=1))
    return part_owner[part[:-1][together]].astype(np.int64), np.asarray(pieces, dtype=object)


def _beyond(points: NDArray[np.float64], owner: NDArray[np.int64], shapes: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return the polygon, other than the edge's own, that holds the point beside each edge; -1 where none does."""
    beyond = np.full(len(points), NOTHING, dtype=np.int64)
    point, polygon = shapely.STRtree(shapes).query(shapely.points(points), predicate="intersects")
    other = polygon != owner[point]
    point, polygon = point[other], polygon[other]
    order = np.lexsort((polygon, point))
    first = np.unique(point[order], return_index=True)[1]
    beyond[point[order][first]] = polygon[order][first]
    return beyond


def _most(
    count: int, owner: NDArray[np.int64], side: NDArray[np.int64], met: NDArray[np.int64], length: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return what the longest part of each side meets, (count, 4); the smaller number where two are as long."""
    votes, inverse = np.unique(np.column_stack([owner, side, met]), axis=0, return_inverse=True)
    metres = np.bincount(inverse.ravel(), weights=length, minlength=len(votes))
    winners = np.full((count, len(SIDES)), NOTHING, dtype=np.int64)
    for position in np.lexsort((-votes[:, 2], metres)):  # the longest, and among equals the smallest, is written last
        winners[votes[position, 0], votes[position, 1]] = votes[position, 2]
    return winners
