"""The ground of a community as cells with their borders and ties: from the inputs of a draw to the building graph.

Room: plan. In: `CommunityInputs`. Out: cells, borders and the graph over them. Imports the geometry room and
`plan.graph`, `plan.ties`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gisgrid.errors import UsageError
from gisgrid.geometry.adjacency import shared_borders
from gisgrid.geometry.place import Place
from gisgrid.geometry.tessellation import Tessellation, tessellate
from gisgrid.model import (
    DEDICATED_SITE_KINDS,
    HARD_BARRIERS,
    BarrierKind,
    Building,
    Cell,
    CellBorder,
    CommunityInputs,
    DrawSettings,
    Site,
)
from gisgrid.plan.graph import Borders, Graph, Integers, Units, canonical
from gisgrid.plan.ties import declared_ties, estate_ties, together

Geometries = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Ground:
    """A community's cells and borders, and the graph of them: unit i of the graph is cell `order[i]`."""

    place: Place
    cells: tuple[Cell, ...]
    borders: tuple[CellBorder, ...]
    graph: Graph
    order: Integers


def ground_of(inputs: CommunityInputs, settings: DrawSettings) -> Ground:
    """Return the ground of a community: the same whatever the order of its rows.

    Parameters
    ----------
    inputs
        With the community's polygon.
    settings
        For the least area of dedicated ground.

    Raises
    ------
    UsageError
        The community has no polygon.
    """
    if inputs.community.geometry is None:
        raise UsageError(f"Community {inputs.community.code} has no polygon; import its boundary first.")
    place = Place.of(inputs.community.geometry)
    buildings = sorted(inputs.buildings, key=lambda building: building.code)
    sites = _dedicated_ground(inputs, place, settings)
    lines = _Lines.of(inputs, place)
    tessellation = tessellate(
        place.community_m,
        place.to_metres([building.geometry for building in buildings]),
        lines_m=np.concatenate([lines.barriers, lines.streets]),
        areas_m=place.to_metres([site.geometry for site in sites]),
        obstacles_m=obstacles_of(inputs, place),
    )
    cells = _cells(tessellation, buildings, sites, place)
    return _ground(inputs, cells, tessellation.cells, lines, place)


def ground_on(inputs: CommunityInputs, cells: Sequence[Cell]) -> Ground:
    """Return the ground of a community on cells that were cut before, with the households and barriers of today.

    Parameters
    ----------
    inputs
        The community as it is.
    cells
        They tile it, and the buildings of today stand on them.
    """
    place = Place.of(inputs.community.geometry)
    households = {building.code: building.households for building in inputs.buildings}
    today = tuple(
        dataclasses.replace(cell, households=sum(households[code] for code in cell.buildings)) for cell in cells
    )
    cells_m = place.to_metres([cell.geometry for cell in cells])
    return _ground(inputs, today, cells_m, _Lines.of(inputs, place), place)


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a community in metres, each kind in an order of its own."""

    barriers: Geometries
    streets: Geometries
    crossings: Geometries

    @classmethod
    def of(cls, inputs: CommunityInputs, place: Place) -> _Lines:
        streets, crossings = (_lines(inputs, frozenset({kind}), place) for kind in ("street", "crossing"))
        return cls(_lines(inputs, HARD_BARRIERS, place), streets, crossings)


def _ground(
    inputs: CommunityInputs, cells: tuple[Cell, ...], cells_m: Geometries, lines: _Lines, place: Place
) -> Ground:
    """Return cells, in degrees and in metres, with their borders and the graph over them."""
    borders = _borders(cells_m, lines)
    graph, order = graph_of(inputs, cells, borders, place)
    return Ground(place, cells, cell_borders(borders), graph, order)


def borders_of(inputs: CommunityInputs, cells_m: Geometries, place: Place) -> Borders:
    """Return the borders that cells share, in metres, with what barriers close of them and what streets follow."""
    return _borders(cells_m, _Lines.of(inputs, place))


def _borders(cells_m: Geometries, lines: _Lines) -> Borders:
    """Return the borders that cells share, with these lines."""
    shared = shared_borders(cells_m, barriers_m=lines.barriers, streets_m=lines.streets, crossings_m=lines.crossings)
    return Borders.of(shared.a, shared.b, shared.length_m, shared.barrier_m, shared.street_m)


def obstacles_of(inputs: CommunityInputs, place: Place) -> Geometries:
    """Return the parts of the neighbours' buildings that reach into a community, in metres."""
    return _in_order(place.to_metres(inputs.foreign_footprints))


def cell_borders(borders: Borders) -> tuple[CellBorder, ...]:
    """Return borders as the model's nouns, lengths rounded to the millimetre."""
    lengths = [np.round(values, 3).tolist() for values in (borders.length_m, borders.barrier_m, borders.street_m)]
    return tuple(CellBorder(*row) for row in zip(borders.a.tolist(), borders.b.tolist(), *lengths, strict=True))


def _lines(inputs: CommunityInputs, kinds: Set[BarrierKind], place: Place) -> Geometries:
    """Return the barriers of these kinds in metres, in an order of their own."""
    return _in_order(place.to_metres([barrier.geometry for barrier in inputs.barriers if barrier.kind in kinds]))


def _in_order(geometries: Geometries) -> Geometries:
    """Return geometries normalised and sorted by their coordinates: the order of rows does not show."""
    normal = np.asarray(shapely.normalize(geometries), dtype=object)
    return normal[np.argsort(shapely.to_wkb(normal), kind="stable")]


def _dedicated_ground(inputs: CommunityInputs, place: Place, settings: DrawSettings) -> list[Site]:
    """Return the sites whose ground in the community is large enough for a dedicated grid, in order of code."""
    sites = sorted(
        (
            site
            for site in inputs.sites
            if site.kind in DEDICATED_SITE_KINDS and site.geometry.geom_type in {"Polygon", "MultiPolygon"}
        ),
        key=lambda site: site.code,
    )
    inside = shapely.intersection(place.to_metres([site.geometry for site in sites]), place.community_m)
    areas = shapely.area(inside)
    return [site for site, area in zip(sites, areas, strict=True) if area >= settings.dedicated_area_m2]


def _cells(tessellation: Tessellation, buildings: list[Building], sites: list[Site], place: Place) -> tuple[Cell, ...]:
    """Return the cells as the model's nouns, in degrees."""
    on_cell: list[list[Building]] = [[] for _ in tessellation.cells]
    for building, cell in zip(buildings, tessellation.cell_of_footprint.tolist(), strict=True):
        if cell >= 0:
            on_cell[cell].append(building)
    degrees = place.to_degrees(tessellation.cells)
    areas = shapely.area(tessellation.cells)
    return tuple(
        Cell(
            number,
            tuple(building.code for building in standing),
            sum(building.households for building in standing),
            degrees[number],
            round(float(areas[number]), 2),
            sites[ground].code if ground >= 0 else None,
        )
        for number, (standing, ground) in enumerate(zip(on_cell, tessellation.area_of_cell.tolist(), strict=True))
    )


def graph_of(inputs: CommunityInputs, cells: Sequence[Cell], borders: Borders, place: Place) -> tuple[Graph, Integers]:
    """Return the building graph of cells in canonical order, and the cell of each of its units.

    Parameters
    ----------
    inputs
        The community, for estates and declared ties.
    cells
        Numbered from 0.
    borders
        Of the cells.
    place
        The community's way to metres.
    """
    cells_m = place.to_metres([cell.geometry for cell in cells])
    points = shapely.get_coordinates(shapely.point_on_surface(cells_m))
    points = np.round(points - np.floor(points.min(axis=0)), 3)
    cell_of = {code: cell.number for cell in cells for code in cell.buildings}
    grounds = sorted({cell.dedicated for cell in cells if cell.dedicated is not None})
    units = Units.of(
        [min(cell.buildings, default="") for cell in cells],
        [cell.households for cell in cells],
        [cell.area_m2 for cell in cells],
        points,
        perimeter_m=np.round(shapely.length(cells_m), 3),
        estate=_main_estates(inputs, cell_of, len(cells)),
        dedicated=[grounds.index(cell.dedicated) if cell.dedicated is not None else -1 for cell in cells],
    )
    near = estate_ties(units.estate, units.x, units.y, units.households)
    return canonical(units, borders, together(near, declared_ties(inputs.ties, cell_of)))


def _main_estates(inputs: CommunityInputs, cell_of: Mapping[str, int], count: int) -> Integers:
    """Return the number of the estate with most households on each cell, -1 where there is none."""
    names = sorted({building.estate for building in inputs.buildings if building.estate is not None})
    number = {name: i for i, name in enumerate(names, start=1)}
    shares = np.zeros((count, len(names) + 1))
    for building in inputs.buildings:
        if building.estate is not None and building.code in cell_of:
            # One household more than counted: an empty building of an estate counts for it too.
            shares[cell_of[building.code], number[building.estate]] += building.households + 1
    return np.asarray(shares.argmax(axis=1) - 1, dtype=np.int64)
