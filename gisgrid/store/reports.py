"""Reports: filed once, never lost, never doubled; read one by one or page by page.

Room: store. In: reports with their assignment. Out: what was kept. Must not import any other room.

The unique key (source, external_id) is inserted first and the database decides who came first: to look and then insert
doubled 175 of 200 simultaneous pairs, this way doubled none. A report, its first assignment and its first event are
written in one statement, in the caller's transaction: acknowledge it only after the commit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select, tuple_

from gisgrid.model import OPEN_STATES, Report, ReportState
from gisgrid.store import report_filing
from gisgrid.store.database import Connection, named_query
from gisgrid.store.report_filing import Basis
from gisgrid.store.report_rows import (
    RECEIVED,
    Filing,
    ReportRecord,
    record_of,
    records_query,
    report_number,
    unknown_report,
)
from gisgrid.store.tables import REPORT_ASSIGNMENTS, REPORT_EVENTS, REPORTS

__all__ = [
    "Basis",
    "Filed",
    "Filing",
    "Outcome",
    "ReportEvent",
    "ReportFilter",
    "ReportRecord",
    "Sight",
    "file_reports",
    "first_answers",
    "get",
    "history",
    "list_reports",
    "may_see",
    "named_buildings",
    "seen",
    "successors",
]

Outcome = Literal["created", "repeated", "different"]
_PAGE_ROWS: Final = 1_000
"""Rows of one INSERT: eighteen values each must stay below the 65,535 parameters of a statement."""


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of a filing: `created`, `repeated` (the very same came before), or `different` (nothing was kept).

    `received_at` is known of what was created.
    """

    report_id: str
    outcome: Outcome
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReportEvent:
    """One line of a report's history."""

    type: str
    actor: str | None
    at: datetime
    note: str | None
    details: Mapping[str, Any]
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What a caller may see: reports in grids of these communities, and those that the actor filed."""

    communities: Collection[str]
    actor: str


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """Which reports are asked for; None asks for all."""

    grid: str | None = None
    state: ReportState | None = None
    since: datetime | None = None
    sight: Sight | None = None
    is_open: bool | None = None
    overdue: bool | None = None


def file_reports(connection: Connection, filings: Sequence[Filing], basis: Basis) -> list[Filed] | None:
    """Return what became of each filing, in order; of several with one key the first counts.

    All new reports, their assignments and events are written in one statement. Another transaction that is filing the
    same key is waited for. None, and nothing written, where the filings were made by another basis than what the
    database has by now: make them anew.
    """
    first: dict[tuple[str, str], Filing] = {}
    for filing in filings:
        first.setdefault(_key(filing.report), filing)
    created = report_filing.insert(connection, first.values(), basis)
    if created is None:
        return None
    before = _existing(connection, [key for key in first if key not in created])
    results = []
    for filing in filings:
        key = _key(filing.report)
        new = created.get(key)
        if new is not None and filing is first[key]:
            results.append(Filed(str(new.report_id), "created", new.received_at))
        else:
            identifier, digest = before[key] if new is None else (new.report_id, first[key].digest)
            results.append(Filed(str(identifier), "repeated" if filing.digest == digest else "different"))
    return results


def named_buildings(connection: Connection, codes: Collection[str]) -> dict[str, tuple[str | None, str | None]]:
    """Return the grid in force and its edition of each of these buildings that is known; None where it has none."""
    if not codes:
        return {}
    rows = connection.execute(named_query("named_buildings"), {"codes": sorted(set(codes))})
    return {row.code: (row.grid_code, None if row.edition_id is None else str(row.edition_id)) for row in rows}


def successors(connection: Connection, grids: Collection[str]) -> dict[str, list[str]]:
    """Return, for each of these grid codes that was ever given, the grids in force that its ground went to.

    A grid that is in force has itself; one whose ground belongs to no grid any more has none.
    """
    if not grids:
        return {}
    rows = connection.execute(named_query("successors_of_grids"), {"codes": sorted(set(grids))})
    return {row.ancestor: list(row.successors) for row in rows}


def get(connection: Connection, report_id: str) -> ReportRecord:
    """Return a report with its newest assignment.

    Raises
    ------
    NotFound
        There is no report of this id.
    """
    row = connection.execute(records_query().where(REPORTS.c.id == report_number(report_id))).one_or_none()
    if row is None:
        raise unknown_report(report_id)
    return record_of(row)


def first_answers(connection: Connection, report_ids: Collection[str]) -> dict[str, ReportRecord]:
    """Return reports by id as they were first answered: with the assignment and the state at filing."""
    numbers = sorted({report_number(report_id) for report_id in report_ids})
    records: dict[str, ReportRecord] = {}
    for start in range(0, len(numbers), _PAGE_ROWS):
        page = numbers[start : start + _PAGE_ROWS]
        for row in connection.execute(records_query(newest=False).where(REPORTS.c.id.in_(page))):
            records[str(row.id)] = record_of(row)
    return records


def history(connection: Connection, report_id: str) -> list[ReportEvent]:
    """Return everything that happened to a report, oldest first; empty for an unknown one."""
    events = REPORT_EVENTS.c
    rows = connection.execute(
        select(events.type, events.actor, events.at, events.note, events.details, events.event_id)
        .where(events.report_id == report_number(report_id))
        .order_by(events.id)
    )
    return [ReportEvent(row.type, row.actor, row.at, row.note, row.details, row.event_id) for row in rows]


def list_reports(
    connection: Connection, wanted: ReportFilter, *, after: str | None = None, limit: int = 100
) -> list[ReportRecord]:
    """Return reports in the order in which they were filed, at most `limit` of them, those behind `after` (an id).

    Those of one batch stand in the order of source and external_id.
    """
    query = records_query()
    if wanted.grid is not None:
        query = query.where(REPORT_ASSIGNMENTS.c.grid_code == wanted.grid)
    if wanted.state is not None:
        query = query.where(REPORTS.c.state == wanted.state)
    if wanted.is_open is not None:
        closed: tuple[ReportState, ...] = ("closed",)
        query = query.where(REPORTS.c.state.in_(OPEN_STATES if wanted.is_open else closed))
    if wanted.overdue is not None:
        query = query.where(_overdue() if wanted.overdue else not_(func.coalesce(_overdue(), False)))
    if wanted.since is not None:
        query = query.where(REPORTS.c.received_at >= wanted.since)
    if wanted.sight is not None:
        query = query.where(seen(wanted.sight))
    if after is not None:
        query = query.where(REPORTS.c.id > report_number(after))
    return [record_of(row) for row in connection.execute(query.order_by(REPORTS.c.id).limit(limit))]


def may_see(connection: Connection, report_id: str, sight: Sight) -> bool:
    """Return whether the report is within sight.

    Raises
    ------
    NotFound
        There is no report of this id.
    """
    get(connection, report_id)
    found = connection.execute(
        records_query().where(REPORTS.c.id == report_number(report_id), seen(sight))
    ).one_or_none()
    return found is not None


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


def _overdue() -> ColumnElement[bool]:
    """Return the condition that a report is open beyond a time limit; what is accepted late is overdue no more."""
    waiting: tuple[ReportState, ...] = ("unplaced", "assigned", "returned")
    return or_(
        and_(REPORTS.c.state.in_(waiting), REPORTS.c.accept_due < func.now()),
        and_(REPORTS.c.state != "closed", REPORTS.c.close_due < func.now()),
    )


def seen(sight: Sight) -> ColumnElement[bool]:
    """Return the condition that a report is within sight."""
    community = func.left(REPORT_ASSIGNMENTS.c.grid_code, 12)
    filed = exists().where(
        REPORT_EVENTS.c.report_id == REPORTS.c.id,
        REPORT_EVENTS.c.type == RECEIVED,
        REPORT_EVENTS.c.actor == sight.actor,
    )
    return or_(community.in_(sorted(sight.communities)), filed)


def _key(report: Report) -> tuple[str, str]:
    return report.source, report.external_id
