"""Dates and times as people write them become instants with a zone.

Room: ingest. In: a cell, the zone of the file. Out: a datetime, or `BadCell`. Nothing is guessed: whether `03/04/2026`
is in March or April is read from the other cells of the column, or refused.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from gisgrid.ingest.values import BadCell, shown
from gisgrid.model import Rule

NOT_A_TIME = Rule(
    "not_a_time",
    "error",
    "{field} is “{value}”; write it as 2026-03-01 or 2026-03-01 08:30.",
    "{field} 的值“{value}”不是可识别的日期时间；请写成 2026-03-01 或 2026-03-01 08:30。",
)
AMBIGUOUS_DAY = Rule(
    "ambiguous_day",
    "error",
    "{field} is “{value}”, and nothing in the column tells the day from the month; write it as 2026-03-01.",
    "{field} 的值“{value}”无法区分日和月；请写成 2026-03-01。",
)

_SLASHED: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ T]+(\d{1,2}:\d{2}(?::\d{2})?)(?:\s*([AaPp][Mm]))?)?")
_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(.*)", re.DOTALL)
_CLOCK_FORMATS: Final = ("", "%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%H时%M分", "%H时%M分%S秒")


def read_time(cell: Any, zone: ZoneInfo, *, day_first: bool | None) -> datetime:
    """Return an instant with its zone.

    Parameters
    ----------
    cell
        A datetime or date, ISO 8601, `2026/3/1 8:30`, `2026年3月1日`, or `03/01/2026 08:30:00 AM`.
    zone
        What a time without a zone of its own is in.
    day_first
        For `03/01/2026`: whether the first figure is the day; None where the column does not tell.

    Raises
    ------
    BadCell
        No such form, no such day, or the day cannot be told from the month.
    """
    if isinstance(cell, datetime):
        found = cell
    elif isinstance(cell, date):
        found = datetime(cell.year, cell.month, cell.day, tzinfo=zone)
    else:
        found = _parsed_time(unicodedata.normalize("NFKC", str(cell)).strip(), day_first)
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def _parsed_time(text: str, day_first: bool | None) -> datetime:
    """Return the time that a text writes, with a zone only where the text has one."""
    try:
        if slashed := _SLASHED.fullmatch(text):
            return _slashed_time(slashed, day_first)
        if year_first := _YEAR_FIRST.fullmatch(text):
            year, month, day, rest = year_first.groups()
            written = f"{year}-{int(month):02}-{int(day):02}"
            clock = rest.strip().removeprefix("T").strip()
            for form in _CLOCK_FORMATS:
                try:
                    return datetime.strptime(f"{written} {clock}", f"%Y-%m-%d {form}")  # noqa: DTZ007  the caller adds the zone
                except ValueError:
                    continue
            return datetime.fromisoformat(f"{written}T{clock}")
    except ValueError as fault:
        raise BadCell(NOT_A_TIME, value=shown(text)) from fault
    raise BadCell(NOT_A_TIME, value=shown(text))


def _slashed_time(slashed: re.Match[str], day_first: bool | None) -> datetime:
    """Return the time of `03/01/2026 08:30 AM` by the order that the column has shown."""
    first, second, year, clock, half = slashed.groups()
    if day_first is None and first != second:
        raise BadCell(AMBIGUOUS_DAY, value=shown(slashed.group()))
    day, month = (first, second) if day_first else (second, first)
    parts = [int(each) for each in (clock or "0:0").split(":")]
    hour, minute, second_of_minute = (*parts, 0)[:3]
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(f"{hour} {half}")
        hour = hour % 12 + (12 if half.lower() == "pm" else 0)
    return datetime(int(year), int(month), int(day), hour, minute, second_of_minute)  # noqa: DTZ001  the caller adds the zone


def day_comes_first(cells: list[Any]) -> bool | None:
    """Return whether a column of `03/01/2026` writes the day first; None where it does not tell, or tells both."""
    first = second = False
    for cell in cells:
        found = _SLASHED.fullmatch(cell.strip()) if isinstance(cell, str) else None
        if found:
            first = first or int(found.group(1)) > 12
            second = second or int(found.group(2)) > 12
    return None if first == second else first
