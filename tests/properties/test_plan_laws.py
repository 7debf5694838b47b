"""Laws of planning, on random small towns: nothing is lost, everything is connected, the same wherever it is drawn."""

from __future__ import annotations

import dataclasses
import json
import os
import random as chance
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gisgrid.geometry.adjacency import components
from gisgrid.model import Band, DrawSettings, Edition, Effort, Weights
from gisgrid.plan.compare import compare_assignments
from gisgrid.plan.counts import fitting_counts
from gisgrid.plan.graph import Borders, Graph, Integers, Ties, Units, canonical
from gisgrid.plan.improve import Budget, Course
from gisgrid.plan.numbering import number_grids, reading_order
from gisgrid.plan.objective import Present
from gisgrid.plan.partition import Partition, divide
from tests.draw import COMMUNITY, drawn
from tests.towns import town

COURSE = Course(10, 4.0, 8.0, 100.0, 1.0)
QUICK = Budget(2, 3, 4, COURSE, COURSE, COURSE)
DRAFT = DrawSettings(effort="draft")
SMALL = Band(100, 300, 200)
QUIETLY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WEIGHTS = st.builds(
    Weights,
    *[st.sampled_from([0.0, 0.015625, 0.3, 2.0, 200.0, 1e6])] * 4,
    st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from([0.0, 0.015625, 1.0, 1e4]),
)


@st.composite
def grounds(draw: st.DrawFn, *, most: int = 520) -> Graph:
    """A random picture: some places empty, some walls, ties, estates, households from 0 to a tower's."""
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    lines: list[str] = []
    for row in range(rows):
        line = ""
        for column in range(columns):
            if column and draw(st.integers(0, 5)) == 0:
                line += "|"
            line += "A" if draw(st.integers(0, 7)) else "."
        if row and draw(st.integers(0, 3)) == 0:
            lines.append("".join(draw(st.sampled_from("-_")) for _ in range(columns)))
            if "-" not in lines[-1]:
                lines.pop()
        lines.append(line)
    if not any("A" in line for line in lines):
        lines[0] = "A" * columns
    count = sum(line.count("A") for line in lines)
    sizes = [size for size in (0, 0, 3, 24, 60, 110, 180, 290, 520) if size <= most]
    counts = draw(st.lists(st.sampled_from(sizes), min_size=count, max_size=count))
    unit = st.integers(0, count - 1)
    ties = draw(st.lists(st.tuples(unit, unit, st.sampled_from([0.25, 1.0, 3.5])), max_size=6))
    estate = draw(st.lists(st.integers(-1, 2), min_size=count, max_size=count))
    graph = drawn("\n".join(lines), households=" ".join(map(str, counts))).graph(ties)
    return dataclasses.replace(graph, units=dataclasses.replace(graph.units, estate=np.array(estate)))


@st.composite
def presents(draw: st.DrawFn, graph: Graph) -> Present:
    """Grids in force: an earlier division of the town, with locked units and perhaps a locked grid."""
    labels = divide(graph, dataclasses.replace(DRAFT, seed=draw(st.integers(0, 9)), band=SMALL), budget=QUICK).labels
    flags = draw(st.lists(st.sampled_from([False, False, True]), min_size=len(graph), max_size=len(graph)))
    grids = draw(st.lists(st.integers(0, int(labels.max())), max_size=1))
    return Present(labels, np.array(flags), tuple(grids))


def in_pieces(graph: Graph, partition: Partition) -> list[int]:
    """The grids that are not connected over the borders that grids may reach over (other regions over any)."""
    borders, torn = graph.borders, []
    for label, kind in enumerate(partition.kinds):
        inside = partition.labels == label
        way = partition.regions.passable if kind == "zone" else partition.regions.passable | borders.touching
        way = way & inside[borders.a] & inside[borders.b]
        if len(set(components(len(graph), borders.a[way], borders.b[way])[inside].tolist())) != 1:
            torn.append(label)
    return torn


def assert_complete(graph: Graph, partition: Partition) -> None:
    """Every unit is in exactly one grid, and every grid is connected."""
    assert sorted(set(partition.labels.tolist())) == list(range(len(partition.kinds)))
    first = [int(np.flatnonzero(partition.labels == label)[0]) for label in range(len(partition.kinds))]
    assert first == sorted(first), "numbered by first unit"
    assert in_pieces(graph, partition) == []


def grown(graph: Graph, households: Integers) -> Graph:
    """The same town with other households."""
    return dataclasses.replace(graph, units=dataclasses.replace(graph.units, households=households))


# ---- Every plan --------------------------------------------------------------------------------------------------


@QUIETLY
@given(grounds(), st.booleans(), WEIGHTS, st.integers(0, 3), st.sampled_from(["target", "fewest", 1, 3, 50]))
def test_every_unit_is_in_exactly_one_grid_and_every_grid_is_connected(
    graph: Graph, cross: bool, weights: Weights, seed: int, grids: int
) -> None:
    asked = DrawSettings(seed=seed, cross_barriers=cross, weights=weights, grids=grids, effort="draft")
    partition = divide(graph, asked, budget=QUICK)
    assert_complete(graph, partition)
    if not cross:
        assert not partition.regions.passable[graph.borders.barrier_m > 0.0].any()
    assert (graph.borders.barrier_m[partition.regions.opened] > 0.0).all()


@QUIETLY
@given(grounds(), st.booleans(), st.booleans(), st.data())
def test_a_redraw_is_complete_and_connected_whatever_is_locked(
    graph: Graph, keep: bool, villages: bool, data: st.DataObject
) -> None:
    present = data.draw(presents(graph))
    asked = dataclasses.replace(DRAFT, keep_current=keep, villages=villages, band=SMALL)
    assert_complete(graph, divide(graph, asked, present, QUICK))


@QUIETLY
@given(grounds(), st.integers(0, 25))
def test_a_draw_that_is_ended_at_any_moment_is_complete_and_connected(graph: Graph, asked: int) -> None:
    calls = 0

    def stop() -> bool:
        nonlocal calls
        calls += 1
        return calls > asked

    partition = divide(graph, dataclasses.replace(DRAFT, band=SMALL), stop=stop)
    assert_complete(graph, partition)


@QUIETLY
@given(grounds(most=290), st.integers(1, 6))
def test_a_given_number_of_grids_is_met_where_the_band_lets_it(graph: Graph, count: int) -> None:
    assume(components(len(graph), graph.borders.a, graph.borders.b).max() == 0 and not graph.borders.barrier_m.any())
    fits = fitting_counts(int(graph.units.households.sum()), SMALL)
    assume(fits)
    for grids, wanted in ((count, min(max(count, min(fits)), max(fits))), ("fewest", min(fits))):
        asked = DrawSettings(band=SMALL, grids=grids, effort="draft")
        partition = divide(graph, asked, budget=QUICK)
        loads = np.bincount(partition.labels, weights=graph.units.households)
        in_band = SMALL.minimum <= loads.min() and loads.max() <= SMALL.maximum
        if grids != "fewest" or len(loads) <= wanted:
            assert len(loads) == min(wanted, len(graph))
        elif in_band:
            least = divide(graph, dataclasses.replace(asked, grids=wanted), budget=QUICK).labels
            loads = np.bincount(least, weights=graph.units.households)
            assert loads.min() < SMALL.minimum or loads.max() > SMALL.maximum, "fewer would have done"


@QUIETLY
@given(grounds())
def test_a_village_is_a_grid_of_its_own(graph: Graph) -> None:
    partition = divide(graph, dataclasses.replace(DRAFT, villages=True), budget=QUICK)
    assert_complete(graph, partition)
    estate, borders = graph.units.estate, graph.borders
    homes = (estate >= 0) & (graph.units.households <= DRAFT.band.maximum)
    for label in range(len(partition.kinds)):
        assert len(set(estate[(partition.labels == label) & homes].tolist())) <= 1, "one village a grid"
    near = borders.adjacent & (estate[borders.a] == estate[borders.b]) & homes[borders.a] & homes[borders.b]
    assert (partition.labels[borders.a[near]] == partition.labels[borders.b[near]]).all(), "and one grid a village"


# ---- Locks -------------------------------------------------------------------------------------------------------


@QUIETLY
@given(grounds(), st.integers(0, 99), st.booleans(), st.data())
def test_a_locked_grid_stays_as_it_is_whatever_the_seed(
    graph: Graph, seed: int, keep: bool, data: st.DataObject
) -> None:
    labels = divide(graph, dataclasses.replace(DRAFT, band=SMALL), budget=QUICK).labels
    grid = data.draw(st.integers(0, int(labels.max())))
    factors = data.draw(st.lists(st.sampled_from([0, 1, 1, 2]), min_size=len(graph), max_size=len(graph)))
    other = grown(graph, graph.units.households * np.array(factors))
    present = Present(labels, np.zeros(len(graph), dtype=np.bool_), (grid,))
    asked = dataclasses.replace(DRAFT, band=SMALL, seed=seed, keep_current=keep)
    partition = divide(other, asked, present, QUICK)
    assert_complete(other, partition)
    (number,) = set(partition.labels[labels == grid].tolist())
    assert ((partition.labels == number) == (labels == grid)).all()


@settings(QUIETLY, max_examples=150)
@given(st.integers(0, 10**6), st.booleans(), st.sampled_from(["draft", "normal"]))
def test_a_locked_building_stays_with_its_grid_whatever_the_seed(seed: int, keep: bool, effort: Effort) -> None:
    dice = np.random.Generator(np.random.PCG64(seed))
    graph = town(4, 6, seed, 5, 60).graph()
    fine = Band(60, 150, 100) if dice.random() < 0.3 else SMALL
    before = divide(graph, dataclasses.replace(DRAFT, band=fine), budget=QUICK).labels
    changed = grown(graph, np.where(dice.random(24) < 0.3, dice.integers(0, 90, 24), graph.units.households))
    locked = dice.random(24) < dice.choice([0.05, 0.25, 0.6])
    asked = DrawSettings(band=SMALL, seed=seed, keep_current=keep, effort=effort)
    after = divide(changed, asked, Present(before, locked), QUICK).labels
    with_locks = [after[locked & (before == grid)].tolist() for grid in np.unique(before[locked])]
    # More grids than in force may leave no ground for one more beside the locks; fewer than hold locks join some.
    assume(len(with_locks) <= int(after.max()) + 1 <= int(before.max()) + 1)
    assert all(len(set(grids)) == 1 for grids in with_locks), "the locked buildings of a grid stay together"
    assert len({grids[0] for grids in with_locks}) == len(with_locks), "and apart from those of other grids"


# ---- The same plan -----------------------------------------------------------------------------------------------


@QUIETLY
@given(grounds(), st.randoms(use_true_random=False), st.integers(-(10**6), 10**6), st.booleans(), st.booleans())
def test_neither_the_order_of_rows_nor_the_place_shows_in_the_plan(
    graph: Graph, random: chance.Random, shift: int, redrawn: bool, villages: bool
) -> None:
    count = len(graph)
    order = random.sample(range(count), count)
    rank = np.argsort(order)
    units = Units.of(
        [graph.units.codes[i] for i in order],
        graph.units.households[order],
        graph.units.area_m2[order],
        np.column_stack([graph.units.x[order] + shift, graph.units.y[order] - shift]),
        estate=graph.units.estate[order],
    )
    old, rows = graph.borders, random.sample(range(len(graph.borders.a)), len(graph.borders.a))
    lengths = (metres[rows] for metres in (old.length_m, old.barrier_m, old.street_m))
    flipped = Borders(rank[old.b][rows], rank[old.a][rows], *lengths)
    ties = Ties(rank[graph.ties.b][::-1], rank[graph.ties.a][::-1], graph.ties.weight[::-1])
    moved, where = canonical(units, flipped, ties)
    assert [order[i] for i in where] == list(range(count))
    grid = np.arange(count) * 3 // max(count, 1)
    present = Present(grid, np.arange(count) % 4 == 0) if redrawn else None
    asked = DrawSettings(seed=5, keep_current=redrawn, villages=villages, effort="draft")
    plans = [divide(each, asked, present, QUICK).labels.tolist() for each in (graph, moved)]
    assert plans[0] == plans[1]


ELSEWHERE = """
import json, sys, warnings
warnings.simplefilter("ignore")  # interpreted, numpy warns of the overflow that random numbers are made of
from tests.properties.test_plan_laws import plans_to_compare
json.dump(plans_to_compare(), sys.stdout)
"""


def plans_to_compare() -> list[list[int]]:
    """Plans of a town drawn anew and redrawn, whole and with a tiny budget."""
    graph = town(5, 6, 3, 5, 90).graph([(i, (7 * i) % 30, 1.5) for i in range(1, 30)])
    first = divide(graph, dataclasses.replace(DRAFT, band=SMALL, seed=4), budget=QUICK).labels
    present = Present(first, np.arange(30) % 5 == 0)
    other = grown(graph, graph.units.households[::-1].copy())
    again = divide(other, DrawSettings(band=SMALL, keep_current=True, effort="draft"), present, QUICK).labels
    return [first.tolist(), again.tolist()]


@pytest.mark.parametrize("way", ["compiled", "interpreted"])
def test_another_process_draws_the_same_plan_bit_for_bit(way: str) -> None:
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1" if way == "interpreted" else "0"}
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == plans_to_compare()


# ---- Comparing and numbering -------------------------------------------------------------------------------------


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
