"""What a good plan costs: the one objective that construction, improvement and the scores share.

Room: plan. In: a graph and the borders that grids may reach over. Out: the cost of parting each pair of units.
Imports numpy and `plan.graph`.

The cost of a plan is the sum over pairs of units in different grids of what their tie weighs (the drawing principle
地域相邻、邻里相熟: adjacent area, familiar neighbours) plus what the metres of border between them weigh (compact
grids), over estates that would fit into one grid of what each further grid weighs, over grids of the households that
they are off the target, and in a redraw over households that change grid. A border on a barrier costs nothing, one on a
street a share: grid borders like to follow both. The weights are settings (`model.Weights`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from gisgrid.geometry.adjacency import components
from gisgrid.model import Band, Weights
from gisgrid.plan.graph import Flags, Floats, Graph, Integers, neighbour_lists

STEP: Final = 64.0
"""Costs are whole multiples of 1/64: their sums are exact in floating point, whatever the order."""

LOCK_COST: Final = 2.0**34
"""Cost of a locked unit outside its grid: more than any plan can save."""


def stepped(cost: float) -> float:
    """Return a cost as a whole multiple of 1/64."""
    return round(cost * STEP) / STEP


class Rules(NamedTuple):
    """What the compiled loops weigh plans by.

    Attributes
    ----------
    minimum, maximum, target
        The household band.
    pull
        Cost of each household that a grid is off the target.
    plain_percent
        How many of a hundred spanning trees ignore what pairs cost to part.
    """

    minimum: int
    maximum: int
    target: int
    pull: float
    plain_percent: int

    @classmethod
    def of(cls, band: Band, weights: Weights | None = None, plain_percent: int = 15) -> Rules:
        """Return the rules of a band and the weight of balance."""
        pull = stepped((weights or Weights()).balance)
        return cls(band.minimum, band.maximum, band.target, pull, plain_percent)


class Level(NamedTuple):
    """How strict a search is at the moment: cost of a household out of band, and the temperature in cost."""

    penalty: float
    temperature: float


class Network(NamedTuple):
    """One zone as the compiled loops take it: numbered from 0 within the zone.

    Attributes
    ----------
    households
        Households of each unit.
    first, tails, neighbours
        Adjacency lists: the neighbours of i are `neighbours[first[i]:first[i + 1]]`; `tails` holds i for each of them.
    first_link, links, costs
        The pairs that it costs to part, and the cost of each.
    home, stay
        The part that each unit belongs to in the edition in force (-1: none) and the cost of moving it elsewhere.
    estate
        For units with households of an estate that fits into one grid, its number from 0; else -1.
    estate_costs
        What each further grid that such an estate lies in costs.
    """

    households: Integers
    first: Integers
    tails: Integers
    neighbours: Integers
    first_link: Integers
    links: Integers
    costs: Floats
    home: Integers
    stay: Floats
    estate: Integers
    estate_costs: Floats


@dataclass(frozen=True, slots=True)
class Parting:
    """The pairs of units that it costs something to part, `a` < `b`, once each."""

    a: Integers
    b: Integers
    cost: Floats


def parting_costs(graph: Graph, passable: Flags, weights: Weights | None = None) -> Parting:
    """Return what it costs to part each pair of units of the graph.

    An adjacent pair costs its border off barriers, rounded, at least one. A pair that is
    connected only through a crossing, or over a barrier that was opened to join a zone below the band, costs *minus*
    its share of the whole barrier between the two sides: a grid should end there if it can.

    Parameters
    ----------
    graph
        The building graph.
    passable
        For each border, whether a grid may reach over it.
    weights
        Of ties, borders and streets.
    """
    weights = weights or Weights()
    borders, ties = graph.borders, graph.ties
    free_m = borders.length_m - borders.barrier_m
    free_m = free_m - (1.0 - weights.street) * np.minimum(borders.street_m, free_m)
    least = min(1.0, stepped(8.0 * weights.border))
    walking = np.where(borders.adjacent, np.maximum(least, np.round(free_m * weights.border)), 0.0)
    gain = _barrier_gains(graph, passable, weights)
    border_cost = np.where(gain > 0.0, -gain, walking)
    tie_cost = np.round(weights.tie * ties.weight * STEP) / STEP
    count = max(len(graph), 1)
    keys = np.concatenate([borders.a * count + borders.b, ties.a * count + ties.b])
    pairs, inverse = np.unique(keys, return_inverse=True)
    cost = np.zeros(len(pairs))
    np.add.at(cost, inverse, np.concatenate([border_cost, tie_cost]))
    kept = cost != 0.0
    return Parting((pairs // count)[kept], (pairs % count)[kept], cost[kept])


def _barrier_gains(graph: Graph, passable: Flags, weights: Weights) -> Floats:
    """Return for each passable border between two sides of a barrier its share of that barrier, in cost; else 0.

    A side is ground connected over borders that no barrier touches.
    """
    borders = graph.borders
    open_m = borders.adjacent & (borders.barrier_m <= 0.0)
    side = components(len(graph), borders.a[open_m], borders.b[open_m])
    one, two = side[borders.a], side[borders.b]
    keys = np.minimum(one, two) * max(len(graph), 1) + np.maximum(one, two)
    _, pair = np.unique(keys, return_inverse=True)
    barrier_m = np.bincount(pair, weights=borders.barrier_m)[pair]
    ways = np.bincount(pair, weights=passable)[pair]
    share = np.divide(barrier_m, ways, out=np.zeros(len(ways)), where=ways > 0)
    gains = np.maximum(1.0, np.round(share * weights.border * STEP) / STEP)
    return np.where(passable & (one != two) & (barrier_m > 0.0), gains, 0.0)


@dataclass(frozen=True, slots=True)
class Present:
    """The grids in force as a redraw sees them: one array element a unit.

    Attributes
    ----------
    grid
        The present grid of each unit as a number from 0, -1 for none.
    locked
        Whether the unit must stay in it.
    locked_grids
        Numbers of the grids that stay as they are.
    """

    grid: Integers
    locked: Flags
    locked_grids: tuple[int, ...] = ()

    @classmethod
    def none(cls, count: int) -> Present:
        """Return what holds where nothing is in force."""
        return cls(np.full(count, -1, dtype=np.int64), np.zeros(count, dtype=np.bool_))

    def of(self, units: Integers) -> Present:
        """Return the same for some of the units."""
        return Present(self.grid[units], self.locked[units])


def network_of(
    graph: Graph,
    units: Integers,
    passable: Flags,
    parting: Parting,
    present: Present | None = None,
    *,
    weights: Weights | None = None,
    band: Band | None = None,
) -> Network:
    """Return one zone of the graph for the compiled loops.

    Parameters
    ----------
    graph
        The whole community.
    units
        The zone's units, in ascending order.
    passable
        For each border, whether a grid may reach over it.
    parting
        From `parting_costs`, for the whole community.
    present
        The grids in force of the *zone's* units; without them nothing costs to move.
    weights
        Of moves and estates.
    band
        Estates of at most its maximum count as whole.
    """
    weights, band = weights or Weights(), band or Band()
    present = present or Present.none(len(units))
    local = np.full(len(graph), -1, dtype=np.int64)
    local[units] = np.arange(len(units))
    borders = graph.borders
    inside = passable & (local[borders.a] >= 0) & (local[borders.b] >= 0)
    first, neighbours, _ = neighbour_lists(len(units), local[borders.a[inside]], local[borders.b[inside]])
    linked = (local[parting.a] >= 0) & (local[parting.b] >= 0)
    first_link, links, pairs = neighbour_lists(len(units), local[parting.a[linked]], local[parting.b[linked]])
    households = graph.units.households[units]
    stay = np.round(weights.move * households * STEP) / STEP
    estate = _whole_estates(graph.units.estate[units], households, band) if weights.estate > 0.0 else None
    return Network(
        households,
        first,
        np.repeat(np.arange(len(units)), np.diff(first)),
        neighbours,
        first_link,
        links,
        parting.cost[linked][pairs],
        np.ascontiguousarray(present.grid, dtype=np.int64),
        np.where(present.grid >= 0, np.where(present.locked, LOCK_COST, stay), 0.0),
        np.full(len(units), -1, dtype=np.int64) if estate is None else estate,
        np.full(0 if estate is None else int(estate.max(initial=-1)) + 1, stepped(weights.estate)),
    )


def _whole_estates(estate: Integers, households: Integers, band: Band) -> Integers:
    """Return the estates that fit into one grid, numbered from 0, for their units with households; -1 elsewhere."""
    lived_in = (estate >= 0) & (households > 0)
    numbers, inverse, counts = np.unique(estate[lived_in], return_inverse=True, return_counts=True)
    sums = np.bincount(inverse, weights=households[lived_in], minlength=len(numbers))
    fits = (sums <= band.maximum) & (counts > 1)
    rank = np.where(fits, np.cumsum(fits) - 1, -1)
    whole = np.full(len(estate), -1, dtype=np.int64)
    whole[lived_in] = rank[inverse]
    return whole


def cut_cost(network: Network, labels: Integers) -> float:
    """Return the cost of the pairs that the labels part: the J of the zone."""
    tails = np.repeat(np.arange(len(labels)), np.diff(network.first_link))
    parted = labels[tails] != labels[network.links]
    return float(network.costs[parted].sum() / 2.0)


def off_band(network: Network, labels: Integers, parts: int, rules: Rules | Band) -> int:
    """Return by how many households the parts lie outside the band, in sum."""
    loads = np.bincount(labels, weights=network.households, minlength=parts).astype(np.int64)
    return int(np.maximum(np.maximum(rules.minimum - loads, loads - rules.maximum), 0).sum())


def full_cost(network: Network, labels: Integers, parts: int, rules: Rules) -> float:
    """Return what the search minimises: the J of the zone, estates in pieces, the pull to the target, moves."""
    loads = np.bincount(labels, weights=network.households, minlength=parts)
    pull = rules.pull * float(np.abs(loads - rules.target).sum())
    moved = float(network.stay[(network.home >= 0) & (network.home != labels)].sum())
    pieces = 0.0
    for estate, cost in enumerate(network.estate_costs.tolist()):
        pieces += cost * (len(np.unique(labels[network.estate == estate])) - 1)
    return cut_cost(network, labels) + pull + moved + pieces
