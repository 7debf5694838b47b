"""The draw of one community: from its inputs to a drawing with grids and findings.

Room: plan. In: `CommunityInputs` and `DrawSettings`. Out: a `Drawing`. A module-level function of plain values, so that
communities can be drawn side by side in worker processes; the plan does not depend on how many there are.
Imports the geometry room and `plan`; no database, no clock.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from gisgrid.errors import UsageError
from gisgrid.geometry.coverage import dissolve
from gisgrid.model import Cell, CommunityInputs, Drawing, DrawSettings, Grid, GridKind, ZoneProof
from gisgrid.plan.checks import check_plan
from gisgrid.plan.graph import Integers
from gisgrid.plan.ground import Ground, ground_of
from gisgrid.plan.numbering import continued_codes, reading_order
from gisgrid.plan.objective import Present
from gisgrid.plan.partition import Partition, Stop, divide
from gisgrid.plan.present import grid_in_force_of
from gisgrid.plan.remedies import Remedy


def draw_community(inputs: CommunityInputs, settings: DrawSettings, stop: Stop | None = None) -> Drawing:
    """Return a first plan of a community: cells, grids with keys from 1 in reading order, and the findings.

    Parameters
    ----------
    inputs
        The community with its polygon, buildings, barriers, sites, ties and edition in force. The order of the rows
        does not matter.
    settings
        Band, weights, seed and the exceptions; same inputs, same settings: same drawing, bit for bit.
    stop
        Is asked now and then whether to end early with the best plan so far.

    Raises
    ------
    UsageError
        The community has no polygon, or an invalid one; a lock names what is not in force.
    """
    ground = ground_of(inputs, settings)
    partition = divide(ground.graph, settings, present_of(inputs, ground, settings), stop=stop)
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
        proofs=proofs_of(partition, ground),
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


def present_of(inputs: CommunityInputs, ground: Ground, settings: DrawSettings) -> Present | None:
    """Return the edition in force on the units of the graph, or None where the draw begins from nothing.

    A building's unit is in its building's grid; empty ground is in the grid that its point lies in.

    Raises
    ------
    UsageError
        A lock names a grid or a building that the edition in force does not have.
    """
    if not (settings.keep_current or settings.locked_grids or settings.locked_buildings):
        return None
    grids = inputs.current.grids if inputs.current is not None else ()
    number = {building: i for i, grid in enumerate(grids) for building in grid.buildings}
    codes = {grid.code: i for i, grid in enumerate(grids)}
    for what, names, known in (
        ("grid", settings.locked_grids, codes),
        ("building", settings.locked_buildings, number),
    ):
        for name in names:
            if name not in known:
                raise UsageError(
                    f"The lock on {what} {name!r} names nothing in force in community {inputs.community.code}; take "
                    "the lock away, or give a code of the edition in force."
                )
    locked = set(settings.locked_buildings)
    units = [ground.cells[cell] for cell in ground.order.tolist()]
    households = {building.code: building.households for building in inputs.buildings}
    return Present(
        grid_in_force_of(units, grids, households, frozenset(settings.locked_grids)),
        np.array([not locked.isdisjoint(cell.buildings) for cell in units], dtype=np.bool_),
        tuple(sorted(codes[code] for code in settings.locked_grids)),
    )


def proofs_of(partition: Partition, ground: Ground) -> tuple[ZoneProof, ...]:
    """Return what is known of each zone that was divided, in words of buildings."""
    standing = [ground.cells[cell].buildings for cell in ground.order.tolist()]
    named = ground.graph.units.codes
    proofs = []
    for region, proof in zip(partition.regions.regions, partition.proofs, strict=True):
        if region.kind != "zone" or proof.kind == "whole":
            continue
        units = region.units.tolist()
        grids: dict[int, list[str]] = {}
        for unit in units:
            grids.setdefault(int(partition.labels[unit]), []).extend(standing[unit])
        freed = proof.remedy or Remedy()
        proofs.append(
            ZoneProof(
                kind=proof.kind,
                grids=tuple(tuple(sorted(codes)) for codes in grids.values()),
                starts=proof.starts,
                culprits=tuple(named[units[unit]] for unit in freed.culprits),
                band=freed.band,
                divide=tuple(named[units[unit]] for unit in freed.divide),
                entrances=freed.entrances,
                tried=freed.tried,
            )
        )
    return tuple(proofs)
