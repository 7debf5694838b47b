"""Zones: the ground that is planned together, and what stands aside from it.

Room: plan. In: a building graph and the settings. Out: regions (zones to be divided, towers, dedicated ground) and
over which borders grids may reach. Imports numpy, scipy and `plan.graph`, `plan.counts`, `plan.objective`.

A zone is a connected component of adjacency. Dedicated ground of some size, buildings above the band, natural villages
where each is to be a grid, and locked grids are taken out first. A zone that no number of grids fits is joined to a
neighbour if that helps: over a narrow neck at any time, over its cheapest barrier where the settings allow it, so that
median strips and ramps never become grids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from gisgrid.geometry.adjacency import components
from gisgrid.model import Band, DrawSettings
from gisgrid.plan.counts import least_off
from gisgrid.plan.graph import ADJACENT_M, Flags, Graph, Integers
from gisgrid.plan.objective import Present

RegionKind = Literal["zone", "tower", "dedicated", "locked", "village"]


@dataclass(frozen=True, slots=True)
class Region:
    """Units that are planned together: a `zone` is divided, every other kind of region is one grid."""

    kind: RegionKind
    units: Integers


@dataclass(frozen=True, slots=True)
class Regions:
    """The regions of a community, in order of their first unit, and the borders grids may reach over.

    Attributes
    ----------
    regions
        Every unit is in exactly one.
    passable
        For each border of the graph, whether a grid may reach over it.
    opened
        The passable ones that lie on a barrier.
    """

    regions: tuple[Region, ...]
    passable: Flags
    opened: Flags


@dataclass(frozen=True, slots=True, order=True)
class _Way:
    """A way to join two regions, the cheapest first: by class, fit, share of barrier, length, position."""

    rank: int
    misfit: int
    barrier_share: float
    minus_length_m: float
    other: int
    barred: bool


def regions_of(graph: Graph, settings: DrawSettings, present: Present | None = None) -> Regions:
    """Return the regions of a community.

    Parameters
    ----------
    graph
        In canonical order.
    settings
        Band, least area of dedicated ground, villages, and whether a zone may be joined over a barrier.
    present
        The grids in force, for those that are locked.
    """
    aside = _Aside(graph, settings)
    aside.take(present or Present.none(len(graph)))
    borders, group = graph.borders, aside.group
    same = group[borders.a] == group[borders.b]
    linked = same & np.where(group[borders.a] >= 0, borders.length_m >= ADJACENT_M, borders.adjacent)
    labels = components(len(graph), borders.a[linked], borders.b[linked])
    kinds = [aside.kind_of(int(group[np.flatnonzero(labels == label)[0]])) for label in range(_count(labels))]
    joining = _Joining(graph, settings, labels, kinds)
    joining.run()
    return joining.result()


def _count(labels: Integers) -> int:
    """Return how many labels there are."""
    return int(labels.max()) + 1 if len(labels) else 0


class _Aside:
    """What is not divided: a group for each unit, -1 for ground to be divided, and the kind of each group."""

    def __init__(self, graph: Graph, settings: DrawSettings) -> None:
        self.graph = graph
        self.settings = settings
        self.group = np.full(len(graph), -1, dtype=np.int64)
        self.kinds: list[RegionKind] = []

    def kind_of(self, group: int) -> RegionKind:
        """Return the kind of region of a group."""
        return "zone" if group < 0 else self.kinds[group]

    def take(self, present: Present) -> None:
        """Set aside dedicated ground, towers, villages and locked grids; a lock outweighs all others."""
        for members in self._dedicated():
            self._set(members, "dedicated")
        towers = (self.group == -1) & (self.graph.units.households > self.settings.band.maximum)
        for tower in np.flatnonzero(towers).tolist():
            self._set(np.array([tower]), "tower")
        if self.settings.villages:
            for members in self._villages():
                self._set(members, "village")
        for grid in present.locked_grids:
            self._set(self._one_piece(np.flatnonzero(present.grid == grid)), "locked")

    def _set(self, members: Integers, kind: RegionKind) -> None:
        if len(members):
            self.group[members] = len(self.kinds)
            self.kinds.append(kind)

    def _dedicated(self) -> list[Integers]:
        """Return the dedicated grounds: a connected part counts where it has the least area.

        Elsewhere it belongs to the grid around.
        """
        units, borders = self.graph.units, self.graph.borders
        dedicated = units.dedicated
        same = (dedicated[borders.a] >= 0) & (dedicated[borders.a] == dedicated[borders.b])
        same &= borders.length_m >= ADJACENT_M
        parts = components(len(self.graph), borders.a[same], borders.b[same])
        area = np.bincount(parts, weights=units.area_m2) if len(self.graph) else np.empty(0)
        large = (dedicated >= 0) & (area[parts] >= self.settings.dedicated_area_m2)
        return [np.flatnonzero(large & (dedicated == ground)) for ground in np.unique(dedicated[large])]

    def _villages(self) -> list[Integers]:
        """Return the natural villages: each estate with the ground that is nearest to it on foot."""
        units, borders = self.graph.units, self.graph.borders
        free = self.group == -1
        sources = np.flatnonzero(free & (units.estate >= 0))
        if not len(sources):
            return []
        walk = borders.adjacent & free[borders.a] & free[borders.b]
        a, b = borders.a[walk], borders.b[walk]
        metres = np.maximum(np.hypot(units.x[a] - units.x[b], units.y[a] - units.y[b]), 0.01)
        ways = coo_matrix((metres, (a, b)), shape=(len(self.graph), len(self.graph)))
        _, _, nearest = dijkstra(ways, directed=False, indices=sources, return_predecessors=True, min_only=True)
        reached = free & (nearest >= 0)
        village = np.full(len(self.graph), -1, dtype=np.int64)
        village[reached] = units.estate[nearest[reached]]
        return [np.flatnonzero(village == estate) for estate in np.unique(village[reached])]

    def _one_piece(self, members: Integers) -> Integers:
        """Return the connected piece of a locked grid that holds most households; the rest is divided anew."""
        borders = self.graph.borders
        inside = np.zeros(len(self.graph), dtype=np.bool_)
        inside[members] = True
        same = inside[borders.a] & inside[borders.b] & (borders.length_m >= ADJACENT_M)
        pieces = components(len(self.graph), borders.a[same], borders.b[same])[members]
        if not len(members):
            return members
        weight = np.bincount(pieces, weights=self.graph.units.households[members] + 1e-6)
        heaviest: Integers = members[pieces == int(weight.argmax())]
        return heaviest


class _Joining:
    """Joins regions that no number of grids fits to their neighbours, the smallest first."""

    def __init__(self, graph: Graph, settings: DrawSettings, labels: Integers, kinds: list[RegionKind]) -> None:
        self.graph = graph
        self.settings = settings
        self.labels = labels
        self.kinds = kinds
        self.passable = graph.borders.adjacent.copy()
        self.stuck: set[int] = set()

    def run(self) -> None:
        """Join until nothing that is left can be helped."""
        while (needy := self._neediest()) is not None:
            way = self._best_way(needy)
            if way is None:
                self.stuck.add(needy)
            else:
                self._join(needy, way)
                self.stuck.clear()

    def result(self) -> Regions:
        """Return the regions as they are now."""
        regions = []
        for label, kind in enumerate(self.kinds):
            units = np.flatnonzero(self.labels == label)
            if len(units):
                regions.append(Region(kind, units))
        regions.sort(key=lambda region: int(region.units[0]))
        barred = self.passable & ~self.graph.borders.adjacent & (self.graph.borders.barrier_m > 0.0)
        return Regions(tuple(regions), self.passable, barred)

    def _households(self, label: int) -> int:
        return int(self.graph.units.households[self.labels == label].sum())

    def _neediest(self) -> int | None:
        """Return the zone with fewest households of those that no number of grids fits, or None."""
        loads = np.bincount(self.labels, weights=self.graph.units.households, minlength=len(self.kinds))
        needy = [
            (int(loads[label]), label)
            for label in np.unique(self.labels).tolist()
            if self.kinds[label] == "zone"
            and label not in self.stuck
            and least_off(int(loads[label]), self.settings.band)[1] > 0
        ]
        return min(needy)[1] if needy else None

    def _best_way(self, needy: int) -> _Way | None:
        """Return the cheapest way to join a region to a neighbour that helps, or None."""
        borders = self.graph.borders
        a, b = self.labels[borders.a], self.labels[borders.b]
        touching = borders.touching & ((a == needy) != (b == needy))
        others = np.where(a == needy, b, a)
        ways = []
        for other in np.unique(others[touching]).tolist():
            shared = touching & (others == other)
            way = self._way(needy, other, shared)
            if way is not None:
                ways.append(way)
        return min(ways, default=None)

    def _way(self, needy: int, other: int, shared: Flags) -> _Way | None:
        """Return how the two could be joined, or None if that is not allowed or does not help."""
        borders = self.graph.borders
        length = float(borders.length_m[shared].sum())
        barrier = float(borders.barrier_m[shared].sum())
        free = bool(np.any(borders.length_m[shared] - borders.barrier_m[shared] > 0.0))
        if not free and not self.settings.cross_barriers:
            return None
        households = self._households(needy)
        if self.kinds[other] == "locked" or (self.kinds[other] == "dedicated" and households > 0):
            return None
        rank = self._rank(other, empty=households == 0, free=free)
        misfit = 0
        if self.kinds[other] == "zone":
            before = _off(households, self.settings.band) + _off(self._households(other), self.settings.band)
            misfit = _off(households + self._households(other), self.settings.band)
            if misfit >= before:
                return None
        elif households >= self.settings.band.minimum:
            return None
        return _Way(rank, int(misfit > 0), barrier / length, -length, other, not free)

    def _rank(self, other: int, *, empty: bool, free: bool) -> int:
        """Return the class of a way: 0 the most natural.

        Houses that a tower cuts off join another zone over a barrier before they make the tower's grid larger still;
        empty ground joins whatever it lies open to.
        """
        kind = self.kinds[other]
        if empty:
            return {"zone": 0, "tower": 1, "village": 1, "dedicated": 2, "locked": 2}[kind] + (0 if free else 3)
        if kind == "zone":
            return 0 if free else 1
        return 2 if free else 3

    def _join(self, needy: int, way: _Way) -> None:
        """Give the needy region's units to the other and open the borders between them."""
        borders = self.graph.borders
        a, b = self.labels[borders.a], self.labels[borders.b]
        between = ((a == needy) & (b == way.other)) | ((a == way.other) & (b == needy))
        between &= borders.touching
        if not way.barred:
            between &= borders.length_m > borders.barrier_m
        self.passable |= between
        self.labels[self.labels == needy] = way.other


def _off(households: int, band: Band) -> int:
    """Return how many households lie out of band however the ground is divided."""
    return least_off(households, band)[1]
