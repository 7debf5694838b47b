"""Until when a report is to be accepted and closed (时限): from its category and urgency, by the calendar of work.

Room `dispatch`, pure. In: time limits and a calendar as imported, an instant. Out: instants. No clock: the beginning is
an argument. Imports the nouns only.

`hours` run day and night. `working_hours` run within the sessions of a working day. `working_days` count whole days
after the day of the beginning, and end with the last session of the last one. A working day is Monday to Friday, unless
the calendar makes it a holiday 节假日, and whatever the calendar makes a workday 调休.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from gisgrid.model import DayKind, Due, LimitUnit, TimeLimit

SESSIONS: Final = ((time(8, 30), time(12, 0)), (time(14, 30), time(18, 0)))
"""When people work on a working day, by the clock of the zone."""
ZONE: Final = ZoneInfo("Asia/Shanghai")
LimitKey = tuple[str, str | None]
"""Category and urgency of a time limit; no two have the same."""
_SATURDAY: Final = 5
_FURTHEST: Final = timedelta(days=3_660)
"""Nothing is due later than ten years from now: a calendar without working days must not be walked for ever."""


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Which days are worked, and when.

    Attributes
    ----------
    days
        The days that are not what their weekday says.
    """

    days: Mapping[date, DayKind] = field(default_factory=lambda: MappingProxyType({}))
    sessions: tuple[tuple[time, time], ...] = SESSIONS
    zone: ZoneInfo = ZONE

    def is_worked(self, day: date) -> bool:
        """Return whether the day is a working day."""
        kind = self.days.get(day)
        return day.weekday() < _SATURDAY if kind is None else kind == "workday"

    def sessions_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the sessions that end after an instant, in order, for ten years."""
        first = start.astimezone(self.zone).date()
        for offset in range(_FURTHEST.days):
            day = first + timedelta(days=offset)
            if self.is_worked(day):
                for begin, end in self.sessions:
                    closing = datetime.combine(day, end, self.zone)
                    if closing > start:
                        yield datetime.combine(day, begin, self.zone), closing


def due_at(start: datetime, within: float, unit: LimitUnit, calendar: WorkCalendar) -> datetime:
    """Return the instant at which a limit that begins at `start` has run out, in the zone of `start`.

    Parameters
    ----------
    within
        How many of the unit, more than 0; a part of a working day counts as a whole one.
    """
    if unit == "hours":
        ended = start + timedelta(hours=within)
    elif unit == "working_hours":
        ended = _after_working_hours(start, timedelta(hours=within), calendar)
    else:
        ended = _after_working_days(start, math.ceil(within), calendar)
    return min(ended, start + _FURTHEST).astimezone(start.tzinfo)


def due_of(limit: TimeLimit | None, start: datetime, calendar: WorkCalendar) -> Due:
    """Return until when a report that comes in at `start` is to be accepted and closed; None where nothing is set."""
    if limit is None:
        return Due()

    def end(within: float | None) -> datetime | None:
        return None if within is None else due_at(start, within, limit.unit, calendar)

    return Due(accept=end(limit.accept_within), close=end(limit.close_within))


def by_key(limits: Iterable[TimeLimit]) -> dict[LimitKey, TimeLimit]:
    """Return time limits by category and urgency."""
    return {(limit.category, limit.urgency): limit for limit in limits}


def limit_of(limits: Mapping[LimitKey, TimeLimit], categories: Iterable[str], urgency: str | None) -> TimeLimit | None:
    """Return the limit that holds: of the nearest category that has one, for this urgency before the one for any.

    Parameters
    ----------
    limits
        Those imported, by category and urgency.
    categories
        The report's category and those above it, the nearest first. `*` stands for any category and comes last.
    """
    for category in (*categories, "*"):
        for wanted in (urgency, None) if urgency is not None else (None,):
            limit = limits.get((category, wanted))
            if limit is not None:
                return limit
    return None


def _after_working_hours(start: datetime, left: timedelta, calendar: WorkCalendar) -> datetime:
    for begin, end in calendar.sessions_from(start):
        begins = max(start, begin)
        if left <= end - begins:
            return begins + left
        left -= end - begins
    return start + _FURTHEST


def _after_working_days(start: datetime, days: int, calendar: WorkCalendar) -> datetime:
    first = start.astimezone(calendar.zone).date()
    for offset in range(1, _FURTHEST.days):
        day = first + timedelta(days=offset)
        days -= calendar.is_worked(day)
        if days == 0:
            return datetime.combine(day, calendar.sessions[-1][1], calendar.zone)
    return start + _FURTHEST
