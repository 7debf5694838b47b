"""Where the buildings of a made-up community stand: streets, blocks, plots, and what stands on each plot.

In: a random generator and the number of streets each way. Out: a `Layout`. Imports numpy alone. Slab, point and tower
blocks form compounds with sheds between them; houses of 0 to 12 households stand in lanes; some plots hold schools and
shops. Figures are rounded to centimetres.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np

Generator = np.random.Generator
Box = tuple[float, float, float, float]

SETBACK_M = 11.0
HOUSE_SHARES = (0.12, 0.295, 0.19, 0.13, 0.088, 0.058, 0.042, 0.029, 0.02, 0.013, 0.007, 0.003, 0.005)
"""Of houses with 0, 1, 2 … 12 households."""
PLOTS = ("house", "slab", "point", "tower", "nonres")
PLOT_SHARES = (0.28, 0.31, 0.13, 0.13, 0.15)
COMPOUND_SHARES = (0.0, 0.55, 0.25, 0.20, 0.0)
ENTRANCE_M = 14.4


@dataclass(slots=True)
class Layout:
    """Streets and buildings; the lists from `block` on hold an entry for each building.

    Attributes
    ----------
    xs, ys
        Middle lines of the streets, the community's edges first and last; block (c, r) lies between xs[c], xs[c + 1],
        ys[r] and ys[r + 1].
    block
        Column and row.
    footprint, kind, households, estate, company
        As in the test bed.
    """

    xs: list[float]
    ys: list[float]
    block: list[tuple[int, int]] = field(default_factory=list)
    footprint: list[Box] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    households: list[int] = field(default_factory=list)
    estate: list[int] = field(default_factory=list)
    company: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Plot:
    box: Box
    kind: str
    block: tuple[int, int]
    estate: int
    company: int


def lay_out(random: Generator, columns: int, rows: int, shares: tuple[float, ...] = PLOT_SHARES) -> Layout:
    """Return a community of columns x rows blocks.

    Parameters
    ----------
    random
        Where chance comes from.
    columns, rows
        Number of blocks each way.
    shares
        How often a plot holds houses, slabs, points, towers or something nobody lives in.
    """
    layout = Layout(_lines(random, columns), _lines(random, rows))
    companies = int(random.integers(4, 10))
    estate = 0
    for row in range(rows):
        for column in range(columns):
            for box in _plots(random, layout, column, row):
                kind = str(random.choice(PLOTS, p=shares))
                lived = kind in {"slab", "point", "tower"}
                company = int(random.integers(companies)) if lived else -1
                plot = _Plot(box, kind, (column, row), -1 if kind == "house" else estate, company)
                estate += kind != "house"
                _build(random, layout, plot)
    return layout


def _lines(random: Generator, blocks: int) -> list[float]:
    return [0.0, *(round(float(at), 2) for at in np.cumsum(random.uniform(125.0, 185.0, blocks)))]


def _plots(random: Generator, layout: Layout, column: int, row: int) -> list[Box]:
    """Return the plots of a block: one, or two or three side by side."""
    x0, x1 = layout.xs[column] + SETBACK_M, layout.xs[column + 1] - SETBACK_M
    y0, y1 = layout.ys[row] + SETBACK_M, layout.ys[row + 1] - SETBACK_M
    width = x1 - x0
    parts = 1 if width < 115.0 or random.random() < 0.55 else 2
    cuts = [x0, x0 + width * float(random.uniform(0.4, 0.6)), x1] if parts == 2 else [x0, x1]
    return [(left, y0, right, y1) for left, right in itertools.pairwise(cuts)]


def _build(random: Generator, layout: Layout, plot: _Plot) -> None:
    if plot.kind == "house":
        _houses(random, layout, plot)
    elif plot.kind == "nonres":
        _public(random, layout, plot)
    else:
        _compound(random, layout, plot)


def _places(box: Box, pitch: tuple[float, float]) -> list[tuple[float, float]]:
    """Return the middles of as many places of the given pitch as fit into a box, spread over it."""
    x0, y0, x1, y1 = box
    across, along = max(1, int((x1 - x0) // pitch[0])), max(1, int((y1 - y0) // pitch[1]))
    dx, dy = (x1 - x0) / across, (y1 - y0) / along
    return [(x0 + dx * (i + 0.5), y0 + dy * (j + 0.5)) for j in range(along) for i in range(across)]


def _add(layout: Layout, plot: _Plot, kind: str, box: Box, households: int) -> None:
    layout.block.append(plot.block)
    layout.footprint.append(tuple(round(float(value), 2) for value in box))
    layout.kind.append(kind)
    layout.households.append(int(households))
    layout.estate.append(plot.estate)
    layout.company.append(plot.company)


def _around(middle: tuple[float, float], width: float, depth: float) -> Box:
    x, y = middle
    return (x - width / 2, y - depth / 2, x + width / 2, y + depth / 2)


def _houses(random: Generator, layout: Layout, plot: _Plot) -> None:
    pitch = float(random.uniform(18.5, 22.0))
    for x, y in _places(plot.box, (pitch, pitch)):
        if random.random() < 0.06:
            continue
        width, depth = random.uniform(8.0, 12.0, 2)
        shift = random.uniform(-1.5, 1.5, 2)
        households = int(random.choice(len(HOUSE_SHARES), p=HOUSE_SHARES))
        _add(layout, plot, "house", _around((x + shift[0], y + shift[1]), width, depth), households)


def _public(random: Generator, layout: Layout, plot: _Plot) -> None:
    for x, y in _places(plot.box, (50.0, 44.0)):
        width, depth = random.uniform(15.0, 32.0), random.uniform(12.0, 24.0)
        households = int(random.integers(26, 61)) if random.random() < 0.03 else 0
        _add(layout, plot, "nonres", _around((x, y), width, depth), households)


def _compound(random: Generator, layout: Layout, plot: _Plot) -> None:
    """Blocks of one kind and mostly one size, a few places left to a shed."""
    draw = {"slab": _slab, "point": _point, "tower": _tower}[plot.kind]
    width, depth, households, pitch = draw(random)
    places = _places(plot.box, pitch)
    if plot.kind == "tower" and len(places) > 4:  # tall blocks are few, on open ground
        chosen = random.permutation(len(places))[: int(random.integers(1, 7))]
        places = [places[index] for index in sorted(chosen)]
    homes = 0
    for place in places:
        if homes and random.random() < 0.09:
            _add(layout, plot, "aux", _around(place, 18.0, 12.0), 0)
            continue
        homes += 1
        if random.random() < 0.2:
            _, _, households, _ = draw(random)
        _add(layout, plot, plot.kind, _around(place, min(width, pitch[0] - 8.0), depth), households)
    _sheds(random, layout, plot, places, depth)


def _sheds(random: Generator, layout: Layout, plot: _Plot, places: list[tuple[float, float]], depth: float) -> None:
    """One or two sheds just below a block."""
    count = min(len(places), int(random.integers(0, 6)))
    for index in random.permutation(len(places))[:count]:
        x, y = places[index]
        width, height = random.uniform(5.0, 10.0), 4.0
        place = (x + float(random.uniform(-8.0, 8.0)), y - depth / 2 - 4.5)
        _add(layout, plot, "aux", _around(place, width, height), 0)


def _slab(random: Generator) -> tuple[float, float, int, tuple[float, float]]:
    floors = int(random.choice((5, 6, 7, 11), p=(0.1, 0.64, 0.12, 0.14)))
    entrances = int(random.choice((2, 3, 4, 5), p=(0.42, 0.32, 0.16, 0.1)))
    width = ENTRANCE_M * entrances
    households = max(24, 2 * floors * entrances)
    return width, 12.0, households, (width + 14.0, 27.0 + 1.2 * max(0, floors - 6))


def _point(random: Generator) -> tuple[float, float, int, tuple[float, float]]:
    return 21.0, 21.0, 4 * int(random.integers(6, 20)), (45.0, 45.0)


def _tower(random: Generator) -> tuple[float, float, int, tuple[float, float]]:
    each = int(random.choice((4, 6, 8, 12, 16), p=(0.4, 0.33, 0.18, 0.06, 0.03)))
    return float(random.choice((30.0, 35.0, 40.0))), 22.0, each * int(random.integers(16, 35)), (62.0, 55.0)
