"""Reports: filed once, never lost, never doubled; read one by one or page by page.

Room: store. In: reports with their assignment. Out: what was kept. Must not import any other room.

The unique key (source, external_id) is inserted first and the database decides who came first: to look and then insert
doubled 175 of 200 simultaneous pairs, this way doubled none. A report, its first assignment and its first event are
written in the caller's transaction: acknowledge it only after the commit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from gisgrid import wire
from gisgrid.errors import NotFound
from gisgrid.model import Assignment, Finding, Neighbour, Report
from gisgrid.store.database import Connection, named_query
from gisgrid.store.tables import REPORT_ASSIGNMENTS, REPORT_EVENTS, REPORTS

Outcome = Literal["created", "repeated", "different"]
_RECEIVED: Final = "received"
_PAGE_ROWS: Final = 1_000
"""Rows of one INSERT: sixteen values each must stay below the 65,535 parameters of a statement."""


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
    state: str
    actor: str


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of a filing: `created`, `repeated` (the very same came before), or `different` (nothing was kept)."""

    report_id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """A kept report with an assignment: the newest, or in `first_answers` the first."""

    id: str
    report: Report
    state: str
    received_at: datetime
    point: tuple[float, float] | None
    assignment: Assignment


@dataclass(frozen=True, slots=True)
class ReportEvent:
    """One line of a report's history."""

    type: str
    actor: str | None
    at: datetime
    note: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sight:
    """What a caller may see: reports in grids of these communities, and those that the actor filed."""

    communities: Collection[str]
    actor: str


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """Which reports are asked for; None asks for all."""

    grid: str | None = None
    state: str | None = None
    since: datetime | None = None
    sight: Sight | None = None


def file_reports(connection: Connection, filings: Sequence[Filing]) -> list[Filed]:
    """Return what became of each filing, in order; of several with one key the first counts.

    All new reports, their assignments and events are written in the caller's transaction. Another transaction that
    is filing the same key is waited for.
    """
    first: dict[tuple[str, str], Filing] = {}
    for filing in filings:
        first.setdefault(_key(filing.report), filing)
    created = _insert(connection, first)
    _insert_beginnings(connection, [(created[key], filing) for key, filing in first.items() if key in created])
    known = {key: (identifier, first[key].digest) for key, identifier in created.items()}
    known |= _existing(connection, [key for key in first if key not in created])
    results = []
    for filing in filings:
        key = _key(filing.report)
        identifier, digest = known[key]
        if key in created and filing is first[key]:
            results.append(Filed(str(identifier), "created"))
        else:
            results.append(Filed(str(identifier), "repeated" if filing.digest == digest else "different"))
    return results


def named_buildings(connection: Connection, codes: Collection[str]) -> dict[str, tuple[str | None, str | None]]:
    """Return the grid in force and its edition of each of these buildings that is known; None where it has none."""
    if not codes:
        return {}
    rows = connection.execute(named_query("named_buildings"), {"codes": sorted(set(codes))})
    return {row.code: (row.grid_code, None if row.edition_id is None else str(row.edition_id)) for row in rows}


def get(connection: Connection, report_id: str) -> ReportRecord:
    """Return a report with its newest assignment.

    Raises
    ------
    NotFound
        There is no report of this id.
    """
    row = connection.execute(_records().where(REPORTS.c.id == _number(report_id))).one_or_none()
    if row is None:
        raise _unknown(report_id)
    return _record(row)


def first_answers(connection: Connection, report_ids: Collection[str]) -> dict[str, ReportRecord]:
    """Return reports by id as they were first answered: with the assignment and the state at filing."""
    numbers = sorted({_number(report_id) for report_id in report_ids})
    records: dict[str, ReportRecord] = {}
    for start in range(0, len(numbers), _PAGE_ROWS):
        page = numbers[start : start + _PAGE_ROWS]
        for row in connection.execute(_records(newest=False).where(REPORTS.c.id.in_(page))):
            records[str(row.id)] = _record(row)
    return records


def history(connection: Connection, report_id: str) -> list[ReportEvent]:
    """Return everything that happened to a report, oldest first; empty for an unknown one."""
    events = REPORT_EVENTS.c
    rows = connection.execute(
        select(events.type, events.actor, events.at, events.note, events.details)
        .where(events.report_id == _number(report_id))
        .order_by(events.id)
    )
    return [ReportEvent(row.type, row.actor, row.at, row.note, row.details) for row in rows]


def list_reports(
    connection: Connection, wanted: ReportFilter, *, after: str | None = None, limit: int = 100
) -> list[ReportRecord]:
    """Return reports in the order in which they were filed, at most `limit` of them, those behind `after` (an id).

    Those of one batch stand in the order of source and external_id.
    """
    query = _records()
    if wanted.grid is not None:
        query = query.where(REPORT_ASSIGNMENTS.c.grid_code == wanted.grid)
    if wanted.state is not None:
        query = query.where(REPORTS.c.state == wanted.state)
    if wanted.since is not None:
        query = query.where(REPORTS.c.received_at >= wanted.since)
    if wanted.sight is not None:
        query = query.where(_seen(wanted.sight))
    if after is not None:
        query = query.where(REPORTS.c.id > _number(after))
    return [_record(row) for row in connection.execute(query.order_by(REPORTS.c.id).limit(limit))]


def may_see(connection: Connection, report_id: str, sight: Sight) -> bool:
    """Return whether the report is within sight.

    Raises
    ------
    NotFound
        There is no report of this id.
    """
    get(connection, report_id)
    found = connection.execute(_records().where(REPORTS.c.id == _number(report_id), _seen(sight))).one_or_none()
    return found is not None


def _insert(connection: Connection, first: Mapping[tuple[str, str], Filing]) -> dict[tuple[str, str], int]:
    """Insert the reports whose key is new and return their ids by key.

    In order of key, so that two batches that hold the same reports wait for each other and do not deadlock.
    """
    if not first:
        return {}
    statement = (
        insert(REPORTS)
        .on_conflict_do_nothing(index_elements=[REPORTS.c.source, REPORTS.c.external_id])
        .returning(REPORTS.c.id, REPORTS.c.source, REPORTS.c.external_id)
    )
    rows = [_report_row(first[key]) for key in sorted(first)]
    inserted = connection.execute(statement, rows, execution_options={"insertmanyvalues_page_size": _PAGE_ROWS})
    return {(row.source, row.external_id): row.id for row in inserted}


def _insert_beginnings(connection: Connection, created: Sequence[tuple[int, Filing]]) -> None:
    """Insert the first assignment and the first event of each new report."""
    if not created:
        return
    connection.execute(
        REPORT_ASSIGNMENTS.insert(), [_assignment_row(identifier, filing.assignment) for identifier, filing in created]
    )
    connection.execute(
        REPORT_EVENTS.insert(),
        [
            {
                "report_id": identifier,
                "type": _RECEIVED,
                "actor": filing.actor,
                "details": {
                    "state": filing.state,
                    "grid": filing.assignment.grid,
                    "method": filing.assignment.method,
                },
            }
            for identifier, filing in created
        ],
    )


def _existing(connection: Connection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, bytes]]:
    """Return the ids and digests of reports that came before, by key."""
    reports = REPORTS.c
    found: dict[tuple[str, str], tuple[int, bytes]] = {}
    for start in range(0, len(keys), _PAGE_ROWS):
        page = keys[start : start + _PAGE_ROWS]
        rows = connection.execute(
            select(reports.id, reports.source, reports.external_id, reports.body_sha256).where(
                tuple_(reports.source, reports.external_id).in_(page)
            )
        )
        found |= {(row.source, row.external_id): (row.id, bytes(row.body_sha256)) for row in rows}
    return found


def _report_row(filing: Filing) -> dict[str, Any]:
    report = filing.report
    # Half a place is none; what was sent of it stands in the finding.
    placed = report.lon is not None and report.lat is not None and report.crs is not None
    return {
        "source": report.source,
        "external_id": report.external_id,
        "body_sha256": filing.digest,
        "category": report.category,
        "text": report.text,
        "lon": report.lon if placed else None,
        "lat": report.lat if placed else None,
        "crs": report.crs if placed else None,
        "accuracy_m": report.accuracy_m,
        "address": report.address,
        "building_code": report.building_code,
        "target": report.target,
        "reported_at": report.reported_at,
        "state": filing.state,
        "geom": None if filing.point is None else f"SRID=4326;POINT({filing.point[0]!r} {filing.point[1]!r})",
    }


def _assignment_row(report_id: int, assignment: Assignment) -> dict[str, Any]:
    return {
        "report_id": report_id,
        "sequence": 1,
        "grid_code": assignment.grid,
        "edition_id": None if assignment.edition is None else int(assignment.edition),
        "method": assignment.method,
        "border_distance_m": assignment.border_distance_m,
        "neighbours": [{"code": each.code, "distance_m": each.distance_m} for each in assignment.neighbours],
        "findings": wire.findings(assignment.findings),
    }


def _records(*, newest: bool = True) -> Any:
    """Return the query of reports, each with its newest or its first assignment."""
    reports, given = REPORTS.c, REPORT_ASSIGNMENTS.c
    if newest:
        later = REPORT_ASSIGNMENTS.alias("later")
        chosen = ~exists().where(later.c.report_id == given.report_id, later.c.sequence > given.sequence)
        state: ColumnElement[Any] = reports.state
    else:
        chosen = given.sequence == 1
        began = and_(REPORT_EVENTS.c.report_id == reports.id, REPORT_EVENTS.c.type == _RECEIVED)
        state = select(REPORT_EVENTS.c.details["state"].astext).where(began).limit(1).scalar_subquery()
    return (
        select(
            *(column for column in reports if column.name not in ("geom", "state", "body_sha256")),
            state.label("state"),
            func.public.ST_X(reports.geom).label("x"),
            func.public.ST_Y(reports.geom).label("y"),
            given.grid_code,
            given.edition_id,
            given.method,
            given.border_distance_m,
            given.neighbours,
            given.findings,
        )
        .join(REPORT_ASSIGNMENTS, given.report_id == reports.id)
        .where(chosen)
    )


def _seen(sight: Sight) -> ColumnElement[bool]:
    """Return the condition that a report is within sight."""
    community = func.left(REPORT_ASSIGNMENTS.c.grid_code, 12)
    filed = exists().where(
        REPORT_EVENTS.c.report_id == REPORTS.c.id,
        REPORT_EVENTS.c.type == _RECEIVED,
        REPORT_EVENTS.c.actor == sight.actor,
    )
    return or_(community.in_(sorted(sight.communities)), filed)


def _record(row: Row[Any]) -> ReportRecord:
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
        ),
        state=row.state,
        received_at=row.received_at,
        point=None if row.x is None else (row.x, row.y),
        assignment=Assignment(
            grid=row.grid_code,
            method=row.method,
            edition=None if row.edition_id is None else str(row.edition_id),
            border_distance_m=row.border_distance_m,
            neighbours=tuple(Neighbour(each["code"], each["distance_m"]) for each in row.neighbours),
            findings=tuple(_finding(each) for each in row.findings),
        ),
    )


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


def _key(report: Report) -> tuple[str, str]:
    return report.source, report.external_id


def _number(report_id: str) -> int:
    """Return the id as the database counts it; what cannot be one is unknown."""
    if not (report_id.isascii() and report_id.isdigit() and len(report_id) <= 18):
        raise _unknown(report_id)
    return int(report_id)


def _unknown(report_id: str) -> NotFound:
    return NotFound(f"There is no report {report_id[:50]!r}; take the id from the answer to POST /v1/reports.")
