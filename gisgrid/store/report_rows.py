"""Reports as rows: what is written of a filing, and what a row says when it is read back.

Room: store. In: filings, rows. Out: values for tables, `ReportRecord`s. Must not import any other room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, DateTime, Row, and_, cast, exists, func, select

from gisgrid import wire
from gisgrid.errors import NotFound
from gisgrid.model import Assignment, Candidate, Due, Finding, Neighbour, Report, ReportState
from gisgrid.store.tables import REPORT_ASSIGNMENTS, REPORT_EVENTS, REPORTS

RECEIVED: Final = "received"
"""The event that begins the history of every report: 受理."""
_NOT_READ: Final = frozenset({"geom", "body_sha256", "state", "accept_due", "close_due"})
"""Columns of reports that are not read as they stand: answered otherwise, or at filing."""


@dataclass(frozen=True, slots=True)
class Filing:
    """A report ready to be filed.

    Attributes
    ----------
    digest
        SHA-256 of its content: 32 bytes. The same key with another digest is another report.
    point
        Longitude and latitude, WGS-84, or None without a usable place.
    actor
        Who files it: the name of a key or user.
    """

    report: Report
    digest: bytes
    point: tuple[float, float] | None
    assignment: Assignment
    state: ReportState
    actor: str
    due: Due = field(default_factory=Due)


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """A kept report with an assignment: the newest, or in `first_answers` the first."""

    id: str
    report: Report
    state: ReportState
    received_at: datetime
    point: tuple[float, float] | None
    assignment: Assignment
    due: Due


def report_values(filing: Filing) -> dict[str, Any]:
    """Return the row of table `reports` that keeps a filing, each value as its type is read from JSON."""
    report = _as_kept(filing.report)
    return {
        "source": report.source,
        "external_id": report.external_id,
        "body_sha256": f"\\x{filing.digest.hex()}",
        "category": report.category,
        "text": report.text,
        "lon": report.lon,
        "lat": report.lat,
        "crs": report.crs,
        "accuracy_m": report.accuracy_m,
        "address": report.address,
        "building_code": report.building_code,
        "target": report.target,
        "reported_at": report.reported_at,
        "urgency": report.urgency,
        "grid_code": report.grid_code,
        "state": filing.state,
        "confirmed_edition_id": confirmed_edition(filing.assignment),
        **due_values(filing.due),
        "geom": None if filing.point is None else f"SRID=4326;POINT({filing.point[0]!r} {filing.point[1]!r})",
    }


def assignment_values(assignment: Assignment, *, sequence: int = 1) -> dict[str, Any]:
    """Return the row of table `report_assignments` that keeps an assignment, without the report it belongs to."""
    return {
        "sequence": sequence,
        "grid_code": assignment.grid,
        "edition_id": None if assignment.edition is None else int(assignment.edition),
        "method": assignment.method,
        "building_code": assignment.building,
        "border_distance_m": assignment.border_distance_m,
        "neighbours": [{"code": each.code, "distance_m": each.distance_m} for each in assignment.neighbours],
        "findings": wire.findings(assignment.findings),
        "candidates": wire.candidates(assignment.candidates),
    }


def first_record(filing: Filing, report_id: str, received_at: datetime) -> ReportRecord:
    """Return what `record_of` would read back of a filing that was just kept."""
    report, due = _as_kept(filing.report), Due(_in_utc(filing.due.accept), _in_utc(filing.due.close))
    return ReportRecord(report_id, report, filing.state, received_at, filing.point, filing.assignment, due)


def _as_kept(report: Report) -> Report:
    """Return the report as the table holds it: half a place is none (the finding has it), instants are in UTC."""
    kept = report if report.reported_at is None else replace(report, reported_at=_in_utc(report.reported_at))
    given = sum(part is not None for part in (report.lon, report.lat, report.crs))
    return replace(kept, lon=None, lat=None, crs=None) if given in (1, 2) else kept


def _in_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def records_query(*, newest: bool = True) -> Any:
    """Return the query of reports, each with its newest or its first assignment."""
    reports, given = REPORTS.c, REPORT_ASSIGNMENTS.c
    if newest:
        later = REPORT_ASSIGNMENTS.alias("later")
        chosen = ~exists().where(later.c.report_id == given.report_id, later.c.sequence > given.sequence)
        state: ColumnElement[Any] = reports.state
        accept_due: ColumnElement[Any] = reports.accept_due
        close_due: ColumnElement[Any] = reports.close_due
    else:
        chosen = given.sequence == 1
        began = and_(REPORT_EVENTS.c.report_id == reports.id, REPORT_EVENTS.c.type == RECEIVED)
        details = REPORT_EVENTS.c.details

        def told(*path: str) -> ColumnElement[Any]:
            return select(details[path].astext).where(began).limit(1).scalar_subquery()

        state = told("state")
        accept_due, close_due = (cast(told("due", name), DateTime(timezone=True)) for name in ("accept", "close"))
    return (
        select(
            *(column for column in reports if column.name not in _NOT_READ),
            state.label("state"),
            accept_due.label("accept_due"),
            close_due.label("close_due"),
            func.public.ST_X(reports.geom).label("x"),
            func.public.ST_Y(reports.geom).label("y"),
            given.grid_code.label("assigned_grid"),
            given.edition_id,
            given.method,
            given.building_code.label("deciding_building"),
            given.border_distance_m,
            given.neighbours,
            given.findings,
            given.candidates,
        )
        .join(REPORT_ASSIGNMENTS, given.report_id == reports.id)
        .where(chosen)
    )


def record_of(row: Row[Any]) -> ReportRecord:
    """Return the report that a row of `records_query` holds."""
    return ReportRecord(
        id=str(row.id),
        report=Report(
            source=row.source,
            external_id=row.external_id,
            category=row.category,
            text=row.text,
            lon=row.lon,
            lat=row.lat,
            crs=row.crs,
            accuracy_m=row.accuracy_m,
            address=row.address,
            building_code=row.building_code,
            target=row.target,
            reported_at=row.reported_at,
            urgency=row.urgency,
            grid_code=row.grid_code,
        ),
        state=row.state,
        received_at=row.received_at,
        point=None if row.x is None else (row.x, row.y),
        assignment=Assignment(
            grid=row.assigned_grid,
            method=row.method,
            edition=None if row.edition_id is None else str(row.edition_id),
            border_distance_m=row.border_distance_m,
            neighbours=tuple(Neighbour(each["code"], each["distance_m"]) for each in row.neighbours),
            findings=tuple(_finding(each) for each in row.findings),
            building=row.deciding_building,
            candidates=tuple(Candidate(**{**each, "grids": tuple(each["grids"])}) for each in row.candidates),
        ),
        due=Due(row.accept_due, row.close_due),
    )


def due_values(due: Due) -> dict[str, Any]:
    """Return the columns of table `reports` that say until when a report is due."""
    return {"accept_due": due.accept, "close_due": due.close}


def due_details(due: Due) -> dict[str, Any]:
    """Return what the details of an event tell of a report's time limits: nothing where none are set."""
    if due == Due():
        return {}
    return {"due": {"accept": wire.instant(due.accept), "close": wire.instant(due.close)}}


def confirmed_edition(assignment: Assignment) -> int | None:
    """Return the edition by which a report with this assignment is confirmed, as the database counts it."""
    return None if assignment.edition is None else int(assignment.edition)


def report_number(report_id: str) -> int:
    """Return the id as the database counts it.

    Raises
    ------
    NotFound
        It can be the id of no report.
    """
    if not (report_id.isascii() and report_id.isdigit() and len(report_id) <= 18):
        raise unknown_report(report_id)
    return int(report_id)


def unknown_report(report_id: str) -> NotFound:
    """Return the error that says that there is no such report."""
    return NotFound(f"There is no report {report_id[:50]!r}; take the id from the answer to POST /v1/reports.")


def _finding(document: Mapping[str, Any]) -> Finding:
    return Finding(
        rule=document["rule"],
        severity=document["severity"],
        message=document["message"],
        message_zh=document["message_zh"],
        codes=tuple(document["codes"]),
        line=document.get("line"),
        field=document.get("field"),
        values=document.get("values", {}),
    )
