"""Micro grids 微网格: each residential grid divided once more, by the same engine with another band.

Room: plan. In: a `Sheet`, a band, settings. Out: micro grids. Imports the geometry room and the modules of `plan` that
draw.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from gisgrid.errors import Conflict
from gisgrid.geometry.adjacency import components
from gisgrid.model import Band, DrawSettings, MicroGrid
from gisgrid.plan.drawing import grids_of
from gisgrid.plan.graph import Borders, Graph, Integers, Ties, Units
from gisgrid.plan.numbering import reading_order
from gisgrid.plan.partition import Partition, divide
from gisgrid.plan.sheet import Sheet


def draw_micro_grids(sheet: Sheet, band: Band, settings: DrawSettings) -> tuple[MicroGrid, ...]:
    """Return the micro grids of all residential grids of a plan, in the plan's order and numbered within each grid.

    A building above the band is one micro grid; what it and the barriers leave over is smaller (`plan.check_micro`).
    Households are those of the buildings of today.

    Parameters
    ----------
    sheet
        The plan on its cells.
    band
        How many households a micro grid holds.
    settings
        Seed and weights; same sheet, same settings: same micro grids, bit for bit.

    Raises
    ------
    Conflict
        The plan was drawn by hand and has no cells.
    """
    if not sheet.cells:
        raise Conflict("This plan has no cells to divide; repair it first, which lays it on cells.")
    asked = dataclasses.replace(
        settings,
        band=band,
        keep_current=False,
        grids="target",
        # Hundreds of small zones, many of which no plan fits: searching is enough.
        effort="draft",
        prove=False,
        locked_grids=(),
        locked_buildings=(),
        villages=False,
    )
    drawn = [
        _micro_grids_of(sheet, position, asked)
        for position, grid in enumerate(sheet.grids)
        if grid.kind == "residential" and grid.cells
    ]
    return tuple(each for grid in drawn for each in grid)


def _micro_grids_of(sheet: Sheet, position: int, settings: DrawSettings) -> list[MicroGrid]:
    """Return the micro grids of one grid, numbered in reading order."""
    graph, order = sheet.graph
    units = np.flatnonzero(sheet.grid_of_cell[order] == position)
    numbers = order[units]
    part = _part(graph, units, sheet.cell_households[numbers])
    labels = _towers_alone(part, divide(part, settings), settings.band)
    cells = [sheet.cells[number] for number in numbers.tolist()]
    parts = grids_of(cells, labels, ["residential"] * (int(labels.max()) + 1))
    return [
        MicroGrid(
            grid=sheet.grids[position].key,
            number=number,
            households=int(sheet.cell_households[list(parts[at].cells)].sum()),
            buildings=parts[at].buildings,
            cells=tuple(sorted(parts[at].cells)),
            geometry=parts[at].geometry,
            area_m2=parts[at].area_m2,
        )
        for number, at in enumerate(reading_order(parts), start=1)
    ]


def _towers_alone(graph: Graph, partition: Partition, band: Band) -> Integers:
    """Return labels in which houses that joined a building above the band, cut off by it, are parts of their own.

    Grids avoid such small remainders; a steward who has a whole tower does not want the house behind it too.
    """
    labels, households, borders = partition.labels.copy(), graph.units.households, graph.borders
    for label in range(len(partition.kinds)):
        inside = labels == label
        towers = inside & (households > band.maximum)
        if partition.kinds[label] != "tower" or not towers.any():
            continue
        rest = inside & ~towers
        joined = partition.regions.passable & rest[borders.a] & rest[borders.b]
        pieces = components(len(graph), borders.a[joined], borders.b[joined])
        for piece in np.unique(pieces[rest & (households > 0)]):
            labels[rest & (pieces == piece)] = labels.max() + 1
    return labels


def _part(graph: Graph, units: Integers, households: Integers) -> Graph:
    """Return the graph of some of the units, in ascending order, with these households and no dedicated ground."""
    rank = np.full(len(graph), -1, dtype=np.int64)
    rank[units] = np.arange(len(units))
    borders, ties = graph.borders, graph.ties
    within = (rank[borders.a] >= 0) & (rank[borders.b] >= 0)
    tied = (rank[ties.a] >= 0) & (rank[ties.b] >= 0)
    known = {name: values[units] for name, values in _columns(graph.units).items()}
    nowhere = np.full(len(units), -1, dtype=np.int64)
    return Graph(
        Units(
            tuple(graph.units.codes[unit] for unit in units.tolist()),
            **(known | {"households": households, "dedicated": nowhere}),
        ),
        Borders(
            rank[borders.a[within]],
            rank[borders.b[within]],
            borders.length_m[within],
            borders.barrier_m[within],
            borders.street_m[within],
        ),
        Ties(rank[ties.a[tied]], rank[ties.b[tied]], ties.weight[tied]),
    )


def _columns(units: Units) -> dict[str, Any]:
    """Return everything that is known of units but their codes, as arrays by name."""
    return {field.name: getattr(units, field.name) for field in dataclasses.fields(units) if field.name != "codes"}
