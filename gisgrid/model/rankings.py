"""The ranking of estates (红黑榜): quarters, what was counted, and places.

Room: the words. In: nothing. Out: frozen dataclasses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self
from zoneinfo import ZoneInfo

from gisgrid.errors import UsageError
from gisgrid.model.findings import Finding
from gisgrid.model.places import Estate

CITY_TIME: Final = ZoneInfo("Asia/Shanghai")
"""By whose clock a quarter begins."""
_FIRST_YEAR, _LAST_YEAR = 1950, 2200


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A quarter of a year by the city's clock.

    Examples
    --------
    >>> Quarter.parse("2026Q1").previous
    Quarter(year=2025, number=4)
    >>> str(Quarter(2026, 3)), Quarter(2026, 3).begin.isoformat(), Quarter(2026, 4).end.isoformat()
    ('2026Q3', '2026-07-01T00:00:00+08:00', '2027-01-01T00:00:00+08:00')
    """

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the quarter that is written as 2026Q3.

        Raises
        ------
        UsageError
            The text is no quarter.
        """
        match = re.fullmatch(r"([0-9]{4})-?[Qq]([1-4])", text.strip())
        if match is None or not _FIRST_YEAR <= int(match[1]) <= _LAST_YEAR:
            raise UsageError(f"{text!r} is no quarter; write for example 2026Q3.")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """Return the quarter that an instant lies in."""
        day = moment.astimezone(CITY_TIME)
        return cls(day.year, (day.month + 2) // 3)

    @property
    def previous(self) -> Quarter:
        """The quarter before."""
        return Quarter(self.year - 1, 4) if self.number == 1 else Quarter(self.year, self.number - 1)

    @property
    def begin(self) -> datetime:
        """Its first instant."""
        return datetime(self.year, 3 * self.number - 2, 1, tzinfo=CITY_TIME)

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        following = Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)
        return following.begin

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"


@dataclass(frozen=True, slots=True)
class EstateCount:
    """What was reported of an estate in a quarter.

    Attributes
    ----------
    reports
        All of them, by the time of the report, else of its arrival.
    due
        Those whose time to be closed has run out, or that were closed within it: those that can be judged.
    late
        Of these, closed too late or still open.
    reopened
        Reports that were opened again at least once.
    """

    reports: int = 0
    due: int = 0
    late: int = 0
    reopened: int = 0

    @property
    def on_time(self) -> float | None:
        """The share of those that can be judged that were closed in time; None where none can be."""
        return None if self.due == 0 else (self.due - self.late) / self.due


@dataclass(frozen=True, slots=True)
class QuarterCounts:
    """What was reported in a quarter: by estate, and how much belongs to no estate."""

    estates: Mapping[str, EstateCount]
    elsewhere: int = 0

    @property
    def reports(self) -> int:
        """All reports of estates."""
        return sum(count.reports for count in self.estates.values())


@dataclass(frozen=True, slots=True)
class RankedEstate:
    """An estate's place in a quarter.

    Attributes
    ----------
    households
        In all its buildings.
    points
        Reports, late ones once more and reopened ones once more, per 100 households; None without households.
    place
        1 is the best; equal points share a place, and the next one is left out. None where it cannot be ranked.
    change
        By how many places it is better than the quarter before; None where there was no place.
    """

    estate: Estate
    households: int
    count: EstateCount
    points: float | None
    place: int | None
    change: int | None

    @property
    def per_100(self) -> float | None:
        """Reports per 100 households; None without households."""
        return 100 * self.count.reports / self.households if self.households else None


@dataclass(frozen=True, slots=True)
class Ranking:
    """The ranking of a division's estates in a quarter, the best first, those that cannot be ranked last."""

    quarter: Quarter
    estates: tuple[RankedEstate, ...]
    findings: tuple[Finding, ...]
