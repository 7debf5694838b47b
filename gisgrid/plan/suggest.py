"""Up to three different ways to split, merge or balance grids, the best first, or the rule that stands in the way.

Room: plan. In: a `Sheet`, keys of grids, a seed. Out: `Suggestions`; nothing is changed. Imports `plan.board`, the
search (`plan.redivision`) and the modules below them; no database, no clock: same seed, same answer.

Two choices are different where they divide the buildings with households differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Final

import numpy as np

from gisgrid.model import Finding, Rule
from gisgrid.plan.board import PlanBoard
from gisgrid.plan.choices import CHOICES, Choices, Suggestions, beside, settled
from gisgrid.plan.counts import fitting_counts, least_off
from gisgrid.plan.graph import Integers
from gisgrid.plan.redivision import BALANCE_PULL, MANNERS, Ground, balanced, divided, shortest
from gisgrid.plan.sheet import Sheet

MOST_HOUSEHOLDS: Final = 100
"""So many households may move in a balance where nothing is said."""

SHORTER: Final = (1, 2, 4)
"""Where searches leave choices open, single moves fill them: with all households that may move, half, a quarter."""

NO_NUMBER_OF_GRIDS: Final = Rule(
    "no_number_of_grids",
    "warning",
    "{households} households make no number of grids from {fewest} on with {minimum} to {maximum} each; move some "
    "buildings to or from the grids beside it first, or accept grids out of band.",
    "{households}户无法划分为{fewest}个及以上、每个{minimum}至{maximum}户的网格；请先与相邻网格调剂楼栋，或接受超出标准。",
)
BUILDING_ABOVE_BAND: Final = Rule(
    "building_above_band",
    "warning",
    "Building {building} alone holds {households} households, more than {maximum}; no division brings its grid into "
    "band. Accept it, or enter its entrances as buildings.",
    "{building}一栋楼即有{households}户，超过上限{maximum}户，无论如何划分都会超标。请批准例外，或按单元拆分录入。",
)
NOTHING_TO_DIVIDE: Final = Rule(
    "nothing_to_divide",
    "warning",
    "Grid {grid} has fewer than two cells, and a building is never cut; it cannot be split.",
    "网格{grid}只有一个单元，楼栋不可切分，无法拆分。",
)
NO_NEIGHBOUR: Final = Rule(
    "no_neighbour",
    "warning",
    "Grid {grid} lies open to no residential grid that may change; record a crossing, or accept it as it is.",
    "网格{grid}不与任何可调整的居民网格相通；请补录通道，或按现状保留。",
)
MERGE_ABOVE_BAND: Final = Rule(
    "merge_above_band",
    "info",
    "Grids {grid} and {other} together hold {households} households, more than {maximum}, and make no two grids of "
    "{minimum} to {maximum}.",
    "网格{grid}与{other}合计{households}户，超过上限{maximum}户，也无法重分为两个{minimum}至{maximum}户的网格。",
)
NOT_BESIDE: Final = Rule(
    "not_beside",
    "warning",
    "Grids {grids} do not lie open to each other; name grids that do.",
    "网格{grids}互不相通；请选择彼此相通的网格。",
)
NO_BETTER: Final = Rule(
    "no_better",
    "info",
    "No division found is nearer to the band or better than the present one; keep it, or try another seed.",
    "未找到比现状更符合标准或更优的划分；请保持现状，或更换随机种子再试。",
)
LOCKS_IN_THE_WAY: Final = Rule(
    "locks_in_the_way",
    "warning",
    "Every division found would move locked buildings to another grid; take a lock away, or keep the grids.",
    "已找到的划分均需移动锁定的楼栋；请解除部分锁定，或保持现状。",
)
MORE_MUST_MOVE: Final = Rule(
    "more_must_move",
    "info",
    "Nothing better was found with at most {most} households moved; the nearest takes {needed}.",
    "在最多调整{most}户的条件下未找到更优方案；最接近的需调整{needed}户。",
)
STILL_OFF_BAND: Final = Rule(
    "still_off_band",
    "warning",
    "The best choice leaves {households} households out of band; {remedy_en}.",
    "最优方案仍有{households}户超出标准；{remedy_zh}。",
)


def suggest_split(sheet: Sheet, key: str, seed: int = 0) -> Suggestions:
    """Return up to three ways to split a grid into as many grids as its households want, at least two.

    The part with most households keeps the key. Grids together are never farther from the band than the one was.

    Parameters
    ----------
    sheet
        The plan.
    key
        Key of the grid.
    seed
        Same seed, same answer.

    Raises
    ------
    NotFound
        An unknown grid.
    Conflict
        The plan has no cells.
    """
    grid, board = sheet.position(key), PlanBoard.of(sheet)
    refusal = settled(board, (grid,))
    if refusal is not None:
        return Suggestions("split", (), (refusal,))
    ground = Ground.of(board, board.labels == grid)
    if len(ground.units) < 2:
        return Suggestions("split", (), (NOTHING_TO_DIVIDE.finding(codes=board.names[grid], grid=key),))
    households = int(board.counts.households[grid])
    counts, found = _wanted(board, ground, households)
    choices = Choices(board, "split")
    for parts in counts:
        for division in divided(ground, parts, seed, CHOICES):
            choices.add(_with_parts(board, ground, division))
    suggestions = choices.best(found)
    if not suggestions.choices and not found:
        found = _none_better(choices)
    return Suggestions("split", suggestions.choices, (*found, *_still_off(board, suggestions)))


def _wanted(board: PlanBoard, ground: Ground, households: int) -> tuple[list[int], list[Finding]]:
    """Return the numbers of grids to split into, the best first, and what stands against every number."""
    band = board.band
    towers = ground.units[board.network.households[ground.units] > band.maximum]
    found = [
        BUILDING_ABOVE_BAND.finding(
            codes=(board.titles[tower],),
            building=board.titles[tower],
            households=int(board.network.households[tower]),
            maximum=band.maximum,
        )
        for tower in towers.tolist()
    ]
    rest = households - int(board.network.households[towers].sum())
    most = len(ground.units)
    if len(towers):
        around = [least_off(rest, band)[0]] if rest > 0 else []
        return [min(max(len(towers) + count, 2), most) for count in around], found
    counts = [count for count in fitting_counts(households, band) if 2 <= count <= most]
    if not counts:
        found.append(
            NO_NUMBER_OF_GRIDS.finding(
                codes=(), households=households, fewest=2, minimum=band.minimum, maximum=band.maximum
            )
        )
        counts = [max(2, least_off(households, band)[0])] if households > band.maximum else []
    return counts[:2], found


def _with_parts(board: PlanBoard, ground: Ground, division: Integers) -> Integers:
    """Return the plan's labels with a ground in parts: others begin than the one with locked or most households."""
    loads = np.bincount(division, weights=board.network.households[ground.units])
    locked = np.bincount(division, weights=board.locked[ground.units])
    order = sorted(
        range(len(loads)), key=lambda part: (-locked[part], -loads[part], int(np.flatnonzero(division == part)[0]))
    )
    label = np.empty(len(loads), dtype=np.int64)
    label[order] = [int(board.labels[ground.units[0]]), *range(len(board.keys), len(board.keys) + len(loads) - 1)]
    labels = board.labels.copy()
    labels[ground.units] = label[division]
    return labels


def suggest_merge(sheet: Sheet, key: str, seed: int = 0) -> Suggestions:
    """Return up to three ways to merge a grid with a neighbour, or where both are too many, to divide the two anew.

    Parameters
    ----------
    sheet, key, seed
        As of `suggest_split`.

    Raises
    ------
    NotFound
        An unknown grid.
    Conflict
        The plan has no cells.
    """
    grid, board = sheet.position(key), PlanBoard.of(sheet)
    refusal = settled(board, (grid,))
    if refusal is not None:
        return Suggestions("merge", (), (refusal,))
    neighbours = [other for other in beside(board, grid) if settled(board, (other,)) is None]
    if not neighbours:
        return Suggestions("merge", (), (NO_NEIGHBOUR.finding(codes=board.names[grid], grid=key),))
    choices, found = Choices(board, "merge"), []
    for other in neighbours:
        households = int(board.counts.households[[grid, other]].sum())
        if households <= board.band.maximum:
            choices.add(_merged(board, grid, other))
        elif 2 in fitting_counts(households, board.band):
            ground = Ground.of(board, (board.labels == grid) | (board.labels == other))
            for division in balanced(ground, (seed, grid, other)):
                choices.add(ground.laid(division))
        else:
            found.append(
                MERGE_ABOVE_BAND.finding(
                    codes=(key, board.keys[other]),
                    grid=key,
                    other=board.keys[other],
                    households=households,
                    minimum=board.band.minimum,
                    maximum=board.band.maximum,
                )
            )
    suggestions = choices.best(found)
    if not suggestions.choices and not found:
        found = _none_better(choices)
    return Suggestions("merge", suggestions.choices, tuple(found))


def _merged(board: PlanBoard, one: int, other: int) -> Integers:
    """Return the plan's labels with two grids in one; the one with locked buildings, or more households, goes on."""
    locked = np.bincount(board.labels[board.locked & (board.labels >= 0)], minlength=len(board.keys))
    loads = board.counts.households
    kept, gone = sorted((one, other), key=lambda grid: (-locked[grid], -loads[grid], grid))
    return np.where(board.labels == gone, kept, board.labels)


def suggest_balance(
    sheet: Sheet, keys: Sequence[str] | None = None, most_households_moved: int = MOST_HOUSEHOLDS, seed: int = 0
) -> Suggestions:
    """Return up to three ways to even out grids that lie beside each other, moving few households.

    Parameters
    ----------
    sheet
        The plan.
    keys
        Keys of the grids; one alone stands for it and the grids beside it, None for all that may change.
    most_households_moved
        No choice moves more.
    seed
        Same seed, same answer.

    Raises
    ------
    NotFound
        An unknown grid.
    Conflict
        The plan has no cells.
    """
    board = PlanBoard.of(sheet)
    grids = _asked(board, None if keys is None else sorted({sheet.position(key) for key in keys}))
    refusal = settled(board, grids)
    if refusal is not None:
        return Suggestions("balance", (), (refusal,))
    grounds = [ground for ground in _grounds(board, grids) if len(ground.grids) > 1]
    if not grounds or (keys is not None and len(grounds[0].grids) < len(grids)):
        names = ", ".join(board.keys[grid] for grid in grids)
        return Suggestions("balance", (), (NOT_BESIDE.finding(codes=[board.keys[g] for g in grids], grids=names),))
    choices = Choices(board, "balance", BALANCE_PULL * board.rules.pull, most_households_moved)
    for labels in _balances(board, grounds, seed):
        choices.add(labels)
    for (_, times), share in product(MANNERS, SHORTER):
        if choices.count < CHOICES:
            choices.add(shortest(board, grounds, most_households_moved // share, times))
    suggestions = choices.best([])
    found = [] if suggestions.choices else _none_better(choices)
    return Suggestions("balance", suggestions.choices, tuple(found))


def _asked(board: PlanBoard, grids: Sequence[int] | None) -> list[int]:
    """Return the grids of a balance: those asked for, one alone with its neighbours, or all that may change."""
    if grids is None:
        return [grid for grid in range(len(board.keys)) if settled(board, (grid,)) is None]
    if len(grids) > 1:
        return list(grids)
    return [*grids, *(other for other in beside(board, grids[0]) if settled(board, (other,)) is None)]


def _grounds(board: PlanBoard, grids: Sequence[int]) -> list[Ground]:
    """Return the grounds that these grids form together: those open to each other, by first grid."""
    left, grounds = set(grids), []
    while left:
        start = min(left)
        group, waiting = {start}, [start]
        while waiting:
            for other in beside(board, waiting.pop()):
                if other in left and other not in group:
                    group.add(other)
                    waiting.append(other)
        left -= group
        grounds.append(Ground.of(board, np.isin(board.labels, sorted(group))))
    return grounds


def _balances(board: PlanBoard, grounds: Sequence[Ground], seed: int) -> Iterable[Integers]:
    """Yield labels of the whole plan with every ground balanced, for each weight of moving."""
    by_ground = [list(balanced(ground, (seed, position))) for position, ground in enumerate(grounds)]
    for divisions in zip(*by_ground, strict=True):
        labels = board.labels.copy()
        for ground, division in zip(grounds, divisions, strict=True):
            labels[ground.units] = ground.laid(division)[ground.units]
        yield labels


def _none_better(choices: Choices) -> list[Finding]:
    """Return why there is no choice: too many households would move, locks, or nothing better was found."""
    if choices.most is not None and choices.nearest_beyond is not None:
        return [MORE_MUST_MOVE.finding(most=choices.most, needed=choices.nearest_beyond)]
    return [(LOCKS_IN_THE_WAY if choices.locks_in_the_way else NO_BETTER).finding()]


def _still_off(board: PlanBoard, suggestions: Suggestions) -> list[Finding]:
    """Return that even the best choice is out of band, and what would help."""
    if not suggestions.choices or suggestions.choices[0].effect.in_band:
        return []
    grids = [change.after for change in suggestions.choices[0].effect.grids if change.after is not None]
    band = board.band
    off = sum(max(each.households - band.maximum, band.minimum - each.households, 0) for each in grids)
    return [
        STILL_OFF_BAND.finding(
            households=off,
            remedy_en="balance the parts with the grids beside them afterwards",
            remedy_zh="请随后与相邻网格调剂",
        )
    ]
