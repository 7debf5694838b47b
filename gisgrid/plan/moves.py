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
from gisgrid.plan.objective import Network, Rules

RANDOMS_PER_MOVE = 4
"""Random numbers that one proposal uses."""

SWAPS_PERCENT = 15
"""How many of a hundred proposals also send a unit back."""


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
def _flood(network: Network, state: State, start: int, end: int) -> int:
    """Queue, from position `end`, the units of its part that are connected to `start` and not seen; return the end."""
    labels, seen, queue = state.labels, state.seen, state.queue
    part, stamp = labels[start], seen[-1]
    head = end
    seen[start] = stamp
    queue[end] = start
    end += 1
    while head < end:
        here = queue[head]
        head += 1
        for step in range(network.first[here], network.first[here + 1]):
            there = network.neighbours[step]
            if labels[there] == part and seen[there] != stamp:
                seen[there] = stamp
                queue[end] = there
                end += 1
    return end


@compiled
def _loose(network: Network, state: State, unit: int) -> bool:
    """Return whether the unit's neighbours in its part are connected among themselves: then it can leave alone.

    True for most units, so that the whole part need not be walked; False says nothing.
    """
    labels, seen, queue = state.labels, state.seen, state.queue
    part = labels[unit]
    seen[-1] += 2
    marked, reached = seen[-1] - 1, seen[-1]
    count, start = 0, -1
    for entry in range(network.first[unit], network.first[unit + 1]):
        near = network.neighbours[entry]
        if labels[near] == part:
            seen[near] = marked
            count += 1
            start = near
    if count == 0:
        return False
    seen[start] = reached
    queue[0] = start
    head, end = 0, 1
    while head < end:
        here = queue[head]
        head += 1
        for step in range(network.first[here], network.first[here + 1]):
            there = network.neighbours[step]
            if seen[there] == marked:
                seen[there] = reached
                queue[end] = there
                end += 1
    return end == count


@compiled
def _gather(network: Network, state: State, unit: int) -> int:
    """Put the unit and what hangs on it into `group`; return how many they are, 0 if nothing would stay behind.

    Without the unit its part falls into pieces; the one with most households stays, the others go along.
    """
    labels, seen, queue, group = state.labels, state.seen, state.queue, state.group
    part = labels[unit]
    group[0] = unit
    if _loose(network, state, unit):
        return 1
    seen[-1] += 1
    seen[unit] = seen[-1]
    best_load, best_from, best_to, end = -1, 0, 0, 0
    for entry in range(network.first[unit], network.first[unit + 1]):
        start = network.neighbours[entry]
        if labels[start] != part or seen[start] == seen[-1]:
            continue
        begin = end
        end = _flood(network, state, start, begin)
        load = 0
        for position in range(begin, end):
            load += network.households[queue[position]]
        if load > best_load or (load == best_load and end - begin > best_to - best_from):
            best_load, best_from, best_to = load, begin, end
    if best_load < 0:
        return 0
    size = 1
    for position in range(end):
        if position < best_from or position >= best_to:
            group[size] = queue[position]
            size += 1
    return size


@compiled
def _off(load: int, rules: Rules) -> int:
    """Return by how many households a load is outside the rules."""
    if load < rules.minimum:
        return rules.minimum - load
    if load > rules.maximum:
        return load - rules.maximum
    return 0


@compiled
def _load_cost(load: int, rules: Rules, penalty: float) -> float:
    """Return the cost of a load: the penalty out of band and the pull to the target."""
    return penalty * _off(load, rules) + rules.pull * abs(load - rules.target)


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
    labels, group = state.labels, state.group
    state.seen[-1] += 1
    end = _flood(network, state, start, 0)
    found = 0
    for position in range(end):
        here = state.queue[position]
        for step in range(network.first[here], network.first[here + 1]):
            if labels[network.neighbours[step]] == toward:
                group[found] = here
                found += 1
                break
    if found == 0:
        return -1
    return int(group[pick % found])


@compiled
def _moved(network: Network, state: State, unit: int, target: int, kept: Integers) -> float:
    """Move a unit and what hangs on it; note the group in `kept`, its size first; return how much dearer that is."""
    kept[0] = _gather(network, state, unit)
    for position in range(kept[0]):
        kept[position + 1] = state.group[position]
    if kept[0] == 0:
        return 0.0
    return _shift(network, state, kept[0], target)


@compiled
def _undone(network: Network, state: State, source: int, kept: Integers) -> None:
    """Give the group noted in `kept` back to its part."""
    for position in range(kept[0]):
        state.group[position] = kept[position + 1]
    if kept[0] > 0:
        _shift(network, state, kept[0], source)


@compiled
def sweep(
    network: Network,
    state: State,
    rules: Rules,
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
    rules, penalty
        Band and pull, and the cost of each household outside of it.
    temperature
        A move that makes the plan dearer by d is kept with probability exp(-d / temperature).
    randoms
        Shape (proposals, `RANDOMS_PER_MOVE`), whole numbers from 0.
    exponentials
        Quantiles of the exponential distribution (the logarithms are taken beforehand; see `plan.improve`).
    """
    labels, loads = state.labels, state.loads
    there = np.zeros(len(labels) + 1, dtype=np.int64)
    back = np.zeros(len(labels) + 1, dtype=np.int64)
    accepted = 0
    for row in range(len(randoms)):
        entry = randoms[row, 0] % len(network.neighbours)
        unit, neighbour = network.tails[entry], network.neighbours[entry]
        source, target = labels[unit], labels[neighbour]
        if source == target or state.sizes[source] == 1:
            continue
        before = _load_cost(loads[source], rules, penalty) + _load_cost(loads[target], rules, penalty)
        dearer = _moved(network, state, unit, target, there)
        back[0] = 0
        if randoms[row, 1] % 100 < SWAPS_PERCENT:
            other = _partner(network, state, neighbour, source, randoms[row, 2])
            if other >= 0 and other != unit:
                dearer += _moved(network, state, other, source, back)
        dearer += _load_cost(loads[source], rules, penalty) + _load_cost(loads[target], rules, penalty) - before
        if dearer <= temperature * exponentials[randoms[row, 3] % len(exponentials)]:
            accepted += 1
        else:
            _undone(network, state, target, back)
            _undone(network, state, source, there)
    return accepted
