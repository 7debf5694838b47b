"""Measures of shape against figures known by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Point, Polygon, box

from gisgrid.geometry.shape import LABEL_TOLERANCE_M, label_point, polsby_popper


def test_compactness_of_known_shapes() -> None:
    circle, square, thread = Point(0, 0).buffer(100, quad_segs=256), box(0, 0, 10, 10), box(0, 0, 1000, 1)
    figures = polsby_popper([circle, square, thread])
    assert figures[0] == pytest.approx(1.0, abs=1e-4)
    assert figures[1] == pytest.approx(math.pi / 4)
    assert figures[2] == pytest.approx(4 * math.pi * 1000 / 2002**2)


def test_compactness_does_not_depend_on_size_and_is_not_a_number_without_a_perimeter() -> None:
    assert polsby_popper([box(0, 0, 1, 2)])[0] == pytest.approx(polsby_popper([box(0, 0, 300, 600)])[0])
    assert np.isnan(polsby_popper([Polygon()])[0])


def test_the_label_stands_where_there_is_most_room() -> None:
    # An L: its centroid lies outside of it.
    hook = box(0, 0, 100, 10).union(box(0, 0, 10, 100)).union(box(70, 0, 100, 40))
    (point,) = label_point([hook])
    assert hook.contains(point)
    assert not hook.contains(hook.centroid)
    assert shapely.distance(point, hook.exterior) >= 15 - LABEL_TOLERANCE_M
    two_parts = MultiPolygon([box(0, 0, 5, 5), box(100, 100, 150, 150)])
    assert box(100, 100, 150, 150).contains(label_point([two_parts])[0])
