"""Moves by spanning trees, in compiled loops: recombine two grids, or split a region into two.

Room: plan. In: a zone (`Network`), labels, random numbers drawn beforehand. Out: changed labels.
Imports numpy and the names of `plan.objective` and `plan.moves`.

A random spanning tree of the region is drawn that prefers pairs dear to part (so that it follows estates), and *every*
edge of it is scored at once: loads by subtree sums, the exact cut by lowest common ancestors. Either side of a tree
edge is connected by construction. (ReCom after DeFord, Duchin & Solomon 2021, with all edges scored instead of one.)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gisgrid.plan.compiled import compiled
from gisgrid.plan.graph import Floats, Integers
from gisgrid.plan.moves import State
from gisgrid.plan.objective import Network, Rules

RANDOMS_PER_TREE = 512
"""Random numbers that one tree uses; larger regions use them again from the start."""


class Tree(NamedTuple):
    """A spanning tree of a region: units in breadth-first order, with the position of each one's parent and depth."""

    units: Integers
    parent: Integers
    depth: Integers


@compiled
def _region(network: Network, inside: Integers, start: int) -> Integers:
    """Return the units with `inside` set that are connected to `start`, ascending."""
    count = len(inside)
    seen = np.zeros(count, dtype=np.bool_)
    queue = np.empty(count, dtype=np.int64)
    seen[start] = True
    queue[0] = start
    head, end = 0, 1
    while head < end:
        here = queue[head]
        head += 1
        for step in range(network.first[here], network.first[here + 1]):
            there = network.neighbours[step]
            if inside[there] != 0 and not seen[there]:
                seen[there] = True
                queue[end] = there
                end += 1
    return np.sort(queue[:end])


@compiled
def _random_tree(network: Network, units: Integers, position: Integers, plain: bool, randoms: Integers) -> Tree:
    """Return a random spanning tree of the units (Kruskal's algorithm with random keys).

    The key of a pair is a random number over 1 + what it costs to part the pair, so that estates stay whole; in a
    plain tree it is the bare number, so that every division can come up. `position` is the place of each unit in
    `units`, -1 outside.
    """
    size = len(units)
    most = 0
    for unit in units:
        most += network.first[unit + 1] - network.first[unit]
    keys = np.empty(most, dtype=np.float64)
    tails = np.empty(most, dtype=np.int64)
    heads = np.empty(most, dtype=np.int64)
    count = 0
    for here in range(size):
        unit = units[here]
        link = network.first_link[unit]
        for step in range(network.first[unit], network.first[unit + 1]):
            other = network.neighbours[step]
            there = position[other]
            if there <= here:
                continue
            while link < network.first_link[unit + 1] and network.links[link] < other:
                link += 1
            cost = 0.0
            if not plain and link < network.first_link[unit + 1] and network.links[link] == other:
                cost = max(network.costs[link], 0.0)
            keys[count] = (randoms[count % len(randoms)] % 1048576 + 1.0) / (1.0 + cost)
            tails[count] = here
            heads[count] = there
            count += 1
    order = np.argsort(keys[:count], kind="mergesort")
    root = np.arange(size)
    degree = np.zeros(size + 1, dtype=np.int64)
    chosen = np.empty(size, dtype=np.int64)
    taken = 0
    for edge in order:
        a, b = tails[edge], heads[edge]
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        while root[b] != b:
            root[b] = root[root[b]]
            b = root[b]
        if a != b:
            root[b] = a
            chosen[taken] = edge
            taken += 1
            degree[tails[edge] + 1] += 1
            degree[heads[edge] + 1] += 1
    return _rooted(units, np.cumsum(degree), tails, heads, chosen[:taken])


@compiled
def _rooted(units: Integers, first: Integers, tails: Integers, heads: Integers, chosen: Integers) -> Tree:
    """Return the chosen edges as a tree rooted at the first unit."""
    size = len(units)
    fill = first[:-1].copy()
    ends = np.empty(2 * len(chosen), dtype=np.int64)
    for edge in chosen:
        ends[fill[tails[edge]]] = heads[edge]
        fill[tails[edge]] += 1
        ends[fill[heads[edge]]] = tails[edge]
        fill[heads[edge]] += 1
    queue = np.zeros(size, dtype=np.int64)
    place = np.full(size, -1, dtype=np.int64)
    parent = np.full(size, -1, dtype=np.int64)
    depth = np.zeros(size, dtype=np.int64)
    place[0] = 0
    head, end = 0, 1
    while head < end:
        here = queue[head]
        for step in range(first[here], first[here + 1]):
            there = ends[step]
            if place[there] < 0:
                place[there] = end
                parent[end] = head
                depth[end] = depth[head] + 1
                queue[end] = there
                end += 1
        head += 1
    return Tree(units[queue], parent, depth)


@compiled
def _edge_scores(network: Network, tree: Tree, position: Integers) -> tuple[Integers, Floats]:
    """Return for each unit of the tree its subtree's households and the cost of parting the subtree from the rest.

    A pair inside the region is parted by exactly the tree edges on the path between its two units.
    """
    size = len(tree.units)
    for place in range(size):
        position[tree.units[place]] = place
    loads = np.empty(size, dtype=np.int64)
    cut = np.zeros(size, dtype=np.float64)
    for place in range(size):
        unit = tree.units[place]
        loads[place] = network.households[unit]
        for entry in range(network.first_link[unit], network.first_link[unit + 1]):
            other = position[network.links[entry]]
            if other <= place:
                continue
            cost = network.costs[entry]
            cut[place] += cost
            cut[other] += cost
            a, b = place, other
            while a != b:
                if tree.depth[a] >= tree.depth[b]:
                    a = tree.parent[a]
                else:
                    b = tree.parent[b]
            cut[a] -= 2.0 * cost
    for place in range(size - 1, 0, -1):
        loads[tree.parent[place]] += loads[place]
        cut[tree.parent[place]] += cut[place]
    return loads, cut


@compiled
def _share_cost(load: int, parts: int, rules: Rules, penalty: float) -> float:
    """Return the cost of a load that is to be shared by so many grids."""
    off = max(parts * rules.minimum - load, load - parts * rules.maximum, 0)
    return penalty * off + rules.pull * abs(load - parts * rules.target)


@compiled
def _below(tree: Tree, top: int) -> Integers:
    """Return for each place of the tree 1 if it is `top` or below it, else 0."""
    flags = np.zeros(len(tree.units), dtype=np.int64)
    flags[top] = 1
    for place in range(top + 1, len(tree.units)):
        if flags[tree.parent[place]] == 1:
            flags[place] = 1
    return flags


@compiled
def split(
    network: Network,
    inside: Integers,
    parts: tuple[int, int],
    rules: Rules,
    penalty: float,
    randoms: Integers,
) -> Integers:
    """Return 1 for the units of one side of the cheapest split of a connected region, 0 for all others.

    Parameters
    ----------
    network
        The zone.
    inside
        1 for the units of the region, else 0; at least two, connected.
    parts
        How many grids the side marked 1 and the other side are to hold.
    rules, penalty
        Band and pull, and the cost of each household outside of it.
    randoms
        Shape (trees, `RANDOMS_PER_TREE`): one row for each spanning tree tried.
    """
    best_cost = np.inf
    best = np.zeros(len(inside), dtype=np.int64)
    start = 0
    while inside[start] == 0:
        start += 1
    units = _region(network, inside, start)
    position = np.full(len(inside), -1, dtype=np.int64)
    for row in range(len(randoms)):
        for place in range(len(units)):
            position[units[place]] = place
        plain = randoms[row, -1] % 100 < rules.plain_percent
        tree = _random_tree(network, units, position, plain, randoms[row])
        loads, cut = _edge_scores(network, tree, position)
        choice, mirrored = 0, False
        for place in range(1, len(units)):
            rest = loads[0] - loads[place]
            for turn in range(2):
                here, there = parts[turn], parts[1 - turn]
                cost = cut[place] + _share_cost(loads[place], here, rules, penalty)
                cost += _share_cost(rest, there, rules, penalty)
                if cost < best_cost:
                    best_cost, choice, mirrored = cost, place, turn == 1
        if choice > 0:
            below = _below(tree, choice)
            best[:] = 0
            for place in range(len(units)):
                best[tree.units[place]] = 1 - below[place] if mirrored else below[place]
    return best


@compiled
def recombine(
    network: Network,
    state: State,
    rules: Rules,
    penalty: float,
    temperature: float,
    randoms: Integers,
    exponentials: Floats,
) -> int:
    """Merge two neighbouring parts and split them anew, for each row of random numbers; return how often it was kept.

    Parameters
    ----------
    network, state
        The zone and its plan, changed in place; contiguous before, contiguous after.
    rules, penalty, temperature, exponentials
        As in `plan.moves.sweep`.
    randoms
        Shape (proposals, `RANDOMS_PER_TREE`), whole numbers from 0.
    """
    labels = state.labels
    inside = np.zeros(len(labels), dtype=np.int64)
    position = np.full(len(labels), -1, dtype=np.int64)
    kept = 0
    for row in range(len(randoms)):
        entry = randoms[row, 0] % len(network.neighbours)
        start = network.tails[entry]
        one, two = labels[start], labels[network.neighbours[entry]]
        if one == two:
            continue
        for unit in range(len(labels)):
            inside[unit] = 1 if labels[unit] == one or labels[unit] == two else 0
            position[unit] = -1
        units = _region(network, inside, start)
        now = _share_cost(state.loads[one], 1, rules, penalty) + _share_cost(state.loads[two], 1, rules, penalty)
        for place in range(len(units)):
            unit = units[place]
            position[unit] = place
            for step in range(network.first_link[unit], network.first_link[unit + 1]):
                other = network.links[step]
                if other > unit and inside[other] == 1 and labels[other] != labels[unit]:
                    now += network.costs[step]
            if network.home[unit] >= 0 and network.home[unit] != labels[unit]:
                now += network.stay[unit]
        plain = randoms[row, -1] % 100 < rules.plain_percent
        tree = _random_tree(network, units, position, plain, randoms[row])
        loads, cut = _edge_scores(network, tree, position)
        stay_one, stay_two, away = _home_sums(network, tree, one, two)
        best_cost, best_drawn, choice, lower = 0.0, np.inf, 0, one
        for place in range(1, len(units)):
            cost = cut[place] + away + _share_cost(loads[place], 1, rules, penalty)
            cost += _share_cost(loads[0] - loads[place], 1, rules, penalty)
            as_one = stay_one[0] - stay_one[place] + stay_two[place]
            as_two = stay_two[0] - stay_two[place] + stay_one[place]
            cost += min(as_one, as_two)
            drawn = cost + temperature * exponentials[(randoms[row, 1] + 7919 * place) % len(exponentials)]
            if drawn < best_drawn:
                best_cost, best_drawn, choice = cost, drawn, place
                lower = one if as_one <= as_two else two
        if best_cost - now <= temperature * exponentials[randoms[row, 2] % len(exponentials)]:
            _write(network, state, tree, choice, lower, one + two - lower)
            kept += 1
    return kept


@compiled
def _home_sums(network: Network, tree: Tree, one: int, two: int) -> tuple[Floats, Floats, float]:
    """Return for each subtree the cost of its homes in `one` and in `two`, and that of homes elsewhere in sum."""
    size = len(tree.units)
    stay_one = np.zeros(size, dtype=np.float64)
    stay_two = np.zeros(size, dtype=np.float64)
    away = 0.0
    for place in range(size - 1, -1, -1):
        unit = tree.units[place]
        if network.home[unit] == one:
            stay_one[place] += network.stay[unit]
        elif network.home[unit] == two:
            stay_two[place] += network.stay[unit]
        elif network.home[unit] >= 0:
            away += network.stay[unit]
        if place > 0:
            stay_one[tree.parent[place]] += stay_one[place]
            stay_two[tree.parent[place]] += stay_two[place]
    return stay_one, stay_two, away


@compiled
def _write(network: Network, state: State, tree: Tree, choice: int, lower: int, upper: int) -> None:
    """Give the subtree below the choice to the part `lower`, the rest to `upper`, and count anew."""
    below = _below(tree, choice)
    state.loads[lower] = 0
    state.loads[upper] = 0
    state.sizes[lower] = 0
    state.sizes[upper] = 0
    for place in range(len(tree.units)):
        unit = tree.units[place]
        part = lower if below[place] == 1 else upper
        state.labels[unit] = part
        state.loads[part] += network.households[unit]
        state.sizes[part] += 1
