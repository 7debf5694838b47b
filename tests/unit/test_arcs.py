"""Arcs of a coverage: each border once, each ring a walk along them that is the ring itself."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gisgrid.geometry.arcs import Arcs, arcs_of
from tests.draw import drawn


def rebuilt(arcs: Arcs) -> list[list[shapely.LinearRing]]:
    """The rings of each polygon, walked along the arcs."""
    start = np.concatenate([[0], np.cumsum(arcs.sizes)])
    lines = [arcs.points[a:b] for a, b in pairwise(start.tolist())]
    references = iter(arcs.references.tolist())
    sizes = iter(arcs.ring_sizes.tolist())
    polygons = []
    for count in arcs.rings.tolist():
        rings = []
        for _ in range(count):
            walks = [
                lines[r] if r >= 0 else lines[-1 - r][::-1] for r in (next(references) for _ in range(next(sizes)))
            ]
            for before, after in zip(walks, [*walks[1:], walks[0]], strict=True):
                assert (before[-1] == after[0]).all(), "each arc begins where the one before ends"
            rings.append(shapely.LinearRing(np.concatenate([walk[:-1] for walk in walks])))
        polygons.append(rings)
    return polygons


def same_rings(polygon: shapely.Polygon, rings: list[shapely.LinearRing]) -> bool:
    mine = [polygon.exterior, *polygon.interiors]
    return len(mine) == len(rings) and all(
        shapely.equals_exact(shapely.normalize(a), shapely.normalize(b)) for a, b in zip(mine, rings, strict=True)
    )


@given(st.lists(st.text("ABC.", min_size=5, max_size=5), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_every_ring_can_be_walked_and_every_border_is_there_once(rows: list[str]) -> None:
    cells = [cell.geometry for cell in drawn("\n".join(["AAAAA", *rows])).cells]
    arcs = arcs_of(cells)
    assert all(same_rings(cell, rings) for cell, rings in zip(cells, rebuilt(arcs), strict=True))
    used = Counter(r if r >= 0 else -1 - r for r in arcs.references.tolist())
    assert set(used) == set(range(len(arcs.sizes)))
    assert max(used.values()) <= 2, "a border has two sides"
    total = sum(cell.length for cell in cells)
    once = sum(shapely.LineString(part).length for part in np.split(arcs.points, np.cumsum(arcs.sizes)[:-1]))
    outline = shapely.unary_union(cells).length
    assert abs(total + outline - 2 * once) < 1e-9


def test_a_hole_and_what_fills_it_share_one_arc() -> None:
    yard = shapely.box(1, 1, 2, 2)
    arcs = arcs_of([shapely.box(0, 0, 3, 3) - yard, yard])
    assert arcs.rings.tolist() == [2, 1]
    assert len(arcs.sizes) == 2
    assert {r if r >= 0 else -1 - r for r in arcs.references.tolist()[1:]} == {1}
    hole, filling = (rings[-1] for rings in rebuilt(arcs))
    assert shapely.equals(shapely.Polygon(hole), shapely.Polygon(filling))


def test_nothing_has_no_arcs() -> None:
    arcs = arcs_of([])
    assert (len(arcs.points), arcs.rings.tolist(), arcs.references.tolist()) == (0, [], [])
