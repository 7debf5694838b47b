"""A report goes to another grid: by the hand of whoever handles it (改派), or because the grids have changed.

Room `dispatch`, pure. In: the grid asked for or held, what became of it, where the report lies. Out: an `Assignment`.
Imports the nouns only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gisgrid.errors import RefusedData
from gisgrid.model import Assignment, Finding, GridInForce, Location, Rule

UNKNOWN_GRID: Final = Rule(
    "reassign_grid_unknown",
    "error",
    "There never was a grid {grid}; GET /v1/grids lists those in force.",
    "没有编码为{grid}的网格；请核对编码。",
)
ENDED_GRID: Final = Rule(
    "reassign_grid_ended",
    "error",
    "Grid {grid} has ended; {heir} holds most of its households now. Reassign the report to a grid in force.",
    "网格{grid}已停用，其户数最多的部分现属{heir_zh}；请改派到现行网格。",
)
POINT_ELSEWHERE: Final = Rule(
    "report_point_disagrees_with_grid",
    "warning",
    "The report was given to grid {grid} by hand, but its point lies {where}; the hand was followed. "
    "Check the place before sending somebody far.",
    "该诉求人工改派至网格{grid}，而坐标点{where_zh}；已按人工改派，派单前请核实位置。",
)


SUCCEEDED: Final = Rule(
    "report_followed_lineage",
    "warning",
    "Grid {grid} has ended, and nothing else tells where the report belongs; it went with most of the grid's "
    "households to grid {heir}. Check the place.",
    "网格{grid}已停用，且无其他位置依据；该诉求随多数住户划入网格{heir}，请核实位置。",
)
LEFT_BEHIND: Final = Rule(
    "report_lost_its_grid",
    "warning",
    "Grid {grid} has ended and no grid continues it; find the place of the report and reassign it.",
    "网格{grid}已停用且无后继网格；请核实位置后改派。",
)


def renew_assignment(held: Assignment, anew: Assignment, heirs: Mapping[str, GridInForce | None]) -> Assignment | None:
    """Return the assignment that a report gets when grids have changed, or None where it keeps its grid.

    What a person decided stands as long as the grid does. Otherwise the place decides anew; where it leads nowhere, the
    report stays in its grid, or goes where most households of an ended grid went.

    Parameters
    ----------
    held
        The assignment until now.
    anew
        Where the grids in force put the report by its building or point.
    heirs
        The grid in force that continues the grid held until now, itself where it did not end.
    """
    if held.grid is None:
        return None if anew.grid is None else anew
    heir = heirs.get(held.grid)
    stands = heir is not None and heir.code == held.grid
    by_place = held.method not in ("manual", "successor")
    if by_place and anew.grid is not None:
        return None if anew.grid == held.grid else anew
    if stands:
        return None
    if heir is None:
        lost = LEFT_BEHIND.finding(codes=[held.grid], grid=held.grid)
        return Assignment(None, "unplaced", findings=(*anew.findings, lost))
    succeeded = SUCCEEDED.finding(codes=[held.grid, heir.code], grid=held.grid, heir=heir.code)
    return Assignment(heir.code, "successor", edition=heir.edition, findings=(succeeded,))


def assign_by_hand(grid: str, heirs: Mapping[str, GridInForce | None], location: Location | None) -> Assignment:
    """Return the assignment of a report that somebody gives to a grid in force, method `manual`.

    Parameters
    ----------
    heirs
        The grid in force that continues the grid, itself where it did not end; without it, there never was such a grid.
    location
        Where the report's point lies, or None without a point.

    Raises
    ------
    RefusedData
        The grid is not in force; the finding names the one that continues it.
    """
    heir = heirs.get(grid)
    if heir is None or heir.code != grid:
        finding = UNKNOWN_GRID.finding(codes=[grid], grid=grid) if grid not in heirs else _ended(grid, heir)
        raise RefusedData(finding.message, [finding])
    inside = location is not None and location.grid == grid
    return Assignment(
        grid=grid,
        method="manual",
        edition=heir.edition,
        border_distance_m=location.border_distance_m if location is not None and inside else None,
        neighbours=location.neighbours if location is not None and inside else (),
        findings=() if location is None or inside else (_elsewhere(grid, location),),
    )


def _ended(grid: str, heir: GridInForce | None) -> Finding:
    return ENDED_GRID.finding(
        codes=[grid, *([heir.code] if heir else [])],
        grid=grid,
        heir=f"grid {heir.code}" if heir else "no grid",
        heir_zh=f"网格{heir.code}" if heir else "无网格",
    )


def _elsewhere(grid: str, location: Location) -> Finding:
    return POINT_ELSEWHERE.finding(
        codes=[grid, *([location.grid] if location.grid else [])],
        grid=grid,
        other=location.grid,
        where=f"in grid {location.grid}" if location.grid else "outside every grid",
        where_zh=f"在网格{location.grid}内" if location.grid else "不在任何网格内",
    )
