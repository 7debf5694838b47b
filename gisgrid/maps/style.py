"""Colours of a map: a palette in which black text reads well, and a choice by which neighbours differ.

Room: maps. In: polygons in WGS-84. Out: a palette position for each. Must not import a library of drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
from shapely import Geometry

PALETTE: Final = ("#f7dcae", "#c3e2c4", "#c8dbf3", "#f5cdca", "#ded0ec", "#ebe8ab", "#bfe5e4", "#f1d0e2")
"""Light grounds: text of `INK` on each has a contrast above 10 : 1 (WCAG 2.2 asks for 4.5)."""
INK: Final = "#1b2733"
TOUCH_DEGREES: Final = 2e-7
"""About two centimetres: grids of two communities meet, though their nodes may differ by a millimetre."""


def colour_positions(polygons: Sequence[Geometry]) -> list[int]:
    """Return a palette position for each polygon such that polygons that touch differ, even at a corner.

    Greedy colouring by saturation: always the polygon next whose neighbours show most colours already (source: Brélaz
    1979, DSATUR). Where a polygon's neighbours show the whole palette, it takes the colour that they show least.

    Parameters
    ----------
    polygons
        (n,) polygons or multipolygons, WGS-84.
    """
    neighbours = _touching(polygons)
    chosen: list[int | None] = [None] * len(polygons)
    left = set(range(len(polygons)))
    while left:
        here = min(left, key=lambda each: (-_seen(chosen, neighbours[each]), -len(neighbours[each]), each))
        shown = [chosen[other] for other in neighbours[here]]
        chosen[here] = min(range(len(PALETTE)), key=lambda colour: (shown.count(colour), colour))
        left.remove(here)
    return [position or 0 for position in chosen]


def _seen(chosen: Sequence[int | None], neighbours: set[int]) -> int:
    return len({chosen[other] for other in neighbours} - {None})


def _touching(polygons: Sequence[Geometry]) -> list[set[int]]:
    shapes = np.asarray(polygons, dtype=object)
    neighbours: list[set[int]] = [set() for _ in polygons]
    first, second = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=TOUCH_DEGREES)
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        if a != b:
            neighbours[a].add(b)
    return neighbours
