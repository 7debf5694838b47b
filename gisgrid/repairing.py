"""Grids that somebody drew: from a file to a draft for each community, and from the draft to one that lies on cells.

Room: a part of the corridor, beside `drawing` and `drafting`. In: rows of an imported layer, or a plan's id. Out: plans
and findings. Must not import a web framework, SQL or settings.

A drawing is kept as it came. Its repair is another draft, so what was drawn and what became of it can be laid side by
side for ever, and nothing has to be taken back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from shapely import Geometry

from gisgrid.model import (
    CODE_WIDTH,
    CommunityInputs,
    Division,
    Drawing,
    DrawSettings,
    Finding,
    Grid,
    Plan,
    Rule,
)
from gisgrid.plan.checks import check_plan
from gisgrid.plan.ground import ground_of
from gisgrid.plan.repairing import Repaired, repair
from gisgrid.plan.sheet import Sheet
from gisgrid.store import divisions, editions, inputs, plans
from gisgrid.store.database import Connection, Database
from gisgrid.store.layers import LoadCounts

GRID_IN_NO_COMMUNITY: Final = Rule(
    "grid_in_no_community",
    "error",
    "The polygon lies in no community that has a boundary; import the boundary, or check the coordinate system "
    "(--crs).",
    "该面不在任何有边界的社区内；请先导入社区边界，或检查坐标系（--crs）。",
)
GRID_CODE_ELSEWHERE: Final = Rule(
    "grid_code_elsewhere",
    "warning",
    "The code {code} is not of community {community}, in which the polygon lies; the grid gets a new one at "
    "publication.",
    "编码{code}不属于该面所在社区{community}；发布时将另给新编码。",
)
GRID_CODE_ENDED: Final = Rule(
    "grid_code_ended",
    "warning",
    "The code {code} belonged to a grid that has ended, and no code is used again; the grid gets a new one at "
    "publication.",
    "编码{code}属于已撤销的网格，编码不再重复使用；发布时将另给新编码。",
)
GRIDS_DRAFTED: Final = Rule(
    "grids_drafted",
    "info",
    "{count} grids of community {community} are draft plan {plan}, as they were drawn; gisgrid repair {plan} lays them "
    "on cells.",
    "社区{community}的{count}个网格已按原样存为草案{plan}；请用 gisgrid repair {plan} 落到单元。",
)
GRIDS_KNOWN: Final = Rule(
    "grids_known",
    "info",
    "The {count} grids of community {community} are draft plan {plan} already; nothing was changed.",
    "社区{community}的{count}个网格已是草案{plan}；未作改动。",
)


@dataclass(frozen=True, slots=True)
class RepairedPlan:
    """What a repair made of a drawing.

    Attributes
    ----------
    drawing
        The id of the plan that was repaired; it stays as it is.
    plan
        The new draft; None where nothing was written.
    repaired
        The division on cells, and every change.
    """

    drawing: str
    community: str
    plan: Plan | None
    repaired: Repaired


def repair_plan(database: Database, plan_id: str, *, dry_run: bool = False) -> RepairedPlan:
    """Return a new draft that lays a drawn plan on cells, with a finding for every change.

    Parameters
    ----------
    dry_run
        Tell every change, write nothing.

    Raises
    ------
    NotFound
        There is no plan of this id.
    Conflict
        It lies on cells already.
    UsageError
        None of its grids reaches into the community.
    """
    with database.transaction(keep=not dry_run) as connection:
        return repair_drawing(connection, plan_id, keep=not dry_run)


def repair_drawing(connection: Connection, plan_id: str, *, keep: bool) -> RepairedPlan:
    """Return what `repair_plan` does, in the caller's transaction; nothing is written unless it is to be kept."""
    plan = plans.get(connection, plan_id)
    material = inputs.read_community(connection, plan.community)
    sheet = Sheet.of(plan.grids, plans.cells_and_borders(connection, plan.id), material, plan.settings)
    if not sheet.has_cells:  # cut for the buildings of today, which may not be those of the import
        ground = ground_of(material, plan.settings)
        sheet = Sheet.of(plan.grids, (ground.cells, ground.borders), material, plan.settings)
    repaired = repair(sheet)
    after = repaired.edited.sheet
    drawing = Drawing(
        community=plan.community,
        settings=plan.settings,
        cells=after.cells,
        borders=tuple(after.cell_borders()),
        grids=after.grids,
        findings=repaired.findings,
        base_edition=None if material.current is None else material.current.id,
    )
    kept = plans.get(connection, plans.save_drawing(connection, drawing)) if keep else None
    return RepairedPlan(plan.id, plan.community, kept, repaired)


def homes_of_grids(connection: Connection, frame: pd.DataFrame) -> tuple[dict[int, str], list[Finding]]:
    """Return the community of the grid on each line, and what is wrong with lines and their codes.

    A polygon belongs to the community that holds most of it; its code does not decide, because codes are copied.
    """
    homes: dict[int, str] = {}
    found: list[Finding] = []
    for line, code, shape in zip(frame["line"], frame["code"], frame["geometry"], strict=True):
        community = _most_in(divisions.touching(connection, shape), shape)
        if community is None:
            found.append(GRID_IN_NO_COMMUNITY.finding(line=int(line), field="geometry", geometry=shape))
            continue
        homes[int(line)] = community
        if code is not None and code[: CODE_WIDTH["community"]] != community:
            rule = GRID_CODE_ELSEWHERE
            found.append(rule.finding(codes=(code,), line=int(line), field="code", code=code, community=community))
    return homes, found


def draft_grids(
    connection: Connection, frame: pd.DataFrame, homes: Mapping[int, str]
) -> tuple[LoadCounts, list[Finding]]:
    """Return the counts after keeping the grids of a file as one draft for each community, and what there is to say.

    Where the same grids are a draft already, nothing is written.

    Parameters
    ----------
    frame
        Good rows of the layer `grids`.
    homes
        The community of each line, as `homes_of_grids` gives it.
    """
    found: list[Finding] = []
    inserted = 0
    of_community: dict[str, list[dict[str, Any]]] = {}
    for row in frame.to_dict("records"):
        record = {str(name): value for name, value in row.items()}
        of_community.setdefault(homes[int(record["line"])], []).append(record)
    for community, rows in sorted(of_community.items()):
        editions.lock_community(connection, community)
        material = inputs.read_community(connection, community)
        grids, faults = _grids(rows, material)
        found += faults
        known = [plan for plan in plans.drawn_drafts(connection, community) if _same(plan.grids, grids)]
        rule, plan = GRIDS_KNOWN, known[0].id if known else ""
        if not known:
            rule, plan = GRIDS_DRAFTED, plans.save_drawing(connection, _drawing(grids, material))
            inserted += len(grids)
        found.append(rule.finding(codes=(community,), plan=plan, count=len(grids), community=community))
    return LoadCounts(inserted, 0, len(frame) - inserted), found


def _most_in(communities: Sequence[Division], shape: Geometry) -> str | None:
    """Return the code of the community that holds most of a shape, None where none holds any."""
    if not communities:
        return None
    held = shapely.area(shapely.intersection([each.geometry for each in communities], shape))
    return communities[int(np.argmax(held))].code if held.max() > 0 else None


def _grids(rows: Sequence[Mapping[str, Any]], material: CommunityInputs) -> tuple[list[Grid], list[Finding]]:
    """Return rows as the grids of a plan, keyed in the order of the file, with codes that can go on."""
    community = material.community.code
    in_force = {grid.code for grid in material.current.grids} if material.current is not None else set()
    ended = material.used_codes - in_force
    footprints = np.array([building.geometry for building in material.buildings], dtype=object)
    points = shapely.STRtree(shapely.point_on_surface(footprints))
    grids, found = [], []
    for number, row in enumerate(rows, start=1):
        code = row["code"]
        if code in ended:
            found.append(GRID_CODE_ENDED.finding(codes=(code,), line=int(row["line"]), field="code", code=code))
        fits = code is not None and code.startswith(community) and code not in ended
        inside = [material.buildings[at] for at in sorted(points.query(row["geometry"], predicate="intersects"))]
        grids.append(
            Grid(
                key=str(number),
                kind=row["kind"] or "residential",
                name=row["name"],
                code=code if fits else None,
                households=sum(building.households for building in inside),
                buildings=tuple(building.code for building in inside),
                cells=(),
                geometry=row["geometry"],
                area_m2=1.0,
            )
        )
    return grids, found


def _same(kept: Sequence[Grid], grids: Sequence[Grid]) -> bool:
    """Return whether a draft holds these very grids."""

    def content(grid: Grid) -> tuple[Any, ...]:
        return grid.name, grid.kind, grid.code, shapely.normalize(grid.geometry).wkb

    return sorted(map(content, kept), key=repr) == sorted(map(content, grids), key=repr)


def _drawing(grids: Sequence[Grid], material: CommunityInputs) -> Drawing:
    """Return grids as they were drawn, on the ground of their community, checked."""
    settings = DrawSettings()
    ground = ground_of(material, settings)
    areas = shapely.area(ground.place.to_metres([grid.geometry for grid in grids]))
    measured = tuple(
        dataclasses.replace(grid, area_m2=round(max(float(area), 0.01), 2))
        for grid, area in zip(grids, areas, strict=True)
    )
    drawing = Drawing(
        community=material.community.code,
        settings=settings,
        cells=ground.cells,
        borders=ground.borders,
        grids=measured,
        findings=(),
        base_edition=None if material.current is None else material.current.id,
    )
    return dataclasses.replace(drawing, findings=check_plan(drawing, ground.cells, ground.borders, material))
