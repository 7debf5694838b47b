"""The division of a community's units into grids: regions, number of grids, search, proof.

Room: plan. In: a building graph, settings, and the grids in force for a redraw. Out: a label for each unit, and for
each zone how good its division is known to be. Imports numpy and the modules of `plan`; no geometry.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from gisgrid.model import DrawSettings
from gisgrid.plan.counts import counts_for
from gisgrid.plan.graph import Graph, Integers
from gisgrid.plan.improve import BUDGETS, Budget, Found, Watch, improve
from gisgrid.plan.objective import Network, Present, Rules, network_of, parting_costs
from gisgrid.plan.proof import Proof, proved, unproved
from gisgrid.plan.straighten import Measures, straightened
from gisgrid.plan.zones import RegionKind, Regions, regions_of

RIVALS_UP_TO: Final = 6
"""Zones of so many grids are drawn with each number whose mean is about as near to the target as the nearest."""

RIVAL_HOUSEHOLDS: Final = 15.0
"""How much farther from the target the mean of a rival may lie, in households."""

SMALL_ZONE: Final = 80
"""Zones of so many units are searched in full with every number of grids that fits: it costs little."""

OTHER_COUNTS: Final = 2
"""In larger zones so many other numbers of grids are tried, briefly, where the best one gives no plan in band."""

Stop = Callable[[], bool]
"""Is asked after every annealing whether the draw shall end with the best plan so far."""


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
    proofs
        For each region how good its division is known to be.
    """

    labels: Integers
    kinds: tuple[RegionKind, ...]
    regions: Regions
    proofs: tuple[Proof, ...] = ()


def divide(
    graph: Graph,
    settings: DrawSettings,
    present: Present | None = None,
    budget: Budget | None = None,
    stop: Stop | None = None,
) -> Partition:
    """Return a division of the graph into contiguous grids, in band wherever the search finds a way.

    Parameters
    ----------
    graph
        In canonical order.
    settings
        Band, weights, seed and the exceptions.
    present
        For a redraw, the grids in force; moved households then cost, and locked units stay.
    budget
        How long to search, in iterations; by default what the settings' effort stands for.
    stop
        Ends the draw early with the best plan so far; every grid is connected whenever that is. Without it the same
        seed gives the same plan, bit for bit.
    """
    present = present or Present.none(len(graph))
    weights = settings.weights
    if not (settings.keep_current or settings.locked_grids or settings.locked_buildings):
        weights = dataclasses.replace(weights, move=0.0)
    regions = regions_of(graph, settings, present)
    parting = parting_costs(graph, regions.passable, settings.weights)
    labels = np.full(len(graph), -1, dtype=np.int64)
    kinds: list[RegionKind] = []
    proofs: list[Proof] = []
    counts = iter(_counts_of(graph, regions, settings))
    for region in regions.regions:
        found = np.zeros(len(region.units), dtype=np.int64)
        proof = Proof("whole")
        if region.kind == "zone":
            network = network_of(
                graph,
                region.units,
                regions.passable,
                parting,
                present.of(region.units),
                weights=weights,
                band=settings.band,
            )
            drawing = _ZoneDrawing(
                network, Measures.of(graph, region.units), settings, (settings.seed, int(region.units[0])), budget, stop
            )
            best = drawing.best_of(next(counts))
            found, proof = best.labels, drawing.proof
        labels[region.units] = found + len(kinds)
        kinds += [region.kind] * (int(found.max()) + 1)
        proofs.append(proof)
    return _renumbered(labels, kinds, regions, tuple(proofs))


def _counts_of(graph: Graph, regions: Regions, settings: DrawSettings) -> list[list[int]]:
    """Return the numbers of grids to try for each zone; grids that are settled count against a given number."""
    zones = [region.units for region in regions.regions if region.kind == "zone"]
    settled = sum(region.kind in {"tower", "locked"} for region in regions.regions)
    grids = settings.grids
    if isinstance(grids, int):
        grids = max(grids - settled, len(zones))
    return counts_for([int(graph.units.households[units].sum()) for units in zones], settings.band, grids)


class _ZoneDrawing:
    """Draws one zone: tries numbers of grids, then asks the exact model where that is worth it."""

    def __init__(
        self,
        network: Network,
        measures: Measures,
        settings: DrawSettings,
        seed: tuple[int, int],
        budget: Budget | None,
        stop: Stop | None,
    ) -> None:
        self.network = network
        self.measures = measures
        self.settings = settings
        self.rules = Rules.of(settings.band, settings.weights)
        self.seed = seed
        self.budget = budget or BUDGETS[settings.effort]
        self.stop = stop
        self.proof = unproved(0)

    def best_of(self, counts: list[int]) -> Found:
        """Return the best division of the zone into one of these numbers of grids, and keep its proof."""
        small = len(self.network.households) <= SMALL_ZONE
        best: Found | None = None
        starts = 0
        for position, (parts, rival) in enumerate(self._tried(counts)):
            if not rival and best is not None and (best.off == 0 or (position > OTHER_COUNTS and not small)):
                break
            budget = self.budget if position == 0 or small else self.budget.brief()
            found = improve(self.network, parts, self.rules, self.seed, budget, self._watch())
            starts += found.starts
            if found.better_than(best):
                best = found
        if best is None:
            raise AssertionError("every zone has a number of grids to try")
        best = straightened(self.network, best, self.rules, self.measures, self.seed, self._watch())
        self.proof = unproved(starts)
        if self.stop is None or not self.stop():
            best, self.proof = proved(self.network, best, self.rules, self.settings, starts)
        return best

    def _watch(self) -> Watch | None:
        """Return what ends a search early, if anything does."""
        stop = self.stop
        return None if stop is None else lambda _: not stop()

    def _tried(self, counts: list[int]) -> list[tuple[int, bool]]:
        """Return the numbers of grids to try, the best first, and whether each rivals the first.

        A redraw begins with the present number. In a small zone the mean often lies about as far above the target
        with one grid fewer as below it with one more; then both are drawn and the better plan decides.
        """
        network, band = self.network, self.settings.band
        households, units = int(network.households.sum()), len(network.households)
        at_home = network.home >= 0
        loads = np.bincount(network.home[at_home], weights=network.households[at_home])
        present = int((loads >= band.minimum / 2).sum())
        asked = self.settings.grids != "target"
        if present and not asked:
            counts = sorted(counts, key=lambda count: abs(count - present))
        off = [abs(households / count - band.target) for count in counts]
        rivals = {
            count
            for count, distance in zip(counts, off, strict=True)
            if not present and not asked and count <= RIVALS_UP_TO and distance <= off[0] + RIVAL_HOUSEHOLDS
        }
        if not asked:
            # Where no number that fits gives a plan in band, one fewer or one more may lie nearer to it.
            counts = [*counts, max(counts) + 1, min(counts) - 1]
        tried = dict.fromkeys(min(max(count, 1), units) for count in counts)
        return [(count, count in rivals) for count in tried]


def _renumbered(labels: Integers, kinds: list[RegionKind], regions: Regions, proofs: tuple[Proof, ...]) -> Partition:
    """Return the partition with grids numbered in order of their first unit."""
    distinct, first = np.unique(labels, return_index=True)
    order = distinct[np.argsort(first, kind="stable")]
    rank = np.empty(len(distinct), dtype=np.int64)
    rank[order] = np.arange(len(order))
    renumbered = rank[labels] if len(labels) else labels
    return Partition(renumbered, tuple(kinds[label] for label in order), regions, proofs)
