"""Clear boundary 边界清晰: grids in one piece, borders that cut no building, follow lines and cross no barrier.

Room: plan. In: a `Sheet`. Out: findings. Imports the geometry room, `plan.graph` and `plan.sheet`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import numpy as np
import shapely

from gisgrid.geometry.adjacency import components
from gisgrid.geometry.coverage import cut_footprints
from gisgrid.geometry.shape import polsby_popper
from gisgrid.model import Finding, Rule
from gisgrid.plan.graph import Flags, Integers
from gisgrid.plan.sheet import Sheet

GRID_NOT_CONNECTED: Final = Rule(
    "grid_not_connected",
    "error",
    "Grid {grid} lies in {pieces} pieces; give the smaller ones to the grids around them.",
    "网格{grid}由{pieces}块互不相连的地块组成；请将较小地块划入周边网格。",
)
BUILDING_CUT: Final = Rule(
    "building_cut",
    "error",
    "A grid border cuts building {building}; redraw the border around it.",
    "网格界线切穿楼栋{building}；请沿楼栋外侧重新划线。",
)
NEIGHBOURS_BUILDING_CUT: Final = Rule(
    "neighbours_building_cut",
    "error",
    "A grid border cuts a building of the neighbouring community that reaches over the edge; redraw the border around "
    "it.",
    "网格界线切穿相邻社区伸入的楼栋；请绕开重新划线。",
)
BARRIER_CROSSED: Final = Rule(
    "barrier_crossed",
    "warning",
    "Grid {grid} lies on both sides of a barrier ({barrier_m:.0f} m of it inside, the smaller side holds {households} "
    "households); record a crossing if there is one, or accept that the side is too small for a grid.",
    "网格{grid}跨越分界线（网格内长{barrier_m:.0f}米，较小一侧{households}户）；如有通道请补录，否则因该侧户数不足而合并。",
)
EMPTY_GROUND_JOINED: Final = Rule(
    "empty_ground_joined",
    "info",
    "Grid {grid} takes in ground without households on the other side of a barrier ({barrier_m:.0f} m).",
    "网格{grid}并入分界线另一侧的无住户地块（分界线长{barrier_m:.0f}米）。",
)
ESTATE_SPLIT: Final = Rule(
    "estate_split",
    "warning",
    "Estate {estate} ({households} households) would fit into one grid but lies in {grids}; move its buildings "
    "together if the neighbours allow it.",
    "小区{estate}共{households}户，可归入一个网格，现分属{grids}；请在周边条件允许时合并。",
)
ESTATE_DIVIDED: Final = Rule(
    "estate_divided",
    "info",
    "Estate {estate} ({households} households) is larger than a grid and lies in {grids}.",
    "小区{estate}共{households}户，超过单个网格规模，分属{grids}。",
)
STRAGGLING_GRID: Final = Rule(
    "straggling_grid",
    "warning",
    "Grid {grid} straggles: its compactness is {compactness:.2f} (1 is a circle, a square 0.79); look whether its arms "
    "belong to the grids beside it.",
    "网格{grid}形状狭长破碎，紧凑度{compactness:.2f}（圆为1，正方形为0.79）；请检查伸出部分是否应划入邻格。",
)
BORDERS_ON_LINES: Final = Rule(
    "borders_on_lines",
    "info",
    "{share:.0%} of the borders between grids ({on_lines_m:.0f} of {border_m:.0f} m) follow streets or barriers.",
    "网格间界线的{share:.0%}（{border_m:.0f}米中的{on_lines_m:.0f}米）沿街巷或分界线。",
)

STRAGGLING: Final = 0.20
"""Polsby-Popper compactness below which a planner should look at a grid."""


def boundary_findings(sheet: Sheet) -> list[Finding]:
    """Return the findings about the course of the borders."""
    return [
        *_connection_findings(sheet),
        *_cut_findings(sheet),
        *_crossing_findings(sheet),
        *_estate_findings(sheet),
        *_shape_findings(sheet),
    ]


def _connection_findings(sheet: Sheet) -> list[Finding]:
    """Return a finding for each grid in several pieces, by its polygon or by its cells."""
    found = []
    group = _groups(sheet, sheet.borders.touching)
    for position, grid in enumerate(sheet.grids):
        pieces = int(shapely.get_num_geometries(grid.geometry))
        if len(grid.cells) > 1:
            pieces = max(pieces, len(np.unique(group[list(grid.cells)])))
        if pieces > 1:
            found.append(
                GRID_NOT_CONNECTED.finding(
                    codes=sheet.names(position), geometry=grid.geometry, grid=grid.key, pieces=pieces
                )
            )
    return found


def _groups(sheet: Sheet, passable: Flags) -> Integers:
    """Return for each cell which group of cells of its grid it is in: those that the passable borders connect."""
    borders, of_cell = sheet.borders, sheet.grid_of_cell
    within = passable & (of_cell[borders.a] == of_cell[borders.b]) & (of_cell[borders.a] >= 0)
    return components(len(sheet.cells), borders.a[within], borders.b[within])


def _cut_findings(sheet: Sheet) -> list[Finding]:
    """Return a finding for each building that a border cuts, also those that reach in from next door."""
    if sheet.sound:
        return []
    if any(
        grid.geometry.geom_type not in {"Polygon", "MultiPolygon"} or not grid.geometry.is_valid for grid in sheet.grids
    ):
        return []  # said by the coverage check already; nothing can be said about borders of such ground
    place = sheet.place
    # What is in no grid yet cuts nothing by that: such a cell stands for itself.
    homeless = np.flatnonzero(sheet.grid_of_cell < 0).tolist() if sheet.has_cells else []
    ground = [grid.geometry for grid in sheet.grids] + [sheet.cells[number].geometry for number in homeless]
    polygons = place.to_metres(ground)
    own = sorted(sheet.inputs.buildings, key=lambda building: building.code)
    footprints = [building.geometry for building in own] + list(sheet.inputs.foreign_footprints)
    found = []
    for index in cut_footprints(place.to_metres(footprints), polygons, place.community_m).tolist():
        if index < len(own):
            code = own[index].code
            found.append(BUILDING_CUT.finding(codes=(code,), geometry=own[index].geometry, building=code))
        else:
            found.append(NEIGHBOURS_BUILDING_CUT.finding(geometry=footprints[index]))
    return found


def _crossing_findings(sheet: Sheet) -> list[Finding]:
    """Return a finding for each residential grid whose cells are connected only over a barrier."""
    found = []
    borders, of_cell = sheet.borders, sheet.grid_of_cell
    group = _groups(sheet, borders.adjacent)
    barred = (of_cell[borders.a] == of_cell[borders.b]) & ~borders.adjacent
    for position, grid in enumerate(sheet.grids):
        if grid.kind == "dedicated" or len(grid.cells) < 2:
            continue
        cells = list(grid.cells)
        _, side = np.unique(group[cells], return_inverse=True)
        barrier_m = float(borders.barrier_m[barred & (of_cell[borders.a] == position)].sum())
        if side.max() < 1 or barrier_m <= 0.0:
            continue
        loads = sorted(np.bincount(side, weights=sheet.cell_households[cells]).astype(np.int64).tolist())
        rule = BARRIER_CROSSED if sum(loads[:-1]) > 0 else EMPTY_GROUND_JOINED
        found.append(
            rule.finding(
                codes=sheet.names(position),
                geometry=grid.geometry,
                grid=grid.key,
                barrier_m=barrier_m,
                households=sum(loads[:-1]),
            )
        )
    return found


def _estate_findings(sheet: Sheet) -> list[Finding]:
    """Return a finding for each estate in several grids; a warning where it would fit into one."""
    households: dict[str, int] = defaultdict(int)
    grids: dict[str, set[int]] = defaultdict(set)
    for building in sheet.inputs.buildings:
        position = sheet.grid_of_building.get(building.code)
        if building.estate is not None and building.households > 0 and position is not None:
            households[building.estate] += building.households
            grids[building.estate].add(position)
    names = {estate.code: estate.name for estate in sheet.inputs.estates}
    found = []
    for code in sorted(grids):
        if len(grids[code]) < 2:
            continue
        rule = ESTATE_SPLIT if households[code] <= sheet.settings.band.maximum else ESTATE_DIVIDED
        keys = ", ".join(sheet.grids[position].key for position in sorted(grids[code]))
        found.append(rule.finding(codes=(code,), estate=names.get(code, code), households=households[code], grids=keys))
    return found


def _shape_findings(sheet: Sheet) -> list[Finding]:
    """Return findings about straggling residential grids, and how much of the borders follows lines."""
    found = []
    compactness = polsby_popper(sheet.place.to_metres([grid.geometry for grid in sheet.grids]))
    for position, (grid, figure) in enumerate(zip(sheet.grids, compactness.tolist(), strict=True)):
        if grid.kind == "residential" and figure < STRAGGLING:
            found.append(
                STRAGGLING_GRID.finding(
                    codes=sheet.names(position), geometry=grid.geometry, grid=grid.key, compactness=figure
                )
            )
    borders, of_cell = sheet.borders, sheet.grid_of_cell
    between = (of_cell[borders.a] != of_cell[borders.b]) & borders.touching
    border_m = float(borders.length_m[between].sum())
    if border_m > 0.0:
        lines = np.minimum(borders.barrier_m + borders.street_m, borders.length_m)[between]
        on_lines_m = float(lines.sum())
        found.append(BORDERS_ON_LINES.finding(share=on_lines_m / border_m, on_lines_m=on_lines_m, border_m=border_m))
    return found
