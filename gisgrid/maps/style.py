"""Colours of a map: a palette in which black text reads well, and a choice by which neighbours differ.

Room: maps. In: polygons in WGS-84. Out: a palette position for each. Must not import a library of drawing.
"""

from __future__ import annotations

import heapq
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
    chosen: dict[int, int] = {}
    # Where a polygon's neighbours show one colour more, it is pushed again; its older entries are passed over.
    queue = [(0, -len(near), here) for here, near in enumerate(neighbours)]
    heapq.heapify(queue)
    while queue:
        *_, here = heapq.heappop(queue)
        if here in chosen:
            continue
        shown = [chosen[other] for other in neighbours[here] if other in chosen]
        chosen[here] = min(range(len(PALETTE)), key=lambda colour: (shown.count(colour), colour))
        for other in neighbours[here] - chosen.keys():
            saturation = len({chosen[each] for each in neighbours[other] if each in chosen})
            heapq.heappush(queue, (-saturation, -len(neighbours[other]), other))
    return [chosen[here] for here in range(len(polygons))]


def _touching(polygons: Sequence[Geometry]) -> list[set[int]]:
    shapes = np.asarray(polygons, dtype=object)
    neighbours: list[set[int]] = [set() for _ in polygons]
    first, second = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=TOUCH_DEGREES)
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        if a != b:
            neighbours[a].add(b)
    return neighbours
