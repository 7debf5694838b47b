"""The building graph: canonical order, adjacency lists, counts of grids, ties."""

from __future__ import annotations

import numpy as np
import pytest

from gisgrid.errors import UsageError
from gisgrid.model import Band, Tie
from gisgrid.plan.counts import fitting_counts, least_off
from gisgrid.plan.graph import Borders, Ties, Units, canonical, neighbour_lists
from gisgrid.plan.objective import cut_cost, network_of, parting_costs
from gisgrid.plan.ties import ESTATE_NEIGHBOURS, declared_ties, estate_ties
from tests.draw import drawn


def units(codes: list[str], x: list[float] | None = None) -> Units:
    count = len(codes)
    return Units.of(codes, [10] * count, [100.0] * count, np.column_stack([x or [0.0] * count, [0.0] * count]))


NO_BORDERS = Borders.of([], [], [], [])
NO_TIES = Ties.of([], [], [])


def test_units_stand_in_order_of_code_and_empty_ones_from_the_west() -> None:
    graph, order = canonical(units(["", "b", "", "a"], [9.0, 0.0, 3.0, 5.0]), NO_BORDERS, NO_TIES)
    assert graph.units.codes == ("a", "b", "", "")
    assert order.tolist() == [3, 1, 2, 0]


def test_pairs_are_renamed_with_the_smaller_unit_first_and_ties_of_a_pair_are_added_up() -> None:
    borders = Borders.of([0, 1], [1, 2], [10.0, 20.0], [0.0, 19.5])
    ties = Ties.of([0, 1, 2], [1, 0, 2], [1.5, 2.0, 7.0])
    graph, _ = canonical(units(["c", "b", "a"]), borders, ties)
    assert list(zip(graph.borders.a.tolist(), graph.borders.b.tolist(), strict=True)) == [(0, 1), (1, 2)]
    assert graph.borders.length_m.tolist() == [20.0, 10.0]
    assert graph.borders.adjacent.tolist() == [False, True]
    assert (graph.ties.a.tolist(), graph.ties.b.tolist(), graph.ties.weight.tolist()) == ([1], [2], [3.5])


def test_a_building_code_on_two_units_is_refused() -> None:
    with pytest.raises(UsageError, match="same building code"):
        canonical(units(["a", "a"]), NO_BORDERS, NO_TIES)


def test_a_pair_outside_the_units_is_refused() -> None:
    with pytest.raises(UsageError, match="outside 0 to 1"):
        canonical(units(["a", "b"]), Borders.of([0], [2], [1.0], [0.0]), NO_TIES)


def test_neighbour_lists_name_both_directions_in_order() -> None:
    first, neighbours, pairs = neighbour_lists(4, np.array([1, 0]), np.array([2, 2]))
    assert first.tolist() == [0, 1, 2, 4, 4]
    assert neighbours.tolist() == [2, 2, 0, 1]
    assert pairs.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("households", "counts"),
    [(299, []), (300, [1]), (500, [1]), (501, []), (599, []), (600, [2]), (1000, [3, 2]), (1800, [5, 4, 6])],
)
def test_fitting_counts_are_those_whose_mean_is_in_band_the_nearest_to_the_target_first(
    households: int, counts: list[int]
) -> None:
    assert fitting_counts(households, Band()) == counts


@pytest.mark.parametrize(("households", "answer"), [(0, (1, 300)), (540, (1, 40)), (590, (2, 10)), (800, (2, 0))])
def test_least_off_is_the_count_that_leaves_fewest_out_of_band(households: int, answer: tuple[int, int]) -> None:
    assert least_off(households, Band()) == answer


def test_parting_costs_ten_times_the_tie_and_an_eighth_of_the_border() -> None:
    graph = drawn("AB").graph(ties=[(0, 1, 2.0)])
    parting = parting_costs(graph, graph.borders.adjacent)
    assert parting.cost.tolist() == [10.0 * 2.0 + 40.0 / 8.0]


def test_a_street_halves_the_cost_of_a_border_and_a_closed_barrier_costs_nothing() -> None:
    half_street = Borders.of([0], [1], [80.0], [0.0], [80.0])
    graph, _ = canonical(units(["a", "b"]), half_street, NO_TIES)
    assert parting_costs(graph, graph.borders.adjacent).cost.tolist() == [5.0]
    barred, _ = canonical(units(["a", "b"]), Borders.of([0], [1], [80.0], [80.0]), NO_TIES)
    assert parting_costs(barred, np.zeros(1, dtype=bool)).cost.tolist() == []
    assert parting_costs(barred, np.ones(1, dtype=bool)).cost.tolist() == [-10.0], "opened: better to end there"


def test_a_crossing_is_worth_the_whole_barrier_between_its_sides() -> None:
    # a b over c d: a barrier of 160 m between the rows, with a passage 30 m wide between b and d.
    borders = Borders.of([0, 2, 0, 1], [1, 3, 2, 3], [40.0, 40.0, 80.0, 110.0], [0.0, 0.0, 80.0, 80.0])
    graph, _ = canonical(units(["a", "b", "c", "d"]), borders, NO_TIES)
    parting = parting_costs(graph, graph.borders.adjacent)
    cost = dict(zip(zip(parting.a.tolist(), parting.b.tolist(), strict=True), parting.cost.tolist(), strict=True))
    assert cost == {(0, 1): 5.0, (2, 3): 5.0, (1, 3): -20.0}


def test_cut_cost_counts_each_parted_pair_once() -> None:
    graph = drawn("ABC").graph()
    everything = np.arange(3)
    parting = parting_costs(graph, graph.borders.adjacent)
    network = network_of(graph, everything, graph.borders.adjacent, parting, np.full(3, -1))
    assert cut_cost(network, np.array([0, 0, 1])) == 5.0
    assert cut_cost(network, np.array([0, 1, 0])) == 10.0


def test_a_building_is_tied_to_its_nearest_of_the_estate_only() -> None:
    count = 3 * ESTATE_NEIGHBOURS
    x = np.arange(count) * 10.0
    ties = estate_ties(np.zeros(count, dtype=np.int64), x, np.zeros(count), np.ones(count, dtype=np.int64))
    assert int((ties.b - ties.a).max()) <= ESTATE_NEIGHBOURS
    assert set(range(count)) == {*ties.a.tolist(), *ties.b.tolist()}


def test_empty_buildings_and_buildings_without_estate_know_nobody() -> None:
    estate, lived_in = np.array([0, 0, -1, -1]), np.array([5, 0, 5, 5])
    assert len(estate_ties(estate, np.arange(4.0), np.zeros(4), lived_in).a) == 0


def test_a_declared_tie_to_a_building_elsewhere_or_on_the_same_cell_is_left_out() -> None:
    ties = [Tie("a", "b", 2.0, "gate"), Tie("a", "x"), Tie("a", "c")]
    found = declared_ties(ties, {"a": 0, "b": 1, "c": 0})
    assert (found.a.tolist(), found.b.tolist(), found.weight.tolist()) == ([0], [1], [3.0])
