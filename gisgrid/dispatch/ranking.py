"""The ranking of estates (红黑榜): points per 100 households, places, and the change against the quarter before.

Room `dispatch`, pure. In: estates, households, what was counted in two quarters. Out: a `Ranking`. Imports the nouns
only.

A report is a point, one that was late one more, one that was opened again one more; per 100 households, so that large
estates stand beside small ones. Points do not depend on the other estates, so two quarters can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gisgrid.model import Estate, Finding, Rule
from gisgrid.model.rankings import EstateCount, Quarter, QuarterCounts, RankedEstate, Ranking

NO_HOUSEHOLDS: Final = Rule(
    "estate_without_households",
    "warning",
    "Estate {estate} has {reports} reports and no households, so it is not ranked; import its household counts.",
    "小区{estate}有{reports}件诉求但没有户数，未参加排名；请补充户数。",
)
NO_REPORTS: Final = Rule(
    "quarter_without_reports",
    "warning",
    "No report of {quarter} lies in an estate here, so there is no ranking of it; import that quarter's reports or ask "
    "for another quarter.",
    "{quarter}没有落在小区内的诉求，该季度不排名；请补录诉求或查询其他季度。",
)
NOTHING_BEFORE: Final = Rule(
    "quarter_before_without_reports",
    "info",
    "No report of {quarter} lies in an estate here, so no change against it is told.",
    "{quarter}没有落在小区内的诉求，不计名次变化。",
)
ELSEWHERE: Final = Rule(
    "reports_of_no_estate",
    "info",
    "{reports} reports of {quarter} lie in these grids and in no estate; they count for none.",
    "{quarter}有{reports}件诉求在本区域网格内但不属于任何小区，未计入排名。",
)
NOT_OVER: Final = Rule(
    "quarter_not_over",
    "info",
    "{quarter} is not over; its places are those so far.",
    "{quarter}尚未结束，名次为截至目前的结果。",
)


def rank_estates(
    quarter: Quarter,
    estates: Sequence[Estate],
    households: Mapping[str, int],
    now: QuarterCounts,
    before: QuarterCounts,
    *,
    is_over: bool = True,
) -> Ranking:
    """Return the places of estates in a quarter, and their change against the quarter before.

    Parameters
    ----------
    estates
        Those that are ranked.
    households
        By code of the estate; the same for both quarters.
    now, before
        What was counted in the quarter and in the one before.
    """
    places = _places(estates, households, now)
    past = _places(estates, households, before)
    ranked = []
    for estate in estates:
        count, place, old = now.estates.get(estate.code, EstateCount()), places.get(estate.code), past.get(estate.code)
        size = households.get(estate.code, 0)
        change = None if place is None or old is None else old - place
        ranked.append(RankedEstate(estate, size, count, _points(count, size), place, change))
    ranked.sort(key=lambda each: (each.place is None, each.place or 0, each.estate.code))
    findings = [] if is_over else [NOT_OVER.finding(quarter=quarter)]
    return Ranking(quarter, tuple(ranked), (*findings, *_findings(quarter, ranked, now, before)))


def _points(count: EstateCount, households: int) -> float | None:
    return 100 * (count.reports + count.late + count.reopened) / households if households else None


def _places(estates: Sequence[Estate], households: Mapping[str, int], counts: QuarterCounts) -> dict[str, int]:
    """Return the place of each estate that has households; none at all in a quarter without reports."""
    if not counts.reports:
        return {}
    points = {
        estate.code: value
        for estate in estates
        if (value := _points(counts.estates.get(estate.code, EstateCount()), households.get(estate.code, 0)))
        is not None
    }
    return {code: 1 + sum(other < value for other in points.values()) for code, value in points.items()}


def _findings(
    quarter: Quarter, ranked: Sequence[RankedEstate], now: QuarterCounts, before: QuarterCounts
) -> Iterator[Finding]:
    if not now.reports:
        yield NO_REPORTS.finding(quarter=quarter)
    elif not before.reports:
        yield NOTHING_BEFORE.finding(quarter=quarter.previous)
    for each in ranked:
        if not each.households and each.count.reports:
            code = each.estate.code
            yield NO_HOUSEHOLDS.finding(codes=(code,), estate=each.estate.name, reports=each.count.reports)
    if now.elsewhere:
        yield ELSEWHERE.finding(quarter=quarter, reports=now.elsewhere)
