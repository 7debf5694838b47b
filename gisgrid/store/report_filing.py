"""Reports, their first assignments and their first events, written in one statement.

Room: store. In: filings. Out: the ids that are new. Must not import any other room.

However many reports share a commit, they cross to the database as one parameter and come back as one answer: that and
the one commit make many simultaneous reports cheap. The unique key is inserted first; what came before is left as it
is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

import orjson
from sqlalchemy import Table, TextClause, create_mock_engine, text

from gisgrid.store.database import Connection
from gisgrid.store.report_rows import RECEIVED, Filing, assignment_values, due_details, report_values
from gisgrid.store.tables import REPORT_ASSIGNMENTS, REPORT_EVENTS, REPORTS

_DIALECT: Final = create_mock_engine("postgresql://", lambda *_: None).dialect
_ASSIGNED: Final = "assigned_"
"""Begins the members that belong to the assignment: both tables have a `grid_code`."""
_STATEMENT: Final = """
WITH given AS MATERIALIZED (
  SELECT * FROM json_to_recordset(CAST(:filings AS json)) AS filing ({members})
), created AS (
  INSERT INTO gisgrid.reports ({reports})
  SELECT {reports} FROM given
  ORDER BY source, external_id  -- two batches that hold the same reports wait for each other and do not deadlock
  ON CONFLICT (source, external_id) DO NOTHING
  RETURNING id, source, external_id, received_at
), assigned AS (
  INSERT INTO gisgrid.report_assignments (report_id, {assignments})
  SELECT id, {assigned} FROM created JOIN given USING (source, external_id)
), begun AS (
  INSERT INTO gisgrid.report_events (report_id, {events})
  SELECT id, {events} FROM created JOIN given USING (source, external_id) ORDER BY id
)
SELECT id, source, external_id, received_at FROM created
"""


@dataclass(frozen=True, slots=True)
class Created:
    """A report that is new: its id, and when it was kept."""

    report_id: int
    received_at: datetime


def insert(connection: Connection, filings: Collection[Filing]) -> dict[tuple[str, str], Created]:
    """Return the reports that are new, by source and external_id; the others came before and are left as they are.

    Parameters
    ----------
    filings
        At most one of each key.
    """
    if not filings:
        return {}
    rows = [(report_values(each), assignment_values(each.assignment), _event_values(each)) for each in filings]
    documents = [report | _prefixed(assignment) | event for report, assignment, event in rows]
    statement = _statement(*(tuple(part) for part in rows[0]))
    created = connection.execute(statement, {"filings": orjson.dumps(documents).decode()})
    return {(row.source, row.external_id): Created(row.id, row.received_at) for row in created}


def _prefixed(assignment: Mapping[str, Any]) -> dict[str, Any]:
    return {_ASSIGNED + name: value for name, value in assignment.items()}


def _event_values(filing: Filing) -> dict[str, Any]:
    """Return the row of table `report_events` that begins the report's history."""
    assignment = filing.assignment
    details = {"state": filing.state, "grid": assignment.grid, "method": assignment.method}
    details |= due_details(filing.due)
    return {"type": RECEIVED, "actor": filing.actor, "details": details}


@cache
def _statement(reports: Sequence[str], assignments: Sequence[str], events: Sequence[str]) -> TextClause:
    """Return the statement that reads these columns of the three tables as the tables declare them."""
    members = [
        *_members(REPORTS, reports),
        *(_ASSIGNED + member for member in _members(REPORT_ASSIGNMENTS, assignments)),
        *_members(REPORT_EVENTS, events),
    ]
    return text(
        _STATEMENT.format(
            members=", ".join(members),
            reports=", ".join(reports),
            assignments=", ".join(assignments),
            assigned=", ".join(_prefixed(dict.fromkeys(assignments))),
            events=", ".join(events),
        )
    )


def _members(table: Table, columns: Sequence[str]) -> list[str]:
    """Return these columns of a table with their types, for `json_to_recordset`."""
    return [f"{name} {table.c[name].type.compile(dialect=_DIALECT)}" for name in columns]
