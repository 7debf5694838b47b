"""The ranking of estates: points, shared places, what cannot be ranked and is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gisgrid.dispatch.ranking import rank_estates
from gisgrid.errors import UsageError
from gisgrid.maps.ranking_tables import ranking_table
from gisgrid.model import Estate
from gisgrid.model.rankings import EstateCount, Quarter, QuarterCounts, Ranking

Q3 = Quarter(2026, 3)
NAMES = ("A", "B", "C", "D")
ESTATES = tuple(Estate(name, f"{name}小区") for name in NAMES)


def ranked(
    now: dict[str, EstateCount], before: dict[str, EstateCount] | None = None, *, elsewhere: int = 0, **households: int
) -> Ranking:
    sizes = dict.fromkeys(NAMES, 100) | households
    return rank_estates(Q3, ESTATES, sizes, QuarterCounts(now, elsewhere), QuarterCounts(before or {}))


def places(ranking: Ranking) -> dict[str, int | None]:
    return {each.estate.code: each.place for each in ranking.estates}


def rules(ranking: Ranking) -> list[str]:
    return [finding.rule for finding in ranking.findings]


def test_late_and_reopened_reports_count_again_per_100_households() -> None:
    found = ranked({"A": EstateCount(4, 4, 0, 0), "B": EstateCount(2, 2, 2, 1), "C": EstateCount(6)}, C=200)
    points = {each.estate.code: each.points for each in found.estates}
    assert points == {"D": 0, "C": 3, "A": 4, "B": 5}
    assert list(points) == ["D", "C", "A", "B"]
    assert [each.count.on_time for each in found.estates] == [None, None, 1.0, 0.0]


def test_equal_points_share_a_place_and_the_next_is_left_out() -> None:
    found = ranked({"A": EstateCount(3), "B": EstateCount(1), "C": EstateCount(1)})
    assert places(found) == {"D": 1, "B": 2, "C": 2, "A": 4}


def test_the_change_is_told_against_the_quarter_before() -> None:
    found = ranked({"A": EstateCount(3), "B": EstateCount(1)}, {"A": EstateCount(1), "B": EstateCount(9)})
    changes = {each.estate.code: each.change for each in found.estates}
    assert changes == {"C": 0, "D": 0, "B": 1, "A": -1}
    words = {row[3]: row[1] for row in ranking_table(found).rows}
    assert words == {"A": "下降1位", "B": "上升1位", "C": "持平", "D": "持平"}


def test_what_cannot_be_ranked_is_told_and_not_guessed() -> None:
    bare = ranked({"A": EstateCount(3), "B": EstateCount(1)}, {"B": EstateCount(1)}, elsewhere=7, A=0, D=0)
    assert places(bare) == {"C": 1, "B": 2, "A": None, "D": None}
    assert rules(bare) == ["estate_without_households", "reports_of_no_estate"]
    assert ranking_table(bare).rows[-2][0] == "不排名"
    quiet = ranked({}, {"B": EstateCount(1)})
    assert (set(places(quiet).values()), rules(quiet)) == ({None}, ["quarter_without_reports"])
    first = ranked({"B": EstateCount(1)})
    assert {each.change for each in first.estates} == {None}
    assert rules(first) == ["quarter_before_without_reports"]
    assert "2026Q2没有落在小区内的诉求" in str(ranking_table(first).note)


counts = st.builds(EstateCount, st.integers(0, 5), st.integers(3, 5), st.integers(0, 3), st.integers(0, 2))


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(NAMES), counts), st.dictionaries(st.sampled_from(NAMES), st.integers(0, 9)))
def test_fewer_points_are_never_a_later_place(now: dict[str, EstateCount], households: dict[str, int]) -> None:
    found = ranked(now, **households)
    placed = [each for each in found.estates if each.place is not None]
    assert all(each.households for each in placed)
    for one in placed:
        for other in placed:
            assert (one.points < other.points) == (one.place < other.place)  # type: ignore[operator]  # both are placed
    if placed:
        assert placed[0].place == 1


def test_a_quarter_begins_by_the_citys_clock() -> None:
    last = datetime(2026, 6, 30, 15, 59, 59, tzinfo=UTC)
    assert Quarter.of(last) == Quarter(2026, 2)
    assert Quarter.of(datetime(2026, 6, 30, 16, tzinfo=UTC)) == Q3
    assert Q3.begin == datetime(2026, 6, 30, 16, tzinfo=UTC) == Quarter(2026, 2).end
    for text in ("2026", "2026Q5", "Q3", "0001Q1", "２０２６Q1", ""):
        with pytest.raises(UsageError, match="is no quarter"):
            Quarter.parse(text)
