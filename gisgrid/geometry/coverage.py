"""Coverages: putting cells together, and the exact test that polygons tile an area.

Room: geometry. In: polygons whose shared borders have the very same vertices. Out: their unions by label, and the
faults of a would-be tiling. Works in metres and in degrees alike. Must not import anything of the rooms above.

The test is edge cancellation: walk round every polygon with its ground on the left; then each inner edge is walked
once in either direction, and what is left over is the edge of the whole. So the sum over all polygons of "is this
point inside" is the same on both sides of every inner edge, hence constant within each part of the community and
within each of its holes, and one point in each tells whether the constant is right. No area is compared, so nothing
can cancel out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import Geometry

from gisgrid.errors import UsageError
from gisgrid.geometry.adjacency import components
from gisgrid.geometry.edges import Edges, Integers, directed_edges, grouped, twins
from gisgrid.geometry.footprints import TOLERANCE_M, pieces_inside
from gisgrid.geometry.linework import Geometries, polygon_parts

FaultKind = Literal["invalid", "not_connected", "overlap", "gap", "outside", "unmatched"]

TOLERANCE_DEGREES: Final = 2e-8
"""How far an outline may lie off the community's edge: 2.2 mm."""


@dataclass(frozen=True, slots=True)
class PartitionFault:
    """One place where polygons fail to tile their community.

    Attributes
    ----------
    kind
        `invalid`: no polygon, or a ring that crosses or touches itself wrongly; `not_connected`: several parts;
        `overlap`; `gap`; `outside`; `unmatched`: a shared border without the very same vertices on both sides,
        though it leaves no ground doubled or bare.
    indices
        Positions of the polygons concerned.
    geometry
        Where it is, in the coordinates of the input.
    """

    kind: FaultKind
    indices: tuple[int, ...]
    geometry: Geometry


def dissolve(cells: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.int64], Geometries]:
    """Return the distinct labels, sorted, and for each the union of its cells.

    The union is exact: an edge that two cells of one label share is dropped, all others stay with the very same
    vertices; nothing is moved and nothing compared by tolerance. A label whose cells are connected gives a Polygon;
    otherwise a MultiPolygon, which the caller may refuse.

    Parameters
    ----------
    cells
        (n,) polygons of a coverage.
    labels
        (n,) integers.
    """
    polygons, label = np.asarray(cells, dtype=object), np.asarray(labels, dtype=np.int64)
    groups = grouped(label)
    united = np.empty(len(groups), dtype=object)
    for position, (_, members) in enumerate(groups):
        united[position] = _united(polygons[members])
    return np.array([value for value, _ in groups], dtype=np.int64), united


def partition_faults(polygons: ArrayLike, community: Geometry, *, tolerance: float) -> list[PartitionFault]:
    """Return every fault of polygons that should tile a community; none when they do.

    Parameters
    ----------
    polygons
        (n,) polygons.
    community
        Valid polygon or multipolygon in the same coordinates.
    tolerance
        How far the outline may lie off the community's edge, in the unit of the coordinates: 2e-8 in degrees,
        0.002 in metres. Borders between polygons have no tolerance at all.

    Returns
    -------
    list of PartitionFault
        Invalid polygons alone where there are any, since nothing else can be said about them.

    Raises
    ------
    UsageError
        When the community itself is not a valid polygon.
    """
    if community.geom_type not in {"Polygon", "MultiPolygon"} or community.is_empty or not community.is_valid:
        raise UsageError("The community's polygon is not valid; import its boundary again, which repairs it.")
    shapes = np.asarray(polygons, dtype=object)
    invalid = [PartitionFault("invalid", (index,), shapes[index]) for index in _unsound(shapes)]
    if invalid:
        return invalid
    faults = [
        PartitionFault("not_connected", (int(index),), shapes[index])
        for index in np.flatnonzero(shapely.get_num_geometries(shapes) > 1)
    ]
    edges = directed_edges(shapes)
    loose, outline = _uncancelled(edges, community, tolerance)
    lonely = _missing_vertices(edges, outline, community, tolerance)
    if len(loose) or len(lonely) or not _covered_once(shapes, community):
        faults += _explained(shapes, community, tolerance, edges, loose, lonely)
    return faults


def cut_footprints(footprints: ArrayLike, polygons: ArrayLike, community: Geometry) -> Integers:
    """Return the positions of footprints that a border of the polygons cuts.

    A footprint is whole when what lies of it in the community, shrunk by 5 cm, lies in exactly one polygon. Where it
    reaches into several parts of the community, that holds for each part by itself. What vanishes when shrunk by 5 cm
    is thinner than walls are drawn truly, and is not asked for.

    Parameters
    ----------
    footprints
        (m,) polygons or multipolygons, metres.
    polygons
        (n,) polygons, metres.
    community
        Polygon or multipolygon, metres.
    """
    pieces, source, part = pieces_inside(community, np.asarray(footprints, dtype=object))
    shrunk = shapely.buffer(pieces, -TOLERANCE_M, join_style="mitre")
    left = ~shapely.is_empty(shrunk)
    shrunk, source, part = shrunk[left], source[left], part[left]
    piece, polygon = shapely.STRtree(np.asarray(polygons, dtype=object)).query(shrunk, predicate="covered_by")
    cut = np.bincount(piece, minlength=len(shrunk)) != 1
    home = np.full(len(shrunk), -1, dtype=np.int64)
    home[piece] = polygon
    # Two pieces of one footprint in the same part of the community must be at home together.
    _, chief, follower = np.unique(np.column_stack([source, part]), axis=0, return_index=True, return_inverse=True)
    apart = home != home[chief][follower.ravel()]
    return np.unique(source[cut | apart]).astype(np.int64)


def _united(group: Geometries) -> Geometry:
    """Return the union of the cells of one label."""
    if len(group) == 1:
        return group[0]
    union = shapely.coverage_union_all(group)
    parts = shapely.get_parts(union)
    return parts[0] if len(parts) == 1 else union


def _unsound(shapes: Geometries) -> list[int]:
    """Return the positions of what is no valid polygon with an area."""
    kind = shapely.get_type_id(shapes)
    sound = ((kind == 3) | (kind == 6)) & ~shapely.is_empty(shapes) & shapely.is_valid(shapes)
    return [int(index) for index in np.flatnonzero(~sound)]


def _uncancelled(edges: Edges, community: Geometry, tolerance: float) -> tuple[Integers, Integers]:
    """Return the edges that neither cancel nor lie on the community's edge, and those that lie on it."""
    name = edges.name
    _, position, times = np.unique(name, return_inverse=True, return_counts=True)
    repeated = times[position] > 1
    free = twins(edges) < 0
    edge = shapely.boundary(community)
    shapely.prepare(edge)
    on_edge = free & ~repeated
    for points in (edges.start, edges.end, (edges.start + edges.end) / 2.0):
        left = np.flatnonzero(on_edge)
        on_edge[left] = shapely.dwithin(edge, shapely.points(points[left]), tolerance)
    return np.flatnonzero((free & ~on_edge) | repeated), np.flatnonzero(on_edge)


def _missing_vertices(edges: Edges, outline: Integers, community: Geometry, tolerance: float) -> Geometries:
    """Return the community's vertices at which no polygon's outline has one."""
    vertices = np.asarray(shapely.points(np.unique(shapely.get_coordinates(community), axis=0)), dtype=object)
    have = shapely.STRtree(shapely.points(edges.start[outline]))
    met = have.query(vertices, predicate="dwithin", distance=tolerance)[0]
    lonely: Geometries = np.delete(vertices, np.unique(met))
    return lonely


def _covered_once(shapes: Geometries, community: Geometry) -> bool:
    """Return whether the ground of each part of the community is covered once, and that of each hole not at all.

    The probes are points inside the polygons themselves: in a tiling none of them lies on another's border.
    """
    parts = shapely.get_parts(community)
    probes = shapely.point_on_surface(shapes)
    bare = np.setdiff1d(np.arange(len(parts)), shapely.STRtree(parts).query(probes, predicate="intersects")[1])
    probes = np.concatenate([probes, shapely.point_on_surface(parts[bare])])
    # A hole may hold another part of the community; only the ground between them is outside.
    holes = np.array([shapely.Polygon(hole) for part in parts for hole in part.interiors], dtype=object)
    beside = shapely.point_on_surface(polygon_parts(shapely.difference(holes, community))[0])
    tree = shapely.STRtree(shapes)
    times = np.bincount(tree.query(probes, predicate="intersects")[0], minlength=len(probes))
    return bool((times == 1).all()) and not tree.query(beside, predicate="intersects").size


def _explained(
    shapes: Geometries, community: Geometry, tolerance: float, edges: Edges, loose: Integers, lonely: Geometries
) -> list[PartitionFault]:
    """Return what is wrong where edges did not cancel, by overlay, and the edges that overlay does not explain."""
    faults = [
        *_overlaps(shapes, tolerance),
        *_outsides(shapes, community, tolerance),
        *_gaps(shapes, community, tolerance),
    ]
    known = shapely.STRtree(np.array([fault.geometry for fault in faults], dtype=object))
    lines = shapely.linestrings(np.stack([edges.start[loose], edges.end[loose]], axis=1))
    explained = np.unique(known.query(lines, predicate="dwithin", distance=2.0 * tolerance)[0])
    rest = np.delete(np.arange(len(loose)), explained)
    faults += _unmatched(edges, loose[rest], lines[rest])
    known = shapely.STRtree(np.array([fault.geometry for fault in faults], dtype=object))
    tree = shapely.STRtree(shapes)
    for vertex in lonely:
        if not len(known.query(vertex, predicate="dwithin", distance=2.0 * tolerance)):
            faults.append(PartitionFault("unmatched", (int(tree.nearest(vertex)),), vertex))
    if not faults:
        # Thinner than the tolerance everywhere, or doubled exactly: name the polygons whose edges are in excess.
        owners = tuple(int(owner) for owner in np.unique(edges.owner[loose]))
        faults.append(PartitionFault("unmatched", owners, shapely.boundary(community)))
    return faults


def _wide(geometries: Geometries, tolerance: float) -> tuple[Geometries, Integers]:
    """Return the single polygons wider than the tolerance (twice the area by the perimeter), and their sources."""
    parts, source = polygon_parts(geometries)
    wide = 2.0 * shapely.area(parts) > tolerance * shapely.length(parts)
    return parts[wide], source[wide]


def _overlaps(shapes: Geometries, tolerance: float) -> list[PartitionFault]:
    """Return the pairs of polygons that share ground."""
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    a, b = a[a < b], b[a < b]
    parts, pair = _wide(shapely.intersection(shapes[a], shapes[b]), tolerance)
    return [
        PartitionFault("overlap", (int(a[index]), int(b[index])), _gathered(parts[pair == index]))
        for index in np.unique(pair)
    ]


def _outsides(shapes: Geometries, community: Geometry, tolerance: float) -> list[PartitionFault]:
    """Return the polygons that reach out of the community."""
    shapely.prepare(community)
    out = np.flatnonzero(~shapely.covers(community, shapes))
    parts, source = _wide(shapely.difference(shapes[out], community), tolerance)
    return [
        PartitionFault("outside", (int(out[index]),), _gathered(parts[source == index])) for index in np.unique(source)
    ]


def _gaps(shapes: Geometries, community: Geometry, tolerance: float) -> list[PartitionFault]:
    """Return the ground of the community that no polygon covers, with the polygons beside it."""
    parts, _ = _wide(np.array([shapely.difference(community, shapely.union_all(shapes))], dtype=object), tolerance)
    gap, shape = shapely.STRtree(shapes).query(parts, predicate="dwithin", distance=tolerance)
    # Beside it lies what shares more of its edge than a corner.
    along = shapely.intersection(shapely.boundary(parts[gap]), shapely.buffer(shapes[shape], tolerance))
    beside = shapely.length(along) > 10.0 * tolerance
    gap, shape = gap[beside], shape[beside]
    return [
        PartitionFault("gap", tuple(sorted(int(other) for other in shape[gap == index])), part)
        for index, part in enumerate(parts)
    ]


def _unmatched(edges: Edges, loose: Integers, lines: Geometries) -> list[PartitionFault]:
    """Return one fault for each connected run of edges that found no partner."""
    if not len(loose):
        return []
    ends, position = np.unique(np.stack([edges.tail[loose], edges.head[loose]]), return_inverse=True)
    tail, head = position.reshape(2, -1)
    label = components(len(ends), tail, head)[tail]
    return [
        PartitionFault(
            "unmatched",
            tuple(int(owner) for owner in np.unique(edges.owner[loose[label == run]])),
            shapely.union_all(lines[label == run]),
        )
        for run in np.unique(label)
    ]


def _gathered(parts: Geometries) -> Geometry:
    """Return the single part, or all of them as one multipolygon."""
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
