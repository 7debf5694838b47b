"""Until when a report is due: worked examples around a real holiday, and laws."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisgrid.dispatch.limits import ZONE, WorkCalendar, by_key, due_at, due_of, limit_of
from gisgrid.model import DayKind, Due, LimitUnit, TimeLimit

DAYS: dict[date, DayKind] = {
    **{date(2026, 5, day): "holiday" for day in range(1, 6)},
    date(2026, 5, 9): "workday",
}
"""Labour Day of 2026: Friday 1 May to Tuesday 5 May off, Saturday 9 May worked instead."""
MAY = WorkCalendar(DAYS)
ALWAYS_OFF = WorkCalendar({date(2026, 1, 1) + timedelta(days=day): "holiday" for day in range(4_500)})


def at(text: str) -> datetime:
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("start", "within", "unit", "due"),
    [
        ("04-30 17:00", 2, "hours", "04-30 19:00"),
        ("05-01 09:00", 24, "hours", "05-02 09:00"),  # hours run on holidays too
        ("04-29 09:00", 2, "working_hours", "04-29 11:00"),
        ("04-29 11:00", 2, "working_hours", "04-29 15:30"),  # over the noon break
        ("04-29 11:00", 1, "working_hours", "04-29 12:00"),  # up to its very end
        ("04-29 13:00", 1, "working_hours", "04-29 15:30"),  # begun within the break
        ("04-29 17:00", 2, "working_hours", "04-30 09:30"),  # over night
        ("04-30 17:30", 1, "working_hours", "05-06 09:00"),  # over the holiday
        ("05-03 10:00", 0.5, "working_hours", "05-06 09:00"),
        ("05-08 17:30", 1, "working_hours", "05-09 09:00"),  # the Saturday that is worked
        ("04-28 09:00", 1, "working_days", "04-29 18:00"),
        ("04-28 23:59", 1, "working_days", "04-29 18:00"),
        ("04-30 09:00", 1, "working_days", "05-06 18:00"),
        ("05-07 09:00", 2, "working_days", "05-09 18:00"),
        ("05-08 09:00", 2, "working_days", "05-11 18:00"),
        ("05-07 09:00", 1.5, "working_days", "05-09 18:00"),
    ],
)
def test_worked_examples(start: str, within: float, unit: LimitUnit, due: str) -> None:
    assert due_at(at(start), within, unit, MAY) == at(due)
    assert due_at(at(start).astimezone(UTC), within, unit, MAY) == at(due)


STARTS = st.datetimes(datetime(2026, 4, 1), datetime(2026, 6, 1)).map(lambda moment: moment.replace(tzinfo=ZONE))  # noqa: DTZ001
WITHIN = st.floats(0.01, 300)
UNITS = st.sampled_from(["hours", "working_hours", "working_days"])
CALENDARS = st.dictionaries(
    st.dates(date(2026, 3, 25), date(2026, 12, 31)), st.sampled_from(["holiday", "workday"]), max_size=40
).map(WorkCalendar)


@given(STARTS, st.timedeltas(timedelta(0), timedelta(days=9)), WITHIN, UNITS, CALENDARS)
def test_who_comes_later_is_never_due_sooner(
    start: datetime, later: timedelta, within: float, unit: LimitUnit, calendar: WorkCalendar
) -> None:
    due = due_at(start, within, unit, calendar)
    assert start < due <= due_at(start + later, within, unit, calendar)


@given(STARTS, WITHIN, WITHIN, UNITS, CALENDARS)
def test_more_time_is_never_due_sooner(
    start: datetime, within: float, more: float, unit: LimitUnit, calendar: WorkCalendar
) -> None:
    assert due_at(start, within, unit, calendar) <= due_at(start, within + more, unit, calendar)


@given(STARTS, st.integers(1, 120), CALENDARS)
def test_working_hours_are_as_many_as_were_given(start: datetime, within: int, calendar: WorkCalendar) -> None:
    due = due_at(start, within, "working_hours", calendar)
    worked = timedelta(0)
    for begin, end in calendar.sessions_from(start):
        if begin >= due:
            break
        worked += min(due, end) - max(start, begin)
    assert worked == timedelta(hours=within)


@given(STARTS, st.integers(1, 40), CALENDARS)
def test_working_days_are_worked_and_as_many_as_were_given(
    start: datetime, within: int, calendar: WorkCalendar
) -> None:
    due = due_at(start, within, "working_days", calendar).astimezone(ZONE)
    between = (due.date() - start.date()).days
    worked = [calendar.is_worked(start.date() + timedelta(days=offset)) for offset in range(1, between + 1)]
    assert sum(worked) == within
    assert worked[-1]


def test_a_calendar_without_work_comes_to_an_end() -> None:
    for unit in ("working_hours", "working_days"):
        assert due_at(at("04-29 09:00"), 1, unit, ALWAYS_OFF) == at("04-29 09:00") + timedelta(days=3_660)


def test_the_nearest_category_decides_and_the_urgency_before_any() -> None:
    urgent, plain, above, anything = given = [
        TimeLimit("0103", "紧急", "hours", 0.5, 4),
        TimeLimit("0103", None, "working_hours", 2, 8),
        TimeLimit("01", "特急", "hours", 0.25, 1),
        TimeLimit("*", None, "working_days", 1, 5),
    ]
    limits = by_key(given)
    assert limit_of(limits, ["0103", "01"], "紧急") is urgent
    assert limit_of(limits, ["0103", "01"], None) is plain
    assert limit_of(limits, ["0103", "01"], "特急") is plain  # the nearest category, before the urgency above it
    assert limit_of(limits, ["0104", "01"], "特急") is above
    assert limit_of(limits, ["0104", "01"], "紧急") is anything
    assert limit_of(limits, [], None) is anything
    assert limit_of(by_key(given[:3]), [], None) is None


def test_what_is_not_set_is_not_due() -> None:
    start = at("04-29 09:00")
    assert due_of(None, start, MAY) == Due()
    assert due_of(TimeLimit("*", None, "hours", close_within=1), start, MAY) == Due(None, start + timedelta(hours=1))
