"""A first contiguous division of a zone: recursive splits by spanning trees, or the present grids carried over.

Room: plan. In: a zone (`Network`), the number of parts, a stream of random numbers. Out: labels, every part connected.
Imports numpy, `plan.graph`, `plan.trees`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from gisgrid.geometry.adjacency import components
from gisgrid.plan.chance import Chance
from gisgrid.plan.graph import Floats, Integers
from gisgrid.plan.objective import LOCK_COST, Network, Rules
from gisgrid.plan.trees import split

TREES_PER_SPLIT: Final = 24
"""Spanning trees tried for each split of the first division."""

SPLIT_PENALTY: Final = 40.0
"""Cost of each household that a first split leaves outside the band."""


def construct(network: Network, parts: int, rules: Rules, chance: Chance) -> Integers:
    """Return labels 0 to `parts` - 1 of a first division: every part connected, in band where the splits allow it.

    The zone is split into two shares of half the parts each, and so on; of all edges of `TREES_PER_SPLIT` random
    spanning trees the cheapest is cut. (Recursive tree partitioning, as GerryChain's `recursive_tree_part`.)

    Parameters
    ----------
    network
        A connected zone.
    parts
        1 to the number of units.
    rules
        The household band and the pull to its target.
    chance
        The stream of random numbers.
    """
    labels = np.zeros(len(network.households), dtype=np.int64)
    waiting = [(0, parts)]
    used = 1
    while waiting:
        label, share = waiting.pop()
        if share == 1:
            continue
        inside = (labels == label).astype(np.int64)
        size = int(inside.sum())
        if size == 1:
            continue
        share = min(share, size)
        lower = share // 2
        side = _split(network, inside, (lower, share - lower), rules, chance)
        labels[side == 1] = used
        waiting += [(label, share - lower), (used, lower)]
        used += 1
    return fill_up(network, labels, parts)


def _split(network: Network, inside: Integers, parts: tuple[int, int], rules: Rules, chance: Chance) -> Integers:
    """Return the split of a region into two shares."""
    return split(network, inside, parts, rules, SPLIT_PENALTY, TREES_PER_SPLIT, chance)


def fill_up(network: Network, labels: Integers, parts: int) -> Integers:
    """Return labels with exactly `parts` parts: while some are missing, the part with most units gives up a leaf.

    Splits by load may leave a share of several grids to a region of fewer units; the search goes on from there.
    """
    labels = labels.copy()
    while (used := int(labels.max()) + 1) < parts:
        sizes = np.bincount(labels, minlength=used)
        largest = int(sizes.argmax())
        members = np.flatnonzero(labels == largest)
        labels[_leaf(network, members)] = used
    return labels


def _leaf(network: Network, members: Integers) -> int:
    """Return a unit of a connected set that leaves the rest connected: the last of a breadth-first walk."""
    inside = set(members.tolist())
    order = [int(members[0])]
    seen = {order[0]}
    for unit in order:
        for step in range(network.first[unit], network.first[unit + 1]):
            other = int(network.neighbours[step])
            if other in inside and other not in seen:
                seen.add(other)
                order.append(other)
    return order[-1]


def carry_over(network: Network, parts: int, rules: Rules, chance: Chance) -> tuple[Integers, Integers]:
    """Return labels that continue the present grids as far as they go, and the part that each unit calls home.

    Units without a present grid join a neighbour's; of a grid that has come apart the piece with most households
    keeps its number. Then the smallest parts join a neighbour or the largest are split until there are `parts`.

    Parameters
    ----------
    network
        A connected zone; `home` holds the present grid of each unit, -1 for none.
    parts, rules, chance
        As in `construct`.

    Returns
    -------
    labels, home
        Both numbered alike; homes whose part is gone are -1.
    """
    labels = _connected_homes(network)
    while int(labels.max()) + 1 > parts:
        loads = np.bincount(labels, weights=network.households)
        loads = np.where(np.isin(np.arange(len(loads)), labels[network.stay >= LOCK_COST]), loads + LOCK_COST, loads)
        labels = _joined(network, labels, int(loads.argmin()))
    while int(labels.max()) + 1 < parts:
        loads = np.bincount(labels, weights=network.households)
        labels = _split_beside_locks(network, labels, loads.astype(np.float64), rules, chance)
    home = np.full(len(labels), -1, dtype=np.int64)
    held = np.zeros(parts)
    weight = np.where(network.stay >= LOCK_COST, LOCK_COST, network.households + 1e-6)
    for grid in np.unique(network.home[network.home >= 0]):
        present = network.home == grid
        kept = np.bincount(labels[present], weights=weight[present], minlength=parts)
        heir = int(kept.argmax())
        if kept[heir] > held[heir]:
            home[home == heir] = -1
            home[present] = heir
            held[heir] = kept[heir]
    return labels, home


def _split_beside_locks(network: Network, labels: Integers, loads: Floats, rules: Rules, chance: Chance) -> Integers:
    """Return the labels with one part more: of the largest that can be split without parting what is locked in it."""
    lock = np.where(network.stay >= LOCK_COST, network.home, -1)
    # What is locked in one grid is to the split an estate that costs a lock to part.
    zone = network
    if np.any(lock >= 0):
        zone = network._replace(estate=lock, estate_costs=np.full(int(lock.max()) + 1, LOCK_COST))
    used, sizes = len(loads), np.bincount(labels)
    first: Integers | None = None
    for part in np.argsort(-loads, kind="stable"):
        if sizes[part] > 1:
            side = _split(zone, (labels == part).astype(np.int64), (1, 1), rules, chance)
            split = np.where(side == 1, used, labels)
            first = split if first is None else first
            inside = (labels == part) & (lock >= 0)
            if not np.any(np.isin(lock[inside & (side == 1)], lock[inside & (side == 0)])):
                return split
    if first is None:
        raise AssertionError("there are at most as many parts as units")
    return first


def _connected_homes(network: Network) -> Integers:
    """Return connected parts from the homes: pieces of grids, each unit without home in a neighbour's part."""
    homes = network.home.copy()
    while np.any(homes < 0) and np.any(homes >= 0):
        frontier = (homes[network.tails] < 0) & (homes[network.neighbours] >= 0)
        entries = np.flatnonzero(frontier)
        units, at = np.unique(network.tails[entries], return_index=True)
        homes[units] = homes[network.neighbours[entries[at]]]
    same = homes[network.tails] == homes[network.neighbours]
    pieces = components(len(homes), network.tails[same], network.neighbours[same])
    heaviest: dict[int, int] = {}
    weight = np.where(network.stay >= LOCK_COST, LOCK_COST, network.households)
    loads = np.bincount(pieces, weights=weight)
    for piece in range(int(pieces.max()) + 1):
        grid = int(homes[pieces == piece][0])
        if grid not in heaviest or loads[piece] > loads[heaviest[grid]]:
            heaviest[grid] = piece
    keepers = set(heaviest.values())
    for piece in range(int(pieces.max()) + 1):
        if piece not in keepers:
            pieces = _joined(network, pieces, piece, renumber=False)
    return np.unique(pieces, return_inverse=True)[1].astype(np.int64)


def _joined(network: Network, labels: Integers, part: int, *, renumber: bool = True) -> Integers:
    """Return the labels with one part joined to the neighbour that it would cost most to be parted from."""
    labels = labels.copy()
    members = labels == part
    gains = np.zeros(int(labels.max()) + 1)
    for unit in np.flatnonzero(members):
        for step in range(network.first[unit], network.first[unit + 1]):
            other = labels[network.neighbours[step]]
            if other != part:
                gains[other] += 1e-3
        for step in range(network.first_link[unit], network.first_link[unit + 1]):
            other = labels[network.links[step]]
            if other != part and gains[other] > 0.0:
                gains[other] += max(float(network.costs[step]), 0.0)
    labels[members] = int(gains.argmax())
    return np.unique(labels, return_inverse=True)[1].astype(np.int64) if renumber else labels
