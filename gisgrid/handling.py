"""What happens to a report after it was filed: accepted, returned, reassigned, escalated, closed, reopened.

Room: the corridor, below `workflow`. In: a `Database`, the grids in force, what is asked of a report. Out: the report
as it stands then, with its history. Must not import a web framework, SQL or settings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from gisgrid.deadlines import Deadlines
from gisgrid.directory import GridDirectory
from gisgrid.dispatch.events import event_digest, require_sound_event
from gisgrid.dispatch.reassignment import assign_by_hand
from gisgrid.dispatch.states import next_state
from gisgrid.errors import DifferentEvent, Forbidden, RefusedData
from gisgrid.filing import place_reports
from gisgrid.model import GRID_NUMBER_WIDTH, Assignment, Due, ReportEventRequest
from gisgrid.moving import confirmations
from gisgrid.responsible import Responsible, responsible_for
from gisgrid.store import editions, report_events
from gisgrid.store import reports as kept
from gisgrid.store.database import Connection, Database
from gisgrid.store.report_rows import due_details
from gisgrid.store.reports import ReportEvent, ReportRecord


@dataclass(frozen=True, slots=True)
class HandledReport:
    """A report as it stands after an event, who is to deal with it, and whether the event is new or came before."""

    record: ReportRecord
    history: tuple[ReportEvent, ...]
    responsible: Responsible
    outcome: Literal["recorded", "repeated"]


def handle_report(
    database: Database,
    directory: GridDirectory,
    report_id: str,
    request: ReportEventRequest,
    *,
    actor: str,
    reaches: Callable[[str], bool] = lambda _community: True,
) -> HandledReport:
    """Return the report as it stands after the event; the same event_id again changes nothing.

    Parameters
    ----------
    actor
        Who asks: the name of a key or user, for the history.
    reaches
        Whether a community is within the scope of whoever asks. A report is reassigned into the scope only: what
        belongs elsewhere is returned with the reason, and whoever has the whole in sight reassigns it.

    Raises
    ------
    UsageError
        The event cannot be recorded as it is; the sentence names the field.
    NotFound
        There is no report of this id.
    WrongReportState
        The state of the report does not allow the event; nothing was changed.
    DifferentEvent
        Another event came before under the same event_id; nothing was changed.
    RefusedData
        The grid is not in force, or no grid is found; nothing was changed.
    Forbidden
        The grid lies outside the scope; nothing was changed.
    """
    require_sound_event(request)
    with database.transaction() as connection:
        report_events.lock(connection, report_id)
        repeated = _came_before(connection, report_id, request)
        if not repeated:
            _record(connection, directory, kept.get(connection, report_id), request, actor, reaches)
        record = kept.get(connection, report_id)
        return HandledReport(
            record=record,
            history=tuple(kept.history(connection, report_id)),
            responsible=responsible_for(connection, record, reaches),
            outcome="repeated" if repeated else "recorded",
        )


def _came_before(connection: Connection, report_id: str, request: ReportEventRequest) -> bool:
    if request.event_id is None:
        return False
    before = report_events.recorded_digest(connection, report_id, request.event_id)
    if before is not None and before != event_digest(request):
        raise DifferentEvent(
            f"Event {request.event_id!r} of report {report_id} came before with another content; "
            "send another event under a new event_id."
        )
    return before is not None


def _record(
    connection: Connection,
    directory: GridDirectory,
    record: ReportRecord,
    request: ReportEventRequest,
    actor: str,
    reaches: Callable[[str], bool],
) -> None:
    """Write the event with what follows from it, or refuse it."""
    before = record.assignment
    # Asked first: a grid is not looked for in vain, and the state is what a caller has to hear of.
    next_state(record.state, request.type, placed=before.grid is not None)
    assignment = None
    if request.type == "reassign":
        assignment = _reassigned(connection, directory, record, request)
        _require_reach(assignment, reaches)
    if request.type == "reopen":
        # Closed reports keep the grid of their time; who works on it again needs the grid of today.
        assignment = confirmations(connection, directory, [record])[0].assignment
    holding = before if assignment is None else assignment
    state = next_state(record.state, request.type, placed=holding.grid is not None)
    details: dict[str, object] = {"state": state}
    if assignment is not None:
        details |= {"from": before.grid, "to": assignment.grid, "method": assignment.method}
    due = _due(directory.deadlines.newest(connection), record, request)
    if due is not None:
        details |= due_details(due)
    event = report_events.NewEvent(
        type=request.type,
        actor=actor,
        note=request.note,
        details=details,
        event_id=request.event_id,
        digest=None if request.event_id is None else event_digest(request),
    )
    report_events.record(connection, record.id, event, state=state, assignment=assignment, due=due)


def _due(deadlines: Deadlines, record: ReportRecord, request: ReportEventRequest) -> Due | None:
    """Return until when the report is due after the event, or None where that stays.

    Who gets a report has the whole time to accept it; the citizen's clock runs on until it is closed, and begins anew
    when it is opened again.
    """
    if request.type not in ("reassign", "reopen"):
        return None
    due = deadlines.due(record.report, datetime.now(UTC))
    return due if request.type == "reopen" else dataclasses.replace(due, close=record.due.close)


def _reassigned(
    connection: Connection, directory: GridDirectory, record: ReportRecord, request: ReportEventRequest
) -> Assignment:
    """Return the grid in force that the report goes to: the one named, the building's, or the one found anew."""
    if request.grid is not None:
        locate = directory.locator(connection)
        return assign_by_hand(
            request.grid,
            editions.heirs(connection, [request.grid]),
            None if record.point is None else locate(*record.point),
        )
    report = record.report
    if request.building_code is not None:
        report = dataclasses.replace(report, building_code=request.building_code)
    assignment = place_reports(connection, directory, [report])[0].assignment
    if assignment.grid is None or (request.building_code is not None and assignment.method != "building"):
        named = "building" if request.building_code is not None else "report"
        reason = assignment.findings[0].message if assignment.findings else ""
        raise RefusedData(
            f"The {named} leads to no grid in force, and the report stays where it is. {reason} Or name the grid.",
            assignment.findings,
        )
    return assignment


def _require_reach(assignment: Assignment, reaches: Callable[[str], bool]) -> None:
    community = str(assignment.grid)[:-GRID_NUMBER_WIDTH]
    if not reaches(community):
        raise Forbidden(
            f"Grid {assignment.grid} lies outside your scope; return the report 退单 with the reason, and whoever has "
            "the whole in sight reassigns it."
        )
