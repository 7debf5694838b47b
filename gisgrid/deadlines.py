"""Until when reports are due, by the limits and the calendar as imported now.

Room: the corridor, below `directory`. In: a `Connection`, reports. Out: `model.Due`. Must not import a web framework,
SQL or settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gisgrid.dispatch.limits import LimitKey, WorkCalendar, by_key, due_of, limit_of
from gisgrid.model import Due, Report, TimeLimit
from gisgrid.store import categories
from gisgrid.store import limits as kept
from gisgrid.store.database import Connection

_DEEPEST: Final = 20
"""More steps up than any catalogue of categories has; a ring in it ends here."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The time limits of one committed state of the database.

    Attributes
    ----------
    version
        `store.limits.version`, read before the limits: they may be newer, but are never older.
    above
        The category above each category that has one.
    """

    version: int
    limits: Mapping[LimitKey, TimeLimit]
    calendar: WorkCalendar
    above: Mapping[str, str]

    @classmethod
    def read(cls, connection: Connection) -> Deadlines:
        """Return the deadlines as imported now; where no limits are, nothing else is read."""
        version = kept.version(connection)
        limits = by_key(kept.time_limits(connection))
        if not limits:
            return cls(version, {}, WorkCalendar(), {})
        above = {each.code: each.parent for each in categories.list_categories(connection) if each.parent is not None}
        return cls(version, limits, WorkCalendar(kept.special_days(connection)), above)

    def due(self, report: Report, start: datetime) -> Due:
        """Return until when the report is to be accepted and closed, the limits beginning at `start`."""
        if not self.limits:
            return Due()
        return due_of(limit_of(self.limits, self._chain(report.category), report.urgency), start, self.calendar)

    def _chain(self, category: str | None) -> Iterator[str]:
        """Yield a category and those above it, the nearest first."""
        for _ in range(_DEEPEST):
            if category is None:
                return
            yield category
            category = self.above.get(category)


class DeadlineBook:
    """The deadlines held in memory; safe to use from several threads, which at worst read them twice."""

    def __init__(self) -> None:
        self._held: Deadlines | None = None

    def held(self, connection: Connection) -> Deadlines:
        """Return what is held, perhaps not the newest: what rests on it is checked by its version."""
        return self._held or self.newest(connection)

    def newest(self, connection: Connection) -> Deadlines:
        """Return the deadlines as imported now, read anew where they changed."""
        held = self._held
        if held is None or held.version != kept.version(connection):
            held = self._held = Deadlines.read(connection)
        return held
