"""The peers: graph partitioners and MaxP, each behind one small adapter.

In: a community, a seed, CPU seconds. Out: `Drawn`. A peer is imported only when it is loaded, in a process of its own
(ortools and highspy, which spopt brings along, cannot live in one process). Settings that the peers leave open were
chosen in their favour: METIS and KaHIP get J's own charge for every adjacent pair as edge weights, gerrychain the band
as 400 +- 25 %.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench.planning.instances import MAXIMUM, MINIMUM, Community
from bench.planning.zones import Best, Drawn, Search, alarm, draw_zones

Loader = Callable[[], Search]


def metis(best: Best, seed: int, end: float) -> None:
    """METIS, k-way and contiguous, one seed and one allowed overload after the other."""
    import pymetis  # noqa: PLC0415  (a peer that may not be installed)

    zone, random = best.zone, np.random.default_rng(seed)
    first, neighbours, costs = zone.lists(zone.edge_costs)
    weights = zone.households.tolist()
    graph = pymetis.CSRAdjacency(first.tolist(), neighbours.tolist())
    most = MAXIMUM * zone.parts / int(zone.households.sum()) - 1
    while time.process_time() < end:
        options = pymetis.Options(seed=int(random.integers(1 << 30)), contig=1)
        options.ufactor = max(1, int(1000 * most * random.uniform(0.3, 1.0)))
        found = pymetis.part_graph(
            zone.parts,
            adjacency=graph,
            vweights=weights,
            eweights=costs.tolist(),
            recursive=False,
            options=options,
        )
        best.offer(np.array(found.vertex_part))


def kahip(best: Best, seed: int, end: float) -> None:
    """KaHIP's strong mode, one seed after the other; it knows no contiguity."""
    import kahip as library  # noqa: PLC0415

    zone, random = best.zone, np.random.default_rng(seed)
    first, neighbours, costs = (values.tolist() for values in zone.lists(zone.edge_costs))
    weights = zone.households.tolist()
    most = MAXIMUM * zone.parts / int(zone.households.sum()) - 1
    while time.process_time() < end:
        allowed = float(most * random.uniform(0.3, 1.0))
        one = int(random.integers(1 << 30))
        _, labels = library.kaffpa(weights, first, costs, neighbours, zone.parts, allowed, True, one, library.STRONG)
        best.offer(np.array(labels))


def maxp(best: Best, seed: int, end: float) -> None:
    """Run spopt's MaxP with the band's minimum as its floor and ever more attempts; it has no upper bound.

    It finds the number of grids itself.
    """
    import pandas as pd  # noqa: PLC0415
    from libpysal.weights import W  # noqa: PLC0415

    zone = best.zone
    near: dict[int, list[int]] = {unit: [] for unit in range(len(zone))}
    for i, j in zone.borders.tolist():
        near[i].append(j)
        near[j].append(i)
    weights = W(near, silence_warnings=True)
    table = pd.DataFrame({"x": zone.middles[:, 0], "y": zone.middles[:, 1], "households": zone.households})
    with alarm(end):
        _more_and_more(best, table, weights, seed)


def _more_and_more(best: Best, table: Any, weights: Any, seed: int) -> None:
    from spopt.region import MaxPHeuristic  # noqa: PLC0415

    attempts = 1
    while True:
        np.random.seed((seed * 1000 + attempts) % (1 << 31))  # noqa: NPY002  (MaxP draws from numpy's global stream)
        model = MaxPHeuristic(
            table,
            weights,
            ["x", "y"],
            "households",
            MINIMUM,
            top_n=1,
            max_iterations_construction=attempts,
            max_iterations_sa=1,
        )
        with contextlib.suppress(ValueError, IndexError, TypeError, KeyError):  # no grouping in so few attempts
            model.solve()
            if model.labels_ is not None and len(model.labels_) == len(best.zone):
                best.offer(np.unique(np.array(model.labels_, dtype=np.int64), return_inverse=True)[1])
        attempts *= 2


def _samplers(name: str) -> Loader:
    return lambda: getattr(importlib.import_module("bench.planning.samplers"), name)


def _exact() -> Search:
    return importlib.import_module("bench.planning.exact").cp_sat


def _with(search: Search, *modules: str) -> Loader:
    def load() -> Search:
        for module in modules:
            importlib.import_module(module)
        return search

    return load


PEERS: dict[str, Loader] = {
    "gerrychain": _samplers("region_aware"),
    "gerrychain-bursts": _samplers("short_bursts"),
    "metis": _with(metis, "pymetis"),
    "kahip": _with(kahip, "kahip"),
    "maxp": _with(maxp, "pandas", "libpysal.weights", "spopt.region"),
    "cp-sat": _exact,
}
"""What each peer is called, and how it is loaded; an ImportError means that it is not installed."""


def draw(name: str, community: Community, seed: int, seconds: float) -> Drawn:
    """Draw a community with a peer; whatever the peer prints is dropped."""
    search = PEERS[name]()
    with _silence():
        return draw_zones(community, seed, seconds, search)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Drop what compiled code prints, too."""
    kept = os.dup(1)
    try:
        with open(os.devnull, "wb") as nothing:  # noqa: PTH123  (a file descriptor is wanted)
            os.dup2(nothing.fileno(), 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
