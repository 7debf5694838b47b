"""The state of a search: a contiguous plan of one zone and its books, changed in place by the compiled loops.

Room: plan. In: a zone (`Network`), labels. Out: a `State`. Imports numpy and the names of `plan.objective`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gisgrid.plan.compiled import compiled
from gisgrid.plan.graph import Floats, Integers
from gisgrid.plan.objective import Network, Rules


class State(NamedTuple):
    """A contiguous plan of one zone while it is being changed.

    Attributes
    ----------
    labels
        The part of each unit, 0 to K - 1.
    loads, sizes
        Households and units of each part.
    members, place
        The units of each part in no order of theirs, shape (K, units), and where in it each unit stands.
    estate_units
        How many units of each whole estate lie in each part, shape (estates, K).
    cost
        One element: what is minimised (cut, estates in pieces, pull to the target, moved households), kept up to date.
    seen, queue, group, there, back
        Scratch space of the loops; `seen` holds the stamp of the last search that touched a unit, its last element
        the stamp itself.
    """

    labels: Integers
    loads: Integers
    sizes: Integers
    members: Integers
    place: Integers
    estate_units: Integers
    cost: Floats
    seen: Integers
    queue: Integers
    group: Integers
    there: Integers
    back: Integers


@compiled
def state_of(network: Network, labels: Integers, parts: int, rules: Rules) -> State:
    """Return the state of a plan: its labels copied, its books counted from nothing."""
    count = len(labels)
    loads = np.zeros(parts, dtype=np.int64)
    sizes = np.zeros(parts, dtype=np.int64)
    members = np.zeros((parts, count), dtype=np.int64)
    place = np.zeros(count, dtype=np.int64)
    estate_units = np.zeros((len(network.estate_costs), parts), dtype=np.int64)
    cost = 0.0
    for unit in range(count):
        part = labels[unit]
        loads[part] += network.households[unit]
        members[part, sizes[part]] = unit
        place[unit] = sizes[part]
        sizes[part] += 1
        if network.estate[unit] >= 0:
            estate_units[network.estate[unit], part] += 1
        if network.home[unit] >= 0 and network.home[unit] != part:
            cost += network.stay[unit]
        for entry in range(network.first_link[unit], network.first_link[unit + 1]):
            other = network.links[entry]
            if other > unit and labels[other] != part:
                cost += network.costs[entry]
    for part in range(parts):
        cost += rules.pull * abs(loads[part] - rules.target)
    for estate in range(len(network.estate_costs)):
        held = 0
        for part in range(parts):
            held += estate_units[estate, part] > 0
        cost += network.estate_costs[estate] * max(held - 1, 0)
    return State(
        labels.copy(),
        loads,
        sizes,
        members,
        place,
        estate_units,
        np.array([cost]),
        np.zeros(count + 1, dtype=np.int64),
        np.zeros(count + 1, dtype=np.int64),
        np.zeros(count + 1, dtype=np.int64),
        np.zeros(count + 1, dtype=np.int64),
        np.zeros(count + 1, dtype=np.int64),
    )


@compiled
def off_band(state: State, rules: Rules) -> int:
    """Return by how many households the parts lie outside the band, in sum."""
    total = 0
    for part in range(len(state.loads)):
        total += off_by(state.loads[part], rules)
    return total


@compiled
def off_by(load: int, rules: Rules) -> int:
    """Return by how many households a load is outside the rules."""
    if load < rules.minimum:
        return rules.minimum - load
    if load > rules.maximum:
        return load - rules.maximum
    return 0


@compiled
def handed_over(network: Network, state: State, unit: int, target: int) -> None:
    """Write the unit into the books of the target part; the last of its old part takes its place there."""
    part, estate = state.labels[unit], network.estate[unit]
    if part == target:
        return
    state.loads[part] -= network.households[unit]
    state.loads[target] += network.households[unit]
    if estate >= 0:
        state.estate_units[estate, part] -= 1
        state.estate_units[estate, target] += 1
    state.sizes[part] -= 1
    last = state.members[part, state.sizes[part]]
    state.members[part, state.place[unit]] = last
    state.place[last] = state.place[unit]
    state.members[target, state.sizes[target]] = unit
    state.place[unit] = state.sizes[target]
    state.sizes[target] += 1
    state.labels[unit] = target
