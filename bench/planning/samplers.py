"""gerrychain: ReCom that keeps estates together, as a tilted run and as short bursts.

In: a zone. Out: plans offered to a `Best`. The band 300 to 500 is 400 +- 25 %, so ReCom itself keeps it once the first
plan is in it; J is the score that is minimised. The first plan comes of recursive tree parts, tried again with wider
bands until one is found; from a plan out of band, ReCom's two new grids still have to be in it.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import warnings
from collections.abc import Callable
from functools import partial

import networkx as nx
import numpy as np
from gerrychain import Graph, MarkovChain, Partition
from gerrychain.optimization import SingleMetricOptimizer
from gerrychain.partition import recursive_tree_part
from gerrychain.proposals import recom
from gerrychain.tree import bipartition_tree

from bench.planning.instances import TARGET
from bench.planning.zones import Best, Zone, alarm

SPREAD = 0.25
"""The band as a share of the target."""
SURCHARGE = 0.5
"""Added to the random weight (0 to 1) of an edge that leaves an estate."""
ACCEPT_WORSE = 0.03
"""How often the tilted run takes a worse plan."""
BURST = 10
"""Steps of a burst."""
TREES = 60
"""Spanning trees that a step tries before it takes another pair of grids."""

# gerrychain says once a call that cuts are hard to find; the bench counts what it finds.
warnings.filterwarnings("ignore", module="gerrychain")


def region_aware(best: Best, seed: int, end: float) -> None:
    """Run the tilted chain: better plans are always taken, worse ones at times."""
    _run(best, seed, end, _tilted)


def short_bursts(best: Best, seed: int, end: float) -> None:
    """Run bursts of ten steps, each from the best plan of the one before."""
    _run(best, seed, end, _bursts)


Walk = Callable[[Partition, Callable[[Partition], Partition], random.Random], None]


def _run(best: Best, seed: int, end: float, walk: Walk) -> None:
    """Run chains until the CPU seconds are used: another one whenever a chain cannot go on."""
    stream = random.Random(seed)
    graph = _graph(best.zone)
    cut = partial(bipartition_tree, max_attempts=TREES, allow_pair_reselection=True)
    step = partial(
        recom,
        pop_col="households",
        pop_target=TARGET,
        epsilon=SPREAD,
        region_surcharge={"estate": SURCHARGE},
        bipartition_tree_fn=cut,
        rng=stream,
    )
    with alarm(end):
        _walk_again(best, graph, walk, step, stream)


def _walk_again(
    best: Best, graph: Graph, walk: Walk, step: Callable[[Partition], Partition], stream: random.Random
) -> None:
    while True:
        first = _first(best, graph, stream)
        # No pair of grids can be cut again: another first plan.
        with contextlib.suppress(RuntimeError, ValueError, IndexError):
            walk(first, step, stream)


def _tilted(first: Partition, step: Callable[[Partition], Partition], stream: random.Random) -> None:
    def accept(plan: Partition, *, rng: random.Random) -> bool:
        return plan["rank"] <= plan.parent["rank"] or rng.random() < ACCEPT_WORSE

    for _ in MarkovChain(step, [], accept, first, total_steps=10**9, rng=stream):
        pass


def _bursts(first: Partition, step: Callable[[Partition], Partition], stream: random.Random) -> None:
    def worth(plan: Partition) -> float:
        faulty, off, cost = plan["rank"]
        return faulty * 1e9 + off * 1e5 + cost

    optimizer = SingleMetricOptimizer(step, [], first, worth, maximize=False, rng=stream)
    for _ in optimizer.short_bursts(BURST, 10**8):
        pass


def _graph(zone: Zone) -> Graph:
    plain = nx.Graph()
    for unit in range(len(zone)):
        estate = int(zone.estate[unit])
        plain.add_node(unit, households=int(zone.households[unit]), estate=estate if estate >= 0 else None)
    plain.add_edges_from(zone.borders.tolist())
    return Graph.from_networkx(plain)


def _rank(best: Best, plan: Partition) -> tuple[int, int, int]:
    """Offer a plan and return how bad it is; gerrychain computes it once for each plan."""
    labels = np.empty(len(best.zone), dtype=np.int64)
    original = plan.graph.original_nx_node_id_for_internal_node_id
    for part, nodes in plan.parts.items():
        labels[[original(node) for node in nodes]] = part
    return best.offer(labels)


def _first(best: Best, graph: Graph, stream: random.Random) -> Partition:
    """Return a first plan: in band if a few attempts give one, else in ever wider bands."""
    zone = best.zone
    mean = int(zone.households.sum()) / zone.parts
    inside = min(TARGET * (1 + SPREAD) / mean - 1, 1 - TARGET * (1 - SPREAD) / mean)
    for attempt in itertools.count():
        spread = max(0.02, inside) + 0.05 * max(0, attempt - 3)
        try:
            parts = recursive_tree_part(
                graph,
                range(zone.parts),
                mean,
                "households",
                spread,
                bipartition_tree_fn=partial(bipartition_tree, max_attempts=TREES * 5),
                rng=stream,
            )
        except (RuntimeError, ValueError, IndexError):  # no balanced cut in so many trees: a wider band
            continue
        return Partition(graph, parts, updaters={"rank": partial(_rank, best)})
    raise AssertionError
