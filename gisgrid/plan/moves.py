"""Small moves between contiguous grids, in compiled loops: one unit with what hangs on it, and swaps.

Room: plan. In: a zone (`Network`), labels and loads that are changed in place, random numbers drawn beforehand.
Out: nothing but the changed arrays. Imports numpy and the names of `plan.objective`.

A unit that is an articulation point of its grid takes the lighter pieces along (composite moves after Jin & Guo 2026;
contiguity is tested from the neighbours outward, King et al. 2012), so every plan on the way is contiguous.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gisgrid.plan.compiled import compiled
from gisgrid.plan.graph import Floats, Integers
from gisgrid.plan.objective import Band3, Network

RANDOMS_PER_MOVE = 4
"""Random numbers that one proposal uses."""


class State(NamedTuple):
    """A contiguous plan of one zone while it is being changed.

    Attributes
    ----------
    labels
        The part of each unit, 0 to K - 1.
    loads, sizes
        Households and units of each part.
    seen, queue, group
        Scratch space of the loops; `seen` holds the stamp of the last search that touched a unit, its last element
        the stamp itself.
    """

    labels: Integers
    loads: Integers
    sizes: Integers
    seen: Integers
    queue: Integers
    group: Integers


def state_of(network: Network, labels: Integers, parts: int) -> State:
    """Return the state of a plan: its labels copied, loads and sizes counted."""
    count = len(labels)
    return State(
        labels.astype(np.int64, copy=True),
        np.bincount(labels, weights=network.households, minlength=parts).astype(np.int64),
        np.bincount(labels, minlength=parts).astype(np.int64),
        np.zeros(count + 1, dtype=np.int64),
        np.zeros(count + 1, dtype=np.int64),
        np.zeros(count + 1, dtype=np.int64),
    )


@compiled
def _gather(network: Network, state: State, unit: int) -> int:
    """Put the unit and what hangs on it into `group`; return how many they are, 0 if nothing would stay behind."""
    labels, seen, queue, group = state.labels, state.seen, state.queue, state.group
    part = labels[unit]
    seen[-1] += 1
    stamp = seen[-1]
    seen[unit] = stamp
    waiting = 0
    for entry in range(network.first[unit], network.first[unit + 1]):
        if labels[network.neighbours[entry]] == part:
            waiting += 1
    if waiting == 0:
        return 0
    group[0] = unit
    if waiting == 1:
        return 1
    best_load, best_from, best_to, end = -1, 0, 0, 0
    for entry in range(network.first[unit], network.first[unit + 1]):
        start = network.neighbours[entry]
        if labels[start] != part or seen[start] == stamp:
            continue
        begin, head, load = end, end, 0
        seen[start] = stamp
        queue[end] = start
        end += 1
        waiting -= 1
        while head < end:
            here = queue[head]
            head += 1
            load += network.households[here]
            for step in range(network.first[here], network.first[here + 1]):
                there = network.neighbours[step]
                if labels[there] == part and seen[there] != stamp:
                    seen[there] = stamp
                    queue[end] = there
                    end += 1
        if load > best_load or (load == best_load and end - begin > best_to - best_from):
            best_load, best_from, best_to = load, begin, end
    size = 1
    for position in range(end):
        if position < best_from or position >= best_to:
            group[size] = queue[position]
            size += 1
    return size


@compiled
def _off(load: int, band: Band3) -> int:
    """Return by how many households a load is outside the band."""
    if load < band.minimum:
        return band.minimum - load
    if load > band.maximum:
        return load - band.maximum
    return 0


@compiled
def _load_cost(load: int, band: Band3, penalty: float) -> float:
    """Return the cost of a load: the penalty out of band and the pull to the target."""
    return penalty * _off(load, band) + band.pull * abs(load - band.target)


@compiled
def _shift(network: Network, state: State, size: int, target: int) -> float:
    """Move the group to the target part and return by how much cut and moves became dearer (loads are apart)."""
    labels, seen, group = state.labels, state.seen, state.group
    seen[-1] += 1
    stamp = seen[-1]
    part = labels[group[0]]
    for position in range(size):
        seen[group[position]] = stamp
    dearer = 0.0
    load = 0
    for position in range(size):
        unit = group[position]
        load += network.households[unit]
        for entry in range(network.first_link[unit], network.first_link[unit + 1]):
            other = network.links[entry]
            if seen[other] == stamp:
                continue
            if labels[other] == part:
                dearer += network.costs[entry]
            elif labels[other] == target:
                dearer -= network.costs[entry]
        if network.home[unit] == part:
            dearer += network.stay[unit]
        elif network.home[unit] == target:
            dearer -= network.stay[unit]
    for position in range(size):
        labels[group[position]] = target
    state.loads[part] -= load
    state.loads[target] += load
    state.sizes[part] -= size
    state.sizes[target] += size
    return dearer


@compiled
def _partner(network: Network, state: State, start: int, toward: int, pick: int) -> int:
    """Return a unit of the part of `start` that is adjacent to the part `toward`, -1 if there is none."""
    labels, seen, queue = state.labels, state.seen, state.queue
    part = labels[start]
    seen[-1] += 1
    stamp = seen[-1]
    seen[start] = stamp
    queue[0] = start
    head, end, found = 0, 1, 0
    while head < end:
        here = queue[head]
        head += 1
        touches = False
        for step in range(network.first[here], network.first[here + 1]):
            there = network.neighbours[step]
            if labels[there] == toward:
                touches = True
            elif labels[there] == part and seen[there] != stamp:
                seen[there] = stamp
                queue[end] = there
                end += 1
        if touches:
            state.group[found] = here
            found += 1
    if found == 0:
        return -1
    return state.group[pick % found]


@compiled
def sweep(
    network: Network,
    state: State,
    band: Band3,
    penalty: float,
    temperature: float,
    randoms: Integers,
    exponentials: Floats,
) -> int:
    """Propose a move for each row of random numbers and keep those that Metropolis' rule accepts; return how many.

    Parameters
    ----------
    network, state
        The zone and its plan, changed in place; contiguous before, contiguous after.
    band, penalty
        The household band and the cost of each household outside of it.
    temperature
        A move that makes the plan dearer by d is kept with probability exp(-d / temperature).
    randoms
        Shape (proposals, `RANDOMS_PER_MOVE`), whole numbers from 0.
    exponentials
        Quantiles of the exponential distribution (the logarithms are taken beforehand; see `plan.improve`).
    """
    labels, loads = state.labels, state.loads
    backup = np.empty(2 * len(labels) + 2, dtype=np.int64)
    entries = len(network.neighbours)
    kept = 0
    for row in range(len(randoms)):
        entry = randoms[row, 0] % entries
        unit = network.tails[entry]
        source = labels[unit]
        target = labels[network.neighbours[entry]]
        if source == target or state.sizes[source] == 1:
            continue
        before = _load_cost(loads[source], band, penalty) + _load_cost(loads[target], band, penalty)
        size = _gather(network, state, unit)
        if size == 0:
            continue
        for position in range(size):
            backup[position] = state.group[position]
        dearer = _shift(network, state, size, target)
        back = 0
        if randoms[row, 1] % 100 < 15:
            other = _partner(network, state, network.neighbours[entry], source, randoms[row, 2])
            if other >= 0 and state.sizes[target] > 1 and other != unit:
                back = _gather(network, state, other)
            for position in range(back):
                backup[size + position] = state.group[position]
            if back > 0:
                dearer += _shift(network, state, back, source)
        dearer += _load_cost(loads[source], band, penalty) + _load_cost(loads[target], band, penalty) - before
        if dearer <= temperature * exponentials[randoms[row, 3] % len(exponentials)]:
            kept += 1
            continue
        if back > 0:
            for position in range(back):
                state.group[position] = backup[size + position]
            _shift(network, state, back, target)
        for position in range(size):
            state.group[position] = backup[position]
        _shift(network, state, size, source)
    return kept
