"""The building graph of one community: units, their borders and their ties as plain arrays.

Room: plan. In: arrays of any order. Out: a frozen `Graph` in canonical order, so that the order in which rows were
imported never changes a plan. Imports numpy; no database, no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gisgrid.errors import UsageError

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ADJACENT_M: Final = 1.0
"""Two units are adjacent when at least this much of their shared border lies on no barrier, in metres."""

TOUCHING_M: Final = 0.05
"""Shorter shared borders are points for all that a plan is concerned with."""


@dataclass(frozen=True, slots=True)
class Units:
    """What is known of each unit (a cell seen by the planner), one array element a unit.

    Attributes
    ----------
    codes
        The smallest building code on the unit, "" on empty ground.
    households
        Households that live on it.
    area_m2, perimeter_m, x, y
        Ground area in square metres, its perimeter and a point inside in metres.
    estate
        Number of the estate, -1 for none.
    dedicated
        Number of the dedicated ground, -1 for none.
    """

    codes: tuple[str, ...]
    households: Integers
    area_m2: Floats
    perimeter_m: Floats
    x: Floats
    y: Floats
    estate: Integers
    dedicated: Integers

    @classmethod
    def of(
        cls, codes: Sequence[str], households: ArrayLike, area_m2: ArrayLike, points: ArrayLike, **groups: ArrayLike
    ) -> Units:
        """Return units from anything array-like; `points` has shape (n, 2).

        `groups` are `estate`, `dedicated` and `perimeter_m`, which by default is that of a square of the area.
        """
        xy = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        square_m = 4.0 * np.sqrt(np.asarray(area_m2, dtype=np.float64))
        none = np.full(len(codes), -1)
        return cls(
            tuple(codes),
            np.asarray(households, dtype=np.int64),
            np.asarray(area_m2, dtype=np.float64),
            np.asarray(groups.get("perimeter_m", square_m), dtype=np.float64),
            xy[:, 0].copy(),
            xy[:, 1].copy(),
            np.asarray(groups.get("estate", none), dtype=np.int64),
            np.asarray(groups.get("dedicated", none), dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, slots=True)
class Borders:
    """Shared borders of pairs of units, one array element a pair: lengths in metres."""

    a: Integers
    b: Integers
    length_m: Floats
    barrier_m: Floats
    street_m: Floats

    @classmethod
    def of(
        cls, a: ArrayLike, b: ArrayLike, length_m: ArrayLike, barrier_m: ArrayLike, street_m: ArrayLike | None = None
    ) -> Borders:
        """Return borders from anything array-like; without `street_m` no border lies on a street."""
        lengths = np.asarray(length_m, dtype=np.float64).reshape(-1)
        streets = np.zeros_like(lengths) if street_m is None else np.asarray(street_m, dtype=np.float64)
        return cls(
            np.asarray(a, dtype=np.int64).reshape(-1),
            np.asarray(b, dtype=np.int64).reshape(-1),
            lengths,
            np.asarray(barrier_m, dtype=np.float64).reshape(-1),
            streets.reshape(-1),
        )

    @property
    def adjacent(self) -> Flags:
        """Which pairs are adjacent: one can step over at least `ADJACENT_M` of their border."""
        return self.length_m - self.barrier_m >= ADJACENT_M

    @property
    def touching(self) -> Flags:
        """Which pairs share more than a point, barrier or not."""
        return self.length_m > TOUCHING_M


@dataclass(frozen=True, slots=True)
class Ties:
    """Weighted ties of pairs of units: how strongly their households know each other, once a pair."""

    a: Integers
    b: Integers
    weight: Floats

    @classmethod
    def of(cls, a: ArrayLike, b: ArrayLike, weight: ArrayLike) -> Ties:
        """Return ties from anything array-like."""
        return cls(
            np.asarray(a, dtype=np.int64).reshape(-1),
            np.asarray(b, dtype=np.int64).reshape(-1),
            np.asarray(weight, dtype=np.float64).reshape(-1),
        )


@dataclass(frozen=True, slots=True)
class Graph:
    """The building graph of one community in canonical order (see `canonical`)."""

    units: Units
    borders: Borders
    ties: Ties

    def __len__(self) -> int:
        return len(self.units)


def canonical(units: Units, borders: Borders, ties: Ties) -> tuple[Graph, Integers]:
    """Return the graph in canonical order and, for each of its units, the position it had before.

    Units with buildings come first, in order of their smallest code; empty ones follow from west to east, then from
    south to north. Pairs have the smaller unit first and are sorted; several ties of a pair are added up.

    Parameters
    ----------
    units, borders, ties
        In any order; `a` and `b` are positions in `units`.

    Raises
    ------
    UsageError
        A pair names a unit that is not there, or two units carry the same building code.
    """
    count = len(units)
    named = [code for code in units.codes if code]
    if len(set(named)) != len(named):
        raise UsageError("Two units carry the same building code; give every building one cell.")
    for pairs in (borders, ties):
        ends = np.concatenate([pairs.a, pairs.b])
        if ends.size and (ends.min() < 0 or ends.max() >= count):
            raise UsageError(f"A pair names a unit outside 0 to {count - 1}; give positions in `units`.")
    order = np.array(
        sorted(range(count), key=lambda i: (not units.codes[i], units.codes[i], units.x[i], units.y[i])), dtype=np.int64
    )
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    placed = Units(
        tuple(units.codes[i] for i in order),
        units.households[order],
        units.area_m2[order],
        units.perimeter_m[order],
        units.x[order],
        units.y[order],
        units.estate[order],
        units.dedicated[order],
    )
    return Graph(placed, _sorted_borders(borders, rank), _sorted_ties(ties, rank, count)), order


def _sorted_borders(borders: Borders, rank: Integers) -> Borders:
    """Return the borders with renamed units, the smaller first, in order."""
    a, b = rank[borders.a], rank[borders.b]
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((high, low))
    return Borders(low[order], high[order], borders.length_m[order], borders.barrier_m[order], borders.street_m[order])


def _sorted_ties(ties: Ties, rank: Integers, count: int) -> Ties:
    """Return the ties with renamed units, one a pair, weights added up in an order of their own."""
    a, b = rank[ties.a], rank[ties.b]
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((ties.weight, high, low))
    order = order[low[order] != high[order]]
    keys = low[order] * count + high[order]
    pairs, first = np.unique(keys, return_inverse=True)
    weights = np.zeros(len(pairs))
    np.add.at(weights, first, ties.weight[order])
    return Ties(pairs // max(count, 1), pairs % max(count, 1), weights)


def neighbour_lists(count: int, a: Integers, b: Integers) -> tuple[Integers, Integers, Integers]:
    """Return the pairs as lists of neighbours: `first`, `neighbours` and the pair behind each entry.

    The neighbours of unit i are `neighbours[first[i]:first[i + 1]]`, in ascending order; the third array holds the
    position of the pair that made the entry. (Compressed sparse rows, both directions.)
    """
    tails = np.concatenate([a, b])
    heads = np.concatenate([b, a])
    pairs = np.concatenate([np.arange(len(a)), np.arange(len(a))])
    order = np.lexsort((heads, tails))
    first = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(tails, minlength=count), out=first[1:])
    return first, heads[order], pairs[order]
