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
from numpy.typing import NDArray

from gisgrid.plan.chance import Chance, below, draw, exponential
from gisgrid.plan.compiled import compiled
from gisgrid.plan.graph import Floats, Integers
from gisgrid.plan.moves import State, handed_over, off_by
from gisgrid.plan.objective import Level, Network, Rules


class Tree(NamedTuple):
    """A spanning tree of a region, written anew for each proposal (all arrays as long as the zone).

    Attributes
    ----------
    units
        The region's units in breadth-first order; how many there are is handed along.
    parent
        For each place in that order the place of its parent.
    above
        For each place the set of places from it up to the root as bits, shape (n, words): place p is bit n - 1 - p.
    position
        The place of each unit of the zone, -1 outside the region.
    loads, cut
        For each place the households of its subtree, and the cost of parting the subtree from the rest.
    """

    units: Integers
    parent: Integers
    above: NDArray[np.uint64]
    position: Integers
    loads: Integers
    cut: Floats


class Edges(NamedTuple):
    """The adjacent pairs of a region with random keys, and room to sort and join them; written anew for each tree."""

    tails: Integers
    heads: Integers
    keys: Integers
    order: Integers
    buckets: Integers
    root: Integers
    first: Integers
    ends: Integers


DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
BIT_NUMBERS = np.zeros(64, dtype=np.int64)
"""The number of a single bit, by the leading bits of its product with a de Bruijn sequence (Leiserson et al. 1998)."""

for _bit in range(64):
    BIT_NUMBERS[((0x03F79D71B4CB0A89 << _bit) & 0xFFFFFFFFFFFFFFFF) >> 58] = _bit

BUCKETS = 256
"""Pairs are sorted by the three leading bits of their keys and how long these are: near enough for random trees."""


@compiled
def room_for(network: Network) -> tuple[Tree, Edges]:
    """Return the arrays that trees of a zone are written into."""
    count, pairs = len(network.households) + 1, len(network.neighbours) + 1
    tree = Tree(
        np.zeros(count, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
        np.zeros((count, (count + 63) // 64), dtype=np.uint64),
        np.full(count, -1, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
        np.zeros(count, dtype=np.float64),
    )
    edges = Edges(
        np.zeros(pairs, dtype=np.int64),
        np.zeros(pairs, dtype=np.int64),
        np.zeros(pairs, dtype=np.int64),
        np.zeros(pairs, dtype=np.int64),
        np.zeros(BUCKETS + 1, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
        np.zeros(count + 1, dtype=np.int64),
        np.zeros(2 * count, dtype=np.int64),
    )
    return tree, edges


@compiled
def _bucket(key: int) -> int:
    """Return the bucket of a key below 2³¹: how many bits follow its three leading ones, and these."""
    length = 0
    for step in (16, 8, 4, 2, 1):
        if key >> (length + step) > 3:
            length += step
    return length * 8 + (key >> length)


@compiled
def _keyed_pairs(network: Network, tree: Tree, size: int, edges: Edges, plain: bool, chance: Chance) -> int:
    """Write the adjacent pairs of the region with their keys, and return how many.

    The key of a pair is a random number over 1 + what it costs to part the pair, so that trees follow estates; in a
    plain tree it is the bare number, so that every division can come up.
    """
    count = 0
    for here in range(size):
        unit = tree.units[here]
        link = network.first_link[unit]
        for step in range(network.first[unit], network.first[unit + 1]):
            other = network.neighbours[step]
            there = tree.position[other]
            if there <= here:
                continue
            while link < network.first_link[unit + 1] and network.links[link] < other:
                link += 1
            cost = 0.0
            if not plain and link < network.first_link[unit + 1] and network.links[link] == other:
                cost = max(network.costs[link], 0.0)
            number = (float(below(draw(chance), 1 << 30)) + 1.0) / (1.0 + cost)
            edges.keys[count] = _bucket(int(number))
            edges.tails[count] = here
            edges.heads[count] = there
            count += 1
    return count


@compiled
def _sorted(edges: Edges, count: int) -> None:
    """Write the order of the pairs by bucket of their keys (counting sort)."""
    edges.buckets[:] = 0
    for pair in range(count):
        edges.buckets[edges.keys[pair] + 1] += 1
    for bucket in range(BUCKETS):
        edges.buckets[bucket + 1] += edges.buckets[bucket]
    for pair in range(count):
        bucket = edges.keys[pair]
        edges.order[edges.buckets[bucket]] = pair
        edges.buckets[bucket] += 1


@compiled
def _joined(edges: Edges, count: int, size: int) -> None:
    """Choose the pairs of a spanning tree (Kruskal's algorithm) and write them as lists of ends."""
    root, first = edges.root, edges.first
    for place in range(size):
        root[place] = place
        first[place] = 0
    first[size] = 0
    taken = 0
    for step in range(count):
        pair = edges.order[step]
        a, b = edges.tails[pair], edges.heads[pair]
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        while root[b] != b:
            root[b] = root[root[b]]
            b = root[b]
        if a != b:
            root[b] = a
            edges.order[taken] = pair
            taken += 1
            first[edges.tails[pair]] += 1
            first[edges.heads[pair]] += 1
            if taken == size - 1:
                break
    total = 0
    for place in range(size + 1):
        degree = first[place]
        first[place] = total
        total += degree
        root[place] = first[place]
    for step in range(taken):
        a, b = edges.tails[edges.order[step]], edges.heads[edges.order[step]]
        edges.ends[root[a]] = b
        edges.ends[root[b]] = a
        root[a] += 1
        root[b] += 1


@compiled
def _grown(network: Network, tree: Tree, size: int, edges: Edges, plain: bool, chance: Chance) -> None:
    """Write a random spanning tree of the first `size` units, which are connected, in place of their order."""
    count = _keyed_pairs(network, tree, size, edges, plain, chance)
    _sorted(edges, count)
    _joined(edges, count, size)
    # Breadth first from the first unit; `keys` and `order` are free by now.
    queue, placed = edges.keys, edges.order
    for place in range(size):
        placed[place] = -1
    queue[0] = 0
    placed[0] = 0
    tree.parent[0] = -1
    end = 1
    for head in range(size):
        here = queue[head]
        for step in range(edges.first[here], edges.first[here + 1]):
            there = edges.ends[step]
            if placed[there] < 0:
                placed[there] = end
                tree.parent[end] = head
                queue[end] = there
                end += 1
    for place in range(size):
        edges.root[place] = tree.units[queue[place]]
    for place in range(size):
        tree.units[place] = edges.root[place]
        tree.position[tree.units[place]] = place
    _write_above(tree, size)


@compiled
def _write_above(tree: Tree, size: int) -> None:
    """Write for each place the set of places from it up to the root."""
    words = (size + 63) >> 6
    for place in range(size):
        bit = size - 1 - place
        for word in range(words):
            tree.above[place, word] = tree.above[tree.parent[place], word] if place > 0 else np.uint64(0)
        tree.above[place, bit >> 6] |= np.uint64(1) << np.uint64(bit & 63)


@compiled
def _meeting(tree: Tree, size: int, a: int, b: int) -> int:
    """Return the lowest common ancestor of two places: in breadth-first order the last place that is above both."""
    for word in range((size + 63) >> 6):
        common = tree.above[a, word] & tree.above[b, word]
        if common != np.uint64(0):
            lowest = common & (~common + np.uint64(1))
            return int(size - 1 - (word * 64 + BIT_NUMBERS[np.int64((lowest * DE_BRUIJN) >> np.uint64(58))]))
    return 0


@compiled
def _lay(tree: Tree, size: int, a: int, b: int, cost: float) -> None:
    """Lay a cost on the path between two places of the tree: at both ends, and off again where they meet."""
    tree.cut[a] += cost
    tree.cut[b] += cost
    tree.cut[_meeting(tree, size, a, b)] -= 2.0 * cost


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
        _grown(network, tree, size, edges, plain, chance)
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
        _grown(network, tree, size, edges, plain, chance)
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
