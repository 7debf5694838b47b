"""The feed kept going: what was committed is numbered soon, whether anybody reads or not.

Room: the corridor, below `workflow`. In: a `Database`. Out: pages of the feed. Must not import a web framework, SQL or
settings.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection
from typing import Any, Final

from gisgrid import wire
from gisgrid.store import feed
from gisgrid.store.database import Database
from gisgrid.store.feed import EditionSubject, FeedEvent, FeedPage, ReportSubject
from gisgrid.store.reports import Sight

LOOK_EVERY_S: Final = 0.5
"""Half a second of delay for those who wait, instead of a notification from each commit: PostgreSQL lets
transactions that notify commit one after the other, and reports would pay for it."""

_log = logging.getLogger("gisgrid.feed")


class Feed:
    """The feed of a database; a thread of its own numbers events while it is started.

    Any number of processes may do so at the same time: the database lets one number and the others pass.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.newest = 0
        """The newest position that this process has seen: what those who wait look at, without a query."""

    def start(self) -> None:
        """Begin to number events twice a second."""
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; what is not numbered yet is numbered by whoever comes next."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def advance(self) -> int:
        """Return the newest position, once all that is committed has been numbered."""
        with self._database.transaction() as connection:
            pending = feed.is_pending(connection)
            self.newest = feed.last_position(connection)
        while pending:
            # One transaction a portion: positions are seen, and the lock is free, after each.
            with self._database.transaction() as connection:
                numbered = feed.number(connection)
            pending = numbered == feed.NUMBERED_AT_ONCE
            with self._database.transaction() as connection:
                self.newest = feed.last_position(connection)
        return self.newest

    def read(
        self, after: int, *, limit: int, sight: Sight | None = None, types: Collection[str] | None = None
    ) -> FeedPage:
        """Return the next events behind a position; what was committed before the call is among them.

        Unless another process is numbering it at this very moment: then it comes with the next page.

        Raises
        ------
        Conflict
            The position is beyond the end.
        """
        self.advance()
        with self._database.transaction() as connection:
            return feed.read(connection, after, limit=limit, sight=sight, types=types)

    def _run(self) -> None:
        failing = False
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                self.advance()
            except Exception as fault:  # noqa: BLE001  whatever happens, it goes on; nothing is lost by numbering later
                if not failing:
                    _log.warning("events are not numbered for now: %s", fault)
                failing = True
            else:
                failing = False


def document(event: FeedEvent) -> dict[str, Any]:
    """Return an event as plain values: what happened, when, and to what; never what a citizen wrote."""
    return {"id": str(event.position), "type": event.type, "at": wire.instant(event.at), **_subject(event.subject)}


def _subject(subject: ReportSubject | EditionSubject) -> dict[str, Any]:
    if isinstance(subject, ReportSubject):
        return {
            "report": subject.report,
            "source": subject.source,
            "external_id": subject.external_id,
            "grid": subject.grid,
            "state": subject.state,
            "details": dict(subject.details),
        }
    return {
        "edition": subject.edition,
        "community": subject.community,
        "plan": subject.plan,
        "valid_from": wire.instant(subject.valid_from),
        "valid_to": wire.instant(subject.valid_to),
    }
