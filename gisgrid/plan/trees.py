"""Moves by spanning trees, in compiled loops: recombine two grids, or split a region into two.

Room: plan. In: a zone (`Network`), labels, random numbers drawn beforehand. Out: changed labels.
Imports numpy and the names of `plan.objective` and `plan.moves`.

A random spanning tree of the region is drawn that prefers pairs dear to part (so that it follows estates), and *every*
edge of it is scored at once: loads by subtree sums, the exact cut by lowest common ancestors. Either side of a tree
edge is connected by construction. (ReCom after DeFord, Duchin & Solomon 2021, with all edges scored instead of one.)
"""

from __future__ import annotations

import numpy as np

from gisgrid.plan.chance import Chance, below, draw, exponential
from gisgrid.plan.compiled import compiled
from gisgrid.plan.graph import Floats, Integers
from gisgrid.plan.objective import Level, Network, Rules
from gisgrid.plan.spanning import Tree, grown, meeting, room_for
from gisgrid.plan.state import State, handed_over, off_by


@compiled
def _lay(tree: Tree, size: int, a: int, b: int, cost: float) -> None:
    """Lay a cost on the path between two places of the tree: at both ends, and off again where they meet."""
    tree.cut[a] += cost
    tree.cut[b] += cost
    tree.cut[meeting(tree, size, a, b)] -= 2.0 * cost


@compiled
def _score_edges(network: Network, tree: Tree, size: int) -> None:
    """Write for each place of the tree its subtree's households and the cost of parting the subtree from the rest.

    A pair inside the region is parted by exactly the tree edges on the path between its two units.
    """
    loads, cut = tree.loads, tree.cut
    for place in range(size):
        cut[place] = 0.0
    estates = 0
    for place in range(size):
        unit = tree.units[place]
        loads[place] = network.households[unit]
        estates += network.estate[unit] >= 0
        for entry in range(network.first_link[unit], network.first_link[unit + 1]):
            other = tree.position[network.links[entry]]
            if other > place:
                _lay(tree, size, place, other, network.costs[entry])
    if estates > 1:
        _lay_estates(network, tree, size, estates)
    for place in range(size - 1, 0, -1):
        loads[tree.parent[place]] += loads[place]
        cut[tree.parent[place]] += cut[place]


@compiled
def _lay_estates(network: Network, tree: Tree, size: int, count: int) -> None:
    """Lay the cost of each estate on the tree edges that part it, for `count` units of estates.

    A walk through an estate's units in preorder and back to the first passes each edge between them exactly twice.
    """
    under = np.ones(size, dtype=np.int64)
    for place in range(size - 1, 0, -1):
        under[tree.parent[place]] += under[place]
    preorder = np.zeros(size, dtype=np.int64)
    free = np.ones(size, dtype=np.int64)
    for place in range(1, size):
        above = tree.parent[place]
        preorder[place] = preorder[above] + free[above]
        free[above] += under[place]
    keys = np.empty(count, dtype=np.int64)
    places = np.empty(count, dtype=np.int64)
    found = 0
    for place in range(size):
        estate = network.estate[tree.units[place]]
        if estate >= 0:
            keys[found] = estate * size + preorder[place]
            places[found] = place
            found += 1
    order = np.argsort(keys)
    begin = 0
    for step in range(count):
        estate = keys[order[step]] // size
        last = step + 1 == count or keys[order[step + 1]] // size != estate
        other = order[begin] if last else order[step + 1]
        _lay(tree, size, places[order[step]], places[other], network.estate_costs[estate] / 2.0)
        if last:
            begin = step + 1


@compiled
def _share_off(load: int, parts: int, rules: Rules) -> int:
    """Return how many households of a load that so many grids are to share are out of band."""
    return max(parts * rules.minimum - load, load - parts * rules.maximum, 0)


@compiled
def _below(tree: Tree, size: int, top: int) -> Integers:
    """Return for each place of the tree 1 if it is `top` or below it, else 0."""
    flags = np.zeros(size, dtype=np.int64)
    flags[top] = 1
    for place in range(top + 1, size):
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
    trees: int,
    chance: Chance,
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
    trees
        How many spanning trees are tried.
    chance
        The stream of random numbers.
    """
    best_cost = np.inf
    best = np.zeros(len(inside), dtype=np.int64)
    tree, edges = room_for(network)
    size = 0
    for unit in range(len(inside)):
        if inside[unit] != 0:
            tree.units[size] = unit
            tree.position[unit] = size
            size += 1
    for _ in range(trees):
        plain = below(draw(chance), 100) < rules.plain_percent
        grown(network, tree, size, edges, plain, chance)
        _score_edges(network, tree, size)
        choice, mirrored = 0, False
        for place in range(1, size):
            load, rest = tree.loads[place], tree.loads[0] - tree.loads[place]
            for turn in range(2):
                here, there = parts[turn], parts[1 - turn]
                off = _share_off(load, here, rules) + _share_off(rest, there, rules)
                cost = tree.cut[place] + penalty * off
                cost += rules.pull * (abs(load - here * rules.target) + abs(rest - there * rules.target))
                if cost < best_cost:
                    best_cost, choice, mirrored = cost, place, turn == 1
        if choice > 0:
            under = _below(tree, size, choice)
            best[:] = 0
            for place in range(size):
                best[tree.units[place]] = 1 - under[place] if mirrored else under[place]
    return best


@compiled
def _held_cost(network: Network, state: State, tree: Tree, size: int, one: int, two: int) -> float:
    """Return what two parts cost between themselves as they are now, without loads."""
    cost = 0.0
    for place in range(size):
        unit = tree.units[place]
        part = state.labels[unit]
        for step in range(network.first_link[unit], network.first_link[unit + 1]):
            other = network.links[step]
            if other > unit and state.labels[other] == one + two - part:
                cost += network.costs[step]
        if network.home[unit] >= 0 and network.home[unit] != part:
            cost += network.stay[unit]
    for estate in range(len(network.estate_costs)):
        if state.estate_units[estate, one] > 0 and state.estate_units[estate, two] > 0:
            cost += network.estate_costs[estate]
    return cost


@compiled
def recombine(
    network: Network,
    state: State,
    rules: Rules,
    level: Level,
    proposals: int,
    chance: Chance,
) -> int:
    """Merge two neighbouring parts and split them anew, so many times; return how often the new split was kept.

    Parameters
    ----------
    network, state
        The zone and its plan, changed in place; contiguous before, contiguous after.
    rules, level, chance
        As in `plan.moves.sweep`.
    proposals
        How many; one that meets no border between two parts does nothing.
    """
    tree, edges = room_for(network)
    kept = 0
    for _ in range(proposals):
        bits = draw(chance)
        entry = below(bits, len(network.neighbours))
        one, two = state.labels[network.tails[entry]], state.labels[network.neighbours[entry]]
        if one == two:
            continue
        size = 0
        for part in (one, two):
            for position in range(state.sizes[part]):
                unit = state.members[part, position]
                tree.units[size] = unit
                tree.position[unit] = size
                size += 1
        plain = below(bits >> np.uint64(16), 100) < rules.plain_percent
        grown(network, tree, size, edges, plain, chance)
        _score_edges(network, tree, size)
        kept += _tried_tree(network, state, tree, (size, one, two), rules, level, chance)
        for place in range(size):
            tree.position[tree.units[place]] = -1
    return kept


@compiled
def _tried_tree(
    network: Network,
    state: State,
    tree: Tree,
    region: tuple[int, int, int],
    rules: Rules,
    level: Level,
    chance: Chance,
) -> bool:
    """Draw an edge of the scored tree by the temperature; divide the two parts there if that is accepted.

    The region is the number of its units and its two parts.
    """
    size, one, two = region
    pulled = abs(state.loads[one] - rules.target) + abs(state.loads[two] - rules.target)
    now = _held_cost(network, state, tree, size, one, two) + rules.pull * pulled
    now_off = off_by(state.loads[one], rules) + off_by(state.loads[two], rules)
    stay_one, stay_two, away = _home_sums(network, tree, size, one, two)
    best_cost, best_off, best_drawn, choice, lower = 0.0, 0, np.inf, 0, one
    for place in range(1, size):
        load, rest = tree.loads[place], tree.loads[0] - tree.loads[place]
        as_one = stay_one[0] - stay_one[place] + stay_two[place]
        as_two = stay_two[0] - stay_two[place] + stay_one[place]
        cost = tree.cut[place] + away + min(as_one, as_two)
        cost += rules.pull * (abs(load - rules.target) + abs(rest - rules.target))
        off = off_by(load, rules) + off_by(rest, rules)
        drawn = cost + level.penalty * off
        if level.temperature > 0.0 and drawn < best_drawn:
            drawn += level.temperature * exponential(draw(chance))
        if drawn < best_drawn:
            best_cost, best_off, best_drawn, choice = cost, off, drawn, place
            lower = one if as_one <= as_two else two
    if best_cost - now + level.penalty * (best_off - now_off) > level.temperature * exponential(draw(chance)):
        return False
    under = _below(tree, size, choice)
    for place in range(size):
        part = lower if under[place] == 1 else one + two - lower
        handed_over(network, state, tree.units[place], part)
    state.cost[0] += best_cost - now
    return True


@compiled
def _home_sums(network: Network, tree: Tree, size: int, one: int, two: int) -> tuple[Floats, Floats, float]:
    """Return for each subtree the cost of its homes in `one` and in `two`, and that of homes elsewhere in sum."""
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
