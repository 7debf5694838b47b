"""The division of a community's units into grids: regions, number of grids, search.

Room: plan. In: a building graph, settings, and the grids in force for a redraw. Out: a label for each unit.
Imports numpy and the modules of `plan`; no geometry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from gisgrid.model import DrawSettings
from gisgrid.plan.counts import fitting_counts, least_off
from gisgrid.plan.graph import Graph, Integers
from gisgrid.plan.improve import Budget, Found, improve
from gisgrid.plan.objective import Network, Parting, network_of, parting_costs
from gisgrid.plan.zones import Region, RegionKind, Regions, regions_of

RIVALS_UP_TO: Final = 6
"""Zones of so many grids are drawn with each number whose mean is about as near to the target as the nearest."""

RIVAL_HOUSEHOLDS: Final = 15.0
"""How much farther from the target the mean of a rival may lie, in households."""

SMALL_ZONE: Final = 80
"""Zones of so many units are searched in full with every number of grids that fits: it costs little."""

OTHER_COUNTS: Final = 2
"""In larger zones so many other numbers of grids are tried, briefly, where the best one gives no plan in band."""


@dataclass(frozen=True, slots=True)
class Partition:
    """A division of all units into grids.

    Attributes
    ----------
    labels
        The grid of each unit, 0 to G - 1 in order of first unit.
    kinds
        The kind of region each grid comes from.
    regions
        What was planned together.
    """

    labels: Integers
    kinds: tuple[RegionKind, ...]
    regions: Regions


def divide(
    graph: Graph, settings: DrawSettings, home: Integers | None = None, budget: Budget | None = None
) -> Partition:
    """Return a division of the graph into contiguous grids, in band wherever the search finds a way.

    Parameters
    ----------
    graph
        In canonical order.
    settings
        Band, seed and the exceptions.
    home
        For a redraw, the present grid of each unit as a number, -1 for none; moved households then cost.
    budget
        How long to search, in iterations.
    """
    regions = regions_of(graph, settings)
    parting = parting_costs(graph, regions.passable)
    present = np.full(len(graph), -1, dtype=np.int64) if home is None else home
    labels = np.full(len(graph), -1, dtype=np.int64)
    kinds: list[RegionKind] = []
    for region in regions.regions:
        found = _divided(graph, region, regions, parting, (settings, present[region.units], budget or Budget()))
        labels[region.units] = found + len(kinds)
        kinds += [region.kind] * (int(found.max()) + 1)
    return _renumbered(labels, kinds, regions)


def _divided(
    graph: Graph, region: Region, regions: Regions, parting: Parting, task: tuple[DrawSettings, Integers, Budget]
) -> Integers:
    """Return the parts of one region, numbered from 0."""
    settings, home, budget = task
    if region.kind != "zone":
        return np.zeros(len(region.units), dtype=np.int64)
    network = network_of(graph, region.units, regions.passable, parting, home)
    seed = (settings.seed, int(region.units[0]))
    best: Found | None = None
    for position, (parts, rival) in enumerate(_counts(network, settings)):
        small = len(region.units) <= SMALL_ZONE
        if not rival and best is not None and (best.off == 0 or (position > OTHER_COUNTS and not small)):
            break
        found = improve(network, parts, settings.band, seed, budget if position == 0 or small else budget.brief())
        if found.better_than(best):
            best = found
    if best is None:
        raise AssertionError("every zone has a number of grids to try")
    return best.labels


def _counts(network: Network, settings: DrawSettings) -> list[tuple[int, bool]]:
    """Return the numbers of grids to try for a zone, the best first, and whether each rivals the first.

    A redraw begins with the present number. In a small zone the mean often lies about as far above the target with
    one grid fewer as below it with one more; then both are drawn and the better plan decides.
    """
    households, units = int(network.households.sum()), len(network.households)
    counts = fitting_counts(households, settings.band) or [least_off(households, settings.band)[0]]
    loads = np.bincount(network.home[network.home >= 0], weights=network.households[network.home >= 0])
    present = int((loads >= settings.band.minimum / 2).sum())
    if present:
        counts.sort(key=lambda count: abs(count - present))
    off = [abs(households / count - settings.band.target) for count in counts]
    rivals = {
        count
        for count, distance in zip(counts, off, strict=True)
        if not present and count <= RIVALS_UP_TO and distance <= off[0] + RIVAL_HOUSEHOLDS
    }
    tried = dict.fromkeys(min(count, units) for count in counts)
    return [(count, count in rivals) for count in tried]


def _renumbered(labels: Integers, kinds: list[RegionKind], regions: Regions) -> Partition:
    """Return the partition with grids numbered in order of their first unit."""
    distinct, first = np.unique(labels, return_index=True)
    order = distinct[np.argsort(first, kind="stable")]
    rank = np.empty(len(distinct), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return Partition(rank[labels] if len(labels) else labels, tuple(kinds[label] for label in order), regions)
