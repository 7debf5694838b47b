"""A plan as arrays alone: what a change of some buildings does to it, in about a millisecond.

Room: plan. In: a `Sheet`, once for each revision of a plan. Out: a `PlanBoard`, whose grids are labels of units, and
the `Effect` of other labels. Imports numpy, `plan.objective`, `plan.zones`, `plan.sheet`; no geometry once it is
built, so that it is small enough to be kept in memory.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from gisgrid.errors import Conflict
from gisgrid.geometry.adjacency import components
from gisgrid.model import Band, Building, DrawSettings
from gisgrid.plan.effect import CostShares, Counts, Effect, GridChange, GridFigures, share, sums
from gisgrid.plan.graph import Flags, Floats, Graph, Integers
from gisgrid.plan.objective import STEP, Network, Rules, network_of, parting_costs, stepped
from gisgrid.plan.sheet import Sheet
from gisgrid.plan.zones import regions_of

NO_HOME: Final = -1
ENDED: Final = -2
"""Instead of the position of the grid in force: none, or one that no grid of the plan continues."""


@dataclass(frozen=True)
class PlanBoard:
    """A plan as labels of the units of its building graph.

    Attributes
    ----------
    keys, names
        The key of each grid, and what findings call it.
    residential, locked_grids
        For each grid, whether the band holds for it, and whether it must stay as it is.
    labels
        The grid of each unit by position, -1 for none. Positions from `len(keys)` on are grids still to begin.
    locked
        Units that must stay in their grid.
    home, stay
        The grid that continues the grid in force of each unit, and the cost of moving it elsewhere; 0 where the draw
        does not keep to the current grids.
    graph
        In canonical order, with the households of today.
    passable
        For each border, whether a grid may reach over it: as in a draw, and where a grid of the plan does.
    network
        All units at once, for costs and lists of neighbours.
    cells, titles, standing
        Cell, largest building's name (or code) and number of buildings of each unit.
    unit_of_building
        The unit of each building on the plan's cells.
    residents
        Estate and unit of each building with households that belongs to an estate: columns of an array.
    estates
        Code and name of each estate.
    """

    keys: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    residential: Flags
    locked_grids: Flags
    labels: Integers
    locked: Flags
    home: Integers
    stay: Floats
    graph: Graph
    passable: Flags
    network: Network
    settings: DrawSettings
    cells: Integers
    titles: tuple[str, ...]
    standing: Integers
    unit_of_building: dict[str, int]
    residents: Integers
    estates: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, sheet: Sheet) -> PlanBoard:
        """Return the board of a plan.

        Raises
        ------
        Conflict
            The plan has no cells.
        """
        if not sheet.has_cells:
            raise Conflict("This plan has no cells to move; repair it first, which lays it on cells.")
        drawn, order = sheet.graph
        today = dataclasses.replace(drawn.units, households=sheet.cell_households[order])
        graph = dataclasses.replace(drawn, units=today)
        settings, borders = sheet.settings, graph.borders
        labels = sheet.grid_of_cell[order]
        own = borders.touching & (labels[borders.a] == labels[borders.b]) & (labels[borders.a] >= 0)
        passable = regions_of(graph, settings).passable | own
        parting = parting_costs(graph, passable, settings.weights)
        everywhere = np.arange(len(graph))
        network = network_of(graph, everywhere, passable, parting, weights=settings.weights, band=settings.band)
        cells = [sheet.cells[number] for number in order.tolist()]
        home = _homes(sheet, [cell.buildings for cell in cells])
        locked_grids = np.array([grid.key in sheet.locks.grids for grid in sheet.grids], dtype=np.bool_)
        locked = np.array([not set(sheet.locks.buildings).isdisjoint(cell.buildings) for cell in cells])
        unit_of_building = {code: unit for unit, cell in enumerate(cells) for code in cell.buildings}
        estates, residents = _residents(sheet, unit_of_building)
        return cls(
            keys=tuple(grid.key for grid in sheet.grids),
            names=tuple(sheet.names(position) for position in range(len(sheet.grids))),
            residential=np.array([grid.kind == "residential" for grid in sheet.grids], dtype=np.bool_),
            locked_grids=locked_grids,
            labels=labels,
            locked=locked | np.append(locked_grids, False)[labels],
            home=home,
            stay=_costs_of_moving(settings, home, network.households),
            graph=graph,
            passable=passable,
            network=network,
            settings=settings,
            cells=order,
            titles=tuple(_title(sheet, cell.buildings) for cell in cells),
            standing=np.array([len(cell.buildings) for cell in cells], dtype=np.int64),
            unit_of_building=unit_of_building,
            residents=residents,
            estates=estates,
        )

    @property
    def band(self) -> Band:
        """The household band of residential grids."""
        return self.settings.band

    @cached_property
    def rules(self) -> Rules:
        """The band and its pull, as a draw weighs them."""
        return Rules.of(self.settings.band, self.settings.weights)

    @cached_property
    def counts(self) -> Counts:
        """The books of the plan as it is."""
        return self.count(self.labels)

    @cached_property
    def estates_split(self) -> Flags:
        """For each estate, whether it lies in several grids of the plan as it is."""
        return self.split_estates(self.labels)

    @cached_property
    def estate_of_code(self) -> dict[str, int]:
        """The position of each estate."""
        return {code: estate for estate, (code, _) in enumerate(self.estates)}

    def key_of(self, label: int) -> str:
        """Return the key of a grid, also of one still to begin: the numbers after the plan's greatest."""
        if label < len(self.keys):
            return self.keys[label]
        greatest = max((int(key) for key in self.keys if key.isdecimal()), default=0)
        return str(greatest + 1 + label - len(self.keys))

    def is_residential(self, count: int) -> Flags:
        """Return for each of `count` grids whether the band holds for it; grids that begin are residential."""
        return np.concatenate([self.residential, np.ones(max(count - len(self.keys), 0), dtype=np.bool_)])

    def count(self, labels: Integers) -> Counts:
        """Return the books of labels."""
        size = max(len(self.keys), int(labels.max(initial=-1)) + 1)
        borders, ties, units = self.graph.borders, self.graph.ties, self.graph.units
        inside = labels >= 0
        grids = labels[inside]
        one, two = labels[borders.a], labels[borders.b]
        same = one == two
        sides = np.concatenate([one[~same], two[~same]])
        lines = np.minimum(borders.barrier_m + borders.street_m, borders.length_m)
        together = labels[ties.a] == labels[ties.b]
        ends = np.concatenate([labels[ties.a[~together]], labels[ties.b[~together]]])
        kept = sums(size, labels[ties.a[together]], ties.weight[together])
        return Counts(
            np.bincount(grids, weights=units.households[inside], minlength=size).astype(np.int64),
            np.bincount(grids, minlength=size).astype(np.int64),
            np.bincount(grids, weights=self.standing[inside], minlength=size).astype(np.int64),
            self._pieces(labels, same & borders.touching, size),
            self._pieces(labels, same & borders.adjacent, size),
            kept,
            kept + sums(size, ends, np.tile(ties.weight[~together], 2)),
            sums(size, sides, np.tile(lines[~same], 2)),
            sums(size, sides, np.tile(borders.length_m[~same], 2)),
        )

    def _pieces(self, labels: Integers, joined: Flags, size: int) -> Integers:
        """Return into how many pieces each grid falls where these borders join."""
        borders = self.graph.borders
        piece = components(len(labels), borders.a[joined], borders.b[joined])
        of_piece = labels[np.unique(piece, return_index=True)[1]]
        return np.bincount(of_piece[of_piece >= 0], minlength=size).astype(np.int64)

    def cost(self, labels: Integers, pull: float | None = None) -> float:
        """Return what a draw minimises, for the whole plan; `pull` replaces the draw's pull to the target."""
        return sum(self.cost_shares(labels, pull))

    def cost_shares(self, labels: Integers, pull: float | None = None) -> CostShares:
        """Return the same by what it is made of.

        Parameters
        ----------
        labels
            The grid of each unit.
        pull
            Cost of each household that a residential grid is off the target; by default as in a draw.
        """
        network = self.network
        parted = labels[self._link_tails] != labels[network.links]
        size = max(len(self.keys), int(labels.max(initial=-1)) + 1)
        inside = labels >= 0
        loads = np.bincount(labels[inside], weights=network.households[inside], minlength=size)
        counted = self.is_residential(size) & (np.bincount(labels[inside], minlength=size) > 0)
        off_target = float(np.abs(loads - self.rules.target)[counted].sum())
        whole = np.flatnonzero(network.estate >= 0)
        held = np.unique(network.estate[whole] * (size + 1) + labels[whole] + 1) // (size + 1)
        return CostShares(
            cut=float(network.costs[parted].sum() / 2.0),
            balance=(self.rules.pull if pull is None else stepped(pull)) * off_target,
            homes=float(self.stay[(self.home != NO_HOME) & (self.home != labels)].sum()),
            estates=float(network.estate_costs[held].sum() - network.estate_costs.sum()),
        )

    @cached_property
    def _present_score(self) -> tuple[int, float]:
        """Households out of band and cost of the plan as it is."""
        return self.off_band(self.labels), self.cost(self.labels)

    @cached_property
    def _link_tails(self) -> Integers:
        """The unit at the near end of each link."""
        return np.repeat(np.arange(len(self.labels)), np.diff(self.network.first_link))

    def off_band(self, labels: Integers) -> int:
        """Return by how many households the residential grids lie outside the band, in sum."""
        inside = labels >= 0
        size = max(len(self.keys), int(labels.max(initial=-1)) + 1)
        loads = np.bincount(labels[inside], weights=self.network.households[inside], minlength=size).astype(np.int64)
        held = np.bincount(labels[inside], minlength=size) > 0
        off = np.maximum(np.maximum(self.band.minimum - loads, loads - self.band.maximum), 0)
        return int(off[self.is_residential(size) & held].sum())

    def split_estates(self, labels: Integers) -> Flags:
        """Return for each estate whether its buildings with households lie in several grids."""
        estate, grid = self.residents[:, 0], labels[self.residents[:, 1]]
        placed = grid >= 0
        size = int(labels.max(initial=-1)) + 1
        held = np.unique(estate[placed] * max(size, 1) + grid[placed]) // max(size, 1)
        return np.bincount(held, minlength=len(self.estates)) > 1

    def effect(self, labels: Integers) -> Effect:
        """Return what other labels make of the plan."""
        before, after = self.counts, self.count(labels)
        moved = labels != self.labels
        touched = np.unique(np.concatenate([self.labels[moved], labels[moved]]))
        split = self.split_estates(labels)
        changes = [
            GridChange(self.key_of(grid), self.figures(before, grid), self.figures(after, grid))
            for grid in touched[touched >= 0].tolist()
        ]
        weight = float(self.graph.ties.weight.sum())
        kept, length = float(after.kept.sum()), float(after.outer_m.sum())
        return Effect(
            grids=tuple(sorted(changes, key=lambda change: (len(change.key), change.key))),
            households_moved=int(self.network.households[moved].sum()),
            off_band_change=self.off_band(labels) - self._present_score[0],
            ties_kept=share(kept, weight),
            ties_change=kept - float(before.kept.sum()),
            estates_split=int(split.sum()),
            estates_cut=self._codes(split & ~self.estates_split),
            estates_joined=self._codes(~split & self.estates_split),
            line_share=share(float(after.along_m.sum()), length),
            cost_change=self.cost(labels) - self._present_score[1],
        )

    def _codes(self, chosen: Flags) -> tuple[str, ...]:
        """Return the codes of the chosen estates."""
        return tuple(self.estates[estate][0] for estate in np.flatnonzero(chosen).tolist())

    def figures(self, counts: Counts, grid: int) -> GridFigures | None:
        """Return the figures of a grid in these books, None where it has no ground."""
        if grid >= len(counts.units) or counts.units[grid] == 0:
            return None
        households = int(counts.households[grid])
        residential = grid >= len(self.keys) or bool(self.residential[grid])
        return GridFigures(
            households=households,
            buildings=int(counts.buildings[grid]),
            in_band=not residential or self.band.minimum <= households <= self.band.maximum,
            pieces=int(counts.pieces[grid]),
            pieces_on_foot=int(counts.pieces_on_foot[grid]),
            ties_kept=share(float(counts.kept[grid]), float(counts.tied[grid])),
            line_share=share(float(counts.along_m[grid]), float(counts.outer_m[grid])),
        )


def _homes(sheet: Sheet, standing: Sequence[tuple[str, ...]]) -> Integers:
    """Return the grid of the plan that continues the grid in force of each unit's largest building."""
    current = sheet.inputs.current
    home = np.full(len(standing), NO_HOME, dtype=np.int64)
    if current is None:
        return home
    heir = {grid.code: position for position, grid in enumerate(sheet.grids) if grid.code is not None}
    in_force = {building: grid.code or "" for grid in current.grids for building in grid.buildings}
    for unit, codes in enumerate(standing):
        known = [sheet.buildings[code] for code in codes if code in sheet.buildings and code in in_force]
        if known:
            home[unit] = heir.get(in_force[_largest(known).code], ENDED)
    return home


def _costs_of_moving(settings: DrawSettings, home: Integers, households: Integers) -> Floats:
    """Return what it costs each unit to leave its grid in force: nothing unless the draw keeps to the current grids."""
    weight = settings.weights.move if settings.keep_current else 0.0
    return np.where(home == NO_HOME, 0.0, np.round(weight * households * STEP) / STEP)


def _largest(buildings: Sequence[Building]) -> Building:
    """Return the building with most households, the smallest code of several."""
    return min(buildings, key=lambda building: (-building.households, building.code))


def _title(sheet: Sheet, codes: Sequence[str]) -> str:
    """Return what people call a unit: the name of its largest building, else its code; "" for empty ground."""
    known = [sheet.buildings[code] for code in codes if code in sheet.buildings]
    if not known:
        return min(codes, default="")
    largest = _largest(known)
    return largest.name or largest.code


def _residents(sheet: Sheet, unit_of_building: dict[str, int]) -> tuple[tuple[tuple[str, str], ...], Integers]:
    """Return the estates by code and name, and (estate, unit) of each building with households that has one."""
    lived_in = [
        (building.estate, unit_of_building[building.code])
        for building in sheet.inputs.buildings
        if building.estate is not None and building.households > 0 and building.code in unit_of_building
    ]
    names = {estate.code: estate.name for estate in sheet.inputs.estates}
    codes = sorted({estate for estate, _ in lived_in})
    number = {code: position for position, code in enumerate(codes)}
    pairs = sorted((number[estate], unit) for estate, unit in lived_in)
    return (
        tuple((code, names.get(code) or code) for code in codes),
        np.array(pairs, dtype=np.int64).reshape(-1, 2),
    )
