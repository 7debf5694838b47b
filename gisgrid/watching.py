"""Keeps the grids in memory in step with the database: told of each publication, and looking by itself besides.

Room: the corridor, below `workflow`. In: a `GridDirectory`, the database's address. Out: a directory that is at most
`LOOK_EVERY_S` behind, and how long ago that was last certain. Must not import a web framework, SQL or settings.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from gisgrid.directory import GridDirectory
from gisgrid.store import editions, signs

LOOK_EVERY_S: Final = 0.5
"""A publication is told by a notification; looking as often as this covers whatever a notification may miss."""
_STOPS_WITHIN_S: Final = 0.1
_log = logging.getLogger(__name__)


class GridWatch:
    """A thread that renews a directory's state on every publication, and keeps trying while the database is away.

    Parameters
    ----------
    url
        The database of the directory.
    """

    def __init__(self, directory: GridDirectory, url: str) -> None:
        self._directory = directory
        self._url = url
        self._stopping = threading.Event()
        self._confirmed = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="gisgrid grid watch", daemon=True)
        self.fault: Exception | None = None
        """Why the state cannot be confirmed at the moment; None while all is well."""

    def start(self) -> None:
        """Read the state, so that the first who asks does not wait for it, and keep it in step from then on."""
        self.confirm()
        self._directory.watched = True
        self._thread.start()

    def stop(self) -> None:
        """Watch no more: from now on the directory asks the database again."""
        self._directory.watched = False
        self._stopping.set()
        self._thread.join()

    def age_s(self) -> float:
        """Return the seconds since the state in memory was last known to be the newest."""
        return time.monotonic() - self._confirmed

    def confirm(self) -> None:
        """Renew the state now: for the process that has itself changed something and must see it."""
        asked = time.monotonic()
        self._directory.refresh()
        self._confirmed = asked

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except Exception as fault:  # noqa: BLE001  whatever happens, the watch goes on and its age tells
                if self.fault is None:
                    _log.warning("lookups are answered from memory: %s", fault)
                self.fault = fault
                self._stopping.wait(LOOK_EVERY_S)

    def _listen(self) -> None:
        with signs.listening(self._url, editions.NOTIFICATION_CHANNEL) as wait:
            while not self._stopping.is_set():
                self.confirm()
                if self.fault is not None:
                    _log.warning("the database answers again; the grids in memory are up to date")
                    self.fault = None
                until = time.monotonic() + LOOK_EVERY_S
                while not (self._stopping.is_set() or time.monotonic() >= until or wait(_STOPS_WITHIN_S)):
                    pass
