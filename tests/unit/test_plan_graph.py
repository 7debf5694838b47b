"""The building graph: canonical order, adjacency lists, ties, and what it costs to part units."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gisgrid.errors import UsageError
from gisgrid.model import Band, Tie, Weights
from gisgrid.plan.graph import Borders, Graph, Ties, Units, canonical, neighbour_lists
from gisgrid.plan.objective import (
    LOCK_COST,
    STEP,
    Network,
    Present,
    Rules,
    cut_cost,
    network_of,
    off_band,
    parting_costs,
    stepped,
)
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


def test_weights_say_what_a_tie_a_border_and_a_street_cost() -> None:
    graph, _ = canonical(units(["a", "b"]), Borders.of([0], [1], [80.0], [0.0], [40.0]), Ties.of([0], [1], [1.5]))

    def cost(**weights: float) -> list[float]:
        return parting_costs(graph, graph.borders.adjacent, Weights(**weights)).cost.tolist()

    assert cost() == [15.0 + 8.0], "60 m count"
    assert cost(tie=1.0, border=1.0, street=0.0) == [1.5 + 40.0]
    assert cost(tie=0.0, border=0.25, street=1.0) == [20.0]
    assert cost(tie=0.0, border=0.0) == []
    assert cost(tie=0.0, border=0.01) == [1.0], "no border is free"


def test_every_cost_is_a_whole_number_of_steps() -> None:
    assert [stepped(cost) for cost in (0.0, 0.3, -0.3, 1 / 128 + 1e-9)] == [0.0, 19 / 64, -19 / 64, 1 / 64]
    graph, _ = canonical(units(["a", "b"]), Borders.of([0], [1], [33.3], [0.0], [7.7]), Ties.of([0], [1], [0.123]))
    cost = parting_costs(graph, graph.borders.adjacent, Weights(tie=3.3, border=0.0777)).cost * STEP
    assert cost.tolist() == np.round(cost).tolist()


# ---- The zone ----------------------------------------------------------------------------------------------------


def zone(graph: Graph, present: Present | None = None, weights: Weights | None = None) -> Network:
    passable = graph.borders.adjacent
    parting = parting_costs(graph, passable, weights)
    return network_of(graph, np.arange(len(graph)), passable, parting, present, weights=weights)


def test_cut_cost_counts_each_parted_pair_once() -> None:
    network = zone(drawn("ABC").graph())
    assert cut_cost(network, np.array([0, 0, 1])) == 5.0
    assert cut_cost(network, np.array([0, 1, 0])) == 10.0


def test_a_zone_numbers_its_own_units_and_leaves_out_what_leads_elsewhere() -> None:
    graph = drawn("ABC\nDEF").graph([(0, 5, 1.0), (1, 4, 1.0)])
    passable = graph.borders.adjacent
    network = network_of(graph, np.array([1, 2, 4]), passable, parting_costs(graph, passable))
    assert network.first.tolist() == [0, 2, 3, 4]
    assert network.neighbours.tolist() == [1, 2, 0, 0]
    assert network.links.tolist() == [1, 2, 0, 0]
    assert network.costs.tolist() == [5.0, 15.0, 5.0, 15.0]
    assert network.tails.tolist() == [0, 0, 1, 2]


def test_estates_count_as_whole_where_they_fit_into_one_grid_and_have_two_buildings_lived_in() -> None:
    graph = drawn("ABCDEFGH", households="100 100 300 300 50 0 80 0").graph()
    estate = np.array([3, 3, 5, 5, 7, 7, -1, 3])  # 3: 200 in two; 5: 600; 7: one lived in; 3 again: nobody
    graph = dataclasses.replace(graph, units=dataclasses.replace(graph.units, estate=estate))
    assert zone(graph).estate.tolist() == [0, 0, -1, -1, -1, -1, -1, -1]
    assert zone(graph).estate_costs.tolist() == [200.0]
    free = zone(graph, weights=Weights(estate=0.0))
    assert (free.estate.tolist(), free.estate_costs.tolist()) == ([-1] * 8, [])


def test_a_household_costs_to_move_only_where_a_grid_is_in_force_and_a_locked_one_more_than_anything() -> None:
    graph = drawn("ABCD", households="10 20 30 40").graph()
    present = Present(np.array([4, -1, 4, 9]), np.array([False, False, True, False]))
    network = zone(graph, present)
    assert network.home.tolist() == [4, -1, 4, 9]
    assert network.stay.tolist() == [35.0, 0.0, LOCK_COST, 140.0]
    assert zone(graph, present, Weights(move=0.3)).stay[0] == stepped(3.0)
    assert zone(graph).home.tolist() == [-1] * 4
    part = Present(np.array([1, 2, 3]), np.array([True, False, True]), (2,)).of(np.array([0, 2]))
    assert (part.grid.tolist(), part.locked.tolist()) == ([1, 3], [True, True])


def test_households_out_of_band_are_counted_on_both_sides() -> None:
    network = zone(drawn("ABC", households="250 400 530").graph())
    assert off_band(network, np.array([0, 1, 2]), 3, Band()) == 50 + 30
    assert off_band(network, np.array([0, 0, 0]), 1, Rules.of(Band())) == 680


# ---- Ties --------------------------------------------------------------------------------------------------------


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
