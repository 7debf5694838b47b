"""Laws of planning, on random small towns: nothing is lost, everything is connected, in band where a plan exists."""

from __future__ import annotations

import dataclasses
import random as chance
from datetime import UTC, datetime
from functools import cache

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gisgrid.geometry.adjacency import components
from gisgrid.model import Band, DrawSettings, Edition
from gisgrid.plan.compare import compare_assignments
from gisgrid.plan.graph import Borders, Graph, Ties, Units, canonical
from gisgrid.plan.improve import Budget
from gisgrid.plan.numbering import number_grids, reading_order
from gisgrid.plan.partition import Partition, divide
from tests.draw import COMMUNITY, Sketch, drawn

QUICK = Budget(starts=1, more_starts=5, rounds=25)
QUIETLY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def towns(draw: st.DrawFn, *, most_columns: int = 5, barriers: bool = True, most: int = 520) -> Sketch:
    """A random picture: some places empty, some barriers, households from 0 to a tower's."""
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(1, most_columns))
    lines: list[str] = []
    for row in range(rows):
        line = ""
        for column in range(columns):
            if column and barriers and draw(st.integers(0, 5)) == 0:
                line += "|"
            line += "A" if draw(st.integers(0, 7)) else "."
        if row and barriers and draw(st.integers(0, 3)) == 0:
            lines.append("".join(draw(st.sampled_from("-_")) for _ in range(columns)))
            if "-" not in lines[-1]:
                lines.pop()
        lines.append(line)
    if not any("A" in line for line in lines):
        lines[0] = "A" * columns
    count = sum(line.count("A") for line in lines)
    sizes = [size for size in (0, 0, 3, 24, 60, 110, 180, 290, 520) if size <= most]
    counts = draw(st.lists(st.sampled_from(sizes), min_size=count, max_size=count))
    return drawn("\n".join(lines), households=" ".join(map(str, counts)))


def grids_connected(graph: Graph, partition: Partition) -> bool:
    """Whether every grid is connected over the borders that grids may reach over (dedicated ground over any)."""
    borders = graph.borders
    same = partition.labels[borders.a] == partition.labels[borders.b]
    inner = same & partition.regions.passable
    pieces = components(len(graph), borders.a[inner], borders.b[inner])
    return int(pieces.max()) + 1 == len(partition.kinds)


@QUIETLY
@given(towns(), st.booleans(), st.integers(0, 3))
def test_every_unit_is_in_exactly_one_grid_and_every_grid_is_connected(sketch: Sketch, cross: bool, seed: int) -> None:
    graph = sketch.graph()
    partition = divide(graph, DrawSettings(seed=seed, cross_barriers=cross), budget=QUICK)
    assert sorted(set(partition.labels.tolist())) == list(range(len(partition.kinds)))
    assert grids_connected(graph, partition)
    passable = partition.regions.passable
    if not cross:
        assert not passable[graph.borders.barrier_m > 0.0].any()
    assert (graph.borders.barrier_m[partition.regions.opened] > 0.0).all()


@QUIETLY
@given(towns(most_columns=4, barriers=False, most=290), st.integers(0, 3))
def test_a_connected_town_is_in_band_whenever_a_plan_exists(sketch: Sketch, seed: int) -> None:
    graph = sketch.graph()
    band = Band(100, 300, 200)
    borders = graph.borders
    town = components(len(graph), borders.a, borders.b)
    assume(town.max() == 0)
    partition = divide(graph, DrawSettings(band=band, seed=seed), budget=Budget(starts=2, more_starts=10, rounds=60))
    loads = np.bincount(partition.labels, weights=graph.units.households)
    in_band = bool((loads >= band.minimum).all() and (loads <= band.maximum).all())
    assert in_band == plan_exists(graph, band)


def plan_exists(graph: Graph, band: Band) -> bool:
    """Whether some division into connected grids is all in band: every subset of units is tried."""
    near = [0] * len(graph)
    for a, b in zip(graph.borders.a.tolist(), graph.borders.b.tolist(), strict=True):
        near[a] |= 1 << b
        near[b] |= 1 << a
    households = graph.units.households.tolist()

    @cache
    def good(mask: int) -> bool:
        members = [unit for unit in range(len(near)) if mask >> unit & 1]
        load = sum(households[unit] for unit in members)
        return band.minimum <= load <= band.maximum and connected(mask, near)

    @cache
    def divisible(mask: int) -> bool:
        if mask == 0:
            return True
        lowest = mask & -mask
        rest = mask ^ lowest
        chosen = rest
        while True:
            if good(chosen | lowest) and divisible(rest ^ chosen):
                return True
            if chosen == 0:
                return False
            chosen = (chosen - 1) & rest

    return divisible((1 << len(near)) - 1)


def connected(mask: int, near: list[int]) -> bool:
    """Whether the units of the mask are connected; `near` holds the neighbours of each unit as a mask."""
    reached = mask & -mask
    while True:
        grown = reached
        for unit, neighbours in enumerate(near):
            if reached >> unit & 1:
                grown |= neighbours & mask
        if grown == reached:
            return reached == mask
        reached = grown


@QUIETLY
@given(towns(), st.randoms(use_true_random=False), st.integers(-(10**6), 10**6))
def test_neither_the_order_of_rows_nor_the_place_shows_in_the_plan(
    sketch: Sketch, random: chance.Random, shift: int
) -> None:
    graph = sketch.graph()
    count = len(graph)
    order = list(range(count))
    random.shuffle(order)
    rank = np.argsort(order)
    units = Units.of(
        [graph.units.codes[i] for i in order],
        graph.units.households[order],
        graph.units.area_m2[order],
        np.column_stack([graph.units.x[order] + shift, graph.units.y[order] - shift]),
    )
    flipped = Borders(rank[graph.borders.b], rank[graph.borders.a], *lengths(graph.borders))
    moved, where = canonical(units, flipped, Ties.of([], [], []))
    assert [order[i] for i in where] == list(range(count))
    plans = [divide(each, DrawSettings(seed=5), budget=QUICK).labels.tolist() for each in (graph, moved)]
    assert plans[0] == plans[1]


def lengths(borders: Borders) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return borders.length_m, borders.barrier_m, borders.street_m


@st.composite
def divisions(draw: st.DrawFn) -> tuple[dict[str, str], dict[str, str], dict[str, int]]:
    buildings = [f"b{i}" for i in range(draw(st.integers(0, 12)))]
    before = {b: draw(st.sampled_from("ABCD")) for b in buildings if draw(st.booleans())}
    after = {b: draw(st.sampled_from("ABXY")) for b in buildings if draw(st.booleans())}
    return before, after, {b: draw(st.integers(0, 9)) for b in buildings}


@given(divisions())
def test_comparing_counts_every_household_once_and_a_division_with_itself_moves_nobody(
    case: tuple[dict[str, str], dict[str, str], dict[str, int]],
) -> None:
    before, after, households = case
    result = compare_assignments(before, after, households)
    told = [building for move in result.moves for building in move.buildings]
    assert len(told) == len(set(told))
    stay = dict(result.matched)
    for building in before.keys() & after.keys():
        assert (stay.get(before[building]) == after[building]) == (building not in told)
    assert result.households_moved == sum(
        move.households for move in result.moves if move.before is not None and move.after is not None
    )
    assert compare_assignments(before, before, households).moves == ()
    assert compare_assignments(after, before, households).households_moved == result.households_moved


LETTER_ROWS = st.lists(st.text("ABCDE", min_size=6, max_size=6), min_size=2, max_size=2)


@QUIETLY
@given(st.lists(LETTER_ROWS, min_size=2, max_size=5))
def test_a_code_never_stands_for_another_grid(rounds: list[list[str]]) -> None:
    used: set[str] = set()
    current: Edition | None = None
    for number, rows in enumerate(rounds):
        sketch = drawn("\n".join(rows))
        done = number_grids(sketch.grids, current, used, COMMUNITY, sketch.households)
        codes = [str(grid.code) for grid in done.grids]
        assert len(set(codes)) == len(codes) == len(sketch.grids)
        before = {str(grid.code): set(grid.buildings) for grid in current.grids} if current else {}
        for grid in done.grids:
            if str(grid.code) in before:
                common = len(before[str(grid.code)] & set(grid.buildings))
                assert 2 * common > max(len(before[str(grid.code)]), len(grid.buildings))
            else:
                assert grid.code not in used
        ended = before.keys() - set(codes)
        assert {line.parent for line in done.lineage} == ended
        for parent in ended:
            assert sum(line.households for line in done.lineage if line.parent == parent) == 100 * len(before[parent])
        used |= set(codes)
        since = datetime(2026, 1, 1 + number, tzinfo=UTC)
        current = Edition(str(number), COMMUNITY, str(number), since, None, done.grids)


@QUIETLY
@given(LETTER_ROWS, st.randoms(use_true_random=False))
def test_the_reading_order_does_not_depend_on_the_order_of_the_grids(rows: list[str], random: chance.Random) -> None:
    grids = list(drawn("\n".join(rows)).grids)
    keys = [grids[i].key for i in reading_order(grids)]
    shuffled = [dataclasses.replace(grid) for grid in grids]
    random.shuffle(shuffled)
    assert [shuffled[i].key for i in reading_order(shuffled)] == keys
