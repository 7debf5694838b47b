"""Overlay of plans: what several plans keep together becomes one unit of a smaller zone.

Room: plan. In: a zone (`Network`) and labels of plans. Out: the contracted zone, and labels carried to it and back.
Imports numpy, the geometry room's components and `plan.objective`.
"""

from __future__ import annotations

import numpy as np

from gisgrid.geometry.adjacency import components
from gisgrid.plan.graph import Floats, Integers, neighbour_lists
from gisgrid.plan.objective import Network


def agreed(network: Network, *plans: Integers) -> Integers:
    """Return blocks, numbered from 0: connected units that every one of the plans keeps together.

    Units of different present grids or of different whole estates are never in one block.
    """
    same = np.ones(len(network.tails), dtype=bool)
    for labels in (*plans, network.home, network.estate):
        same &= labels[network.tails] == labels[network.neighbours]
    return components(len(network.households), network.tails[same], network.neighbours[same])


def contracted(network: Network, blocks: Integers) -> Network:
    """Return the zone whose units are the blocks: households and costs of moves add up, inner pairs are gone."""
    count = int(blocks.max()) + 1
    a, b = blocks[network.tails], blocks[network.neighbours]
    pairs = np.unique((a * count + b)[a < b])
    first, neighbours, _ = neighbour_lists(count, pairs // count, pairs % count)
    tails = np.repeat(np.arange(len(blocks)), np.diff(network.first_link))
    a, b = blocks[tails], blocks[network.links]
    outward = a < b
    links, inverse = np.unique((a * count + b)[outward], return_inverse=True)
    costs = np.bincount(inverse, weights=network.costs[outward], minlength=len(links))
    first_link, ends, entries = neighbour_lists(count, links // count, links % count)
    representative = np.zeros(count, dtype=np.int64)
    representative[blocks] = np.arange(len(blocks))
    return Network(
        _sums(network.households, blocks, count).astype(np.int64),
        first,
        np.repeat(np.arange(count), np.diff(first)),
        neighbours,
        first_link,
        ends,
        costs[entries].astype(np.float64),
        network.home[representative],
        _sums(network.stay, blocks, count),
        network.estate[representative],
        network.estate_costs,
    )


def _sums(amounts: Integers | Floats, blocks: Integers, count: int) -> Floats:
    """Return the amounts added up within each block."""
    return np.bincount(blocks, weights=amounts, minlength=count).astype(np.float64)
