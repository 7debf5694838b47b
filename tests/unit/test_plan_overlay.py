"""Overlays: what two plans keep together becomes one unit, and nothing that a plan costs is lost."""

from __future__ import annotations

import dataclasses

import numpy as np

from gisgrid.model import Band
from gisgrid.plan.objective import LOCK_COST, Present, Rules, full_cost
from gisgrid.plan.overlay import agreed, contracted
from gisgrid.plan.state import state_of
from tests.draw import drawn
from tests.towns import assert_sound, network

RULES = Rules.of(Band())


def numbers(letters: str) -> np.ndarray:
    return np.array([ord(letter) - ord("A") for letter in letters.replace("\n", "")])


def test_what_both_plans_keep_together_and_is_connected_is_one_block() -> None:
    zone = network(drawn("AAAA\nAAAA").graph())
    one, two = numbers("AABB\nAABB"), numbers("AAAA\nBBBB")
    assert agreed(zone, one, two).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert agreed(zone, one).tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
    assert agreed(zone).tolist() == [0] * 8
    torn = numbers("ABBA\nABBA")
    assert agreed(zone, torn).tolist() == [0, 1, 1, 2, 0, 1, 1, 2], "two pieces of one part are two blocks"


def test_homes_and_whole_estates_part_blocks() -> None:
    graph = drawn("AAAA").graph()
    graph = dataclasses.replace(graph, units=dataclasses.replace(graph.units, estate=np.array([7, 7, -1, -1])))
    assert agreed(network(graph)).tolist() == [0, 0, 1, 1]
    home = Present(np.array([0, 1, 1, 1]), np.zeros(4, dtype=np.bool_))
    assert agreed(network(graph, home)).tolist() == [0, 1, 2, 2]


def test_a_contracted_zone_adds_up_households_ties_borders_and_moves() -> None:
    graph = drawn("AABB\nAABB", households="1 2 3 4 10 20 30 40").graph([(1, 2, 2.0), (0, 7, 0.5), (0, 1, 9.0)])
    zone = network(graph, Present(numbers("AABB\nAABB"), np.arange(8) == 3))
    small = contracted(zone, agreed(zone))
    assert small.households.tolist() == [33, 77]
    assert (small.first.tolist(), small.neighbours.tolist()) == ([0, 1, 2], [1, 0])
    assert (small.links.tolist(), small.costs.tolist()) == ([1, 0], [20.0 + 5.0 + 5.0 + 5.0] * 2)
    assert small.home.tolist() == [0, 1]
    assert small.stay.tolist() == [3.5 * 33, LOCK_COST + 3.5 * 73]


def test_costs_that_cancel_each_other_do_no_harm() -> None:
    zone = network(drawn("ABC", households=100).graph())._replace(costs=np.array([-3.0, -3.0, 3.0, 3.0]))
    blocks = np.array([0, 1, 0])
    small = contracted(zone, blocks)
    assert full_cost(small, np.array([0, 1]), 2, RULES) == full_cost(zone, np.array([0, 1, 0]), 2, RULES)


def test_the_search_reads_a_contracted_zone_as_it_reads_a_whole_one() -> None:
    graph = drawn("AABB\nAABB", households=90).graph([(1, 2, 2.0)])
    zone = network(graph)
    small = contracted(zone, agreed(zone, numbers("AABB\nCCBB")))
    state = state_of(small, np.array([0, 1, 0]), 2, RULES)
    assert_sound(small, state, 2, RULES)
