"""Reports, their first assignments and their first events, written in one statement.

Room: store. In: filings. Out: the ids that are new. Must not import any other room.

However many reports share a commit, they cross to the database as one parameter and come back as one answer: that and
the one commit make many simultaneous reports cheap. The unique key is inserted first; what came before is left as it
is.

Where reports go and until when they are due is found beforehand, by what is held in memory. The statement itself looks
whether that is still what the database has, and writes nothing otherwise.
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
from gisgrid.store.limits import LIMIT_LAYERS
from gisgrid.store.report_rows import RECEIVED, Filing, assignment_values, due_details, report_values
from gisgrid.store.tables import REPORT_ASSIGNMENTS, REPORT_EVENTS, REPORTS

_DIALECT: Final = create_mock_engine("postgresql://", lambda *_: None).dialect
_ASSIGNED: Final = "assigned_"
"""Begins the members that belong to the assignment: both tables have a `grid_code`."""
_STATEMENT: Final = """
WITH present AS MATERIALIZED (
  SELECT
    (SELECT count(*) FROM gisgrid.editions) = :editions
    AND (SELECT count(*) FROM gisgrid.import_runs WHERE layer = ANY(CAST(:limit_layers AS text[]))) = :limits
    AS agrees
), given AS MATERIALIZED (
  SELECT filing.*
  FROM json_to_recordset(CAST(:filings AS json)) AS filing ({members})
  WHERE (SELECT agrees FROM present)
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
SELECT agrees, id, source, external_id, received_at FROM present LEFT JOIN created ON TRUE
"""


@dataclass(frozen=True, slots=True)
class Basis:
    """What filings were made by: numbers that differ once another edition is published, or limits are imported.

    Attributes
    ----------
    editions
        `editions.version` of the grids.
    limits
        `limits.version` of the time limits.
    """

    editions: int
    limits: int


@dataclass(frozen=True, slots=True)
class Created:
    """A report that is new: its id, and when it was kept."""

    report_id: int
    received_at: datetime


def insert(connection: Connection, filings: Collection[Filing], basis: Basis) -> dict[tuple[str, str], Created] | None:
    """Return the reports that are new, by source and external_id; the others came before and are left as they are.

    None where the basis is not what the database has by now: nothing was written.

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
    given = {"filings": orjson.dumps(documents).decode(), "editions": basis.editions, "limits": basis.limits}
    rows_back = connection.execute(statement, {**given, "limit_layers": list(LIMIT_LAYERS)}).all()
    if not rows_back[0].agrees:
        return None
    return {(row.source, row.external_id): Created(row.id, row.received_at) for row in rows_back if row.id is not None}


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
