"""Neighbours on a map never share a colour, and black text reads on every ground."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gisgrid.maps.style import INK, PALETTE, colour_positions


def luminance(colour: str) -> float:
    """Return the relative luminance by WCAG 2.2."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_stands_out_on_every_colour() -> None:
    for colour in PALETTE:
        assert (luminance(colour) + 0.05) / (luminance(INK) + 0.05) > 10


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 120))
def test_touching_polygons_differ(seed: int, count: int) -> None:
    points = np.random.default_rng(seed).random((count, 2)) * 0.05 + (116.0, 37.3)
    area = shapely.box(116.0, 37.3, 116.05, 37.35)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=area)).tolist()
    polygons = [shapely.intersection(each, area) for each in cells] if count > 1 else [area]
    chosen = colour_positions(polygons)
    for i, first in enumerate(polygons):
        for j in range(i):
            if shapely.length(shapely.intersection(first, polygons[j])) > 1e-6:
                assert chosen[i] != chosen[j]


def test_corner_neighbours_differ_too() -> None:
    squares = [shapely.box(x, y, x + 1, y + 1) for x in range(4) for y in range(4)]
    chosen = colour_positions(squares)
    for i, first in enumerate(squares):
        for j in range(i):
            if first.touches(squares[j]):
                assert chosen[i] != chosen[j]


def test_nothing_has_no_colour() -> None:
    assert colour_positions([]) == []
