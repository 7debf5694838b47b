"""A plan drawn by hand is laid on cells: an exact division of the community, and every change told.

Room: plan. In: a `Sheet` whose grids are polygons as somebody drew them. Out: the plan on cells, and a finding for each
piece of ground that changed hands. Imports the geometry room and the modules of `plan`; no database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import shapely

from gisgrid.errors import Conflict, RefusedData
from gisgrid.geometry.linework import Geometries
from gisgrid.geometry.mending import Change, ChangeKind, mend
from gisgrid.geometry.place import LONGEST_EDGE_DEGREES
from gisgrid.model import Finding, Rule
from gisgrid.plan.check_coverage import PLAN_EMPTY
from gisgrid.plan.cutting import on_recut
from gisgrid.plan.edits import Edited, relaid
from gisgrid.plan.ground import obstacles_of
from gisgrid.plan.sheet import Sheet

REPAIRED_OVERLAP: Final = Rule(
    "repaired_overlap",
    "info",
    "{area_m2:.2f} m² were drawn in grids {drawn} alike and stay with grid {to}; move the border if that is wrong.",
    "{area_m2:.2f}平方米被网格{drawn}重复划入，已归网格{to}；如不妥请调整界线。",
)
REPAIRED_GAP: Final = Rule(
    "repaired_gap",
    "info",
    "{area_m2:.2f} m² were drawn in no grid and went to grid {to}, which shares the longest border; move the border if "
    "that is wrong.",
    "{area_m2:.2f}平方米未划入任何网格，已归共同界线最长的网格{to}；如不妥请调整界线。",
)
REPAIRED_OUTSIDE: Final = Rule(
    "repaired_outside",
    "info",
    "{area_m2:.2f} m² of grid {drawn} lay outside the community and were trimmed; check the community's boundary if "
    "that is wrong.",
    "网格{drawn}有{area_m2:.2f}平方米超出社区边界，已裁去；如不妥请核对社区边界。",
)
REPAIRED_BUILDING: Final = Rule(
    "repaired_building",
    "info",
    "{area_m2:.2f} m² went from grid {drawn} to grid {to}, because the border cut a building, which goes whole to the "
    "side with more of it; assign the building if that is wrong.",
    "界线穿过楼栋，楼栋整体归占地较多一侧：{area_m2:.2f}平方米由网格{drawn}归网格{to}；如不妥请改划该楼栋。",
)
REPAIRED_SLIVER: Final = Rule(
    "repaired_sliver",
    "info",
    "{area_m2:.2f} m² of grid {drawn} were too narrow or small for a cell and went to grid {to}; move the border if "
    "that is wrong.",
    "网格{drawn}有{area_m2:.2f}平方米过窄或过小，不足以成为单元，已归网格{to}；如不妥请调整界线。",
)
REPAIRED_DETACHED: Final = Rule(
    "repaired_detached",
    "info",
    "{area_m2:.2f} m² of grid {drawn} lay apart from it without a building and went to grid {to} around them; a grid "
    "is one connected piece.",
    "网格{drawn}有{area_m2:.2f}平方米飞地且无楼栋，已归周边网格{to}；每个网格应连成一片。",
)
REPAIRED_ALL: Final = Rule(
    "repaired_total",
    "info",
    "The repair changed {area_m2:.2f} m² in {count} places: {inside_m2:.2f} m² inside the community, {share:.2%} of "
    "it, and {trimmed_m2:.2f} m² trimmed outside; look at each before the plan goes on.",
    "修复共调整{count}处、{area_m2:.2f}平方米：社区内{inside_m2:.2f}平方米（占社区面积{share:.2%}），"
    "社区外裁去{trimmed_m2:.2f}平方米；请逐处核对后再提交。",
)
GRID_FELL_AWAY: Final = Rule(
    "grid_fell_away",
    "warning",
    "Grid {grid} has no ground of its own left and fell away: it was drawn over by others, or lies outside; draw it "
    "again if it shall go on.",
    "网格{grid}没有剩余地块而被取消（与其他网格重复或位于社区之外）；如需保留请重新绘制。",
)

_RULES: Final[Mapping[ChangeKind, Rule]] = MappingProxyType(
    {
        "overlap": REPAIRED_OVERLAP,
        "gap": REPAIRED_GAP,
        "outside": REPAIRED_OUTSIDE,
        "building": REPAIRED_BUILDING,
        "sliver": REPAIRED_SLIVER,
        "detached": REPAIRED_DETACHED,
    }
)


@dataclass(frozen=True, slots=True)
class Repaired:
    """A plan laid on cells.

    Attributes
    ----------
    edited
        The plan as it is now, with what its check finds.
    changes
        First how much changed in all, then each change, the largest first, then the grids that fell away.
    moved_m2
        The area of all changes.
    """

    edited: Edited
    changes: tuple[Finding, ...]
    moved_m2: float

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that is to be said: what stands against the plan, then what was changed, then the rest."""
        found = self.edited.findings
        errors = [finding for finding in found if finding.severity == "error"]
        return (*errors, *self.changes, *(finding for finding in found if finding.severity != "error"))


def repair(sheet: Sheet) -> Repaired:
    """Return a plan drawn by hand on cells, without gap, overlap, part outside or cut building.

    The cells of the community are cut along the borders drawn (`geometry.mending`). Grids keep their keys and names;
    one that is left without ground falls away.

    Raises
    ------
    Conflict
        The plan lies on cells already.
    RefusedData
        The plan has no grid.
    UsageError
        No grid reaches into the community.
    """
    if not sheet.grids:
        raise RefusedData("The plan has no grid to repair; import grids.", [PLAN_EMPTY.finding()])
    if sheet.has_cells:
        raise Conflict("This plan lies on cells already and needs no repair; check it, and edit it by its cells.")
    place = sheet.place
    mended = mend(
        place.to_metres([cell.geometry for cell in sheet.cells]),
        _drawn(sheet),
        place.to_metres([building.geometry for building in sheet.inputs.buildings]),
        obstacles_of(sheet.inputs, place),
    )
    keys = [sheet.grids[side].key for side in mended.cells.side.tolist()]
    edited = relaid(on_recut(sheet, mended.cells), keys)
    gone = sorted({grid.key for grid in sheet.grids} - set(keys))
    moved = sum(change.area_m2 for change in mended.changes)
    changes = [_finding(sheet, change) for change in sorted(mended.changes, key=lambda each: -each.area_m2)]
    trimmed = sum(change.area_m2 for change in mended.changes if change.kind == "outside")
    total = REPAIRED_ALL.finding(
        codes=(sheet.inputs.community.code,),
        count=len(changes),
        area_m2=round(moved, 2),
        inside_m2=round(moved - trimmed, 2),
        trimmed_m2=round(trimmed, 2),
        share=round((moved - trimmed) / float(place.community_m.area), 6),
    )
    fell = [GRID_FELL_AWAY.finding(codes=(key,), grid=key) for key in gone]
    return Repaired(edited, (total, *changes, *fell), moved)


def _drawn(sheet: Sheet) -> Geometries:
    """Return the polygons of the grids in metres; long edges are bent as the community's own are."""
    shapes = shapely.segmentize([grid.geometry for grid in sheet.grids], LONGEST_EDGE_DEGREES)
    metres = sheet.place.to_metres(shapes)
    crossed = ~shapely.is_valid(metres)
    metres[crossed] = shapely.make_valid(metres[crossed], method="structure", keep_collapsed=False)
    return np.asarray(metres, dtype=object)


def _finding(sheet: Sheet, change: Change) -> Finding:
    """Return a change as a finding."""
    drawn = [sheet.grids[position].key for position in change.drawn]
    to = [sheet.grids[change.to].key] if change.to >= 0 else []
    return _RULES[change.kind].finding(
        codes=tuple(dict.fromkeys([*drawn, *to])),
        geometry=sheet.place.to_degrees([change.geometry])[0],
        drawn=", ".join(drawn),
        to=", ".join(to),
        area_m2=round(change.area_m2, 2),
    )
