"""Cells: the ground of a community shared out to its buildings.

Room: geometry. In: a community, footprints, lines and areas in metres on the 1 mm lattice. Out: one polygon for each
building and each empty block, which together are exactly the community. Must not import anything of the rooms above.

Lines that cut the ground, footprints that must not be cut and the borders halfway between footprints are noded together
once; the faces between them are handed to cells, and cells are unions of faces. So cells tile the community
by construction, whatever the judgement about a single face.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely import Geometry

from gisgrid.errors import UsageError
from gisgrid.geometry import allotment, linework
from gisgrid.geometry.coverage import dissolve
from gisgrid.geometry.edges import Integers, grouped
from gisgrid.geometry.footprints import Units, units_of
from gisgrid.geometry.linework import Geometries
from gisgrid.geometry.place import to_lattice
from gisgrid.geometry.voronoi import Shares, share_out


@dataclass(frozen=True, slots=True)
class Tessellation:
    """The cells of one community, in metres.

    First those with buildings in order of their first footprint, then the empty ones from west to east.

    Attributes
    ----------
    cells
        (n,) polygons that tile the community; shared borders have the very same vertices.
    cell_of_footprint
        For each footprint the position of its cell; -1 for a footprint that does not reach into the community.
    block
        (n,) the block of each cell, numbered from west to east.
    area_of_cell
        (n,) the position in `areas_m` of the area that the cell belongs to, or -1.
    merged
        Positions of footprints that share a cell, because they overlap or stand between the parts of one building.
    """

    cells: Geometries
    cell_of_footprint: Integers
    block: Integers
    area_of_cell: Integers
    merged: tuple[tuple[int, ...], ...]


def tessellate(
    community_m: Geometry,
    footprints_m: ArrayLike,
    *,
    lines_m: ArrayLike = (),
    areas_m: ArrayLike = (),
    obstacles_m: ArrayLike = (),
) -> Tessellation:
    """Return the cells of a community: one for each building, one for each empty block.

    Blocks are what the lines, the outlines of areas and the community's edge enclose; a building's cell is the
    ground of its block that is nearer to it than to any other building. A footprint is never cut: where a line
    runs through one, the border goes round it. Empty slivers of blocks join a neighbour.

    Parameters
    ----------
    community_m
        Polygon or multipolygon, metres, on the 1 mm lattice (`Place.community_m`).
    footprints_m
        Polygons or multipolygons, metres. They may overlap, touch, cross lines and the community's edge; only what
        lies inside counts. Footprints that overlap by more than 5 cm share a cell.
    lines_m
        Lines that blocks end at: barriers and streets.
    areas_m
        Polygons whose outlines blocks end at: dedicated ground.
    obstacles_m
        Polygons of others' buildings that no border may cut either; they get no cell of their own.

    Returns
    -------
    Tessellation
        The same for the same input, and for input moved by whole metres.

    Raises
    ------
    UsageError
        When the community is not a valid polygon.
    """
    if community_m.geom_type not in {"Polygon", "MultiPolygon"} or community_m.is_empty or not community_m.is_valid:
        raise UsageError("A community needs a valid polygon in metres to be tessellated; repair its boundary first.")
    origin = np.floor(np.array(community_m.bounds[:2]))
    community = _moved([community_m], -origin)[0]
    areas = _moved(areas_m, -origin)
    units = units_of(community, _moved(footprints_m, -origin), _moved(obstacles_m, -origin))
    blocks = linework.blocks(community, _moved(lines_m, -origin), shapely.boundary(areas), units.polygons)
    home = units.home_blocks(blocks)
    shares = _shares(blocks, units, home)
    faces = _faces(community, blocks, units, shares)
    allotted = allotment.allot(faces, blocks, units, home, shares)
    _, cells = dissolve(faces, allotted.cell)
    area = _area_of_block(blocks, areas)
    return Tessellation(
        cells=_moved(shapely.normalize(cells), origin),
        cell_of_footprint=allotted.cell_of_footprint,
        block=allotted.block,
        area_of_cell=area[allotted.block],
        merged=allotted.merged,
    )


def _moved(geometries: ArrayLike, by: np.ndarray) -> Geometries:
    """Return geometries moved by whole metres, vertices on the lattice."""
    source = np.atleast_1d(np.asarray(geometries, dtype=object))
    return np.asarray(shapely.transform(source, lambda xy: to_lattice(xy + by)), dtype=object)


def _shares(blocks: Geometries, units: Units, home: Integers) -> dict[int, Shares]:
    """Return for each block with buildings how its ground is shared out to them."""
    obstacles = shapely.STRtree(units.polygons)
    no_block = np.full(len(units.polygons), -1, dtype=np.int64)  # of obstacles: ground is not shared out to them
    block_of_unit = np.concatenate([home, no_block])[units.cluster]
    return {
        block: share_out(blocks[block], units.polygons[group], units.cluster[group], obstacles)
        for block, group in grouped(block_of_unit)
        if block >= 0
    }


def _faces(community: Geometry, blocks: Geometries, units: Units, shares: dict[int, Shares]) -> Geometries:
    """Return the faces between all lines, noded together once."""
    borders = np.concatenate([np.empty(0, dtype=object), *(share.borders for share in shares.values())])
    lines = np.concatenate([shapely.boundary([community]), shapely.boundary(blocks), borders])
    walls = shapely.boundary(units.polygons)
    return linework.faces_within(linework.node(np.concatenate([lines, walls])), community)


def _area_of_block(blocks: Geometries, areas: Geometries) -> Integers:
    """Return for each block the first area that it lies in, or -1."""
    result = np.full(len(blocks), -1, dtype=np.int64)
    block, area = shapely.STRtree(areas).query(shapely.point_on_surface(blocks), predicate="within")
    for position in np.lexsort((area, block))[::-1]:
        result[block[position]] = area[position]
    return result
