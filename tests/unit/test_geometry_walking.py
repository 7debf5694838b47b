"""Walks to the nearest goal: along streets, round a river, over a bridge, through a gate."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gisgrid.geometry.walking import NOWHERE, nearest_goals

LINE, POINT = shapely.LineString, shapely.Point
RIVER = LINE([(-1000, 0), (1000, 0)])
BANKS = [LINE([(-400, 20), (400, 20)]), LINE([(-400, -20), (400, -20)])]
BRIDGE = LINE([(400, 20), (400, -20)])


def test_without_streets_it_is_the_straight_line() -> None:
    found = nearest_goals([(0, 0), (30, 40)], [(0, 0), (300, 400)])
    assert found.distance_m.tolist() == [0, 50]
    assert found.goal.tolist() == [0, 0]
    assert not found.walked.any()


def test_without_goals_nobody_arrives() -> None:
    for streets in ([], BANKS):
        found = nearest_goals([(0, 0)], [], streets_m=streets)
        assert (found.distance_m.tolist(), found.goal.tolist()) == ([np.inf], [NOWHERE])


def test_a_path_round_a_river() -> None:
    """From bank to bank, 60 m apart, it is 400 m to the bridge and 400 m back."""
    found = nearest_goals([(0, 30)], [(0, -30)], streets_m=[*BANKS, BRIDGE], obstacles_m=[RIVER])
    assert found.walked.all()
    assert found.distance_m[0] == pytest.approx(10 + 400 + 40 + 400 + 10)


def test_where_there_is_no_bridge_nobody_arrives() -> None:
    found = nearest_goals([(0, 30)], [(0, -30)], streets_m=BANKS, obstacles_m=[RIVER])
    assert (found.distance_m[0], found.goal[0], found.walked[0]) == (np.inf, NOWHERE, True)


def test_the_nearest_street_is_one_on_this_side_of_the_river() -> None:
    streets = [LINE([(-400, 90), (400, 90)]), BANKS[1], LINE([(400, 90), (400, -20)])]
    found = nearest_goals([(0, 10)], [(0, -30)], streets_m=streets, obstacles_m=[RIVER])
    assert found.distance_m[0] == pytest.approx(80 + 400 + 110 + 400 + 10)


def test_a_footbridge_that_is_a_point_joins_the_streets_of_both_banks() -> None:
    found = nearest_goals([(0, 30)], [(0, -30)], streets_m=BANKS, obstacles_m=[RIVER], crossings_m=[POINT(100, 0)])
    assert found.distance_m[0] == pytest.approx(10 + 100 + 40 + 100 + 10)


def test_a_yard_without_streets_is_left_through_its_gate() -> None:
    wall = shapely.box(0, 0, 100, 100).exterior
    street, goal = LINE([(-200, -40), (300, -40)]), (250, -40)
    through = nearest_goals([(50, 50)], [goal], streets_m=[street], obstacles_m=[wall], crossings_m=[POINT(50, 0)])
    assert through.walked.all()
    assert through.distance_m[0] == pytest.approx(50 + 40 + 200)
    shut = nearest_goals([(50, 50)], [goal], streets_m=[street], obstacles_m=[wall])
    assert not shut.walked.any()


def test_neighbours_on_one_street_do_not_walk_over_its_ends() -> None:
    found = nearest_goals([(40, 5), (10, 0)], [(50, -5), (10, 0)], streets_m=[LINE([(0, 0), (90, 0)])])
    assert found.distance_m.tolist() == pytest.approx([20, 0])
    assert found.goal.tolist() == [0, 1]


def test_a_goal_off_every_street_is_measured_straight() -> None:
    found = nearest_goals([(0, 10), (0, 5000)], [(0, 1000)], streets_m=[LINE([(-90, 0), (90, 0)])])
    assert found.distance_m.tolist() == [990, 4000]
    assert not found.walked.any()


def test_a_lane_that_leads_nowhere_holds_nobody_back() -> None:
    """The other end of a lane is on no map, and a gate that joins nothing is no way at all."""
    lane, street = LINE([(0, 0), (0, 40)]), LINE([(-500, -100), (500, -100)])
    found = nearest_goals([(5, 20)], [(400, -100)], streets_m=[lane, street], crossings_m=[POINT(5, 500)])
    assert found.distance_m[0] == pytest.approx(120 + 395)
    goal_on_lane = nearest_goals([(5, 20)], [(-5, 30)], streets_m=[lane, street])
    assert goal_on_lane.distance_m[0] == pytest.approx(5 + 10 + 5)
    lost = nearest_goals([(5, 420)], [(400, -100)], streets_m=[lane, street], crossings_m=[POINT(5, 500)])
    assert not lost.walked[0]
