"""Made-up communities of the test bed's spirit: cells, borders, barriers, zones and ties round a `Layout`.

In: the name of a set and a seed. Out: communities; the same seed gives the same bytes. Imports numpy and shapely.

Cells are the Voronoi cells of points along the footprints, clipped to the blocks between the streets' middle lines, so
the cells of two blocks meet in the middle of the street. A main road or a river bars a street over its whole length
(which cuts zones) or over some blocks (which only takes edges away). Ties are those of one compound (all pairs within
150 m), of one property company (half of the pairs within 150 m) and of neighbours in lanes. Seeds are tried in turn;
one that is too small or large, or has a zone whose households no number of grids fits, is passed over.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from bench.planning.instances import LEAST_BORDER_M, MAXIMUM, Community, grid_count
from bench.planning.layout import COMPOUND_SHARES, PLOT_SHARES, Generator, Layout, lay_out

TIE_REACH_M = 150.0
LANE_REACH_M = 95.0
POINTS_M = 3.0
"""Distance of the points along a footprint whose Voronoi cells make its cell."""

LANES_SHARES = (0.55, 0.2, 0.1, 0.1, 0.05)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Of one member of a set: blocks each way, the plots' shares, whether barriers are laid, what is accepted."""

    columns: tuple[int, int]
    rows: tuple[int, int]
    units: tuple[int, int]
    households: tuple[int, int]
    shares: tuple[float, ...] = PLOT_SHARES
    barriers: bool = False


_WHOLE = Recipe((5, 6), (5, 6), (380, 520), (6000, 8000), barriers=True)
_SIZES = (
    ((1, 2), (1, 2), (36, 60)),
    ((1, 2), (2, 2), (61, 100)),
    ((2, 2), (2, 2), (101, 140)),
    ((2, 3), (2, 3), (141, 185)),
    ((2, 3), (2, 3), (186, 220)),
    ((3, 3), (3, 3), (221, 245)),
)
SETS: dict[str, tuple[int, list[Recipe]]] = {
    "tiny": (1_000, [Recipe((1, 2), (1, 2), (12, 30), (600, 1750), COMPOUND_SHARES)] * 10),
    "sized": (8_000, [Recipe(c, r, n, (600, 2600), LANES_SHARES) for c, r, n in _SIZES for _ in range(3)]),
    "com": (20_000, [_WHOLE] * 20),
    "district": (40_000, [_WHOLE] * 80),
}
"""Of each set: what is added to the seed, and the recipes of its members."""


def generate(name: str, seed: int, first: int | None = None) -> Iterator[Community]:
    """Yield the communities of a set.

    Parameters
    ----------
    name
        tiny, sized, com or district.
    seed
        From 0; the members' own seeds are counted up from seed x 1,000,000 + the set's own figure.
    first
        Only so many.
    """
    start, recipes = SETS[name]
    at = itertools.count(seed * 1_000_000 + start + 1)
    for recipe in recipes[:first]:
        for own in at:
            community = attempt(f"{name}-{own}", own, recipe)
            if community is not None:
                yield community
                break


def attempt(name: str, seed: int, recipe: Recipe) -> Community | None:
    """Return the community of a seed, or None where it is not what the recipe accepts."""
    random = np.random.default_rng(seed)
    columns, rows = (int(random.integers(low, high + 1)) for low, high in (recipe.columns, recipe.rows))
    layout = lay_out(random, columns, rows, recipe.shares)
    count, total = len(layout.kind), sum(layout.households)
    blocks = {(column, row) for column in range(columns) for row in range(rows)}
    if blocks != set(layout.block):
        return None
    if not (recipe.units[0] <= count <= recipe.units[1] and recipe.households[0] <= total <= recipe.households[1]):
        return None
    barred = _barriers(random, columns, rows) if recipe.barriers else set()
    if not _may_be_cut(layout, barred, blocks):
        return None
    cells = _cells(random, layout)
    borders = _borders(layout, cells, barred)
    alone = [households > MAXIMUM for households in layout.households]
    zone = _zones(count, borders, alone)
    loads = np.bincount(
        [at for at in zone if at >= 0], [h for h, at in zip(layout.households, zone, strict=True) if at >= 0]
    )
    if any(grid_count(int(load)) is None for load in loads) or (len(loads) > 1 and not recipe.barriers):
        return None
    return _community(name, layout, cells, borders, alone, zone, random)


def _community(
    name: str,
    layout: Layout,
    cells: np.ndarray,
    borders: list[tuple[int, int, float, bool]],
    alone: list[bool],
    zone: list[int],
    random: Generator,
) -> Community:
    boxes = np.array(layout.footprint)
    return Community(
        id=name,
        households=layout.households,
        x=np.round((boxes[:, 0] + boxes[:, 2]) / 2, 2).tolist(),
        y=np.round((boxes[:, 1] + boxes[:, 3]) / 2, 2).tolist(),
        footprint=boxes.tolist(),
        kind=layout.kind,
        estate=layout.estate,
        company=layout.company,
        area=np.round(shapely.area(cells), 2).tolist(),
        perimeter=np.round(shapely.length(cells), 2).tolist(),
        zone=zone,
        alone=alone,
        borders=borders,
        ties=_ties(random, layout, borders, zone),
    )


def _barriers(random: Generator, columns: int, rows: int) -> set[frozenset[tuple[int, int]]]:
    """Return the pairs of blocks that a main road or river parts: up to two long ones and a few short ones."""
    barred: set[frozenset[tuple[int, int]]] = set()
    for _ in range(int(random.choice((0, 1, 2, 3), p=(0.1, 0.3, 0.35, 0.25)))):
        barred |= _street(random, columns, rows, whole=True)
    for _ in range(int(random.integers(0, 4))):
        barred |= _street(random, columns, rows, whole=False)
    return barred


def _street(random: Generator, columns: int, rows: int, *, whole: bool) -> set[frozenset[tuple[int, int]]]:
    """Return the pairs of blocks on both sides of one street, over its whole length or a part of it."""
    upright = bool(random.random() < 0.5)
    across, along = (columns, rows) if upright else (rows, columns)
    at = int(random.integers(1, across))
    begin, end = 0, along
    if not whole:
        begin = int(random.integers(0, along - 1))
        end = min(along, begin + int(random.integers(1, 4)))
    pairs = [((at - 1, step), (at, step)) for step in range(begin, end)]
    return {frozenset(pair if upright else (pair[0][::-1], pair[1][::-1])) for pair in pairs}


def _may_be_cut(layout: Layout, barred: set[frozenset[tuple[int, int]]], blocks: set[tuple[int, int]]) -> bool:
    """Return whether each part that the barriers leave of the blocks can have grids: a quick look before the cells."""
    loads = dict.fromkeys(blocks, 0)
    for block, households in zip(layout.block, layout.households, strict=True):
        loads[block] += households if households <= MAXIMUM else 0
    left = set(blocks)
    while left:
        stack, load = [left.pop()], 0
        while stack:
            column, row = here = stack.pop()
            load += loads[here]
            for other in ((column + 1, row), (column - 1, row), (column, row + 1), (column, row - 1)):
                if other in left and frozenset((here, other)) not in barred:
                    left.remove(other)
                    stack.append(other)
        if grid_count(load) is None:
            return False
    return True


def _cells(random: Generator, layout: Layout) -> np.ndarray:
    """Return the cell of each building; the points are shaken by 5 cm, since four on one circle make bad polygons."""
    boxes = np.array(layout.footprint)
    edges = shapely.segmentize(shapely.get_exterior_ring(shapely.box(*boxes.T)), POINTS_M)
    cells = np.empty(len(boxes), dtype=object)
    blocks = np.array(layout.block)
    for column, row in sorted(set(layout.block)):
        members = np.flatnonzero((blocks == (column, row)).all(axis=1))
        block = shapely.box(layout.xs[column], layout.ys[row], layout.xs[column + 1], layout.ys[row + 1])
        points, owner = shapely.get_coordinates(edges[members], return_index=True)
        points, at = np.unique(
            np.round(points + random.uniform(-0.05, 0.05, points.shape), 3), axis=0, return_index=True
        )
        owner = owner[at]
        parts = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=block, ordered=True))
        for place, unit in enumerate(members):
            whole = shapely.union_all(parts[owner == place])
            cells[unit] = shapely.set_precision(shapely.intersection(whole, block), 0.01, mode="pointwise")
    return cells


def _borders(
    layout: Layout, cells: np.ndarray, barred: set[frozenset[tuple[int, int]]]
) -> list[tuple[int, int, float, bool]]:
    first, second = shapely.STRtree(cells).query(cells, predicate="dwithin", distance=0.005)
    keep = first < second
    first, second = first[keep], second[keep]
    rings = shapely.boundary(cells)
    lengths = np.round(shapely.length(shapely.intersection(rings[first], rings[second])), 2)
    found = [
        (int(i), int(j), float(length), frozenset((layout.block[i], layout.block[j])) in barred)
        for i, j, length in zip(first, second, lengths, strict=True)
        if length > 0.0
    ]
    return sorted(found)


def _zones(count: int, borders: list[tuple[int, int, float, bool]], alone: list[bool]) -> list[int]:
    """Return the connected component of adjacency of each unit, numbered by its first unit; -1 for those alone."""
    reach: list[list[int]] = [[] for _ in range(count)]
    for i, j, length, barred in borders:
        if length >= LEAST_BORDER_M and not (barred or alone[i] or alone[j]):
            reach[i].append(j)
            reach[j].append(i)
    zone = [-1] * count
    number = 0
    for unit in range(count):
        if zone[unit] >= 0 or alone[unit]:
            continue
        zone[unit], stack = number, [unit]
        while stack:
            for other in reach[stack.pop()]:
                if zone[other] < 0:
                    zone[other] = number
                    stack.append(other)
        number += 1
    return zone


def _ties(
    random: Generator, layout: Layout, borders: list[tuple[int, int, float, bool]], zone: list[int]
) -> list[tuple[int, int, int]]:
    boxes = np.array(layout.footprint)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    touching = {(i, j) for i, j, length, barred in borders if length >= LEAST_BORDER_M and not barred}
    pairs = shapely.STRtree(shapely.points(middles)).query(
        shapely.points(middles), predicate="dwithin", distance=TIE_REACH_M
    )
    ties = []
    for i, j in sorted(zip(*pairs.tolist(), strict=True)):
        if i < j and zone[i] == zone[j] >= 0:
            metres = float(np.hypot(*(middles[i] - middles[j])))
            weight = _weight(random, layout, (i, j), metres, (i, j) in touching)
            if weight:
                ties.append((i, j, weight))
    return ties


def _weight(random: Generator, layout: Layout, pair: tuple[int, int], metres: float, touching: bool) -> int:
    """Return how familiar two buildings are: more for more households, nearer, side by side, one compound."""
    i, j = pair
    both = layout.households[i] * layout.households[j]
    near = 1.0 - metres / (2.0 * TIE_REACH_M)
    if layout.estate[i] == layout.estate[j] >= 0:
        return 1 if not both else max(1, round(0.62 * both**0.36 * near * (1.25 if touching else 1.0)))
    if layout.company[i] == layout.company[j] >= 0:
        return int(random.poisson(0.05 * both**0.5 * near)) if both and random.random() < 0.5 else 0
    if metres > (LANE_REACH_M if layout.kind[i] == layout.kind[j] == "house" or touching else 0.0):
        return 0
    return int(random.poisson(min(0.5, 0.13 * both**0.5) * (2.0 if touching else 1.0) * near))
