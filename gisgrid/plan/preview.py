"""A hand edit looked at before it is made: what moving some buildings does, and what speaks against it.

Room: plan. In: a `PlanBoard`, buildings or cells, and where they would go. Out: a `Preview`. Imports `plan.board` and
the modules below it; no geometry and no compiled loops, so that it answers while a planner drags.

What a preview says is what `edits.assign` would bring about; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from gisgrid.errors import NotFound, UsageError
from gisgrid.model import Finding, Rule
from gisgrid.plan.board import PlanBoard
from gisgrid.plan.effect import Effect, GridChange, GridFigures
from gisgrid.plan.graph import Integers

NEW: Final = "new"
"""The key that stands for a grid still to be made."""

NOTHING_MOVES: Final = Rule(
    "nothing_moves",
    "info",
    "These buildings are in grid {grid} already; choose buildings of another grid.",
    "所选楼栋已在网格{grid}内；请选择其他网格的楼栋。",
)
WOULD_EXCEED_BAND: Final = Rule(
    "would_exceed_band",
    "error",
    "Grid {grid} would hold {households} households, {excess} more than {maximum}; leave out some of the buildings, or "
    "split the grid afterwards.",
    "网格{grid}将达{households}户，超出上限{maximum}户{excess}户；请少划入几栋，或随后拆分该网格。",
)
WOULD_FALL_BELOW_BAND: Final = Rule(
    "would_fall_below_band",
    "error",
    "Grid {grid} would hold {households} households, {shortage} fewer than {minimum}; give it other buildings in "
    "exchange, or merge it with a neighbour.",
    "网格{grid}将仅有{households}户，低于下限{minimum}户{shortage}户；请换入其他楼栋，或与邻格合并。",
)
WOULD_FALL_APART: Final = Rule(
    "would_fall_apart",
    "error",
    "Grid {grid} would lie in {pieces} pieces; move along what is cut off, or choose buildings at its edge.",
    "网格{grid}将分成{pieces}块互不相连的地块；请将被隔开的楼栋一并划出，或改选边缘楼栋。",
)
WOULD_CROSS_BARRIER: Final = Rule(
    "would_cross_barrier",
    "warning",
    "Grid {grid} would lie on both sides of a barrier; record a crossing if there is one, or keep to one side.",
    "网格{grid}将跨越分界线；如有通道请补录，否则请保持在分界线一侧。",
)
WOULD_END_GRID: Final = Rule(
    "would_end_grid",
    "warning",
    "Grid {grid} would have no ground left and end; keep a building in it if it shall go on.",
    "网格{grid}将不再有任何单元而被撤销；如需保留请留下楼栋。",
)
WOULD_LIVE_ON_DEDICATED: Final = Rule(
    "would_live_on_dedicated",
    "warning",
    "{households} households would come into dedicated grid {grid}; choose a residential grid for them.",
    "将有{households}户划入专属网格{grid}；请改划入居民网格。",
)
WOULD_MOVE_LOCKED: Final = Rule(
    "would_move_locked",
    "warning",
    "Building {building} is locked in grid {grid}; take the lock away before moving it.",
    "楼栋{building}已锁定在网格{grid}；移动前请先解除锁定。",
)
WOULD_CUT_ESTATE: Final = Rule(
    "would_cut_estate",
    "warning",
    "Estate {estate} would be cut and lie in {grids}; move its other buildings along.",
    "小区{estate}将被拆分到{grids}；请将其余楼栋一并划入。",
)
WOULD_JOIN_ESTATE: Final = Rule(
    "would_join_estate",
    "info",
    "Estate {estate} would lie in one grid, {grids}.",
    "小区{estate}将完整归入网格{grids}。",
)
WOULD_PART_NEIGHBOURS: Final = Rule(
    "would_part_neighbours",
    "info",
    "Neighbours' ties of weight {weight:g} more would be cut; look whether the buildings belong where they are.",
    "将多割断权重{weight:g}的邻里关系；请确认这些楼栋是否应留在原网格。",
)
WOULD_BRING_TOGETHER: Final = Rule(
    "would_bring_together",
    "info",
    "Neighbours' ties of weight {weight:g} more would be kept.",
    "将多保留权重{weight:g}的邻里关系。",
)

NAMED_LOCKS: Final = 5
"""So many locked buildings are named one by one."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an edit would do.

    Attributes
    ----------
    to
        Key of the grid that the buildings would come into.
    effect
        What becomes of the grids, ties, estates and the cost.
    findings
        What speaks against the edit and for it, errors first.
    """

    to: str
    effect: Effect
    findings: tuple[Finding, ...]


def preview(board: PlanBoard, to: str, *, buildings: Sequence[str] = (), cells: Sequence[int] = ()) -> Preview:
    """Return what moving these buildings and cells into a grid would do; nothing is changed.

    Parameters
    ----------
    board
        The plan.
    to
        Key of a grid, or "new".
    buildings
        Building codes; buildings that share a cell move together.
    cells
        Numbers of cells, for ground without buildings.

    Raises
    ------
    NotFound
        An unknown building, cell or grid.
    UsageError
        Neither a building nor a cell was named.
    """
    if not buildings and not cells:
        raise UsageError("No building was named; give the codes of the buildings to assign.")
    units = _units(board, buildings, cells)
    label = _label(board, to)
    labels = board.labels.copy()
    labels[units] = label
    effect = board.effect(labels)
    found = [NOTHING_MOVES.finding(codes=(to,), grid=to)] if not effect.grids else []
    found += _band_reasons(board, effect)
    found += _ground_reasons(effect)
    found += _lock_reasons(board, units, label)
    found += _estate_reasons(board, labels, effect)
    found += _tie_reasons(effect)
    order = ("error", "warning", "info")
    return Preview(board.key_of(label), effect, tuple(sorted(found, key=lambda each: order.index(each.severity))))


def _units(board: PlanBoard, buildings: Sequence[str], cells: Sequence[int]) -> Integers:
    """Return the units of these buildings and cells."""
    for code in buildings:
        if code not in board.unit_of_building:
            raise NotFound(f"The plan has no building {code!r}; draw it again if the building is new.")
    for cell in cells:
        if not 0 <= cell < len(board.cells):
            raise NotFound(f"The plan has no cell {cell}; its cells are 0 to {len(board.cells) - 1}.")
    unit_of_cell = np.argsort(board.cells)
    units = [board.unit_of_building[code] for code in buildings]
    return np.unique(np.concatenate([np.array(units, dtype=np.int64), unit_of_cell[list(cells)]]).astype(np.int64))


def _label(board: PlanBoard, to: str) -> int:
    """Return the label of the grid of a key, or of the grid that would begin."""
    if to == NEW:
        return len(board.keys)
    if to not in board.keys:
        raise NotFound(f"The plan has no grid {to!r}; its grids are {', '.join(board.keys)}.")
    return board.keys.index(to)


def _band_reasons(board: PlanBoard, effect: Effect) -> Iterator[Finding]:
    """Yield what speaks against the households of the grids that change."""
    band = board.band
    for change, figures in _left(effect):
        before = 0 if change.before is None else change.before.households
        codes, households = (change.key,), figures.households
        if _is_dedicated(board, change.key):
            if households > before:
                yield WOULD_LIVE_ON_DEDICATED.finding(codes=codes, grid=change.key, households=households - before)
        elif households > band.maximum:
            yield WOULD_EXCEED_BAND.finding(
                codes=codes,
                grid=change.key,
                households=households,
                before=before,
                maximum=band.maximum,
                excess=households - band.maximum,
            )
        elif households < band.minimum:
            yield WOULD_FALL_BELOW_BAND.finding(
                codes=codes,
                grid=change.key,
                households=households,
                before=before,
                minimum=band.minimum,
                shortage=band.minimum - households,
            )


def _ground_reasons(effect: Effect) -> Iterator[Finding]:
    """Yield what speaks against the ground of the grids that change: pieces, barriers, nothing left."""
    for change in effect.grids:
        if change.after is None:
            yield WOULD_END_GRID.finding(codes=(change.key,), grid=change.key)
    for change, figures in _left(effect):
        if figures.pieces > 1:
            yield WOULD_FALL_APART.finding(codes=(change.key,), grid=change.key, pieces=figures.pieces)
        elif figures.pieces_on_foot > max(1, change.before.pieces_on_foot if change.before is not None else 1):
            yield WOULD_CROSS_BARRIER.finding(codes=(change.key,), grid=change.key, pieces=figures.pieces_on_foot)


def _lock_reasons(board: PlanBoard, units: Integers, label: int) -> Iterator[Finding]:
    """Yield the locked buildings that would leave their grid."""
    leaving = units[board.locked[units] & (board.labels[units] != label)]
    for unit in leaving[:NAMED_LOCKS].tolist():
        grid = board.labels[unit]
        key = board.keys[grid] if grid >= 0 else ""
        yield WOULD_MOVE_LOCKED.finding(codes=(board.titles[unit], key), building=board.titles[unit], grid=key)


def _estate_reasons(board: PlanBoard, labels: Integers, effect: Effect) -> Iterator[Finding]:
    """Yield the estates that come to lie in several grids, and those that come to lie in one."""
    for rule, estates in ((WOULD_CUT_ESTATE, effect.estates_cut), (WOULD_JOIN_ESTATE, effect.estates_joined)):
        for code in estates:
            estate = board.estate_of_code[code]
            held = np.unique(labels[board.residents[board.residents[:, 0] == estate, 1]])
            keys = ", ".join(board.key_of(grid) for grid in held.tolist() if grid >= 0)
            yield rule.finding(codes=(code,), estate=board.estates[estate][1], grids=keys)


def _tie_reasons(effect: Effect) -> Iterator[Finding]:
    """Yield how many neighbours are parted or brought together, on balance."""
    if effect.ties_change < 0.0:
        yield WOULD_PART_NEIGHBOURS.finding(weight=round(-effect.ties_change, 2))
    elif effect.ties_change > 0.0:
        yield WOULD_BRING_TOGETHER.finding(weight=round(effect.ties_change, 2))


def _left(effect: Effect) -> Iterator[tuple[GridChange, GridFigures]]:
    """Yield the grids that are left after the edit, with their figures then."""
    for change in effect.grids:
        if change.after is not None:
            yield change, change.after


def _is_dedicated(board: PlanBoard, key: str) -> bool:
    """Return whether the plan has a dedicated grid of this key."""
    return key in board.keys and not board.residential[board.keys.index(key)]
