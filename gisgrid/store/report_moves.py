"""Open reports follow the grids: those that a new edition leaves behind, and what becomes of them.

Room: store. In: a `Connection`. Out: reports held, moves written. Must not import any other room.

Every open report carries the edition by which its grid was last confirmed; one without a grid, how many editions
there were when a grid was last sought for it. So what is left to do is a question that the rows answer at any time:
after a crash, and for a report that was filed by the old grids while the new ones were being published.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, insert, select, text

from gisgrid.model import Assignment, ReportState
from gisgrid.store.database import Connection, named_query
from gisgrid.store.report_rows import ReportRecord, assignment_values, record_of, records_query
from gisgrid.store.tables import EDITIONS, REPORT_ASSIGNMENTS, REPORT_EVENTS, REPORTS

MOVED: Final = "moved"
"""The event of a report that followed the grids to another grid: 随网格调整."""
ACTOR: Final = "gisgrid"
"""Who moves reports, for their histories: nobody of flesh and blood."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a report was found to need: nothing but its grid confirmed, or a move.

    Attributes
    ----------
    edition
        The edition in force that holds its grid; None without a grid.
    assignment
        The new one of a report that moves, else None.
    state
        The state of the report afterwards.
    """

    report: ReportRecord
    edition: str | None
    assignment: Assignment | None
    state: ReportState


def hold_outdated(connection: Connection, editions: int, limit: int) -> list[ReportRecord]:
    """Return open reports that are to be confirmed, held until the transaction ends.

    Parameters
    ----------
    editions
        How many editions there are, read before anything else.
    limit
        Most reports; ask again until none are left.
    """
    held = connection.execute(named_query("outdated_reports"), {"editions": editions, "limit": limit}).scalars().all()
    if not held:
        return []
    # Read after they are held: whoever held them before may have changed them.
    rows = connection.execute(records_query().where(REPORTS.c.id.in_(held)).order_by(REPORTS.c.id))
    return [record_of(row) for row in rows]


def confirm(connection: Connection, confirmations: Sequence[Confirmation], *, editions: int) -> None:
    """Write what was found of reports that are held: their new state, moves as assignments and events."""
    if not confirmations:
        return
    connection.execute(
        text(
            "UPDATE gisgrid.reports AS r"
            " SET state = f.state, confirmed_edition_id = f.edition, sought_editions = :editions"
            " FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[]), CAST(:confirmed AS bigint[]))"
            " AS f (id, state, edition) WHERE r.id = f.id"
        ),
        {
            "ids": [int(each.report.id) for each in confirmations],
            "states": [each.state for each in confirmations],
            "confirmed": [None if each.edition is None else int(each.edition) for each in confirmations],
            "editions": editions,
        },
    )
    moves = [(each, each.assignment) for each in confirmations if each.assignment is not None]
    if not moves:
        return
    sequences = _newest_sequences(connection, [each.report.id for each, _ in moves])
    plans = _plans(connection, {each.edition for each, _ in moves if each.edition is not None})
    connection.execute(
        insert(REPORT_ASSIGNMENTS),
        [
            {
                "report_id": int(each.report.id),
                **assignment_values(assignment, sequence=sequences[each.report.id] + 1),
            }
            for each, assignment in moves
        ],
    )
    connection.execute(
        insert(REPORT_EVENTS),
        [
            {
                "report_id": int(each.report.id),
                "type": MOVED,
                "actor": ACTOR,
                "details": {
                    "state": each.state,
                    "from": each.report.assignment.grid,
                    "to": assignment.grid,
                    "method": assignment.method,
                    "edition": each.edition,
                    "plan": None if each.edition is None else plans[each.edition],
                },
            }
            for each, assignment in moves
        ],
    )


def _newest_sequences(connection: Connection, report_ids: Sequence[str]) -> dict[str, int]:
    given = REPORT_ASSIGNMENTS.c
    query = select(given.report_id, func.max(given.sequence)).group_by(given.report_id)
    numbers = [int(report_id) for report_id in report_ids]
    return {str(number): newest for number, newest in connection.execute(query.where(given.report_id.in_(numbers)))}


def _plans(connection: Connection, edition_ids: Collection[str]) -> dict[str, str]:
    """Return the plan that each edition was published from."""
    query = select(EDITIONS.c.id, EDITIONS.c.plan_id).where(EDITIONS.c.id.in_([int(each) for each in edition_ids]))
    return {str(edition): str(plan) for edition, plan in connection.execute(query)}
