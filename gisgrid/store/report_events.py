"""What happens to a report after it was filed: its row held, its history and its assignments grown.

Room: store. In: a `Connection`, the id of a report, an event. Out: rows that are only ever added. Must not import any
other room.

`lock` comes first: whoever changes a report waits for whoever is changing it, so that of two who accept it at once the
second meets the state that the first left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, insert, select, update

from gisgrid.model import Assignment, Due, ReportState
from gisgrid.store.database import Connection
from gisgrid.store.report_rows import assignment_values, confirmed_edition, due_values, report_number, unknown_report
from gisgrid.store.tables import REPORT_ASSIGNMENTS, REPORT_EVENTS, REPORTS


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One more line of a report's history.

    Attributes
    ----------
    event_id, digest
        The sender's id of it and the SHA-256 of what was asked, by which a repeat is known again; both or neither.
    """

    type: str
    actor: str
    note: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    event_id: str | None = None
    digest: bytes | None = None


def lock(connection: Connection, report_id: str) -> None:
    """Hold the report until the transaction ends; read it only afterwards.

    Raises
    ------
    NotFound
        There is no report of this id.
    """
    query = select(REPORTS.c.id).where(REPORTS.c.id == report_number(report_id)).with_for_update(key_share=True)
    if connection.execute(query).first() is None:
        raise unknown_report(report_id)


def recorded_digest(connection: Connection, report_id: str, event_id: str) -> bytes | None:
    """Return the digest of the event that came before under this id, or None where none did."""
    events = REPORT_EVENTS.c
    found = connection.execute(
        select(events.body_sha256).where(events.report_id == report_number(report_id), events.event_id == event_id)
    ).scalar_one_or_none()
    return None if found is None else bytes(found)


def record(
    connection: Connection,
    report_id: str,
    event: NewEvent,
    *,
    state: ReportState,
    assignment: Assignment | None = None,
    due: Due | None = None,
) -> None:
    """Add an event to the history of a report that is held, with the state and the assignment that follow from it.

    Parameters
    ----------
    assignment
        The new one, or None where the report keeps the one it has.
    due
        Until when it is due from now on, or None where that stays.
    """
    number = report_number(report_id)
    values: dict[str, Any] = {"state": state} | ({} if due is None else due_values(due))
    if assignment is not None:
        values["confirmed_edition_id"] = confirmed_edition(assignment)
        given = REPORT_ASSIGNMENTS.c
        newest = connection.execute(select(func.max(given.sequence)).where(given.report_id == number)).scalar_one()
        row = {"report_id": number, **assignment_values(assignment, sequence=newest + 1)}
        connection.execute(insert(REPORT_ASSIGNMENTS), [row])
    connection.execute(update(REPORTS).where(REPORTS.c.id == number).values(values))
    connection.execute(
        insert(REPORT_EVENTS).values(
            report_id=number,
            type=event.type,
            actor=event.actor,
            note=event.note,
            details=dict(event.details),
            event_id=event.event_id,
            body_sha256=event.digest,
        )
    )
