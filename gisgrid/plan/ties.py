"""Tie weights: which buildings' households know each other, and how well.

Room: plan. In: buildings and declared ties. Out: one weight a pair of units. Imports numpy, the model, `plan.graph`.

The drawing principle is 地域相邻、邻里相熟 (adjacent area, familiar neighbours). Neighbours in one estate know each
other if they live near, so a building is tied to its nearest few of the estate, not to all of them: a pair of ends of
a large estate says nothing, and the cost of dividing an estate grows with the length of the division.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
from scipy.spatial import cKDTree

from gisgrid.model import Tie, TieKind
from gisgrid.plan.graph import Floats, Integers, Ties

ESTATE_WEIGHT: Final = 2.0
"""Weight of living near each other in one estate (小区)."""

TIE_WEIGHTS: Final[Mapping[TieKind, float]] = MappingProxyType(
    {
        "gate": 1.5,  # same gate: they meet every day
        "steward": 1.5,  # same building steward 联户长: one person knocks at both doors
        "estate": 1.0,
        "origin": 1.0,  # resettled together, same work unit 单位
        "imported": 1.0,  # known to whoever made the table
    }
)
"""What the weight of a declared tie is multiplied by, for each kind."""

ESTATE_NEIGHBOURS: Final = 6
"""Nearest buildings of its estate that a building is tied to."""


def estate_ties(estate: Integers, x: Floats, y: Floats, lived_in: Integers) -> Ties:
    """Return ties of each unit with households to the nearest `ESTATE_NEIGHBOURS` such units of its estate.

    Parameters
    ----------
    estate
        Number of the estate of each unit, -1 for none.
    x, y
        A point of each unit, metres.
    lived_in
        Households of each unit; empty units know nobody.
    """
    pairs: set[tuple[int, int]] = set()
    for number in np.unique(estate[estate >= 0]):
        members = np.flatnonzero((estate == number) & (lived_in > 0))
        if len(members) < 2:
            continue
        # Centimetres from the corner: equal distances stay equal wherever the estate lies.
        points = np.round(np.column_stack([x[members] - x[members].min(), y[members] - y[members].min()]), 2)
        nearest = min(ESTATE_NEIGHBOURS + 1, len(members))
        found = np.asarray(cKDTree(points).query(points, k=nearest)[1])
        for row, others in enumerate(found.tolist()):
            pairs.update(
                (min(int(members[row]), int(members[other])), max(int(members[row]), int(members[other])))
                for other in others
                if other != row
            )
    ordered = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return Ties.of(ordered[:, 0], ordered[:, 1], np.full(len(ordered), ESTATE_WEIGHT))


def declared_ties(ties: Sequence[Tie], unit_of_building: Mapping[str, int]) -> Ties:
    """Return the declared ties between different units; one that names a building elsewhere is left out."""
    known = [
        (unit_of_building[tie.a], unit_of_building[tie.b], TIE_WEIGHTS[tie.kind] * tie.weight)
        for tie in ties
        if tie.a in unit_of_building and tie.b in unit_of_building
    ]
    table = np.array([row for row in known if row[0] != row[1]], dtype=np.float64).reshape(-1, 3)
    return Ties.of(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2])


def together(*groups: Ties) -> Ties:
    """Return several sets of ties as one; `graph.canonical` adds up the pairs that occur twice."""
    return Ties.of(
        np.concatenate([group.a for group in groups]),
        np.concatenate([group.b for group in groups]),
        np.concatenate([group.weight for group in groups]),
    )
