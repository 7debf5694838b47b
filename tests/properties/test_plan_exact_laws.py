"""Laws of the exact model: on every small zone it says what trying all plans says."""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gisgrid.geometry.adjacency import components
from gisgrid.model import Band
from gisgrid.plan.exact import solve
from gisgrid.plan.graph import Integers, neighbour_lists
from gisgrid.plan.objective import Network, cut_cost, off_band

BAND = Band(100, 300, 200)
PULL = 1.0 / 64.0
FEW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def divisions(units: int, parts: int) -> tuple[tuple[int, ...], ...]:
    """Every labelling of so many units with exactly so many parts."""
    return tuple(labels for labels in itertools.product(range(parts), repeat=units) if len(set(labels)) == parts)


@st.composite
def zones(draw: st.DrawFn, *, most: int = 7) -> Network:
    """A random connected zone: a tree with more borders, ties that cost or gain, some homes, perhaps an estate."""
    count = draw(st.integers(2, most))
    pairs = {(draw(st.integers(0, unit - 1)), unit) for unit in range(1, count)}
    every = list(itertools.combinations(range(count), 2))
    pairs |= set(draw(st.lists(st.sampled_from(every), max_size=count)))
    linked = sorted(pairs | set(draw(st.lists(st.sampled_from(every), max_size=4))))
    sixty_fourths = draw(st.lists(st.integers(-200, 1200), min_size=len(linked), max_size=len(linked)))
    counts = draw(st.lists(st.sampled_from([0, 0, 20, 50, 90, 140, 200]), min_size=count, max_size=count))
    home = np.array(draw(st.lists(st.integers(-1, 3), min_size=count, max_size=count)))
    if draw(st.booleans()):
        home = np.full(count, -1)
    estate = np.array(draw(st.lists(st.integers(-1, 1), min_size=count, max_size=count)))
    households = np.array(counts)
    ends, links = np.array(sorted(pairs)), np.array(linked)
    first, neighbours, _ = neighbour_lists(count, ends[:, 0], ends[:, 1])
    first_link, others, which = neighbour_lists(count, links[:, 0], links[:, 1])
    return Network(
        households=households,
        first=first,
        tails=np.repeat(np.arange(count), np.diff(first)),
        neighbours=neighbours,
        first_link=first_link,
        links=others,
        costs=(np.array(sixty_fourths) / 64.0)[which],
        home=home,
        stay=np.where(home >= 0, households * 0.25, 0.0),
        estate=estate,
        estate_costs=np.array([3.0, 0.5]),
    )


def connected(network: Network, labels: Integers, parts: int) -> bool:
    same = labels[network.tails] == labels[network.neighbours]
    return int(components(len(labels), network.tails[same], network.neighbours[same]).max()) + 1 == parts


def cost(network: Network, labels: Integers, parts: int) -> float:
    """The cost of a plan, term by term."""
    loads = np.bincount(labels, weights=network.households, minlength=parts)
    moved = sum(
        stay
        for label, home, stay in zip(labels.tolist(), network.home.tolist(), network.stay.tolist(), strict=True)
        if home not in {-1, label}
    )
    further = 0.0
    for number, price in enumerate(network.estate_costs.tolist()):
        further += price * (max(len({*labels[network.estate == number].tolist()}), 1) - 1)
    return cut_cost(network, labels) + moved + further + PULL * float(np.abs(loads - BAND.target).sum())


@FEW
@given(zones(), st.integers(1, 3))
def test_the_best_plan_is_the_best_of_all_plans(network: Network, parts: int) -> None:
    plans = (np.array(labels) for labels in divisions(len(network.households), parts))
    costs = [
        cost(network, plan, parts)
        for plan in plans
        if off_band(network, plan, parts, BAND) == 0 and connected(network, plan, parts)
    ]
    answer = solve(network, parts, BAND, pull=PULL)
    feasible = solve(network, parts, BAND, goal="feasible")
    if costs:
        assert (answer.status, answer.cost, answer.bound) == ("optimal", min(costs), min(costs))
        assert answer.labels is not None
        assert cost(network, answer.labels, parts) == answer.cost
        assert feasible.status == "feasible"
    else:
        assert (answer.status, answer.labels, answer.bound) == ("infeasible", None, math.inf)
        assert feasible.status == "infeasible"


@FEW
@given(zones(), st.integers(1, 3), st.data())
def test_the_least_violation_is_the_least_of_all_plans(network: Network, parts: int, data: st.DataObject) -> None:
    plans = [np.array(labels) for labels in divisions(len(network.households), parts)]
    plans = [plan for plan in plans if connected(network, plan, parts)]
    if not plans:
        assert solve(network, parts, BAND, goal="least_violation").status == "infeasible"
        return
    least = min(off_band(network, plan, parts, BAND) for plan in plans)
    warm = data.draw(st.one_of(st.none(), st.sampled_from(plans)))
    answer = solve(network, parts, BAND, goal="least_violation", warm=warm)
    assert (answer.status, answer.cost, answer.bound) == ("optimal", least, least)
    assert answer.labels is not None
    assert connected(network, answer.labels, parts)


@FEW
@given(zones(), st.integers(2, 3), st.data())
def test_a_warm_plan_never_changes_the_best_cost(network: Network, parts: int, data: st.DataObject) -> None:
    plans = [np.array(labels) for labels in divisions(len(network.households), parts)]
    plans = [plan for plan in plans if off_band(network, plan, parts, BAND) == 0 and connected(network, plan, parts)]
    if plans:
        warm = data.draw(st.sampled_from(plans))
        answer = solve(network, parts, BAND, pull=PULL, warm=warm)
        best = min(cost(network, plan, parts) for plan in plans)
        assert (answer.status, answer.cost) == ("optimal", best)
