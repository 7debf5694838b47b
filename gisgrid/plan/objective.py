"""What a good plan costs: the one objective that construction, improvement and the scores share.

Room: plan. In: a graph and the borders that grids may reach over. Out: the cost of parting each pair of units.
Imports numpy and `plan.graph`.

The cost of a plan is the sum over pairs of units in different grids of ten times the weight of their tie (the drawing
principle 地域相邻、邻里相熟: adjacent area, familiar neighbours) plus an eighth of the metres of border between them
(compact grids). A border on a barrier costs nothing, one on a street half: grid borders like to follow both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from gisgrid.geometry.adjacency import components
from gisgrid.model import Band
from gisgrid.plan.graph import Flags, Floats, Graph, Integers, neighbour_lists

TIE_COST: Final = 10.0
"""Cost of parting two units for each unit of tie weight."""

METRES_PER_COST: Final = 8.0
"""Metres of border that cost as much as a tenth of a tie of weight one."""

STREET_SHARE: Final = 0.5
"""Share of a border's cost that remains where it lies on a street."""

TARGET_PULL: Final = 0.02
"""Cost for each household that a grid is off the target: mild, so that workers carry about alike."""

MOVE_COST: Final = 2.0
"""Cost for each household that a redraw moves to another grid."""

STEP: Final = 64.0
"""Costs are whole multiples of 1/64: their sums are exact in floating point, whatever the order."""


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
    def of(cls, band: Band, plain_percent: int = 25) -> Rules:
        """Return the rules of a band."""
        return cls(band.minimum, band.maximum, band.target, TARGET_PULL, plain_percent)


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


@dataclass(frozen=True, slots=True)
class Parting:
    """The pairs of units that it costs something to part, `a` < `b`, once each."""

    a: Integers
    b: Integers
    cost: Floats


def parting_costs(graph: Graph, passable: Flags) -> Parting:
    """Return what it costs to part each pair of units of the graph.

    An adjacent pair costs its border off barriers, in units of `METRES_PER_COST`, at least one. A pair that is
    connected only through a crossing, or over a barrier that was opened to join a zone below the band, costs *minus*
    its share of the whole barrier between the two sides: a grid should end there if it can.

    Parameters
    ----------
    graph
        The building graph.
    passable
        For each border, whether a grid may reach over it.
    """
    borders, ties = graph.borders, graph.ties
    free_m = borders.length_m - borders.barrier_m
    free_m = free_m - (1.0 - STREET_SHARE) * np.minimum(borders.street_m, free_m)
    walking = np.where(borders.adjacent, np.maximum(1.0, np.round(free_m / METRES_PER_COST)), 0.0)
    gain = _barrier_gains(graph, passable)
    border_cost = np.where(gain > 0.0, -gain, walking)
    tie_cost = np.round(TIE_COST * ties.weight * STEP) / STEP
    count = max(len(graph), 1)
    keys = np.concatenate([borders.a * count + borders.b, ties.a * count + ties.b])
    pairs, inverse = np.unique(keys, return_inverse=True)
    cost = np.zeros(len(pairs))
    np.add.at(cost, inverse, np.concatenate([border_cost, tie_cost]))
    kept = cost != 0.0
    return Parting((pairs // count)[kept], (pairs % count)[kept], cost[kept])


def _barrier_gains(graph: Graph, passable: Flags) -> Floats:
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
    gains = np.maximum(1.0, np.round(share / METRES_PER_COST * STEP) / STEP)
    return np.where(passable & (one != two) & (barrier_m > 0.0), gains, 0.0)


def network_of(
    graph: Graph, units: Integers, passable: Flags, parting: Parting, home: Integers, move_cost: float = MOVE_COST
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
    home
        For each unit of the *zone* the part it should stay in, or -1.
    move_cost
        Cost for each household that leaves its home.
    """
    local = np.full(len(graph), -1, dtype=np.int64)
    local[units] = np.arange(len(units))
    borders = graph.borders
    inside = passable & (local[borders.a] >= 0) & (local[borders.b] >= 0)
    first, neighbours, _ = neighbour_lists(len(units), local[borders.a[inside]], local[borders.b[inside]])
    linked = (local[parting.a] >= 0) & (local[parting.b] >= 0)
    first_link, links, pairs = neighbour_lists(len(units), local[parting.a[linked]], local[parting.b[linked]])
    households = graph.units.households[units]
    return Network(
        households,
        first,
        np.repeat(np.arange(len(units)), np.diff(first)),
        neighbours,
        first_link,
        links,
        parting.cost[linked][pairs],
        np.ascontiguousarray(home, dtype=np.int64),
        np.where(home >= 0, np.round(move_cost * households * STEP) / STEP, 0.0),
    )


def cut_cost(network: Network, labels: Integers) -> float:
    """Return the cost of the pairs that the labels part: the J of the zone."""
    tails = np.repeat(np.arange(len(labels)), np.diff(network.first_link))
    parted = labels[tails] != labels[network.links]
    return float(network.costs[parted].sum() / 2.0)


def off_band(network: Network, labels: Integers, parts: int, band: Band) -> int:
    """Return by how many households the parts lie outside the band, in sum."""
    loads = np.bincount(labels, weights=network.households, minlength=parts).astype(np.int64)
    return int(np.maximum(np.maximum(band.minimum - loads, loads - band.maximum), 0).sum())


def full_cost(network: Network, labels: Integers, parts: int, band: Band) -> float:
    """Return the J of the zone with the pull to the target and the cost of moves: what the search minimises."""
    loads = np.bincount(labels, weights=network.households, minlength=parts)
    pull = TARGET_PULL * float(np.abs(loads - band.target).sum())
    moved = float(network.stay[(network.home >= 0) & (network.home != labels)].sum())
    return cut_cost(network, labels) + pull + moved
