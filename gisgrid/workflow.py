"""The product as a page of short functions: import, draw, check, compare, publish, locate, report, map.

Room: the corridor. Both front doors (`gisgrid.cli`, `api`) call these verbs; each verb takes a `Database`, opens one
transaction, and hands values from one room to the next. It must not import a web framework, SQL or settings.

A verb loads only the rooms that it walks through: compiled loops, file formats and folium take seconds to load, which
nobody should wait for who publishes or looks something up.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gisgrid.commenting import sound_words
from gisgrid.drafting import draft_plan
from gisgrid.drawing import CHOICES, DrawInterrupted, DrawnPlan, Spread, draw_plans
from gisgrid.editing import EditedPlan, edit_plan, edits_since, redo_edit, undo_edit
from gisgrid.filing import FiledReport, file_report, file_reports
from gisgrid.mapping import draw_map, grid_layer, staff_map
from gisgrid.model import MICRO_BAND, Band, MicroDrawing, Plan
from gisgrid.plan.check_micro import micro_findings
from gisgrid.plan.compare import Comparison
from gisgrid.plan.sheet import Sheet
from gisgrid.publishing import checked, publish_plan, schedule_plan, withdraw_plan
from gisgrid.store import divisions, editions, inputs, micro_grids, plans, schedules
from gisgrid.store.database import Database
from gisgrid.store.plans import PlanSummary

if TYPE_CHECKING:
    from gisgrid.importing import Imported, ImportRequest

Progress = Callable[[int, int], None]

__all__ = [
    "CHOICES",
    "DrawInterrupted",
    "DrawnPlan",
    "EditedPlan",
    "FiledReport",
    "Spread",
    "approve_plan",
    "check_plan",
    "communities_with_buildings",
    "compare_plans",
    "district_codes",
    "draft_plan",
    "draw_map",
    "draw_micro_grids",
    "draw_plans",
    "edit_plan",
    "edits_since",
    "file_report",
    "file_reports",
    "grid_layer",
    "import_layer",
    "import_osm",
    "list_plans",
    "micro_grids_of",
    "move_reports",
    "publish_plan",
    "redo_edit",
    "reject_plan",
    "reopen_plan",
    "schedule_plan",
    "staff_map",
    "submit_plan",
    "undo_edit",
    "withdraw_plan",
]


# ---- import ------------------------------------------------------------------------------------------------------


def import_layer(database: Database, request: ImportRequest, *, progress: Progress | None = None) -> Imported:
    """Return what the import of one file did: rows inserted, updated, unchanged, rejected, and the findings.

    See `importing.import_layer`.
    """
    from gisgrid import importing

    return importing.import_layer(database, request, progress=progress)


def import_osm(
    database: Database,
    path: Path,
    *,
    area: Path | None = None,
    community: tuple[str, str] | None = None,
    dry_run: bool = False,
) -> list[Imported]:
    """Return what the import of an OpenStreetMap extract did, layer by layer; see `importing.import_osm`."""
    from gisgrid import importing

    return importing.import_osm(database, path, area=area, community=community, dry_run=dry_run)


# ---- draw --------------------------------------------------------------------------------------------------------


def communities_with_buildings(database: Database, *, without_edition: bool = False) -> list[str]:
    """Return the codes of all communities that can be drawn: they have a polygon and buildings.

    Parameters
    ----------
    without_edition
        Only those that have no edition in force.
    """
    with database.transaction() as connection:
        codes = divisions.with_buildings(connection)
        if without_edition:
            codes = [code for code in codes if editions.in_force(connection, code) is None]
        return codes


def district_codes(database: Database) -> list[str]:
    """Return the codes of the districts that the divisions of the database belong to."""
    with database.transaction() as connection:
        return sorted({division.code[:6] for division in divisions.list_divisions(connection)})


def draw_micro_grids(database: Database, plan_id: str, band: Band = MICRO_BAND) -> MicroDrawing:
    """Return the micro grids of a plan's residential grids, drawn anew and kept with the plan.

    Parameters
    ----------
    band
        How many households a micro grid holds.

    Raises
    ------
    NotFound
        There is no plan of this id.
    Conflict
        The plan is published and its micro grids are frozen with it; or it was drawn by hand and has no cells.
    """
    from gisgrid.plan import micro

    with database.transaction() as connection:
        plan = micro_grids.open_plan(connection, plan_id)
        ground = plans.cells_and_borders(connection, plan.id)
        material = inputs.read_community(connection, plan.community)
        sheet = Sheet.of(plan.grids, ground, material, plan.settings)
        micro_grids.save(connection, plan.id, band, micro.draw_micro_grids(sheet, band, plan.settings))
    return micro_grids_of(database, plan_id)


def micro_grids_of(database: Database, plan_id: str) -> MicroDrawing:
    """Return the micro grids that are kept with a plan, and what is worth knowing of them.

    Raises
    ------
    NotFound
        There is no plan of this id.
    """
    with database.transaction() as connection:
        drawing = micro_grids.get(connection, plan_id)
        if drawing.band is None:
            return drawing
        households = {b.code: b.households for b in inputs.read_community(connection, drawing.community).buildings}
    return dataclasses.replace(drawing, findings=micro_findings(drawing.micro_grids, drawing.band, households))


# ---- check, compare, publish -------------------------------------------------------------------------------------


def list_plans(database: Database, code: str | None = None) -> list[PlanSummary]:
    """Return the plans of a division, or all of them, the newest first."""
    with database.transaction() as connection:
        if code is None:
            return plans.list_plans(connection)
        return [
            summary
            for community in divisions.communities_under(connection, code)
            for summary in plans.list_plans(connection, community.code)
        ]


def check_plan(database: Database, plan_id: str) -> Plan:
    """Return the plan with fresh findings, checked against the buildings of today and stored with it."""
    with database.transaction() as connection:
        return checked(connection, plans.get(connection, plan_id))


def compare_plans(database: Database, before: str, after: str) -> Comparison:
    """Return who moves between two plans of one community: buildings, households, from grid, to grid."""
    from gisgrid import comparing

    return comparing.compare_plans(database, before, after)


def submit_plan(database: Database, plan_id: str, *, actor: str) -> Plan:
    """Return the plan, submitted for approval."""
    with database.transaction() as connection:
        return plans.set_state(connection, plan_id, "submitted", actor=actor)


def approve_plan(database: Database, plan_id: str, *, actor: str, four_eyes: bool = True) -> Plan:
    """Return the plan, approved; with `four_eyes` never by the one who submitted it."""
    with database.transaction() as connection:
        return plans.set_state(connection, plan_id, "approved", actor=actor, four_eyes=four_eyes)


def reject_plan(database: Database, plan_id: str, *, actor: str, reason: str) -> Plan:
    """Return the plan, sent back; the reason is kept in its history, where its planner reads it.

    Raises
    ------
    UsageError
        The reason says nothing, or cannot be kept.
    Conflict
        Its state does not allow it, or it is scheduled to come into force.
    """
    sound = sound_words("reason", reason)
    with database.transaction() as connection:
        schedules.require_unscheduled(connection, plans.lock(connection, plan_id).id)
        return plans.set_state(connection, plan_id, "rejected", actor=actor, reason=sound)


def reopen_plan(database: Database, plan_id: str, *, actor: str) -> Plan:
    """Return the plan that was sent back, as a draft again."""
    with database.transaction() as connection:
        return plans.set_state(connection, plan_id, "draft", actor=actor)


def move_reports(database: Database, *, nearest_tolerance_m: float) -> int:
    """Return how many open reports moved to the grids in force, which a publication leaves to be done right after it.

    Where a service runs it does so by itself; see `moving`.
    """
    from gisgrid import moving
    from gisgrid.directory import GridDirectory

    return moving.move_reports(database, GridDirectory(database, nearest_tolerance_m=nearest_tolerance_m))
