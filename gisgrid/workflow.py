"""The product as a page of short functions: import, draw, check, compare, publish, locate, report, map.

Room: the corridor. Both front doors (`gisgrid.cli`, `api`) call these verbs; each verb takes a `Database`, opens one
transaction, and hands values from one room to the next. It must not import a web framework, SQL or settings.

A verb loads only the rooms that it walks through: compiled loops, file formats and folium take seconds to load, which
nobody should wait for who publishes or looks something up.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gisgrid.commenting import sound_words
from gisgrid.drafting import draft_plan
from gisgrid.drawing import CHOICES, DrawInterrupted, DrawnPlan, Spread, draw_plans
from gisgrid.editing import EditedPlan, edit_plan, edits_since, redo_edit, undo_edit
from gisgrid.errors import Conflict, RefusedData, UsageError
from gisgrid.filing import FiledReport, file_report, file_reports
from gisgrid.mapping import draw_map, grid_layer, staff_map
from gisgrid.model import MICRO_BAND, Band, Edition, Finding, MicroDrawing, Plan
from gisgrid.plan import checks, numbering
from gisgrid.plan.check_micro import micro_findings
from gisgrid.plan.compare import Comparison, compare
from gisgrid.plan.sheet import Sheet
from gisgrid.store import divisions, editions, inputs, micro_grids, plans
from gisgrid.store.database import Connection, Database
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
    "staff_map",
    "submit_plan",
    "undo_edit",
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
        return _checked(connection, plans.get(connection, plan_id))


def compare_plans(database: Database, before: str, after: str) -> Comparison:
    """Return who moves between two plans of one community: buildings, households, from grid, to grid."""
    with database.transaction() as connection:
        first, second = plans.get(connection, before), plans.get(connection, after)
        if first.community != second.community:
            raise UsageError(
                f"Plan {before} is of community {first.community}, plan {after} of {second.community}; "
                "compare two plans of one community."
            )
        households = {b.code: b.households for b in inputs.read_community(connection, first.community).buildings}
    return compare(first.grids, second.grids, households)


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
    """
    sound = sound_words("reason", reason)
    with database.transaction() as connection:
        return plans.set_state(connection, plan_id, "rejected", actor=actor, reason=sound)


def reopen_plan(database: Database, plan_id: str, *, actor: str) -> Plan:
    """Return the plan that was sent back, as a draft again."""
    with database.transaction() as connection:
        return plans.set_state(connection, plan_id, "draft", actor=actor)


def publish_plan(
    database: Database,
    plan_id: str,
    *,
    accept: Sequence[str] = (),
    actor: str,
    from_draft: bool = False,
    valid_from: datetime | None = None,
) -> Edition:
    """Return the edition that the plan became: in force from this instant, the old one ended at the same.

    Parameters
    ----------
    accept
        Findings of severity error that the reviewer accepts, as `RULE:GRID` (the plan's key or the code), or `all`.
        Only findings about the household band can be accepted; a breach of the other invariants cannot.
    from_draft
        Publish a draft at once, as the command line may.

    Raises
    ------
    RefusedData
        Findings stand against it that were not accepted; nothing was changed.
    Conflict
        The plan is in a state that cannot be published, or another publication came first.
    """
    with database.transaction() as connection:
        # Held before anything is read: the codes are numbered against the edition in force.
        editions.lock_community(connection, plans.community_of(connection, plan_id))
        plan = plans.get(connection, plan_id)
        editions.lock_community(connection, plan.community)
        if plan.state != "approved" and not (from_draft and plan.state == "draft"):
            remedy = {"draft": "submit and approve it first", "submitted": "approve it first"}
            raise Conflict(
                f"Plan {plan_id} is {plan.state}, not approved; {remedy.get(plan.state, 'draw a new plan')}."
            )
        plan = _checked(connection, plan)
        accepted = _accepted(plan, accept)
        material = inputs.read_community(connection, plan.community)
        households = {building.code: building.households for building in material.buildings}
        current = material.current
        numbered = numbering.number_grids(plan.grids, current, material.used_codes, plan.community, households)
        return editions.publish(
            connection,
            plan=plan,
            grids=numbered.grids,
            lineage=numbered.lineage,
            accepted=accepted,
            actor=actor,
            replaces=None if current is None else current.id,
            valid_from=valid_from,
        )


def move_reports(database: Database, *, nearest_tolerance_m: float) -> int:
    """Return how many open reports moved to the grids in force, which a publication leaves to be done right after it.

    Where a service runs it does so by itself; see `moving`.
    """
    from gisgrid import moving
    from gisgrid.directory import GridDirectory

    return moving.move_reports(database, GridDirectory(database, nearest_tolerance_m=nearest_tolerance_m))


def _checked(connection: Connection, plan: Plan) -> Plan:
    """Return the plan with the findings that hold now, against today's buildings."""
    material = inputs.read_community(connection, plan.community)
    cells, borders = plans.cells_and_borders(connection, plan.id)
    findings = checks.check_plan(plan, cells, borders, material)
    return plans.save_findings(connection, plan, findings)


def _accepted(plan: Plan, accept: Sequence[str]) -> list[Finding]:
    """Return the errors that were accepted; refuse where one is left."""
    accepted: list[Finding] = []
    left: list[Finding] = []
    for finding in plan.findings:
        if finding.severity != "error":
            continue
        named = {"all", *(f"{finding.rule}:{code}" for code in finding.codes), finding.rule}
        may_be_accepted = finding.rule in checks.ACCEPTABLE and not named.isdisjoint(accept)
        (accepted if may_be_accepted else left).append(finding)
    if left:
        raise RefusedData(
            f"Findings that stand against publishing plan {plan.id}: {len(left)}. First: {left[0].message} "
            "A reviewer may accept those about the household band, each as RULE:GRID.",
            left,
        )
    return accepted
