"""Laws of walking: never shorter than the straight line, never longer for one more goal or one more street."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gisgrid.geometry.walking import nearest_goals

# Steps of 20 m: places on streets, on corners, on obstacles and at equal distances are common.
steps = st.integers(0, 30).map(lambda step: step * 20.0)
points = st.tuples(steps, steps)
lines = st.lists(st.tuples(points, points).filter(lambda ends: ends[0] != ends[1]).map(shapely.LineString), max_size=6)
crossings = st.lists(points.map(shapely.Point), max_size=3)
places = st.lists(points, min_size=1, max_size=6)


@settings(max_examples=40)
@given(places, places, lines, lines, crossings)
def test_no_walk_is_shorter_than_the_straight_line(start, end, streets, obstacles, gates) -> None:
    found = nearest_goals(start, end, streets_m=streets, obstacles_m=obstacles, crossings_m=gates)
    reached = np.isfinite(found.distance_m)
    assert ((found.goal >= 0) == reached).all()
    straight = np.hypot(*(np.array(start) - np.array(end)[found.goal]).T)
    assert (found.distance_m[reached] >= straight[reached] - 1e-6).all()
    assert np.allclose(found.distance_m[~found.walked], straight[~found.walked])


@settings(max_examples=40)
@given(places, places, points, lines, lines, crossings)
def test_one_more_goal_makes_no_walk_longer(start, end, more, streets, obstacles, gates) -> None:
    ground = {"streets_m": streets, "obstacles_m": obstacles, "crossings_m": gates}
    before, after = nearest_goals(start, end, **ground), nearest_goals(start, [*end, more], **ground)
    assert (after.distance_m <= before.distance_m + 1e-6).all()


@settings(max_examples=40)
@given(places, places)
def test_without_obstacles_and_on_one_street_the_walk_is_known(start, end) -> None:
    """The reference: both feet on the only street, and the way between them."""
    street = shapely.LineString([(-100, 300), (900, 300)])
    found = nearest_goals(start, end, streets_m=[street])
    wanted = np.array([min(abs(y - 300) + abs(x - u) + abs(v - 300) for u, v in end) for x, y in start])
    assert np.allclose(found.distance_m, wanted)
    assert found.walked.all()
