"""Small moves between contiguous grids, in compiled loops: one unit with what hangs on it, and swaps.

Room: plan. In: a zone (`Network`), labels and loads that are changed in place, random numbers drawn beforehand.
Out: nothing but the changed arrays. Imports numpy and the names of `plan.objective`.

A unit that is an articulation point of its grid takes the lighter pieces along (composite moves after Jin & Guo 2026;
contiguity is tested from the neighbours outward, King et al. 2012), so every plan on the way is contiguous.
"""

from __future__ import annotations

import numpy as np

from gisgrid.plan.chance import Chance, below, draw, exponential
from gisgrid.plan.compiled import compiled
from gisgrid.plan.graph import Integers
from gisgrid.plan.objective import Level, Network, Rules
from gisgrid.plan.state import State, handed_over, off_by

SWAPS_OF_128 = 20
"""How many of 128 proposals also send a unit back."""

PARTNER_TRIES = 6
"""So many units of a part are looked at for one that could come back in a swap."""

COMPOSITES_OF_128 = 16
"""How many of 128 proposals weigh a unit with all that hangs on it, even where the unit alone would be too dear."""


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
def _more_off(state: State, source: int, target: int, load: int, rules: Rules) -> int:
    """Return how many more households are out of band once so many have gone from one part to the other."""
    out, into = state.loads[source], state.loads[target]
    before = off_by(out, rules) + off_by(into, rules)
    return off_by(out - load, rules) + off_by(into + load, rules) - before


@compiled
def _dearer_loads(state: State, source: int, target: int, load: int, rules: Rules) -> float:
    """Return by how much dearer the pull to the target is once so many households have gone to the other part."""
    out, into = state.loads[source], state.loads[target]
    before = abs(out - rules.target) + abs(into - rules.target)
    return float(rules.pull * (abs(out - load - rules.target) + abs(into + load - rules.target) - before))


@compiled
def _dearer_alone(network: Network, state: State, unit: int, target: int) -> float:
    """Return by how much dearer cut, estates and moves are once the unit alone has gone to the target part."""
    labels = state.labels
    part = labels[unit]
    dearer = 0.0
    for entry in range(network.first_link[unit], network.first_link[unit + 1]):
        other = labels[network.links[entry]]
        if other == part:
            dearer += network.costs[entry]
        elif other == target:
            dearer -= network.costs[entry]
    estate = network.estate[unit]
    if estate >= 0:
        if state.estate_units[estate, target] == 0:
            dearer += network.estate_costs[estate]
        if state.estate_units[estate, part] == 1:
            dearer -= network.estate_costs[estate]
    if network.home[unit] == part:
        dearer += network.stay[unit]
    elif network.home[unit] == target:
        dearer -= network.stay[unit]
    return dearer


@compiled
def _partner(network: Network, state: State, part: int, toward: int, chance: Chance) -> int:
    """Return a unit of the part that is adjacent to the part `toward`, -1 if a few tries meet none."""
    for _ in range(PARTNER_TRIES):
        unit = state.members[part, below(draw(chance), state.sizes[part])]
        if _meets(network, state, unit, toward):
            return int(unit)
    return -1


@compiled
def _meets(network: Network, state: State, unit: int, part: int) -> bool:
    """Return whether a unit has a neighbour in the part."""
    for step in range(network.first[unit], network.first[unit + 1]):
        if state.labels[network.neighbours[step]] == part:
            return True
    return False


@compiled
def _moved(network: Network, state: State, unit: int, target: int, rules: Rules, kept: Integers) -> float:
    """Move a unit and what hangs on it; note the group in `kept`, its size first; return how much dearer that is."""
    source = state.labels[unit]
    kept[0] = _gather(network, state, unit)
    load, dearer = 0, 0.0
    for position in range(kept[0]):
        kept[position + 1] = state.group[position]
        load += network.households[state.group[position]]
    if kept[0] > 0:
        dearer += _dearer_loads(state, source, target, load, rules)
    for position in range(kept[0]):
        dearer += _dearer_alone(network, state, state.group[position], target)
        handed_over(network, state, state.group[position], target)
    return dearer


@compiled
def _undone(network: Network, state: State, source: int, kept: Integers) -> None:
    """Give the group noted in `kept` back to its part."""
    for position in range(kept[0]):
        handed_over(network, state, kept[position + 1], source)


@compiled
def _tried_group(
    network: Network, state: State, rules: Rules, level: Level, entry: int, limit: float, other: int
) -> bool:
    """Move a unit with what hangs on it, against another unless that is -1; keep that if no dearer than the limit."""
    unit = network.tails[entry]
    source, target = state.labels[unit], state.labels[network.neighbours[entry]]
    off = off_by(state.loads[source], rules) + off_by(state.loads[target], rules)
    dearer = _moved(network, state, unit, target, rules, state.there)
    if state.there[0] == 0:
        return False
    state.back[0] = 0
    # What the unit took along may have been all that lay between the other one and its goal.
    if other >= 0 and state.labels[other] == target and _meets(network, state, other, source):
        dearer += _moved(network, state, other, source, rules, state.back)
    off = off_by(state.loads[source], rules) + off_by(state.loads[target], rules) - off
    if dearer + level.penalty * off > limit:
        _undone(network, state, target, state.back)
        _undone(network, state, source, state.there)
        return False
    state.cost[0] += dearer
    return True


@compiled
def _tried_alone(
    network: Network, state: State, rules: Rules, level: Level, entry: int, limit: float, composite: bool
) -> bool:
    """Move a unit, with what hangs on it if anything does; keep that if it is no dearer than the limit.

    Most proposals end at the first sum, before anything is changed; a `composite` one is weighed with what hangs on it.
    """
    unit = network.tails[entry]
    source, target = state.labels[unit], state.labels[network.neighbours[entry]]
    load = network.households[unit]
    dearer = _dearer_alone(network, state, unit, target) + _dearer_loads(state, source, target, load, rules)
    too_dear = dearer + level.penalty * _more_off(state, source, target, load, rules) > limit
    if too_dear and not composite:
        return False
    if not _loose(network, state, unit):
        return _tried_group(network, state, rules, level, entry, limit, -1)
    if too_dear:
        return False
    handed_over(network, state, unit, target)
    state.cost[0] += dearer
    return True


@compiled
def sweep(
    network: Network,
    state: State,
    rules: Rules,
    level: Level,
    proposals: int,
    chance: Chance,
) -> int:
    """Propose so many moves and keep those that Metropolis' rule accepts; return how many.

    Parameters
    ----------
    network, state
        The zone and its plan, changed in place; contiguous before, contiguous after.
    rules
        Band and pull.
    level
        The cost of a household out of band, and the temperature: a move that makes the plan dearer by d is kept with
        probability exp(-d / temperature).
    proposals
        How many.
    chance
        The stream of random numbers.
    """
    accepted = 0
    for _ in range(proposals):
        bits = draw(chance)
        entry = below(bits, len(network.neighbours))
        source = state.labels[network.tails[entry]]
        if source == state.labels[network.neighbours[entry]] or state.sizes[source] == 1:
            continue
        limit = level.temperature * exponential(bits)
        kind = np.int64((bits >> np.uint64(32)) & np.uint64(127))
        if kind < SWAPS_OF_128:
            target = state.labels[network.neighbours[entry]]
            other = _partner(network, state, target, source, chance)
            accepted += other >= 0 and _tried_group(network, state, rules, level, entry, limit, other)
        else:
            composite = bool(kind < SWAPS_OF_128 + COMPOSITES_OF_128)
            accepted += _tried_alone(network, state, rules, level, entry, limit, composite)
    return accepted
