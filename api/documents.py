"""Kept reports, comparisons of plans and micro grids as they stand on the wire.

Room: the front door on the wire. In: records of the store. Out: plain values, with the digits that are worth telling.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from gisgrid import wire
from gisgrid.model import Band, CommentThread, Finding, MicroDrawing, MicroGrid, PlanMove, ScheduledPublication
from gisgrid.plan.compare import Comparison
from gisgrid.repairing import RepairedPlan
from gisgrid.responsible import Responsible
from gisgrid.sources import Source
from gisgrid.store.reports import ReportEvent, ReportRecord


def report(record: ReportRecord) -> dict[str, Any]:
    """Return a kept report with its assignment."""
    sent = record.report
    return {
        "id": record.id,
        "source": sent.source,
        "external_id": sent.external_id,
        "category": sent.category,
        "text": sent.text,
        "lon": sent.lon,
        "lat": sent.lat,
        "crs": sent.crs,
        "accuracy_m": sent.accuracy_m,
        "address": sent.address,
        "building_code": sent.building_code,
        "target": sent.target,
        "reported_at": wire.instant(sent.reported_at),
        "urgency": sent.urgency,
        "grid_code": sent.grid_code,
        "received_at": wire.instant(record.received_at),
        "state": record.state,
        "due": {"accept": wire.instant(record.due.accept), "close": wire.instant(record.due.close)},
        "wgs84": None if record.point is None else list(record.point),
        "assignment": {
            "grid": record.assignment.grid,
            **wire.evidence(record.assignment),
            "edition": record.assignment.edition,
            "building": record.assignment.building,
            "findings": wire.findings(record.assignment.findings),
            "candidates": wire.candidates(record.assignment.candidates),
        },
    }


def report_with_history(
    record: ReportRecord, history: Iterable[ReportEvent], responsible: Responsible
) -> dict[str, Any]:
    """Return a kept report with who is to deal with it, and everything that happened to it."""
    return {
        **report(record),
        "posts": [{"role": post.role, "name": post.name, "duty_phone": post.duty_phone} for post in responsible.posts],
        "property_company": responsible.property_company,
        "history": [event(each) for each in history],
    }


def source(value: Source) -> dict[str, Any]:
    """Return a source with the fit of its coordinate system under each system."""
    fits = {} if value.drift is None else value.drift.fits
    return {
        "source": value.source,
        "crs": value.crs,
        "reports": value.reports,
        "unplaced": value.unplaced,
        "last_received_at": wire.instant(value.last_received_at),
        "places": None if value.drift is None else value.drift.places,
        "fits": {
            system: {"share": round(fit.share, 3), "chance": round(fit.chance, 3)} for system, fit in fits.items()
        },
        "findings": wire.findings(value.findings),
    }


def micro_drawing(value: MicroDrawing) -> dict[str, Any]:
    """Return micro grids as GeoJSON, with the plan, the band and the findings beside the features."""
    return {
        **wire.feature_collection((each.geometry, micro_grid(each)) for each in value.micro_grids),
        "community": value.community,
        "plan": value.plan,
        "band": None if value.band is None else band(value.band),
        "findings": wire.findings(value.findings),
    }


def band(value: Band) -> dict[str, Any]:
    """Return a household band as plain values."""
    return {"min": value.minimum, "max": value.maximum, "target": value.target, "measure": value.measure}


def micro_grid(value: MicroGrid) -> dict[str, Any]:
    """Return a micro grid as plain values, without geometry."""
    return {
        "grid": value.grid,
        "number": value.number,
        "households": value.households,
        "buildings": list(value.buildings),
        "area_m2": round(value.area_m2, 1),
    }


def event(value: ReportEvent) -> dict[str, Any]:
    """Return one line of a report's history."""
    return {
        "type": value.type,
        "actor": value.actor,
        "at": wire.instant(value.at),
        "note": value.note,
        "details": dict(value.details),
        "event_id": value.event_id,
    }


def repaired_plan(value: RepairedPlan) -> dict[str, Any]:
    """Return a drawing laid on cells: every change first, then the grids with their polygons, then what its check says.

    `plan` is the new draft, null where nothing was written.
    """
    edited = value.repaired.edited
    return {
        "drawing": value.drawing,
        "community": value.community,
        "plan": None if value.plan is None else value.plan.id,
        "moved_m2": round(value.repaired.moved_m2, 2),
        "changes": wire.findings(value.repaired.changes),
        "grids": [{**wire.grid(grid), "geometry": wire.geometry(grid.geometry)} for grid in edited.grids],
        "findings": wire.findings(edited.findings),
    }


def remarks(values: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return what there is to say of a file, at most a hundred findings."""
    return wire.findings(list(values)[:100])


def plan_move(value: PlanMove) -> dict[str, Any]:
    """Return one step of a plan's life."""
    return {
        "move": value.kind,
        "actor": value.actor,
        "at": wire.instant(value.at),
        "reason": value.reason,
        "valid_from": wire.instant(value.valid_from),
    }


def scheduled_publication(value: ScheduledPublication | None) -> dict[str, Any] | None:
    """Return when a plan is to come into force, and who said so; None where nothing is scheduled."""
    if value is None:
        return None
    return {
        "plan": value.plan,
        "community": value.community,
        "valid_from": wire.instant(value.valid_from),
        "accepted": list(value.accepted),
        "scheduled_by": value.actor,
        "scheduled_at": wire.instant(value.at),
    }


def comment_thread(value: CommentThread) -> dict[str, Any]:
    """Return a comment with its answers."""
    return {
        "id": value.id,
        "pin": value.pin,
        "code": value.code,
        "present": value.present,
        "place": None if value.place is None else [value.place.x, value.place.y],
        "resolved": value.resolved,
        "lines": [{**dataclasses.asdict(line), "at": wire.instant(line.at)} for line in value.lines],
    }


def comparison(value: Comparison) -> dict[str, Any]:
    """Return who moves between two plans: the moves, most households first, and their sums."""
    return {
        "buildings": value.buildings,
        "households": value.households,
        "buildings_moved": value.buildings_moved,
        "households_moved": value.households_moved,
        "matched": [{"from": before, "to": after} for before, after in value.matched],
        "ended": list(value.ended),
        "begun": list(value.begun),
        "moves": [
            {"from": move.before, "to": move.after, "buildings": list(move.buildings), "households": move.households}
            for move in value.moves
        ],
    }
