"""Random spanning trees of a region, in compiled loops, and where two of their places meet.

Room: plan. In: a zone (`Network`), the units of a region, random numbers. Out: a `Tree` written into arrays that are
made once. Imports numpy and the names of `plan.objective`.

Kruskal's algorithm over keys that are random numbers over what a pair costs to part, so that trees follow estates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gisgrid.plan.chance import Chance, below, draw
from gisgrid.plan.compiled import compiled
from gisgrid.plan.graph import Floats, Integers
from gisgrid.plan.objective import Network


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
def grown(network: Network, tree: Tree, size: int, edges: Edges, plain: bool, chance: Chance) -> None:
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
def meeting(tree: Tree, size: int, a: int, b: int) -> int:
    """Return the lowest common ancestor of two places: in breadth-first order the last place that is above both."""
    for word in range((size + 63) >> 6):
        common = tree.above[a, word] & tree.above[b, word]
        if common != np.uint64(0):
            lowest = common & (~common + np.uint64(1))
            return int(size - 1 - (word * 64 + BIT_NUMBERS[np.int64((lowest * DE_BRUIJN) >> np.uint64(58))]))
    return 0
