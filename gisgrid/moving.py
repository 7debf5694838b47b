"""Open reports follow the grids: what a new edition leaves behind is moved to the grids in force.

Room: the corridor, below `workflow`. In: a `Database`, the grids in force. Out: reports confirmed or moved, a portion a
transaction. Must not import a web framework, SQL or settings.

Nothing of it happens in the transaction that publishes, which would hold every open report of a community. What is left
to do stands in the rows themselves (`store.report_moves`), so it may be stopped at any point and begun again by
anybody, and any number of processes may work on it at once.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Final

from gisgrid.directory import GridDirectory
from gisgrid.dispatch.reassignment import renew_assignment
from gisgrid.dispatch.states import state_when_moved
from gisgrid.filing import place_reports
from gisgrid.model import Assignment, GridInForce, Report
from gisgrid.store import editions, report_moves
from gisgrid.store.database import Connection, Database
from gisgrid.store.report_moves import Confirmation
from gisgrid.store.reports import ReportRecord

MOVED_AT_ONCE: Final = 500
"""So many reports are held at a time: some tenths of a second, in which whoever handles one of them waits."""
LOOK_EVERY_S: Final = 1.0
_log = logging.getLogger(__name__)


def move_reports(database: Database, directory: GridDirectory) -> int:
    """Return how many open reports moved to another grid; afterwards every open report is by the grids in force.

    Reports that somebody else holds at this moment are left to the next call.
    """
    moved = 0
    while True:
        with database.transaction() as connection:
            found = confirm_reports(connection, directory)
        if not found:
            return moved
        moved += sum(each.assignment is not None for each in found)


def confirm_reports(connection: Connection, directory: GridDirectory) -> list[Confirmation]:
    """Return what became of the next portion of open reports that a new edition left behind, in one transaction."""
    # Counted before the grids are read: they may be newer than the count, and are then looked at once more.
    count = editions.version(connection)
    records = report_moves.hold_outdated(connection, count, MOVED_AT_ONCE)
    found = confirmations(connection, directory, records)
    report_moves.confirm(connection, found, editions=count)
    return found


def confirmations(
    connection: Connection, directory: GridDirectory, records: Sequence[ReportRecord]
) -> list[Confirmation]:
    """Return what each of these reports needs by the grids in force; nothing is written."""
    if not records:
        return []
    placements = place_reports(connection, directory, [_as_decided(record) for record in records])
    heirs = editions.heirs(connection, {each.assignment.grid for each in records if each.assignment.grid is not None})
    found = []
    for record, placement in zip(records, placements, strict=True):
        renewed = renew_assignment(record.assignment, placement.assignment, heirs)
        found.append(
            Confirmation(
                report=record,
                edition=_confirming(record.assignment, heirs) if renewed is None else renewed.edition,
                assignment=renewed,
                state=record.state if renewed is None else state_when_moved(record.state, renewed),
            )
        )
    return found


def _confirming(held: Assignment, heirs: Mapping[str, GridInForce | None]) -> str | None:
    """Return the edition in force that holds the grid; the old one where the grid ended at this very moment.

    Such a report is not confirmed, and the next look finds it again.
    """
    heir = None if held.grid is None else heirs.get(held.grid)
    return heir.edition if heir is not None and heir.code == held.grid else held.edition


def _as_decided(record: ReportRecord) -> Report:
    """Return the report with the building that decided its grid, which somebody may have named later."""
    building = record.assignment.building
    return record.report if building is None else dataclasses.replace(record.report, building_code=building)


class ReportMover:
    """A thread that moves open reports to the grids in force, soon after a publication and whenever one was missed."""

    def __init__(self, database: Database, directory: GridDirectory) -> None:
        self._database = database
        self._directory = directory
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gisgrid report mover", daemon=True)

    def start(self) -> None:
        """Begin, with what an earlier process may have left."""
        self._thread.start()

    def stop(self) -> None:
        """End it; what is left is moved by whoever comes next."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._database.transaction() as connection:
                    found = confirm_reports(connection, self._directory)
            except Exception as fault:  # noqa: BLE001  whatever happens, the rows tell later what is left to do
                _log.warning("reports are not moved: %s", fault)
                found = []
            self._stopping.wait(0.0 if found else LOOK_EVERY_S)
