"""Locks: whether the grids and buildings that were to stay in force have stayed, and why not where they have not.

Room: plan. In: a `Sheet` whose settings name locks. Out: findings. Imports the geometry room, `plan.compare`,
`plan.present` and `plan.sheet`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from gisgrid.geometry.adjacency import components
from gisgrid.model import Edition, Finding, Rule
from gisgrid.plan.compare import compare
from gisgrid.plan.graph import ADJACENT_M, Integers
from gisgrid.plan.present import grid_in_force_of
from gisgrid.plan.sheet import Sheet

LOCK_NOT_KEPT: Final = Rule(
    "lock_not_kept",
    "warning",
    "The lock on {what} {name} could not be kept: {reason_en}",
    "{what_zh}{name}的锁定未能保持：{reason_zh}",
)


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why a lock could not be kept: a name for programs, a sentence with the remedy for people."""

    name: str
    en: str
    zh: str


def lock_findings(sheet: Sheet) -> list[Finding]:
    """Return a finding for each locked grid or building that is not where it is in force.

    Locks that name nothing in force are none any more: a plan that was published since has replaced that edition. Nor
    are those that a planner took away.
    """
    current, settings = sheet.inputs.current, sheet.settings
    if current is None or not (settings.locked_grids or settings.locked_buildings):
        return []
    found = []
    codes = {grid.code for grid in current.grids}
    unlocked = {grid.code for grid in sheet.grids if grid.key not in sheet.locks.grids}
    for code in settings.locked_grids:
        reason = _why_grid(sheet, current, code) if code in codes - unlocked else None
        if reason is not None:
            found.append(_finding("grid", "网格", code, reason))
    homes = {building: grid.code or grid.key for grid in current.grids for building in grid.buildings}
    heirs = _heirs(sheet, current)
    gone_astray = (
        code
        for code in settings.locked_buildings
        if code in homes and code in sheet.locks.buildings and not _stayed(sheet, code, homes, heirs)
    )
    found += [_finding("building", "楼栋", code, _why_building(sheet, code, homes)) for code in gone_astray]
    return found


def _finding(what: str, what_zh: str, name: str, reason: _Reason) -> Finding:
    return LOCK_NOT_KEPT.finding(
        codes=(name,),
        what=what,
        what_zh=what_zh,
        name=name,
        reason=reason.name,
        reason_en=reason.en,
        reason_zh=reason.zh,
    )


def _heirs(sheet: Sheet, current: Edition) -> dict[str, str]:
    """Return for each grid in force the grid of the sheet that answers it, both by code or else key."""
    households = {code: building.households for code, building in sheet.buildings.items()}
    return dict(compare(current.grids, sheet.grids, households).matched)


def _stayed(sheet: Sheet, building: str, homes: Mapping[str, str], heirs: Mapping[str, str]) -> bool:
    """Return whether a building is in the grid that answers its own, and not alone there, parted from all others."""
    position = sheet.grid_of_building.get(building)
    if position is None:
        return False
    grid = sheet.grids[position]
    others = {code for code in sheet.buildings if homes.get(code) == homes[building]} - {building}
    return (grid.code or grid.key) == heirs.get(homes[building]) and not (others and others.isdisjoint(grid.buildings))


def _why_grid(sheet: Sheet, current: Edition, code: str) -> _Reason | None:
    """Return why a locked grid is not as it is in force, or None where it is.

    It is where all of its ground is one grid again, to which no other ground in force was added.
    """
    households = {name: building.households for name, building in sheet.buildings.items()}
    in_force = grid_in_force_of(sheet.cells, current.grids, households, frozenset({code}))
    position = next(at for at, grid in enumerate(current.grids) if grid.code == code)
    ground = np.flatnonzero(in_force == position)
    new = np.unique(sheet.grid_of_cell[ground])
    if len(new) == 1 and new[0] >= 0:
        added = in_force[sheet.grid_of_cell == new[0]]
        if not np.any((added >= 0) & (added != position)):
            return None
    if not len(ground):
        return _Reason("gone", "none of its ground is left in the community. Take the lock away.",
                       "该网格在本社区已无地块。请取消锁定。")  # fmt: skip
    pieces = _pieces(sheet, ground)
    if pieces > 1:
        return _Reason(
            "pieces",
            f"its ground lies in {pieces} pieces today, and a grid is one piece; the largest was kept. Correct the "
            "outlines that part it, or take the lock away.",
            f"其地块现已分为{pieces}块，而网格必须连片；已保留最大的一块。请更正分隔它的轮廓，或取消锁定。",
        )
    return _Reason(
        "divided",
        "its ground was divided anew together with ground beside it. Draw again with the lock, or take it away.",
        "其地块已与相邻地块一并重新划分。请带锁定重新划分，或取消锁定。",
    )


def _pieces(sheet: Sheet, ground: Integers) -> int:
    """Return in how many pieces the ground lies, barriers or not."""
    borders = sheet.borders
    inside = np.zeros(len(sheet.cells), dtype=np.bool_)
    inside[ground] = True
    same = inside[borders.a] & inside[borders.b] & (borders.length_m >= ADJACENT_M)
    return len(np.unique(components(len(sheet.cells), borders.a[same], borders.b[same])[ground]))


def _why_building(sheet: Sheet, code: str, homes: Mapping[str, str]) -> _Reason:
    """Return why a locked building is not in the grid that answers its own."""
    position = sheet.grid_of_building.get(code)
    if position is None or code not in sheet.buildings:
        return _Reason("gone", "it is not among the community's buildings any more. Take the lock away.",
                       "该楼栋已不在本社区。请取消锁定。")  # fmt: skip
    standing = [number for number in sheet.grids[position].cells if code in sheet.cells[number].buildings]
    households, maximum = int(sheet.cell_households[standing].sum()), sheet.settings.band.maximum
    if households > maximum:
        return _Reason(
            "tower",
            f"it holds {households} households now, more than {maximum}, and is a grid of its own. Enter its entrances "
            "as buildings, draw with a larger maximum, or take the lock away.",
            f"现有{households}户，超过上限{maximum}户，须单独成格。请按单元拆分录入、提高上限，或取消锁定。",
        )
    if sheet.grids[position].kind == "dedicated":
        return _Reason(
            "dedicated",
            "it stands on dedicated ground, which is a grid of its own. Draw with a larger least area of dedicated "
            "ground, or take the lock away.",
            "该楼栋位于专属地块，须单独成格。请提高专属网格的面积下限，或取消锁定。",
        )
    parted = _parted_from(sheet, code, homes)
    if parted is not None:
        return _Reason(
            "two_zones",
            f"barriers part it from building {parted}, which is locked in the same grid. Record a crossing, or take "
            "one of the two locks away.",
            f"它与同一网格内同样被锁定的{parted}被分界线隔开。请补录通道，或取消其中一处锁定。",
        )
    return _Reason(
        "no_counterpart",
        "the band and the number of grids leave its grid no counterpart in the plan. Lock the whole grid, draw with "
        "another number of grids, or take the lock away.",
        "按户数标准和网格数量，原网格在新方案中没有对应网格。请锁定整个网格、调整网格数量，或取消锁定。",
    )


def _parted_from(sheet: Sheet, code: str, homes: Mapping[str, str]) -> str | None:
    """Return a building that is locked in the same grid in force but lies in another zone, or None."""
    cell_of = {name: cell.number for cell in sheet.cells for name in cell.buildings}
    zones = sheet.zone_of_cell
    for other in sheet.settings.locked_buildings:
        together = homes.get(other) == homes[code] and {code, other} <= cell_of.keys()
        if together and zones[cell_of[other]] != zones[cell_of[code]]:
            return other
    return None
