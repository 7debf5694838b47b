"""Lines become faces: noding on the lattice, dangling ends, blocks.

Room: geometry. In: lines in metres. Out: lines noded together on one 1 mm lattice, and the faces that they enclose.
Must not import anything of the rooms above.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import Geometry

from gisgrid.geometry.edges import Floats, Integers
from gisgrid.geometry.place import LATTICE_M

Geometries = NDArray[np.object_]

REACH_M: Final = 20.0
"""A dangling end is led on to another line that lies at most this far ahead."""

LONGEST_EDGE_M: Final = 100.0
"""Edges are cut into pieces of this length before noding, so that straight in metres and straight in degrees stay
within 0.3 mm of each other after reprojection and no vertex changes sides of an edge."""

_MOST_PASSES: Final = 10

_AHEAD_COSINE: Final = 0.5
"""A line counts as ahead of a dangling end within 60 degrees of its direction."""


def node(lines: ArrayLike) -> Geometries:
    """Return the lines cut at every crossing, on the 1 mm lattice, each piece once.

    Iterated snap rounding: vertices and crossings become lattice points, and every line passing through the square of
    such a point is bent through it, by less than a millimetre (source: Hobby 1999; GEOS OverlayNG). A line bent so may
    enter the square of another point, so this is done until nothing changes (source: Halperin & Packer 2002); then
    every vertex is at least half a millimetre from every line that does not end in it, enough to survive reprojection.
    """
    noded = shapely.union_all(shapely.segmentize(np.asarray(lines, dtype=object), LONGEST_EDGE_M), grid_size=LATTICE_M)
    for _ in range(_MOST_PASSES):
        before = (shapely.get_num_coordinates(noded), shapely.get_num_geometries(noded))
        noded = shapely.union_all([noded], grid_size=LATTICE_M)
        if (shapely.get_num_coordinates(noded), shapely.get_num_geometries(noded)) == before:
            break
    return line_parts(noded)


def line_parts(geometries: ArrayLike) -> Geometries:
    """Return the single lines in geometries of any type; points and polygons are left out."""
    parts = np.atleast_1d(shapely.get_parts(np.atleast_1d(np.asarray(geometries, dtype=object))))
    while len(parts) and (shapely.get_type_id(parts) >= 4).any():  # collections hold multi-geometries
        parts = shapely.get_parts(parts)
    kind = shapely.get_type_id(parts)
    return np.asarray(parts[((kind == 1) | (kind == 2)) & (shapely.length(parts) > 0)], dtype=object)


def polygon_parts(geometries: ArrayLike) -> tuple[Geometries, Integers]:
    """Return the single polygons with an area in geometries of any type, and where each came from."""
    source = np.atleast_1d(np.asarray(geometries, dtype=object))
    parts, index = shapely.get_parts(source, return_index=True)
    while len(parts) and (shapely.get_type_id(parts) >= 4).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        index = index[inner]
    areal = (shapely.get_type_id(parts) == 3) & (shapely.area(parts) > 0)
    return np.asarray(parts[areal], dtype=object), index[areal].astype(np.int64)


def faces_within(noded: Geometries, area: Geometry) -> Geometries:
    """Return the faces that noded lines enclose inside an area, in a canonical order: west → east, south → north."""
    faces = np.atleast_1d(shapely.get_parts(shapely.polygonize(noded)))
    if not len(faces):
        return np.empty(0, dtype=object)
    shapely.prepare(area)
    faces = faces[shapely.contains(area, shapely.point_on_surface(faces))]
    return np.asarray(faces[canonical_order(faces)], dtype=object)


def canonical_order(geometries: Geometries) -> Integers:
    """Return the order of geometries by the west, south, east, north of their bounds, then by area."""
    west, south, east, north = shapely.bounds(geometries).T if len(geometries) else np.empty((4, 0))
    return np.lexsort((shapely.area(geometries), north, east, south, west)).astype(np.int64)


def clip_lines(lines: ArrayLike, area: Geometry) -> Geometries:
    """Return the pieces of lines that lie inside an area."""
    source = line_parts(lines)
    if not len(source):
        return source
    shapely.prepare(area)
    within = shapely.contains_properly(area, source)
    crossing = source[~within & shapely.intersects(area, source)]
    pieces = line_parts(shapely.intersection(crossing, area)) if len(crossing) else crossing
    return np.concatenate([source[within], pieces])


def blocks(community: Geometry, lines: ArrayLike, outlines: ArrayLike, footprints: ArrayLike) -> Geometries:
    """Return the pieces into which lines and outlines cut a community; together they fill it.

    A street that stops just short of the next line is led on to it; other dead ends cut nothing.

    Parameters
    ----------
    community
        Polygon or multipolygon in metres.
    lines
        Streets, rivers, railways … in metres.
    outlines
        Closed lines that cut too and are never led on: the edges of dedicated ground.
    footprints
        Buildings: no line is led on through one.
    """
    edge = shapely.boundary(community)
    inner = clip_lines(lines, community)
    noded = node([edge, *inner, *clip_lines(outlines, community)])
    bridges = led_on(noded, footprints)
    if len(bridges):
        noded = node([*noded, *bridges])
    return faces_within(noded, community)


def led_on(noded: Geometries, obstacles: ArrayLike) -> Geometries:
    """Return the short lines that lead dangling ends on to the line ahead of them.

    First straight on, at most `REACH_M`; where nothing lies straight ahead, to the nearest point of another line
    within 60 degrees of the direction. Never through an obstacle.
    """
    tips, origins, own = _dangling_ends(noded)
    if not len(tips):
        return np.empty(0, dtype=object)
    ahead = (tips - origins) / np.hypot(*(tips - origins).T)[:, None]
    tree = shapely.STRtree(noded)
    rays = shapely.linestrings(np.stack([tips, tips + REACH_M * ahead], axis=1))
    targets = _first_hits(tree, noded, rays, tips, own)
    missed = np.flatnonzero(np.isnan(targets[:, 0]))
    targets[missed] = _nearest_ahead(tree, noded, tips[missed], ahead[missed], own[missed])
    found = ~np.isnan(targets[:, 0])
    bridges = shapely.linestrings(np.stack([tips[found], targets[found]], axis=1))
    blocked = shapely.STRtree(np.asarray(obstacles, dtype=object)).query(bridges, predicate="intersects")[0]
    return np.asarray(np.delete(bridges, np.unique(blocked)), dtype=object)


def _dangling_ends(noded: Geometries) -> tuple[Floats, Floats, Integers]:
    """Return the ends that no other line touches, the vertex before each, and the line each belongs to."""
    count = shapely.get_num_points(noded)
    first, second = shapely.get_point(noded, 0), shapely.get_point(noded, 1)
    last, before = shapely.get_point(noded, count - 1), shapely.get_point(noded, count - 2)
    tips = shapely.get_coordinates(np.concatenate([first, last]))
    origins = shapely.get_coordinates(np.concatenate([second, before]))
    line = np.tile(np.arange(len(noded), dtype=np.int64), 2)
    _, position, times = np.unique(tips[:, 0] + 1j * tips[:, 1], return_inverse=True, return_counts=True)
    alone = times[position] == 1
    return tips[alone], origins[alone], line[alone]


def _first_hits(tree: shapely.STRtree, noded: Geometries, rays: Geometries, tips: Floats, own: Integers) -> Floats:
    """Return where each ray first meets a line that is not its own, NaN where it meets none."""
    ray, line = tree.query(rays, predicate="intersects")
    ray, line = ray[own[ray] != line], line[own[ray] != line]
    hits, index = shapely.get_coordinates(shapely.intersection(rays[ray], noded[line]), return_index=True)
    return _nearest_per_row(ray[index], hits, tips)


def _nearest_ahead(tree: shapely.STRtree, noded: Geometries, tips: Floats, ahead: Floats, own: Integers) -> Floats:
    """Return the nearest point of another line within reach and within 60 degrees ahead, NaN where there is none."""
    points = shapely.points(tips)
    row, line = tree.query(points, predicate="dwithin", distance=REACH_M)
    row, line = row[own[row] != line], line[own[row] != line]
    near = shapely.get_coordinates(shapely.shortest_line(points[row], noded[line]))[1::2]
    way = near - tips[row]
    forward = (way * ahead[row]).sum(axis=1) >= _AHEAD_COSINE * np.hypot(*way.T)
    return _nearest_per_row(row[forward], near[forward], tips)


def _nearest_per_row(row: Integers, points: Floats, tips: Floats) -> Floats:
    """Return for each tip the nearest of its candidate points farther than the lattice, NaN without one."""
    distance = np.hypot(*(points - tips[row]).T)
    nearest = np.full(tips.shape, np.nan)
    for position in np.lexsort((points[:, 1], points[:, 0], distance))[::-1]:
        if distance[position] > LATTICE_M:
            nearest[row[position]] = points[position]
    return nearest
