"""Who moves between two divisions of a community: buildings, households, from which grid to which.

Room: plan. In: two sets of grids and the households of each building. Out: a `Comparison`. Imports numpy and scipy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gisgrid.model import Grid


@dataclass(frozen=True, slots=True)
class Move:
    """Buildings that go from one grid to another; `before` is None for new buildings, `after` for those that left."""

    before: str | None
    after: str | None
    buildings: tuple[str, ...]
    households: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference of two divisions of one community.

    Attributes
    ----------
    matched
        The grids that answer each other, from name before to name after.
    ended, begun
        Grids of the first and of the second that have no counterpart.
    moves
        Who changes grid, most households first. Matched grids do not count as a change, whatever their names.
    buildings, households
        In both divisions, in sum.
    buildings_moved, households_moved
        Those of them that change grid.
    """

    matched: tuple[tuple[str, str], ...]
    ended: tuple[str, ...]
    begun: tuple[str, ...]
    moves: tuple[Move, ...]
    buildings: int
    households: int
    buildings_moved: int
    households_moved: int


def compare(before: Sequence[Grid], after: Sequence[Grid], households: Mapping[str, int]) -> Comparison:
    """Return who moves between two divisions given as grids, which are named by code, else by key.

    Parameters
    ----------
    before, after
        The grids of two plans or editions of one community.
    households
        Households of each building.
    """
    return compare_assignments(_assignment(before), _assignment(after), households)


def _assignment(grids: Sequence[Grid]) -> dict[str, str]:
    """Return the grid of each building, by name."""
    return {building: grid.code or grid.key for grid in grids for building in grid.buildings}


def compare_assignments(
    before: Mapping[str, str], after: Mapping[str, str], households: Mapping[str, int]
) -> Comparison:
    """Return who moves between two divisions given as the grid of each building.

    Grids are matched so that fewest households move (assignment problem, solved exactly; of equal matches the one
    with fewest buildings moved, then the one that keeps names).
    """
    both = sorted(before.keys() & after.keys())
    matched = _matched(before, after, both, households)
    movers: dict[tuple[str | None, str | None], list[str]] = defaultdict(list)
    for building in both:
        if matched.get(before[building]) != after[building]:
            movers[before[building], after[building]].append(building)
    changed = [building for buildings in movers.values() for building in buildings]
    for building in sorted(after.keys() - before.keys()):
        movers[None, after[building]].append(building)
    for building in sorted(before.keys() - after.keys()):
        movers[before[building], None].append(building)
    moves = [
        Move(origin, goal, tuple(buildings), _sum(buildings, households))
        for (origin, goal), buildings in movers.items()
    ]
    moves.sort(key=lambda move: (-move.households, -len(move.buildings), move.before or "", move.after or ""))
    return Comparison(
        matched=tuple(sorted(matched.items())),
        ended=tuple(sorted(set(before.values()) - matched.keys())),
        begun=tuple(sorted(set(after.values()) - set(matched.values()))),
        moves=tuple(moves),
        buildings=len(both),
        households=_sum(both, households),
        buildings_moved=len(changed),
        households_moved=_sum(changed, households),
    )


def _sum(buildings: Sequence[str], households: Mapping[str, int]) -> int:
    """Return the households of the buildings."""
    return sum(households.get(building, 0) for building in buildings)


def _matched(
    before: Mapping[str, str], after: Mapping[str, str], both: Sequence[str], households: Mapping[str, int]
) -> dict[str, str]:
    """Return the matching of grids that leaves fewest households moved; only grids with common buildings match."""
    rows, columns = sorted(set(before.values())), sorted(set(after.values()))
    row, column = {name: i for i, name in enumerate(rows)}, {name: i for i, name in enumerate(columns)}
    people = np.zeros((len(rows), len(columns)))
    count = np.zeros((len(rows), len(columns)))
    for building in both:
        at = row[before[building]], column[after[building]]
        people[at] += households.get(building, 0)
        count[at] += 1
    same_name = np.array([[old == new for new in columns] for old in rows]).reshape(people.shape)
    building_weight = 1.0 / (len(both) + 1)
    gain = people + building_weight * count + building_weight / (4 * max(len(rows), 1)) * same_name
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - a second to load, and most verbs compare nothing

    chosen = zip(*linear_sum_assignment(gain, maximize=True), strict=True)
    return {rows[i]: columns[j] for i, j in chosen if count[i, j] > 0}
