"""gisgrid as a method of the bench; nothing else in the bench's planning imports it.

In: a community, a seed and CPU seconds. Out: a label for each unit, -1 for those that stand alone. The engine's own
budgets are iterations; for equal CPU a search without end is stopped when the seconds are used, as a planner would.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence

import numpy as np

from bench.planning.instances import Community
from gisgrid.model import Band, Effort, Weights
from gisgrid.plan.counts import fitting_counts
from gisgrid.plan.graph import Borders, Graph, Ties, Units, canonical
from gisgrid.plan.improve import BUDGETS, Found, Watch, improve
from gisgrid.plan.objective import Network, Present, Rules, network_of, parting_costs
from gisgrid.plan.straighten import Measures, straightened

BAND = Band()
WEIGHTS = Weights(estate=0.0, balance=0.0)
"""The bench scores ties and metres alone; what it does not score is not minimised."""

RULES = Rules.of(BAND, WEIGHTS)
WITHOUT_END = 10**6

STRAIGHTENING = 0.05
"""Share of the seconds that is kept for drawing in straggling grids."""


def draw(community: Community, seed: int, cpu_seconds: float | None) -> list[int]:
    """Return a plan; without seconds the engine's own budget, whose plan is the same on every machine."""
    return redraw(community, None, seed, cpu_seconds)


def drawn(community: Community, seed: int, effort: Effort) -> list[int]:
    """Return a plan by one of the engine's own budgets: the same on every machine."""
    labels = np.full(len(community.households), -1, dtype=np.int64)
    for number, (units, network, measures) in enumerate(networks(community)):
        found = improve(network, grids_of(network), RULES, (seed, number), BUDGETS[effort])
        found = straightened(network, found, RULES, measures, (seed, number))
        labels[units] = found.labels + labels.max() + 1
    return [int(label) for label in labels]


def redraw(
    community: Community,
    present: Sequence[int] | None,
    seed: int,
    cpu_seconds: float | None,
    move_cost: float = WEIGHTS.move,
) -> list[int]:
    """Return a plan that starts from the present one and pays `move_cost` in J for each household that moves."""
    end = None if cpu_seconds is None else time.process_time() + cpu_seconds
    labels = np.full(len(community.households), -1, dtype=np.int64)
    zones = list(networks(community, present, move_cost))
    left = sum(len(units) for units, _, _ in zones)
    for number, (units, network, measures) in enumerate(zones):
        now = time.process_time()
        until = None if end is None else now + (end - now) * len(units) / left
        left -= len(units)
        found = _best(network, (seed, number), None if until is None else until - STRAIGHTENING * (until - now))
        found = straightened(network, found, RULES, measures, (seed, number), _until(until))
        labels[units] = found.labels + labels.max() + 1
    return [int(label) for label in labels]


def _best(network: Network, seed: tuple[int, int], until: float | None) -> Found:
    parts = grids_of(network)
    if until is None:
        return improve(network, parts, RULES, seed, BUDGETS["normal"])
    budget = BUDGETS[_effort(until - time.process_time(), len(network.households))]
    endless = dataclasses.replace(budget, overlays=WITHOUT_END, patience=WITHOUT_END)
    return improve(network, parts, RULES, seed, endless, _until(until))


def _until(end: float | None) -> Watch | None:
    return None if end is None else lambda _: time.process_time() < end


def grids_of(network: Network) -> int:
    """Return the number of grids of a zone: in a redraw the present one where the band allows it."""
    total = int(network.households.sum())
    counts = fitting_counts(total, BAND)
    if not counts:
        return max(1, round(total / BAND.target))
    present = len(np.unique(network.home[network.home >= 0]))
    return min(counts, key=lambda count: abs(count - present)) if present else counts[0]


def _effort(seconds: float, units: int) -> Effort:
    """Return the effort whose first plans leave most of the seconds for overlays: they cost 0.2 to 0.9 ms a unit."""
    each = seconds / units
    return "draft" if each < 0.002 else "normal" if each < 0.006 else "thorough"


def networks(
    community: Community, present: Sequence[int] | None = None, move_cost: float = WEIGHTS.move
) -> Iterator[tuple[np.ndarray, Network, Measures]]:
    """Yield the units, the network and the measures of each zone."""
    graph = _graph(community)
    parting = parting_costs(graph, graph.borders.adjacent)
    zones = np.array(community.zone)
    before = np.full(len(zones), -1) if present is None else np.array(present)
    for zone in np.unique(zones[zones >= 0]):
        units = np.flatnonzero(zones == zone)
        grids = {label: part for part, label in enumerate(np.unique(before[units][before[units] >= 0]).tolist())}
        home = np.array([grids.get(int(label), -1) for label in before[units]], dtype=np.int64)
        in_force = Present(home, np.zeros(len(home), dtype=np.bool_))
        weights = dataclasses.replace(WEIGHTS, move=move_cost)
        open_borders = graph.borders.adjacent
        network = network_of(graph, units, open_borders, parting, in_force, weights=weights, band=BAND)
        yield units, network, Measures.of(graph, units)


def _graph(community: Community) -> Graph:
    count = len(community.households)
    units = Units.of(
        [f"{unit:06d}" for unit in range(count)],
        community.households,
        community.area,
        np.column_stack([community.x, community.y]),
        estate=community.estate,
        perimeter_m=community.perimeter,
    )
    a, b, length, barred = zip(*community.borders, strict=True)
    ties = np.array(community.ties, dtype=np.float64).reshape(-1, 3)
    borders = Borders.of(a, b, length, np.where(barred, length, 0.0))
    graph, order = canonical(units, borders, Ties.of(ties[:, 0], ties[:, 1], ties[:, 2]))
    if not np.array_equal(order, np.arange(count)):
        raise AssertionError("the canonical order is that of the codes")
    return graph
