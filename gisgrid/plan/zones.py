"""Zones: the ground that is planned together, and what stands aside from it.

Room: plan. In: a building graph and the settings. Out: regions (zones to be divided, towers, dedicated ground) and
over which borders grids may reach. Imports numpy and `plan.graph`, `plan.counts`.

A zone is a connected component of adjacency. Dedicated ground of some size and buildings above the band are taken out
first. A zone that no number of grids fits is joined to a neighbour if that helps: over a narrow neck at any time, over
its cheapest barrier where the settings allow it, so that median strips and ramps never become grids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gisgrid.geometry.adjacency import components
from gisgrid.model import Band, DrawSettings
from gisgrid.plan.counts import least_off
from gisgrid.plan.graph import ADJACENT_M, Flags, Graph, Integers

RegionKind = Literal["zone", "tower", "dedicated"]


@dataclass(frozen=True, slots=True)
class Region:
    """Units that are planned together: a `zone` is divided, a `tower` or `dedicated` region is one grid."""

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


def regions_of(graph: Graph, settings: DrawSettings) -> Regions:
    """Return the regions of a community.

    Parameters
    ----------
    graph
        In canonical order.
    settings
        Band, least area of dedicated ground, and whether a zone may be joined over a barrier.
    """
    kind_of = _aside(graph, settings)
    borders = graph.borders
    same = kind_of[borders.a] == kind_of[borders.b]
    linked = same & np.where(kind_of[borders.a] >= 0, borders.length_m >= ADJACENT_M, borders.adjacent)
    labels = components(len(graph), borders.a[linked], borders.b[linked])
    kinds = [_kind(int(kind_of[np.flatnonzero(labels == label)[0]])) for label in range(_count(labels))]
    joining = _Joining(graph, settings, labels, kinds)
    joining.run()
    return joining.result()


def _count(labels: Integers) -> int:
    """Return how many labels there are."""
    return int(labels.max()) + 1 if len(labels) else 0


def _kind(group: int) -> RegionKind:
    """Return the kind of region that a number of `_aside` stands for."""
    return "zone" if group == -1 else "tower" if group < -1 else "dedicated"


def _aside(graph: Graph, settings: DrawSettings) -> Integers:
    """Return for each unit its dedicated ground (≥ 0), -1 for ground to be divided, or below -1 one number a tower.

    Dedicated ground counts where a connected part of it has the least area; elsewhere it belongs to the grid around.
    """
    units, borders = graph.units, graph.borders
    group = np.full(len(graph), -1, dtype=np.int64)
    dedicated = units.dedicated
    same = (dedicated[borders.a] >= 0) & (dedicated[borders.a] == dedicated[borders.b])
    same &= borders.length_m >= ADJACENT_M
    parts = components(len(graph), borders.a[same], borders.b[same])
    area = np.bincount(parts, weights=units.area_m2) if len(graph) else np.empty(0)
    large = (dedicated >= 0) & (area[parts] >= settings.dedicated_area_m2)
    group[large] = dedicated[large]
    towers = (group == -1) & (units.households > settings.band.maximum)
    group[towers] = -2 - np.flatnonzero(towers)
    return group


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
        if self.kinds[other] == "dedicated" and households > 0:
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
            return {"zone": 0, "tower": 1, "dedicated": 2}[kind] + (0 if free else 3)
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
