"""Polygons and points made from a seed: coverages of rough bricks, and sets that are no plain coverage.

Coordinates are multiples of 2^-24 degree (some 6 mm), so that the middle of a border segment is a double exactly on it.
"""

from __future__ import annotations

import numpy as np
import shapely

WEST, SOUTH, SIDE_DEG = 111.0, 40.0, 0.004
KINDS = ("plain", "holes", "parts", "inside", "foreign")


def polygons(kind: str, count: int, vertices: int, seed: int) -> np.ndarray:
    """Return about that many polygons in order of code.

    Parameters
    ----------
    kind
        `plain`: a valid coverage, one part each. `holes`: every fourth brick has one, which another grid fills.
        `parts`: bricks joined in pairs, others between them. `inside`: in every fourth brick lies a second polygon,
        and no hole is there. `foreign`: bricks moved at random, with overlaps and gaps. In all but the first the
        order of codes is random.
    vertices
        Of each brick, about.
    """
    rng = np.random.default_rng(seed + 1)
    if kind == "plain":
        return bricks(count, vertices, seed)
    if kind == "foreign":
        moves = on_lattice(rng.normal(0.0, SIDE_DEG / 8, (count, 2)))
        grounds = [
            shapely.transform(brick, lambda xy, by=move: xy + by)
            for brick, move in zip(bricks(count, vertices, seed), moves, strict=True)
        ]
    elif kind == "parts":
        ground = bricks(2 * count + 2, vertices, seed)
        firsts = [k for k in range(2 * count) if k % 4 < 2]
        grounds = [shapely.MultiPolygon([ground[k], ground[k + 2]]) for k in firsts]
    else:
        ground = bricks(count * 4 // 5, vertices, seed)
        discs = [_disc(each) for each in ground[::4]]
        if kind == "holes":
            ground[::4] = [
                shapely.Polygon(each.exterior, [disc.exterior]) for each, disc in zip(ground[::4], discs, strict=True)
            ]
        grounds = [*ground, *discs]
    found = rng.permutation(np.array(grounds, dtype=object))
    assert shapely.is_valid(found).all()
    return found


def bricks(count: int, vertices: int, seed: int) -> np.ndarray:
    """Return that many polygons of a brick lattice, three-way corners, every border one shared Brownian bridge."""
    rng = np.random.default_rng(seed)
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    # Of the six borders of a brick, four are half a side long and two a whole one: steps in proportion.
    half, whole = max(1, vertices // 8), max(2, vertices // 4)
    across, up = np.meshgrid(np.arange(2 * columns + 1), 2 * np.arange(rows + 1))
    level = _bridges(across, up, np.array([1, 0]), half, rng)
    across, up = np.meshgrid(2 * np.arange(columns + 1), 2 * np.arange(rows))
    upright = _bridges(across + up // 2 % 2, up, np.array([0, 2]), whole, rng)
    row, column = np.divmod(np.arange(count), columns)
    left = 2 * column + row % 2
    ring = [
        level[row, left][:, :-1],
        level[row, left + 1][:, :-1],
        upright[row, column + 1][:, :-1],
        level[row + 1, left + 1][:, :0:-1],
        level[row + 1, left][:, :0:-1],
        upright[row, column][:, :0:-1],
    ]
    found: np.ndarray = shapely.polygons(np.concatenate(ring, axis=1))
    assert shapely.is_valid(found).all(), "a border crosses itself: make the bridges calmer"
    return found


def _bridges(across: np.ndarray, up: np.ndarray, way: np.ndarray, steps: int, rng: np.random.Generator) -> np.ndarray:
    """Return the rough borders that go one way from each of these corners: shape (rows, columns, steps + 1, 2)."""
    begins = np.stack([across, up], axis=-1)[:, :, None, :]
    walk = np.cumsum(rng.normal(0.0, SIDE_DEG / 150 / np.sqrt(steps), (*across.shape, steps + 1, 2)), axis=2)
    share = np.linspace(0.0, 1.0, steps + 1)[:, None]
    bridge = walk - walk[:, :, :1] - share * (walk[:, :, -1:] - walk[:, :, :1])
    return on_lattice((begins + share * way) * (SIDE_DEG / 2) + [WEST, SOUTH] + bridge)


def on_lattice(degrees: np.ndarray) -> np.ndarray:
    """Return the nearest multiples of 2^-24."""
    rounded: np.ndarray = np.round(degrees * 2.0**24) / 2.0**24
    return rounded


def points(grounds: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return points: 80 % clustered, 16 % uniform, 2 % outside, 1 % on vertices, 1 % on middles of border segments."""
    rng = np.random.default_rng(seed)
    box = shapely.total_bounds(grounds)
    inner, size = box[:2], box[2:] - box[:2]
    centres = rng.uniform(inner, inner + size, (max(10, len(grounds) // 4), 2))
    clustered = centres[rng.integers(0, len(centres), count * 80 // 100)]
    clustered = clustered + rng.normal(0.0, SIDE_DEG / 4, clustered.shape)
    uniform = rng.uniform(inner, inner + size, (count * 16 // 100, 2))
    outside = rng.uniform(inner - size / 10, inner + size * [1.1, -0.05], (count * 2 // 100, 2))
    return rng.permutation(np.concatenate([clustered, uniform, outside, on_borders(grounds, count // 50, rng)]))


def on_borders(grounds: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return points exactly on borders, half of them vertices and half of them middles of segments."""
    rings = shapely.get_rings(shapely.get_parts(grounds))
    vertices, ring = shapely.get_coordinates(rings, return_index=True)
    begins = np.flatnonzero(ring[1:] == ring[:-1])  # not from the end of one ring to the beginning of the next
    chosen = begins[rng.integers(0, len(begins), count)]
    middles = (vertices[chosen] + vertices[chosen + 1]) / 2.0
    return np.concatenate([vertices[chosen[: count // 2]], middles[count // 2 :]])


def _disc(brick: shapely.Polygon) -> shapely.Polygon:
    """Return a polygon of twelve corners well inside a brick."""
    west, south, east, north = brick.bounds
    turn = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)
    middle = np.array([(west + east) / 2.0, (south + north) / 2.0])
    return shapely.Polygon(on_lattice(middle + SIDE_DEG / 5 * np.stack([np.cos(turn), np.sin(turn)], axis=1)))
