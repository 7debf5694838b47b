"""Whose ground each face is, looked at by itself.

Room: geometry. In: the faces between all lines of a community, the footprints on it, and how the ground of blocks is
shared out. Out: the claim on each face. Must not import anything of the rooms above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gisgrid.geometry.edges import Floats, Integers, SharedLengths, largest_per_row, sum_by_pair
from gisgrid.geometry.footprints import Units
from gisgrid.geometry.linework import Geometries
from gisgrid.geometry.voronoi import Shares


@dataclass(frozen=True, slots=True)
class Claims:
    """The claim on each face, (f,) each.

    Attributes
    ----------
    claim
        The group of footprints whose ground it is, or -1: empty ground, or an obstacle.
    obstacle
        The group of obstacles that it is part of, or -1.
    block
        The block it lies in.
    built
        Its area where it lies in a footprint or an obstacle, else 0.
    """

    claim: Integers
    obstacle: Integers
    block: Integers
    built: Floats

    @property
    def key(self) -> Integers:
        """Equal for faces with the same claim: of footprints, of obstacles (the numbers go on), of empty blocks."""
        return np.where(self.obstacle >= 0, self.obstacle, np.where(self.claim >= 0, self.claim, -1 - self.block))


def claims_of(
    faces: Geometries,
    blocks: Geometries,
    units: Units,
    home: Integers,
    shares: dict[int, Shares],
    beside: SharedLengths,
) -> Claims:
    """Return the claim on each face.

    Parameters
    ----------
    faces
        (f,) polygons that tile the community.
    blocks
        (b,) polygons that tile the community, of which `shares` tells how the ground is shared out.
    units, home
        The pieces of footprints, and the block of each group of them.
    shares
        The share-out of each block with buildings.
    beside
        The edges that faces share.
    """
    inner = shapely.point_on_surface(faces)
    unit = units.at(inner)
    body = np.append(units.cluster, -1)[unit]
    block = np.asarray(shapely.STRtree(blocks).nearest(inner), dtype=np.int64)
    claim = np.where(body < units.clusters, body, -1)
    open_ground = (unit < 0) & np.isin(block, list(shares))
    by_wall = _longest_wall(claim, np.where(open_ground, block, -1), home, beside)
    claim = np.where(by_wall >= 0, by_wall, claim)
    xy = shapely.get_coordinates(inner)
    for number, share in shares.items():
        off_walls = open_ground & (by_wall < 0) & (block == number)
        if off_walls.any():
            claim[off_walls] = share.nearest(xy[off_walls])
    return Claims(
        claim=claim,
        obstacle=np.where(body < units.clusters, -1, body),
        block=block,
        built=np.where(unit >= 0, shapely.area(faces), 0.0),
    )


def _longest_wall(claim: Integers, open_block: Integers, home: Integers, beside: SharedLengths) -> Integers:
    """Return for each face of open ground the building of its block that it shares the longest wall with, or -1.

    Walls tell better than one point inside the face whose ground it is: the way round a building through a
    narrow gap is one face, and a point in the gap may be nearer to the neighbour.

    Parameters
    ----------
    claim
        The building of each face inside a footprint, -1 for others.
    open_block
        The block of each face of open ground, -1 for others.
    home
        The block of each building.
    beside
        The edges that faces share.
    """
    if not len(home):
        return np.full(len(claim), -1, dtype=np.int64)
    ground, wall = np.concatenate([beside.left, beside.right]), np.concatenate([beside.right, beside.left])
    metres = np.concatenate([beside.length, beside.length])
    touching = (open_block[ground] >= 0) & (claim[wall] >= 0)
    touching &= home[claim[wall]] == open_block[ground]
    face, building, (total,) = sum_by_pair(ground[touching], claim[wall[touching]], metres[touching])
    return largest_per_row(face, building, total, len(claim))
