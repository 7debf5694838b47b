"""Failed attempts to sign in are counted, and too many have to wait.

Room: the front door on the wire. In: who tries. Out: the seconds to wait. Held in memory of one process: with several
workers each counts for itself, which multiplies the limit by their number and no more.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

LIMIT: Final = 5
WINDOW_S: Final = 300.0
_REMEMBERED: Final = 10_000


class FailedAttempts:
    """Counts failures by name; safe among threads.

    Parameters
    ----------
    limit
        So many failures within the window are allowed.
    window_s
        Seconds after which a failure no longer counts.
    clock
        Seconds that only grow.

    Examples
    --------
    >>> attempts = FailedAttempts(limit=1, window_s=60, clock=lambda: 0.0)
    >>> attempts.wait_s("a"), attempts.count("a"), attempts.wait_s("a")
    (0.0, None, 60.0)
    """

    def __init__(
        self, limit: int = LIMIT, window_s: float = WINDOW_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._window_s = window_s
        self._clock = clock
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, who: str) -> float:
        """Return the seconds until the next attempt is allowed; 0 when it is now."""
        with self._lock:
            recent = self._recent(who)
            return 0.0 if len(recent) < self._limit else recent[-self._limit] + self._window_s - self._clock()

    def count(self, who: str) -> None:
        """Count one failure."""
        with self._lock:
            self._failures[who] = [*self._recent(who), self._clock()]
            self._failures.move_to_end(who)
            if len(self._failures) > _REMEMBERED:  # a flood of names: who failed longest ago makes room
                self._failures.popitem(last=False)

    def forget(self, who: str) -> None:
        """Forget the failures of one who succeeded."""
        with self._lock:
            self._failures.pop(who, None)

    def _recent(self, who: str) -> list[float]:
        since = self._clock() - self._window_s
        return [moment for moment in self._failures.get(who, ()) if moment > since]
