"""Seamless 无缝管理 and full coverage 全面覆盖: the grids tile the community, every building is in exactly one.

Room: plan. In: a `Sheet`. Out: findings. Imports the geometry room and `plan.sheet`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import shapely

from gisgrid.geometry.coverage import TOLERANCE_DEGREES, FaultKind, PartitionFault, partition_faults
from gisgrid.model import Finding, Rule
from gisgrid.plan.sheet import Sheet

PLAN_EMPTY: Final = Rule(
    "plan_empty", "error", "The plan holds no grid; draw it or import grids.", "方案中没有网格；请划分或导入网格。"
)
GRID_INVALID: Final = Rule(
    "grid_invalid",
    "error",
    "The outline of grid {grids} is no valid polygon: {why}; draw it again or run repair.",
    "网格{grids}的边界不是有效多边形（{why}）；请重新绘制或执行修复。",
)
GRIDS_OVERLAP: Final = Rule(
    "grids_overlap",
    "error",
    "Grids {grids} overlap by {area_m2:.2f} m²; move their common border.",
    "网格{grids}重叠{area_m2:.2f}平方米；请调整共同界线。",
)
BORDERS_UNMATCHED: Final = Rule(
    "borders_unmatched",
    "error",
    "The border of grids {grids} does not have the very same vertices on both sides; run repair.",
    "网格{grids}的共同界线两侧折点不一致；请执行修复。",
)
GROUND_WITHOUT_GRID: Final = Rule(
    "ground_without_grid",
    "error",
    "{area_m2:.2f} m² beside grid {grids} belong to no grid; give them to one.",
    "网格{grids}旁有{area_m2:.2f}平方米未划入任何网格；请划入其一。",
)
GRID_OUTSIDE: Final = Rule(
    "grid_outside_community",
    "error",
    "Grid {grids} reaches {area_m2:.2f} m² over the community's edge; cut it back.",
    "网格{grids}超出社区边界{area_m2:.2f}平方米；请收回界线。",
)
CELLS_WITHOUT_GRID: Final = Rule(
    "cells_without_grid",
    "error",
    "{count} cells belong to no grid; assign them.",
    "有{count}个单元未划入任何网格；请分配。",
)
PLAN_WITHOUT_CELLS: Final = Rule(
    "plan_without_cells",
    "error",
    "The grids are polygons as they were drawn; run repair, which lays them on cells, cuts no building and tells every "
    "change.",
    "网格仍是手绘面，尚未落到单元；请执行修复：不切楼栋，并逐处列出调整。",
)
CELL_IN_TWO_GRIDS: Final = Rule(
    "cell_in_two_grids",
    "error",
    "Cell {cell} belongs to {count} grids; assign it to one.",
    "单元{cell}同属{count}个网格；请仅保留一个。",
)
BUILDING_WITHOUT_GRID: Final = Rule(
    "building_without_grid",
    "error",
    "Building {building} ({households} households) belongs to no grid; draw the plan again or assign it.",
    "楼栋{building}（{households}户）未划入任何网格；请重新划分或分配。",
)
BUILDING_IN_TWO_GRIDS: Final = Rule(
    "building_in_two_grids",
    "error",
    "Building {building} belongs to grids {grids}; assign it to one.",
    "楼栋{building}同属网格{grids}；请仅保留一个。",
)
BUILDING_GONE: Final = Rule(
    "building_gone",
    "error",
    "Building {building} of grid {grid} is no longer in the community; draw the plan again.",
    "网格{grid}中的楼栋{building}已不在本社区；请重新划分。",
)
DEDICATED_WITH_HOUSEHOLDS: Final = Rule(
    "dedicated_with_households",
    "info",
    "Dedicated grid {grid} holds {households} households.",
    "专属网格{grid}内有{households}户。",
)

_RULE_OF_FAULT: Final[Mapping[FaultKind, Rule]] = MappingProxyType(
    {
        "invalid": GRID_INVALID,
        "overlap": GRIDS_OVERLAP,
        "gap": GROUND_WITHOUT_GRID,
        "outside": GRID_OUTSIDE,
        "unmatched": BORDERS_UNMATCHED,
    }
)


def coverage_findings(sheet: Sheet) -> list[Finding]:
    """Return the findings about ground and buildings in no grid or in several."""
    if not sheet.grids:
        return [PLAN_EMPTY.finding(codes=(sheet.inputs.community.code,))]
    if sheet.drawn_only:
        return [PLAN_WITHOUT_CELLS.finding(codes=(sheet.inputs.community.code,)), *_ground_findings(sheet)]
    return [*_ground_findings(sheet), *_cell_findings(sheet), *_building_findings(sheet), *_dedicated_findings(sheet)]


def _ground_findings(sheet: Sheet) -> list[Finding]:
    """Return a finding for each place where the polygons fail to tile the community."""
    if sheet.tiled:
        return []
    polygons = [grid.geometry for grid in sheet.grids]
    faults = partition_faults(polygons, sheet.inputs.community.geometry, tolerance=TOLERANCE_DEGREES)
    # A grid in pieces is reported by the clear-boundary check, which also looks at its cells.
    return [_fault_finding(sheet, fault) for fault in faults if fault.kind != "not_connected"]


def _fault_finding(sheet: Sheet, fault: PartitionFault) -> Finding:
    """Return one fault of the tiling as a finding."""
    sound = fault.kind != "invalid" and fault.geometry is not None and fault.geometry.is_valid
    area = float(shapely.area(sheet.place.to_metres([fault.geometry]))[0]) if sound else 0.0
    why = "" if sound or fault.geometry is None else str(shapely.is_valid_reason(fault.geometry))
    return _RULE_OF_FAULT[fault.kind].finding(
        codes=[name for index in fault.indices for name in sheet.names(index)],
        geometry=fault.geometry,
        grids=", ".join(sheet.grids[index].key for index in fault.indices),
        area_m2=area,
        why=why,
    )


def _cell_findings(sheet: Sheet) -> list[Finding]:
    """Return findings about cells in no grid and in several."""
    homes = Counter(number for grid in sheet.grids for number in grid.cells)
    if not homes:
        return []  # judged by its polygons alone
    found = [
        CELL_IN_TWO_GRIDS.finding(geometry=sheet.cells[number].geometry, cell=number, count=count)
        for number, count in sorted(homes.items())
        if count > 1
    ]
    missing = [cell for cell in sheet.cells if cell.number not in homes]
    if missing:
        ground = shapely.GeometryCollection([cell.geometry for cell in missing])
        found.append(CELLS_WITHOUT_GRID.finding(geometry=ground, count=len(missing)))
    return found


def _building_findings(sheet: Sheet) -> list[Finding]:
    """Return findings about buildings in no grid, in several, or gone."""
    homes: dict[str, list[int]] = {code: [] for code in sorted(sheet.buildings)}
    found = []
    for position, grid in enumerate(sheet.grids):
        for code in grid.buildings:
            if code in homes:
                homes[code].append(position)
            else:
                codes = (code, *sheet.names(position))
                found.append(BUILDING_GONE.finding(codes=codes, building=code, grid=grid.key))
    for code, positions in homes.items():
        building = sheet.buildings[code]
        if not positions:
            found.append(
                BUILDING_WITHOUT_GRID.finding(
                    codes=(code,), geometry=building.geometry, building=code, households=building.households
                )
            )
        elif len(positions) > 1:
            keys = ", ".join(sheet.grids[position].key for position in positions)
            found.append(
                BUILDING_IN_TWO_GRIDS.finding(codes=(code,), geometry=building.geometry, building=code, grids=keys)
            )
    return found


def _dedicated_findings(sheet: Sheet) -> list[Finding]:
    """Return a finding for each dedicated grid where households live."""
    return [
        DEDICATED_WITH_HOUSEHOLDS.finding(codes=sheet.names(position), grid=grid.key, households=int(households))
        for position, (grid, households) in enumerate(zip(sheet.grids, sheet.households, strict=True))
        if grid.kind == "dedicated" and households > 0
    ]
