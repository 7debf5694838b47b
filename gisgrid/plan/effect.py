"""What a change does to a plan: figures of each grid before and after, households moved, ties, estates, cost.

Room: plan. In: sums over units and borders. Out: frozen values that previews and suggestions tell. Imports numpy and
`plan.graph`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gisgrid.plan.graph import Floats, Integers


@dataclass(frozen=True, slots=True)
class GridFigures:
    """What a grid amounts to.

    Attributes
    ----------
    households, buildings
        By the buildings of today.
    in_band
        True for a dedicated grid, which the band does not hold for.
    pieces, pieces_on_foot
        Into how many pieces it falls where ground that touches is one piece, and where a barrier parts as well.
    ties_kept
        Share of the weight of its buildings' ties whose other end is in the grid too; 1 where it has none.
    line_share
        Share of its border with other grids that follows streets or barriers; 1 where it has none.
    """

    households: int
    buildings: int
    in_band: bool
    pieces: int
    pieces_on_foot: int
    ties_kept: float
    line_share: float


@dataclass(frozen=True, slots=True)
class GridChange:
    """A grid before and after: None before for one that begins, None after for one that ends."""

    key: str
    before: GridFigures | None
    after: GridFigures | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What other labels make of a plan.

    Attributes
    ----------
    grids
        The grids that change, in order of key.
    households_moved
        Households that come into another grid of the plan.
    off_band_change
        By how many more households residential grids lie out of band, in sum.
    ties_kept, ties_change
        Share of the weight of all ties that is kept then, and the change of that weight.
    estates_split
        Estates that lie in several grids then.
    estates_cut, estates_joined
        Codes of the estates that come to lie in several grids, or in one.
    line_share
        Share of all borders between grids that follows streets or barriers then.
    cost_change
        Of what a draw minimises; below 0 the plan is better.
    """

    grids: tuple[GridChange, ...]
    households_moved: int
    off_band_change: int
    ties_kept: float
    ties_change: float
    estates_split: int
    estates_cut: tuple[str, ...]
    estates_joined: tuple[str, ...]
    line_share: float
    cost_change: float

    @property
    def in_band(self) -> bool:
        """Whether every grid that changes is in band then."""
        return all(change.after is None or change.after.in_band for change in self.grids)


class CostShares(NamedTuple):
    """What the cost of a plan is made of: pairs that are parted, distance from the target, moves, estates in pieces."""

    cut: float
    balance: float
    homes: float
    estates: float


class Counts(NamedTuple):
    """The books of labels, one array element a grid (`outer_m`: border with other grids, `along_m`: of it on lines)."""

    households: Integers
    units: Integers
    buildings: Integers
    pieces: Integers
    pieces_on_foot: Integers
    kept: Floats
    tied: Floats
    along_m: Floats
    outer_m: Floats


def sums(count: int, grids: Integers, amounts: Floats) -> Floats:
    """Return the sum of the amounts for each grid; units in no grid (-1) do not count."""
    inside = grids >= 0
    return np.bincount(grids[inside], weights=amounts[inside], minlength=count).astype(np.float64)


def share(part: float, whole: float) -> float:
    """Return the part of a whole, 1 where there is nothing to share."""
    return round(part / whole, 4) if whole > 0.0 else 1.0
