"""Until when reports are due, by the limits and the calendar as imported now.

Room: the corridor, below `filing`. In: a `Connection`, the categories of reports. Out: `model.Due`. Must not import a
web framework, SQL or settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gisgrid.dispatch.limits import WorkCalendar, due_of, limit_of
from gisgrid.model import Due, Report, TimeLimit
from gisgrid.store import limits as kept
from gisgrid.store.database import Connection


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The time limits of some categories; read once for all reports of a transaction.

    Attributes
    ----------
    chains
        Each category with those above it, the nearest first.
    """

    limits: Sequence[TimeLimit]
    calendar: WorkCalendar
    chains: Mapping[str, Sequence[str]]

    @classmethod
    def read(cls, connection: Connection, reports: Iterable[Report]) -> Deadlines:
        """Return the deadlines for these reports; where no limits are imported, one query tells."""
        limits = kept.time_limits(connection)
        if not limits:
            return cls((), WorkCalendar(), {})
        categories = {report.category for report in reports if report.category is not None}
        days = kept.special_days(connection)
        return cls(limits, WorkCalendar(days), kept.category_chains(connection, categories))

    def due(self, report: Report, start: datetime) -> Due:
        """Return until when the report is to be accepted and closed, the limits beginning at `start`."""
        chain = () if report.category is None else self.chains.get(report.category, (report.category,))
        return due_of(limit_of(self.limits, chain, report.urgency), start, self.calendar)
