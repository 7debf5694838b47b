"""Reports found by category, time and status, the newest first: what people who ask after their report look for.

Room: store. In: a `ReportSearch`. Out: reports with the time of their last change. Must not import any other room.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select

from gisgrid.store.database import Connection
from gisgrid.store.report_rows import ReportRecord, record_of, records_query
from gisgrid.store.reports import Sight, seen
from gisgrid.store.tables import REPORT_ASSIGNMENTS, REPORT_EVENTS, REPORTS

CLOSED: Final = "closed"
"""The state of a report that is done with; in every other state it is open."""


@dataclass(frozen=True, slots=True)
class ReportSearch:
    """Which reports are looked for; None asks for all.

    Attributes
    ----------
    ids
        These reports only; what is no id of ours finds nothing.
    categories
        Their codes; None among them means reports without a category.
    received_from, received_to
        Both instants included.
    closed
        True for closed ones, False for open ones.
    communities
        In grids of these, and those that have no grid yet: they may still turn out to lie here.
    sight
        What the caller may see.
    """

    ids: Collection[str] | None = None
    categories: Collection[str | None] | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None
    closed: bool | None = None
    communities: Collection[str] | None = None
    sight: Sight | None = None


@dataclass(frozen=True, slots=True)
class FoundReport:
    """A report and the time of the last thing that happened to it."""

    record: ReportRecord
    updated_at: datetime


def newest_reports(connection: Connection, wanted: ReportSearch, *, limit: int) -> list[FoundReport]:
    """Return the reports that are looked for, the newest first, at most `limit` of them."""
    updated = select(func.max(REPORT_EVENTS.c.at)).where(REPORT_EVENTS.c.report_id == REPORTS.c.id).scalar_subquery()
    query = (
        records_query()
        .add_columns(updated.label("updated_at"))
        .where(*_conditions(wanted))
        .order_by(REPORTS.c.received_at.desc(), REPORTS.c.id.desc())
        .limit(limit)
    )
    return [FoundReport(record_of(row), row.updated_at or row.received_at) for row in connection.execute(query)]


def _conditions(wanted: ReportSearch) -> list[ColumnElement[bool]]:
    reports = REPORTS.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.ids is not None:
        known = [int(each) for each in wanted.ids if each.isascii() and each.isdigit() and len(each) <= 18]
        conditions.append(reports.id.in_(known))
    if wanted.categories is not None:
        # No stored text holds U+0000, and PostgreSQL refuses to be asked for it.
        coded = reports.category.in_([code for code in wanted.categories if code is not None and "\x00" not in code])
        conditions.append(or_(coded, reports.category.is_(None)) if None in wanted.categories else coded)
    if wanted.received_from is not None:
        conditions.append(reports.received_at >= wanted.received_from)
    if wanted.received_to is not None:
        conditions.append(reports.received_at <= wanted.received_to)
    if wanted.closed is not None:
        conditions.append(reports.state == CLOSED if wanted.closed else reports.state != CLOSED)
    if wanted.communities is not None:
        grid = REPORT_ASSIGNMENTS.c.grid_code
        conditions.append(or_(func.left(grid, 12).in_(sorted(wanted.communities)), grid.is_(None)))
    if wanted.sight is not None:
        conditions.append(seen(wanted.sight))
    return conditions
