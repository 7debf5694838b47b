"""A new draft without a search: an edition laid out on the ground of today, or the ground with no grid on it.

Room: plan. In: the community as it is, and the edition with the cells that its plan lay on. Out: a `Drawing` whose
findings tell what is not as it was. Imports the geometry room and the modules of `plan`; no compiled loops.

Where the edition's cells still fit, the draft lies on them and its grids are the very polygons of the edition. Where
buildings or the community's edge have changed, the ground is cut anew and each cell goes where its buildings, or its
ground, were.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely

from gisgrid.geometry.coverage import dissolve
from gisgrid.model import Cell, CommunityInputs, Drawing, DrawSettings, Edition, Finding, Grid, Rule
from gisgrid.plan.checks import check_plan
from gisgrid.plan.graph import Flags, Integers
from gisgrid.plan.ground import Ground, ground_of, ground_on
from gisgrid.plan.numbering import continued_codes
from gisgrid.plan.present import grid_in_force_of
from gisgrid.plan.sheet import Sheet

GROUND_CUT_ANEW: Final = Rule(
    "ground_cut_anew",
    "info",
    "The ground was cut into cells anew, because buildings or the community's edge are not those of edition {edition}; "
    "{area_m2:.0f} m² changed grid by it. Look at borders that were drawn by hand.",
    "楼栋或社区边界与版本{edition}不一致，已重新划分单元，{area_m2:.0f}平方米因此变更网格；请检查手工划定的界线。",
)
BUILDING_JOINED: Final = Rule(
    "building_joined",
    "info",
    "Building {building} ({households} households) came since edition {edition} and lies in grid {grid}; look whether "
    "it belongs there.",
    "楼栋{building}（{households}户）为版本{edition}之后新增，现归入网格{grid}；请确认是否合适。",
)
BUILDING_LEFT: Final = Rule(
    "building_left",
    "info",
    "Building {building} of grid {grid} in edition {edition} is no longer in the community; check its households.",
    "版本{edition}中网格{grid}的楼栋{building}已不在本社区；请核对户数。",
)
GRID_WITHOUT_GROUND: Final = Rule(
    "grid_without_ground",
    "warning",
    "Grid {grid} of edition {edition} has no ground left and is not in the plan; draw it again if it shall go on.",
    "版本{edition}的网格{grid}已无任何地块，未纳入方案；如需保留请重新划定。",
)


def blank_drawing(inputs: CommunityInputs, settings: DrawSettings) -> Drawing:
    """Return the community's ground as cells, with no grid on it."""
    ground = ground_of(inputs, settings)
    return _checked(_drawing(inputs, settings, ground, ()), inputs, [])


def edition_drawing(
    inputs: CommunityInputs, settings: DrawSettings, edition: Edition, cells: Sequence[Cell]
) -> Drawing:
    """Return an edition as a draft that can be edited.

    Parameters
    ----------
    inputs
        The community as it is today.
    settings
        Kept with the plan; its band is what grids are checked against.
    edition
        In force, or an old one that is to be restored; codes go on as numbering allows.
    cells
        Those of the edition's plan.
    """
    kept = _fit(inputs, settings, cells)
    ground = ground_on(inputs, cells) if kept else ground_of(inputs, settings)
    home = _homes(inputs, ground, edition)
    grids = _grids(inputs, ground, edition, home)
    found = [] if kept else [_cut_anew(inputs, ground, edition, home)]
    found += _differences(inputs, edition, grids, home)
    return _checked(_drawing(inputs, settings, ground, grids), inputs, found)


def _fit(inputs: CommunityInputs, settings: DrawSettings, cells: Sequence[Cell]) -> bool:
    """Return whether cells of another day still tile the community, with the buildings of today whole and on them."""
    if not cells:
        return False
    sheet = Sheet.of((), (cells, ()), inputs, settings).examined()
    return sheet.sound and sheet.cell_of_building.keys() == sheet.buildings.keys()


def _homes(inputs: CommunityInputs, ground: Ground, edition: Edition) -> Integers:
    """Return the position of the grid of each cell: by its buildings, else by its ground, else by its neighbours."""
    households = {building.code: building.households for building in inputs.buildings}
    home = grid_in_force_of(ground.cells, edition.grids, households)
    left = np.flatnonzero(home < 0)
    if len(left):
        points = shapely.point_on_surface([ground.cells[number].geometry for number in left.tolist()])
        at, position = shapely.STRtree([grid.geometry for grid in edition.grids]).query(points, predicate="within")
        home[left[at]] = position
    while (joined := _joined(ground, home)) is not None:
        home[joined[0]] = joined[1]
    return home


def _joined(ground: Ground, home: Integers) -> tuple[int, int] | None:
    """Return a cell in no grid and the grid that it shares its longest border with; None where no such cell is left."""
    longest: tuple[float, int, int] | None = None
    for border in ground.borders:
        for cell, other in ((border.a, border.b), (border.b, border.a)):
            if home[cell] < 0 <= home[other]:
                length = (border.length_m - border.barrier_m, -cell, int(home[other]))
                longest = length if longest is None else max(longest, length)
    return None if longest is None else (-longest[1], longest[2])


def _grids(inputs: CommunityInputs, ground: Ground, edition: Edition, home: Integers) -> tuple[Grid, ...]:
    """Return the grids of the edition on the cells, keyed from 1 in order of their codes."""
    cells = ground.cells
    labels, polygons = dissolve([cell.geometry for cell in cells], home)
    grids: list[Grid] = []
    for label, polygon in zip(labels.tolist(), polygons, strict=True):
        if label < 0:
            continue
        old, members = edition.grids[label], [cells[number] for number in np.flatnonzero(home == label).tolist()]
        grids.append(
            Grid(
                key=str(len(grids) + 1),
                kind=old.kind,
                name=old.name,
                code=None,
                households=sum(cell.households for cell in members),
                buildings=tuple(sorted(code for cell in members for code in cell.buildings)),
                cells=tuple(cell.number for cell in members),
                geometry=polygon,
                area_m2=round(sum(cell.area_m2 for cell in members), 2),
            )
        )
    if inputs.current is None:
        return tuple(grids)
    households = {building.code: building.households for building in inputs.buildings}
    codes = continued_codes(grids, inputs.current.grids, households)
    return tuple(dataclasses.replace(grid, code=codes.get(grid.key)) for grid in grids)


def _cut_anew(inputs: CommunityInputs, ground: Ground, edition: Edition, home: Integers) -> Finding:
    """Return that the ground was cut anew, and how much of it is in another grid for that."""
    cells = ground.place.to_metres([cell.geometry for cell in ground.cells])
    olds = ground.place.to_metres([grid.geometry for grid in edition.grids])
    moved = 0.0
    for position, old in enumerate(olds):
        own: Flags = home == position
        moved += float(shapely.area(shapely.difference(cells[own], old)).sum())
    return GROUND_CUT_ANEW.finding(codes=(inputs.community.code,), edition=edition.id, area_m2=moved)


def _differences(inputs: CommunityInputs, edition: Edition, grids: Sequence[Grid], homes: Integers) -> list[Finding]:
    """Return a finding for each building that came or went since, and each grid that has no ground left."""
    before = {code: grid.code or grid.key for grid in edition.grids for code in grid.buildings}
    home = {code: grid.key for grid in grids for code in grid.buildings}
    today = {building.code: building for building in inputs.buildings}
    found = [
        BUILDING_JOINED.finding(
            codes=(code, home[code]),
            geometry=today[code].geometry,
            building=code,
            households=today[code].households,
            edition=edition.id,
            grid=home[code],
        )
        for code in sorted(today.keys() - before.keys())
        if code in home
    ]
    found += [
        BUILDING_LEFT.finding(codes=(code, before[code]), building=code, edition=edition.id, grid=before[code])
        for code in sorted(before.keys() - today.keys())
    ]
    bare = [old.code or old.key for position, old in enumerate(edition.grids) if not (homes == position).any()]
    found += [GRID_WITHOUT_GROUND.finding(codes=(code,), grid=code, edition=edition.id) for code in bare]
    return found


def _drawing(inputs: CommunityInputs, settings: DrawSettings, ground: Ground, grids: Sequence[Grid]) -> Drawing:
    """Return a drawing without findings."""
    base = None if inputs.current is None else inputs.current.id
    return Drawing(inputs.community.code, settings, ground.cells, ground.borders, tuple(grids), (), base_edition=base)


def _checked(drawing: Drawing, inputs: CommunityInputs, found: Sequence[Finding]) -> Drawing:
    """Return the drawing with what a check finds, errors first, and then what is not as it was."""
    checked = check_plan(drawing, drawing.cells, drawing.borders, inputs)
    return dataclasses.replace(drawing, findings=(*checked, *found))
