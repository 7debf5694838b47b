"""Straggling grids drawn in: a plan whose grids are compact enough, at a small price.

Room: plan. In: a zone (`Network`), the ground's measures, the plan that the search found. Out: that plan or one near
it in which fewer grids straggle. Imports numpy and the modules of `plan` below it.

The search weighs metres of border, which keeps grids compact on the whole; now and then it winds one round another to
keep ties. Here the borders of such a grid are made dearer and the plan is annealed anew from where it is, until the
grid has drawn in its arms or the price is too high.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from gisgrid.plan.chance import chance_of
from gisgrid.plan.graph import Floats, Graph, Integers
from gisgrid.plan.improve import BUDGETS, Found, Watch, annealed, at_home, judged
from gisgrid.plan.objective import Network, Rules

LEAST_COMPACT: Final = 0.30
"""Polsby-Popper compactness that every grid should reach (a square has 0.79, a strip of one to ten 0.26)."""

DEARER: Final = (0.06, 0.125, 0.25, 0.5, 1.0)
"""Cost of each metre of a straggling grid's border, in turn, on top of what it costs anyway."""

HOTTEST: Final = (4.0, 12.0, 40.0)
"""Temperatures at which it is tried."""

TURNS: Final = 3
"""So often the new plan is looked at again: drawing in one grid may push another out."""

PRICE: Final = 0.03
"""A straightened plan may cost so much more, as a share; a grid that is dearer to draw in stays as it is."""


@dataclass(frozen=True, slots=True)
class Measures:
    """The measures of a zone's ground: area and perimeter of each unit, and the borders between units, in metres."""

    area_m2: Floats
    perimeter_m: Floats
    a: Integers
    b: Integers
    length_m: Floats

    @classmethod
    def of(cls, graph: Graph, units: Integers) -> Measures:
        """Return the measures of some units of a graph, numbered as they stand in `units`."""
        local = np.full(len(graph), -1, dtype=np.int64)
        local[units] = np.arange(len(units))
        borders = graph.borders
        inside = (local[borders.a] >= 0) & (local[borders.b] >= 0)
        return cls(
            graph.units.area_m2[units],
            graph.units.perimeter_m[units],
            local[borders.a[inside]],
            local[borders.b[inside]],
            borders.length_m[inside],
        )

    def compactness(self, labels: Integers, parts: int) -> Floats:
        """Return 4πA/P² of each part (Polsby & Popper 1991), P the outer perimeter of its ground."""
        area = np.bincount(labels, weights=self.area_m2, minlength=parts)
        within = labels[self.a] == labels[self.b]
        inner = np.bincount(labels[self.a[within]], weights=self.length_m[within], minlength=parts)
        perimeter = np.bincount(labels, weights=self.perimeter_m, minlength=parts) - 2.0 * inner
        round_m2 = perimeter**2 / (4.0 * math.pi)
        compactness: Floats = np.divide(area, round_m2, out=np.ones(parts), where=perimeter > 0.0)
        return compactness


def straightened(
    network: Network, found: Found, rules: Rules, measures: Measures, seed: tuple[int, ...], watch: Watch | None = None
) -> Found:
    """Return a plan with fewer straggling grids, as near to the band, that costs hardly more; else the one given.

    Parameters
    ----------
    network, rules
        The zone, the band and its pull.
    found
        What the search found.
    measures
        Of the zone's ground.
    seed, watch
        As in `plan.improve.improve`.
    """
    if found.parts == 1:
        return found  # its border is not the search's to choose
    network, best = at_home(network, found.home), found
    most = found.cost + PRICE * abs(found.cost)
    for turn in range(TURNS):
        straggling = _straggling(measures, best)
        if not straggling.any():
            break
        for number, dearer in enumerate(np.repeat(DEARER, len(HOTTEST)).tolist()):
            if watch is not None and not watch(best):
                return dataclasses.replace(best, starts=found.starts, home=found.home)
            drawn = _drawn_in(network, best, rules, measures, (straggling, dearer), (*seed, turn, number))
            if drawn.off <= found.off and drawn.cost <= most and _worst(measures, drawn) > _worst(measures, best):
                best = drawn
                break
        else:
            break
    return dataclasses.replace(best, starts=found.starts, home=found.home)


def _straggling(measures: Measures, found: Found) -> np.ndarray:
    """Return which parts are less compact than they should be."""
    return measures.compactness(found.labels, found.parts) < LEAST_COMPACT


def _worst(measures: Measures, found: Found) -> tuple[int, float]:
    """Return what straightening is to raise: fewer straggling grids, then the least compactness."""
    compactness = measures.compactness(found.labels, found.parts)
    return -int((compactness < LEAST_COMPACT).sum()), float(compactness.min())


def _drawn_in(
    network: Network,
    found: Found,
    rules: Rules,
    measures: Measures,
    strain: tuple[np.ndarray, float],
    seed: tuple[int, ...],
) -> Found:
    """Return the plan that is found where borders of the straggling parts' ground cost more."""
    straggling, dearer = strain
    touched = straggling[found.labels]
    count = len(network.households)
    concerned = touched[measures.a] | touched[measures.b]
    tails = np.repeat(np.arange(count), np.diff(network.first_link))
    keys = np.minimum(tails, network.links) * count + np.maximum(tails, network.links)
    pairs = (np.minimum(measures.a, measures.b) * count + np.maximum(measures.a, measures.b))[concerned]
    order = np.argsort(pairs)
    at = np.minimum(np.searchsorted(pairs, keys, sorter=order), max(len(pairs) - 1, 0))
    hit = pairs[order[at]] == keys if len(pairs) else np.zeros(len(keys), dtype=np.bool_)
    extra = np.where(hit, np.round(dearer * measures.length_m[concerned][order[at]]), 0.0) if len(pairs) else 0.0
    # Costs below zero stand for barriers: a border there is welcome, straggling or not.
    strained = network._replace(costs=np.where(network.costs > 0.0, network.costs + extra, network.costs))
    chance, polish = chance_of(*seed), BUDGETS["normal"].polish
    drawn = annealed(strained, found, rules, polish._replace(hottest=HOTTEST[seed[-1] % len(HOTTEST)]), chance)
    return judged(network, drawn.labels, found.parts, rules)
