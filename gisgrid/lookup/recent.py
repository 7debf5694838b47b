"""The indexes of past instants that were asked for last.

Room `lookup`, pure but for the state it holds: what was built last. In: a key and how to build what belongs to it.
Out: one finished object. Imports nothing of gisgrid: what is held is the caller's business.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Held = TypeVar("Held")


class Recent(Generic[Held]):
    """Keeps the objects asked for last, by key: the indexes of past instants, by the editions then in force.

    Parameters
    ----------
    size
        How many are kept; the one not asked for longest goes first.

    Examples
    --------
    >>> recent = Recent[str](size=1)
    >>> recent.get("a", lambda: "A"), recent.get("a", lambda: "not built")
    ('A', 'A')
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: OrderedDict[Hashable, Held] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, build: Callable[[], Held]) -> Held:
        """Return the object of this key, built where it is not held."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        made = build()  # outside the lock: a slow build of one instant must not hold up the others
        with self._lock:
            self._held[key] = made
            self._held.move_to_end(key)
            while len(self._held) > self._size:
                self._held.popitem(last=False)
        return made
