"""Numbers for grids: the order of a first numbering, codes that go on, codes that are new, and the lineage.

Room: plan. In: the grids of a plan, the edition in force, every code ever used. Out: the grids with their codes, and
which retired grid went into which new one. Imports numpy, shapely, the model; no database.

A code is never used again for another grid. A new grid continues an old code only where each holds the majority of
the other's households (of their common ground where nobody lives), and never after a split or a merge.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from gisgrid.errors import Conflict
from gisgrid.model import GRID_NUMBER_WIDTH, Edition, Grid, Lineage

LARGEST_NUMBER = 10**GRID_NUMBER_WIDTH - 1


@dataclass(frozen=True, slots=True)
class Numbered:
    """Grids with their codes and names, in order of code, and the lineage of the codes that end."""

    grids: tuple[Grid, ...]
    lineage: tuple[Lineage, ...]


def number_grids(
    grids: Sequence[Grid],
    current: Edition | None,
    used_codes: Iterable[str],
    community_code: str,
    households: Mapping[str, int],
) -> Numbered:
    """Return the grids of a plan with their codes, as they are to be published.

    Parameters
    ----------
    grids
        The plan's grids. A code of the community that a grid brings along from a drawing, and that was never used, is
        given to it.
    current
        The edition in force, or None.
    used_codes
        Every code that the community has ever used, in force or retired.
    community_code
        The first digits of each code.
    households
        Households of each building today.

    Raises
    ------
    Conflict
        The community has used all 999 numbers.
    """
    present = current.grids if current is not None else ()
    continued = continued_codes(grids, present, households)
    taken = {*used_codes, *(grid.code for grid in present if grid.code is not None)}
    others = [grid for grid in grids if grid.key not in continued]
    own = {grid.key: str(grid.code) for grid in others if _is_unused(grid, taken, community_code)}
    fresh = iter(_fresh_codes({*taken, *own.values()}, community_code, len(grids) - len(continued) - len(own)))
    old_names = {grid.code: grid.name for grid in present}
    numbered = []
    for grid in (grids[position] for position in reading_order(grids)):
        code = continued.get(grid.key) or own.get(grid.key) or next(fresh)
        name = grid.name or old_names.get(code) or default_name(code)
        numbered.append(dataclasses.replace(grid, code=code, name=name))
    numbered.sort(key=lambda grid: str(grid.code))
    return Numbered(tuple(numbered), _lineage(numbered, present, households))


def _is_unused(grid: Grid, taken: set[str], community_code: str) -> bool:
    """Return whether a grid brings a code of the community along that no grid has had yet."""
    code = grid.code or ""
    number = code.removeprefix(community_code)
    fits = code.startswith(community_code) and number.isdecimal() and len(number) == GRID_NUMBER_WIDTH
    return fits and number.isascii() and int(number) > 0 and code not in taken


def default_name(code: str) -> str:
    """Return the name that a grid has unless it is given another: 第N网格.

    Examples
    --------
    >>> default_name("150105001001003")
    '第3网格'
    """
    return f"第{int(code[-GRID_NUMBER_WIDTH:])}网格"


def reading_order(grids: Sequence[Grid]) -> list[int]:
    """Return the positions of the grids as one reads a page: rows from north to south, each from west to east.

    The rule of a community's first numbering (自西向东、由北向南). A grid stands at its representative point; the
    height that these points span is cut into R rows of equal height, R = round(√(n · height / width)), at least one,
    so that rows are about as high as grids are wide. On a tie the key decides.
    """
    if not grids:
        return []
    points = shapely.get_coordinates(shapely.point_on_surface([grid.geometry for grid in grids]))
    x = np.round(points[:, 0] * math.cos(math.radians(float(points[0, 1]))), 7)
    y = np.round(points[:, 1], 7)
    width, height = float(np.ptp(x)), float(np.ptp(y))
    rows = 1
    if height > 0.0:
        rows = max(1, round(math.sqrt(len(grids) * height / width))) if width > 0.0 else len(grids)
        rows = min(rows, len(grids))
    row = np.minimum((float(y.max()) - y) * rows / height, rows - 1).astype(int) if height > 0.0 else np.zeros(len(y))
    return sorted(range(len(grids)), key=lambda i: (row[i], x[i], -y[i], _key_order(grids[i].key)))


def continued_codes(grids: Sequence[Grid], present: Sequence[Grid], households: Mapping[str, int]) -> dict[str, str]:
    """Return for each grid that continues one of the present its code, by key of the grid.

    Old and new grid continue each other where their common households are more than half of the old one's and more
    than half of the new one's, counted by today's households. Where the two hold none, their ground decides. A grid
    that swallowed two whole old ones (merge) continues neither; an old one that two new ones lie wholly in (split)
    goes on in neither.
    """
    merged, split = _merged_and_split(grids, present)
    continued = {}
    for i, old in enumerate(present):
        for j, new in enumerate(grids):
            if old.code is None or i in split or j in merged:
                continue
            if _majority(old, new, households):
                continued[new.key] = old.code
    return continued


def _merged_and_split(grids: Sequence[Grid], present: Sequence[Grid]) -> tuple[set[int], set[int]]:
    """Return the positions of new grids that hold two whole old ones, and of old ones that hold two whole new ones.

    Only buildings that stand in both divisions count.
    """
    common = {b for old in present for b in old.buildings} & {b for new in grids for b in new.buildings}
    before = [common & set(old.buildings) for old in present]
    after = [common & set(new.buildings) for new in grids]
    whole = [(i, j) for i, old in enumerate(before) for j, new in enumerate(after) if old and old <= new]
    inside = [(i, j) for i, old in enumerate(before) for j, new in enumerate(after) if new and new <= old]
    swallowed = Counter(j for _, j in whole)
    divided = Counter(i for i, _ in inside)
    return {j for j, n in swallowed.items() if n > 1}, {i for i, n in divided.items() if n > 1}


def _majority(old: Grid, new: Grid, households: Mapping[str, int]) -> bool:
    """Return whether each of the two holds the majority of the other."""
    in_old, in_new = _count(old.buildings, households), _count(new.buildings, households)
    if in_old == 0 and in_new == 0:
        shared_area = float(shapely.area(shapely.intersection(old.geometry, new.geometry)))
        return 2.0 * shared_area > max(float(old.geometry.area), float(new.geometry.area))
    return 2 * _common(old, new, households) > max(in_old, in_new)


def _count(buildings: Iterable[str], households: Mapping[str, int]) -> int:
    """Return the households of the buildings; one that no longer stands holds none."""
    return sum(households.get(building, 0) for building in buildings)


def _common(old: Grid, new: Grid, households: Mapping[str, int]) -> int:
    """Return the households that live in both."""
    return _count(set(old.buildings) & set(new.buildings), households)


def _fresh_codes(taken: set[str], community_code: str, count: int) -> list[str]:
    """Return codes that were never used: after the greatest number so far, then those left out below it."""
    numbers = {int(code[-GRID_NUMBER_WIDTH:]) for code in taken if code.startswith(community_code)}
    greatest = max(numbers, default=0)
    left = [*range(greatest + 1, LARGEST_NUMBER + 1), *(n for n in range(1, greatest) if n not in numbers)]
    if len(left) < count:
        raise Conflict(
            f"Community {community_code} has {len(left)} grid numbers left and needs {count}: numbers are never used "
            "again. Publish fewer new grids, or give the community a new code."
        )
    return [f"{community_code}{number:0{GRID_NUMBER_WIDTH}d}" for number in left[:count]]


def _lineage(numbered: Sequence[Grid], present: Sequence[Grid], households: Mapping[str, int]) -> tuple[Lineage, ...]:
    """Return each ended code's share in the grids that follow it.

    A parent without households goes into the grid that takes most of its ground.
    """
    kept = {grid.code for grid in numbered}
    lines = []
    for old in present:
        if old.code is None or old.code in kept:
            continue
        shares = [(str(new.code), _common(old, new, households)) for new in numbered]
        heirs = [(code, share) for code, share in shares if share > 0]
        if not heirs and numbered:
            areas = shapely.area(shapely.intersection(old.geometry, [new.geometry for new in numbered]))
            heirs = [(str(numbered[int(np.argmax(areas))].code), 0)]
        lines += [Lineage(old.code, code, share) for code, share in heirs]
    return tuple(lines)


def _key_order(key: str) -> tuple[int, str]:
    """Return what sorts keys 1, 2, 10 by number."""
    return (int(key), "") if key.isdecimal() else (10**9, key)
