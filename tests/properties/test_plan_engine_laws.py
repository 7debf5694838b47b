"""Laws of the search, on random small towns: books stay right, plans stay whole, overlays add up, the best is found."""

from __future__ import annotations

import dataclasses
from collections import Counter
from functools import cache

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gisgrid.geometry.adjacency import components
from gisgrid.model import Band, DrawSettings
from gisgrid.plan.anneal import Schedule, anneal
from gisgrid.plan.chance import chance_of
from gisgrid.plan.construct import carry_over, construct
from gisgrid.plan.graph import Flags, Floats, Graph, Integers
from gisgrid.plan.improve import Budget, Course, improve, judged
from gisgrid.plan.moves import sweep
from gisgrid.plan.objective import LOCK_COST, Level, Network, Rules, full_cost
from gisgrid.plan.overlay import agreed, contracted
from gisgrid.plan.partition import divide
from gisgrid.plan.state import State, state_of
from gisgrid.plan.trees import recombine, split
from tests.draw import drawn
from tests.towns import BAND, assert_sound, cost, locked, network, pieces, presents, towns

QUIETLY = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LEVELS = st.builds(
    Level, st.sampled_from([0.0, 0.25, 4.0, 4000.0]), st.sampled_from([0.0, 3.0, 40.0, 500.0, 1e6, 1e12])
)
COURSE = Course(8, 4.0, 8.0, 100.0, 1.0)
TINY = Budget(2, 3, 2, COURSE, COURSE, COURSE)


@st.composite
def zones(draw: st.DrawFn) -> Network:
    """A connected zone; in two of three cases with grids in force and locks."""
    graph: Graph = draw(towns())
    present = draw(presents(graph)) if draw(st.integers(0, 2)) else None
    return network(graph, present, BAND)


@st.composite
def begun(draw: st.DrawFn) -> tuple[Network, State, int, Rules]:
    """A zone, a plan of it with 2 to 6 parts, and rules with a pull or without."""
    zone = draw(zones())
    parts = draw(st.integers(2, min(6, len(zone.households))))
    rules = Rules.of(BAND)._replace(pull=draw(st.sampled_from([0.0, 1.0 / 64.0, 3.0])))
    labels = construct(zone, parts, rules, chance_of(draw(st.integers(0, 99))))
    return zone, state_of(zone, labels, parts, rules), parts, rules


def connected(zone: Network, labels: Integers, parts: int) -> bool:
    return sorted(set(labels.tolist())) == list(range(parts)) and pieces(zone, labels) == parts


@QUIETLY
@given(begun())
def test_a_state_and_the_full_cost_are_what_counting_from_nothing_gives(
    plan: tuple[Network, State, int, Rules],
) -> None:
    zone, state, parts, rules = plan
    assert_sound(zone, state, parts, rules)
    assert full_cost(zone, state.labels, parts, rules) == state.cost[0]


@QUIETLY
@given(begun(), st.lists(st.tuples(LEVELS, st.booleans()), min_size=1, max_size=6), st.integers(0, 10**6))
def test_after_any_moves_at_any_temperature_the_books_are_exact_and_every_part_connected(
    plan: tuple[Network, State, int, Rules], turns: list[tuple[Level, bool]], seed: int
) -> None:
    zone, state, parts, rules = plan
    chance = chance_of(seed)
    for level, moves in turns:
        if moves:
            sweep(zone, state, rules, level, 300, chance)
        else:
            recombine(zone, state, rules, level, 30, chance)
        assert_sound(zone, state, parts, rules)


@QUIETLY
@given(begun(), st.integers(0, 10**6))
def test_without_temperature_neither_moves_nor_recombinations_make_a_plan_dearer(
    plan: tuple[Network, State, int, Rules], seed: int
) -> None:
    zone, state, parts, rules = plan
    chance, level = chance_of(seed), Level(4.0, 0.0)

    def price() -> float:
        found = judged(zone, state.labels, parts, rules)
        return found.cost + level.penalty * found.off

    last = price()
    for change in (sweep, recombine) * 3:
        change(zone, state, rules, level, 60, chance)
        assert price() <= last
        last = price()


@QUIETLY
@given(zones(), st.data())
def test_a_split_parts_a_region_into_two_connected_sides(zone: Network, data: st.DataObject) -> None:
    dice = np.random.Generator(np.random.PCG64(data.draw(st.integers(0, 2**32 - 1))))
    start = int(dice.integers(0, len(zone.households)))
    inside = np.zeros(len(zone.households), dtype=np.int64)
    inside[start] = 1
    for _ in range(data.draw(st.integers(1, 20))):
        edge = np.flatnonzero((inside[zone.tails] == 1) & (inside[zone.neighbours] == 0))
        if len(edge):
            inside[zone.neighbours[dice.choice(edge)]] = 1
    side = split(zone, inside, (1, 2), Rules.of(BAND), 40.0, 3, chance_of(1))
    assert side[inside == 0].sum() == 0
    labels = np.where(inside == 1, side, np.arange(2, len(inside) + 2))
    assert pieces(zone, labels) == 2 + int((inside == 0).sum())
    assert 0 < side.sum() < inside.sum()


@QUIETLY
@given(zones(), st.integers(1, 8), st.integers(0, 99))
def test_carrying_over_gives_connected_parts_and_homes_that_are_there(zone: Network, parts: int, seed: int) -> None:
    assume(parts <= len(zone.households) and (zone.home >= 0).any())
    labels, home = carry_over(zone, parts, Rules.of(BAND), chance_of(seed))
    assert connected(zone, labels, parts)
    assert set(home.tolist()) <= {-1, *range(parts)}
    for part in range(parts):
        assert len(set(zone.home[home == part].tolist())) <= 1, "a part continues one grid"
    for grid in np.unique(zone.home[zone.home >= 0]):
        assert len(set(home[zone.home == grid].tolist())) == 1, "a grid goes on in one part, or in none"


@QUIETLY
@given(zones(), st.integers(2, 5), st.integers(0, 99))
def test_a_search_returns_connected_parts_with_what_they_cost_and_never_more_than_it_began_with(
    zone: Network, parts: int, seed: int
) -> None:
    parts = min(parts, len(zone.households))
    rules = Rules.of(BAND)
    zone = zone._replace(home=np.full(len(zone.home), -1), stay=np.zeros(len(zone.home)))
    begin = construct(zone, parts, rules, chance_of(seed, 1))
    found = improve(zone, parts, rules, (seed,), TINY, begin=begin)
    assert connected(zone, found.labels, parts)
    assert found.cost == cost(zone, found.labels, parts, rules)
    assert found.score <= judged(zone, begin, parts, rules).score


@QUIETLY
@given(begun(), st.integers(0, 99))
def test_an_annealing_keeps_the_locks_that_its_first_plan_keeps(
    plan: tuple[Network, State, int, Rules], seed: int
) -> None:
    zone, state, parts, rules = plan
    dice = np.random.Generator(np.random.PCG64(seed))
    kept = dice.random(len(zone.home)) < 0.3
    zone = zone._replace(home=state.labels.copy(), stay=np.where(kept, LOCK_COST, 0.5))
    schedule = Schedule(rounds=12, moves=200, trees=20, hottest=500.0, cooling=0.7, penalty=4.0, rise=1.3, fall=0.9)
    found, _, _ = anneal(zone, state.labels, parts, rules, schedule, chance_of(seed))
    assert found[locked(zone)].tolist() == state.labels[locked(zone)].tolist()
    assert connected(zone, found, parts)


# ---- Overlay -----------------------------------------------------------------------------------------------------


@st.composite
def overlaid(draw: st.DrawFn) -> tuple[Network, list[Integers]]:
    """A zone with one to three plans, connected or not."""
    zone = draw(zones())
    dice = np.random.Generator(np.random.PCG64(draw(st.integers(0, 2**32 - 1))))
    plans = [construct(zone, min(parts, len(zone.home)), Rules.of(BAND), chance_of(parts)) for parts in (2, 3)]
    plans.append(dice.integers(0, 3, len(zone.home)).astype(np.int64))
    return zone, plans[: draw(st.integers(1, 3))]


@QUIETLY
@given(overlaid())
def test_blocks_are_connected_and_never_join_what_a_plan_a_home_or_an_estate_parts(
    case: tuple[Network, list[Integers]],
) -> None:
    zone, plans = case
    blocks = agreed(zone, *plans)
    count = int(blocks.max()) + 1
    assert sorted(set(blocks.tolist())) == list(range(count))
    assert pieces(zone, blocks) == count
    for labels in (*plans, zone.home, zone.estate):
        assert all(len(set(labels[blocks == block].tolist())) == 1 for block in range(count))
    same = np.ones(len(zone.tails), dtype=bool)
    for labels in (*plans, zone.home, zone.estate):
        same &= labels[zone.tails] == labels[zone.neighbours]
    assert (blocks[zone.tails[same]] == blocks[zone.neighbours[same]]).all(), "no block could be larger"


@QUIETLY
@given(overlaid(), st.integers(1, 5), st.integers(0, 10**6))
def test_a_contracted_zone_weighs_and_joins_as_the_whole_one_does(
    case: tuple[Network, list[Integers]], parts: int, seed: int
) -> None:
    zone, plans = case
    blocks = agreed(zone, *plans)
    small = contracted(zone, blocks)
    count = len(small.households)
    labels = np.random.Generator(np.random.PCG64(seed)).integers(0, parts, count).astype(np.int64)
    rules = Rules.of(BAND)
    assert full_cost(small, labels, parts, rules) == full_cost(zone, labels[blocks], parts, rules)
    assert cost(small, labels, parts, rules) == full_cost(small, labels, parts, rules)
    assert pieces(small, labels) == pieces(zone, labels[blocks])
    assert int(small.households.sum()) == int(zone.households.sum())
    for lists, ends in ((small.first, small.neighbours), (small.first_link, small.links)):
        for block in range(count):
            near = ends[lists[block] : lists[block + 1]].tolist()
            assert near == sorted(set(near) - {block}), "each neighbour once, in ascending order"
    assert components(count, small.tails, small.neighbours).max() == 0


# ---- Against all plans -------------------------------------------------------------------------------------------

MOST_PARTS = 4


@dataclasses.dataclass(frozen=True)
class Plans:
    """Every connected plan of a town with up to `MOST_PARTS` grids: labels, households out of band, cost, grids."""

    labels: Integers
    off: Integers
    cost: Floats
    parts: Integers


def small_town(seed: int) -> tuple[Graph, Band]:
    """Five to nine connected units with ties and estates, and a band in which two or three grids may just fit."""
    dice = np.random.Generator(np.random.PCG64(seed))
    count, parts = int(dice.integers(5, 10)), int(dice.integers(2, 4))
    places = {(1, 1)}
    while len(places) < count:
        row, column = sorted(places)[int(dice.integers(len(places)))]
        down, right = [(0, 1), (1, 0), (0, -1), (-1, 0)][int(dice.integers(4))]
        if 0 <= row + down < 3 and 0 <= column + right < 4:
            places.add((row + down, column + right))
    picture = "\n".join("".join("A" if (row, column) in places else "." for column in range(4)) for row in range(3))
    while True:
        households = dice.integers(0, 250, count)
        mean, slack = float(households.sum() / parts), float(dice.choice([0.03, 0.06, 0.1, 0.2, 0.35]))
        band = Band(int(mean * (1 - slack)), int(np.ceil(mean * (1 + slack))), round(mean))
        if mean > 50 and households.max() <= band.maximum:
            break
    ends = dice.integers(0, count, (int(dice.integers(0, 10)), 2))
    ties = [(int(a), int(b), float(w)) for (a, b), w in zip(ends, dice.integers(1, 9, len(ends)) / 2, strict=True)]
    graph = drawn(picture, households=" ".join(map(str, households))).graph(ties)
    estate = dice.integers(-1, int(dice.integers(0, 3)), count).astype(np.int64)
    return dataclasses.replace(graph, units=dataclasses.replace(graph.units, estate=estate)), band


@cache
def divisions(units: int) -> Integers:
    """Every division of so many units into up to `MOST_PARTS` parts, connected or not, once each."""
    rows = [[0]]
    for _ in range(units - 1):
        rows = [[*row, label] for row in rows for label in range(min(max(row) + 2, MOST_PARTS))]
    return np.array(rows)


def connected_sets(graph: Graph) -> Flags:
    """For each set of units, as bits of its number, whether it is connected; the empty one is."""
    near = [0] * len(graph)
    for a, b in zip(graph.borders.a.tolist(), graph.borders.b.tolist(), strict=True):
        near[a] |= 1 << b
        near[b] |= 1 << a
    flags = np.zeros(1 << len(graph), dtype=np.bool_)
    for members in range(1 << len(graph)):
        reached, grown = 0, members & -members
        while grown != reached:
            reached = grown
            for unit, neighbours in enumerate(near):
                grown |= neighbours & members if reached >> unit & 1 else 0
        flags[members] = reached == members
    return flags


def all_plans(graph: Graph, band: Band) -> Plans:
    """Every connected plan of a town, by trying all divisions; weighed here, not by the engine."""
    zone, rules = network(graph, band=band), Rules.of(band)
    rows = divisions(len(graph))
    bits = np.stack([((rows == part) << np.arange(len(graph))).sum(axis=1) for part in range(MOST_PARTS)])
    rows = rows[connected_sets(graph)[bits].all(axis=0)]
    inside = [rows == part for part in range(MOST_PARTS)]
    there = np.stack([members.any(axis=1) for members in inside])
    loads = np.stack([members @ zone.households for members in inside])
    off = np.where(there, np.maximum(np.maximum(band.minimum - loads, loads - band.maximum), 0), 0).sum(axis=0)
    ends = np.repeat(np.arange(len(graph)), np.diff(zone.first_link))
    price = (rows[:, ends] != rows[:, zone.links]) @ zone.costs / 2.0
    price += rules.pull * np.where(there, np.abs(loads - band.target), 0).sum(axis=0)
    for estate, further in enumerate(zone.estate_costs.tolist()):
        held = sum((members & (zone.estate == estate)).any(axis=1).astype(np.int64) for members in inside)
        price += further * (held - 1)
    return Plans(rows, off, price, there.sum(axis=0))


def test_on_200_small_towns_the_draw_is_in_band_whenever_a_plan_is_and_no_plan_is_cheaper() -> None:
    kinds: Counter[str] = Counter()
    for seed in range(200):
        graph, band = small_town(seed)
        plans = all_plans(graph, band)
        labels = divide(graph, DrawSettings(band=band, effort="draft", seed=seed)).labels
        parts = int(labels.max()) + 1
        # Grids are numbered by first unit in both, so the plan is one of the rows.
        (row,) = np.flatnonzero((plans.labels == labels).all(axis=1))
        assert plans.off[row] == plans.off.min(), "in band where a plan is, else least out of it"
        alike = (plans.parts == parts) & (plans.off == plans.off[row])
        assert plans.cost[row] == plans.cost[alike].min()
        kinds["in band" if plans.off[row] == 0 else "out of band"] += 1
    assert min(kinds["in band"], kinds["out of band"]) > 50, kinds
