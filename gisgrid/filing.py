"""Reports come in: each finds its grid and is kept, once, before anybody is told so.

Room: the corridor, below `workflow`. In: a `Database`, the grids in force, reports. Out: what was kept and what became
of each. Must not import a web framework, SQL or settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gisgrid.deadlines import Deadlines
from gisgrid.directory import GridDirectory
from gisgrid.dispatch.assignment import BuildingGrid, Locate, Placement, place_report, with_candidates
from gisgrid.dispatch.intake import content_digest, require_sound
from gisgrid.dispatch.states import state_when_filed
from gisgrid.errors import Conflict, DatabaseUnavailable, DifferentReport, GisgridError
from gisgrid.in_force import State
from gisgrid.model import Report
from gisgrid.store import reports as kept
from gisgrid.store.database import Connection, Database
from gisgrid.store.report_rows import first_record
from gisgrid.store.reports import Filing, Outcome, ReportRecord

_ATTEMPTS: Final = 5
"""So often reports are placed anew; a publication takes far longer than to place and write them."""


@dataclass(frozen=True, slots=True)
class FiledReport:
    """A report as it was first answered, and whether it is new, a repeat, or differs from the one kept."""

    record: ReportRecord
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Submission:
    """A report and who files it: the name of a key or user, for the histories."""

    report: Report
    actor: str


def file_report(database: Database, directory: GridDirectory, report: Report, *, actor: str) -> FiledReport:
    """Return the report as it was kept, with its assignment; the same again returns the first answer.

    Raises
    ------
    UsageError
        The report cannot be kept as it is; the sentence names the field.
    DifferentReport
        Another report came before with the same source and external_id; nothing was changed.
    """
    return require_same(file_reports(database, directory, [Submission(report, actor)])[0], report)


def require_same(filed: FiledReport, report: Report) -> FiledReport:
    """Return what became of a report that is new, or the same that came before.

    Raises
    ------
    DifferentReport
        Another report came before with the same source and external_id; nothing was changed.
    """
    if filed.outcome == "different":
        raise DifferentReport(
            f"Source {report.source!r} has sent report {report.external_id!r} before with another content "
            f"(kept as {filed.record.id}); send a changed report under a new external_id."
        )
    return filed


def file_reports(database: Database, directory: GridDirectory, submissions: Sequence[Submission]) -> list[FiledReport]:
    """Return what became of each report, in order: all that are new are kept in one transaction.

    Raises
    ------
    UsageError
        A report cannot be kept as it is; nothing of the batch was. Ask `dispatch.intake.field_faults` beforehand.
    """
    with database.statements() as connection:
        return file_reports_in(connection, directory, submissions)


def file_together(
    database: Database, directory: GridDirectory, submissions: Sequence[Submission]
) -> list[FiledReport | GisgridError]:
    """Return what became of each report, in order; strangers share the commit, so one's fault is no other's.

    All that are new are kept in one transaction. Where that fails, each is tried by itself; where the database is
    away, nobody is.
    """
    try:
        return list(file_reports(database, directory, submissions))
    except DatabaseUnavailable as away:
        return [away] * len(submissions)
    except GisgridError as fault:
        if len(submissions) == 1:
            return [fault]
    return [each for one in submissions for each in file_together(database, directory, [one])]


def file_reports_in(
    connection: Connection, directory: GridDirectory, submissions: Sequence[Submission]
) -> list[FiledReport]:
    """Return what became of each report, in the caller's transaction: acknowledge them only after its commit.

    They are placed by the grids in memory, and written by a statement that writes nothing where those are not in force
    any more: then they are placed anew. So the database is asked once where nothing has changed.
    """
    for submission in submissions:
        require_sound(submission.report)
    for attempt in range(_ATTEMPTS):
        grids, deadlines = (
            (directory.held(connection), directory.deadlines.held(connection))
            if attempt == 0
            else (directory.newest(connection), directory.deadlines.newest(connection))
        )
        filings = _filings(connection, directory, submissions, grids, deadlines)
        outcomes = kept.file_reports(connection, filings, kept.Basis(grids.signs.editions, deadlines.version))
        if outcomes is not None:
            break
    else:
        raise Conflict("The grids in force changed again and again while the reports were placed; send them again.")
    before = kept.first_answers(connection, {each.report_id for each in outcomes if each.received_at is None})
    return [
        FiledReport(
            before[outcome.report_id]
            if outcome.received_at is None
            else first_record(filing, outcome.report_id, outcome.received_at),
            outcome.outcome,
        )
        for filing, outcome in zip(filings, outcomes, strict=True)
    ]


def place_reports(connection: Connection, directory: GridDirectory, reports: Sequence[Report]) -> list[Placement]:
    """Return where each report is and whose it is, in order, all found in one state of the grids."""
    return _placed(connection, directory.locator(connection), reports)


def _filings(
    connection: Connection,
    directory: GridDirectory,
    submissions: Sequence[Submission],
    grids: State,
    deadlines: Deadlines,
) -> list[Filing]:
    """Return the reports as they are to be kept by these grids and deadlines."""
    reports = [submission.report for submission in submissions]
    placements = _placed(connection, directory.locator_of(grids.grids), reports)
    placements = _with_candidates(connection, directory, reports, placements)
    now = datetime.now(UTC)
    return [
        Filing(
            report=submission.report,
            digest=content_digest(submission.report),
            point=placement.point,
            assignment=placement.assignment,
            state=state_when_filed(placement.assignment),
            actor=submission.actor,
            due=deadlines.due(submission.report, now),
        )
        for submission, placement in zip(submissions, placements, strict=True)
    ]


def _placed(connection: Connection, locate: Locate, reports: Sequence[Report]) -> list[Placement]:
    named = kept.named_buildings(connection, {report.building_code for report in reports if report.building_code})
    successors = kept.successors(connection, {report.grid_code for report in reports if report.grid_code})
    buildings = {code: BuildingGrid(grid, edition) for code, (grid, edition) in named.items()}
    return [place_report(report, locate=locate, buildings=buildings, successors=successors) for report in reports]


def _with_candidates(
    connection: Connection, directory: GridDirectory, reports: Sequence[Report], placements: Sequence[Placement]
) -> list[Placement]:
    """Return the placements, those without a grid with the places that the words of their reports may mean."""
    worded = [
        position
        for position, (report, placement) in enumerate(zip(reports, placements, strict=True))
        if placement.assignment.grid is None and (report.address or report.text)
    ]
    completed = list(placements)
    if worded:
        found = directory.names.candidates(connection, [reports[position] for position in worded])
        for position, candidates in zip(worded, found, strict=True):
            completed[position] = with_candidates(placements[position], candidates)
    return completed
