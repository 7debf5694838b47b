"""Which index answers now, and which answered then: whole objects are swapped, never changed.

Room `lookup`, pure but for the state it holds: what was built last. In: a version and how to build what belongs to it.
Out: one finished object. Imports nothing of gisgrid: what is held is the caller's business.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Held = TypeVar("Held")


class Current(Generic[Held]):
    """Holds the object built for the newest version; a reader gets a whole one, old or new, never a mixture.

    Examples
    --------
    >>> current = Current[str]()
    >>> current.get(1, lambda: "first"), current.get(1, lambda: "not built"), current.get(2, lambda: "second")
    ('first', 'first', 'second')
    """

    def __init__(self) -> None:
        self._held: tuple[int, Held] | None = None
        self._building = threading.Lock()

    def get(self, version: int, build: Callable[[], Held]) -> Held:
        """Return the object of this version; built once, by the first who asks.

        Parameters
        ----------
        version
            The version that the caller has read; any other than the one held, also a lower one as after a restore,
            builds anew. Read it *before* the data that `build` reads: then the object may be newer than its version
            and is built once more later, but it is never older.
        build
            Makes the object. Where it raises, nothing changes and the next caller tries again.
        """
        held = self._held
        if held is not None and held[0] == version:
            return held[1]
        with self._building:
            held = self._held
            if held is not None and held[0] == version:
                return held[1]
            made = build()
            self._held = (version, made)
            return made


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
