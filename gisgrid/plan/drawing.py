"""The draw of one community: from its inputs to a drawing with grids and findings.

Room: plan. In: `CommunityInputs` and `DrawSettings`. Out: a `Drawing`. A module-level function of plain values, so that
communities can be drawn side by side in worker processes; the plan does not depend on how many there are.
Imports the geometry room and `plan`; no database, no clock.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from gisgrid.geometry.coverage import dissolve
from gisgrid.model import Cell, CommunityInputs, Drawing, DrawSettings, Grid, GridKind
from gisgrid.plan.checks import check_plan
from gisgrid.plan.graph import Integers
from gisgrid.plan.ground import Ground, ground_of
from gisgrid.plan.numbering import continued_codes, reading_order
from gisgrid.plan.partition import divide


def draw_community(inputs: CommunityInputs, settings: DrawSettings) -> Drawing:
    """Return a first plan of a community: cells, grids with keys from 1 in reading order, and the findings.

    Parameters
    ----------
    inputs
        The community with its polygon, buildings, barriers, sites, ties and edition in force. The order of the rows
        does not matter.
    settings
        Band, seed and the exceptions; same inputs, same settings: same drawing, bit for bit.

    Raises
    ------
    UsageError
        The community has no polygon, or an invalid one.
    """
    ground = ground_of(inputs, settings)
    home = _present_grids(inputs, ground) if settings.keep_current else None
    partition = divide(ground.graph, settings, home)
    labels = np.empty(len(ground.cells), dtype=np.int64)
    labels[ground.order] = partition.labels
    kinds: list[GridKind] = ["dedicated" if kind == "dedicated" else "residential" for kind in partition.kinds]
    grids = _keyed(grids_of(ground.cells, labels, kinds), inputs)
    drawing = Drawing(
        community=inputs.community.code,
        settings=settings,
        cells=ground.cells,
        borders=ground.borders,
        grids=grids,
        findings=(),
        base_edition=inputs.current.id if inputs.current is not None else None,
    )
    return dataclasses.replace(drawing, findings=check_plan(drawing, ground.cells, ground.borders, inputs))


def grids_of(cells: Sequence[Cell], labels: Integers, kinds: Sequence[GridKind]) -> list[Grid]:
    """Return the grids that labels 0 to G - 1 make of the cells, keyed by label.

    Their polygons are exact unions: grids that meet share the very same vertices.
    """
    polygons = dissolve([cell.geometry for cell in cells], labels)[1]
    grids = []
    for label, (kind, polygon) in enumerate(zip(kinds, polygons, strict=True)):
        members = [cells[number] for number in np.flatnonzero(labels == label).tolist()]
        grids.append(
            Grid(
                key=str(label),
                kind=kind,
                name=None,
                code=None,
                households=sum(cell.households for cell in members),
                buildings=tuple(sorted(code for cell in members for code in cell.buildings)),
                cells=tuple(cell.number for cell in members),
                geometry=polygon,
                area_m2=round(sum(cell.area_m2 for cell in members), 2),
            )
        )
    return grids


def _keyed(grids: Sequence[Grid], inputs: CommunityInputs) -> tuple[Grid, ...]:
    """Return the grids with keys from 1 in reading order, and the codes and names of those that go on."""
    ordered = [grids[position] for position in reading_order(grids)]
    keyed = [dataclasses.replace(grid, key=str(number)) for number, grid in enumerate(ordered, start=1)]
    if inputs.current is None:
        return tuple(keyed)
    households = {building.code: building.households for building in inputs.buildings}
    codes = continued_codes(keyed, inputs.current.grids, households)
    names = {grid.code: grid.name for grid in inputs.current.grids}
    return tuple(
        dataclasses.replace(grid, code=codes.get(grid.key), name=names.get(codes.get(grid.key))) for grid in keyed
    )


def _present_grids(inputs: CommunityInputs, ground: Ground) -> Integers:
    """Return the grid of the edition in force for each unit of the graph, as a number; -1 where there is none."""
    present = inputs.current.grids if inputs.current is not None else ()
    number = {building: i for i, grid in enumerate(present) for building in grid.buildings}
    households = {building.code: building.households for building in inputs.buildings}
    home = np.full(len(ground.cells), -1, dtype=np.int64)
    for unit, cell in enumerate(ground.order):
        shares: dict[int, float] = {}
        for building in ground.cells[cell].buildings:
            if building in number:
                shares[number[building]] = shares.get(number[building], 0.0) + households[building] + 1e-3
        if shares:
            home[unit] = min(shares, key=lambda grid: (-shares[grid], grid))
    return home
