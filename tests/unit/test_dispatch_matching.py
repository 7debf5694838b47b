"""What a text may mean: a small register of names, and sentences as they are spoken into a hotline."""

from __future__ import annotations

import pytest

from gisgrid.dispatch.assignment import Placement, with_candidates
from gisgrid.dispatch.matching import MOST_CANDIDATES, PlaceIndex, PlaceName
from gisgrid.model import Assignment, Candidate

INDEX = PlaceIndex(
    [
        PlaceName("estate", "E1", "龙凤嘉苑"),
        PlaceName("estate", "E1", "老纺织厂家属院"),
        PlaceName("estate", "E2", "科苑花园小区"),
        PlaceName("estate", "E3", "科苑"),
        *(PlaceName("building", f"E1-{n}", f"{n}幢", "龙凤嘉苑") for n in range(1, 41)),
        *(PlaceName("building", f"E1-{n}", f"{n}幢", "老纺织厂家属院") for n in range(1, 41)),
        PlaceName("building", "E2-3", "3", "科苑花园小区"),
        PlaceName("building", "E2-Z", "综合楼", "科苑花园小区"),
        PlaceName("building", "R12", "深圳市南山区粤海街道科苑南路12号"),
        PlaceName("building", "R12-3", "粤海街道科苑南路12号3栋"),
        PlaceName("building", "R14", "科苑南路14号"),
        PlaceName("building", "S1", "曹杨路100弄5号"),
        PlaceName("building", "S2", "曹杨路102弄5号"),
        PlaceName("building", "no name", "3栋"),
    ],
    ["南山区", "粤海街道"],
)


@pytest.mark.parametrize(
    ("text", "best", "score"),
    [
        ("龙凤嘉苑五号楼二单元门口垃圾没人清", "E1-5", 0.9),
        ("我住龙凤嘉苑小区的5＃，楼上漏水", "E1-5", 0.9),
        ("老纺织厂家属院十二幢", "E1-12", 0.9),
        ("龙凤嘉园十二幢路灯不亮", "E1-12", 0.608),
        ("龙凤苑12栋", "E1-12", 0.608),
        ("龙凤嘉苑12号", "E1-12", 0.81),
        ("龙凤嘉苑3-2-501", "E1-3", 0.9),
        ("龙凤嘉苑门口", "E1", 0.9),
        ("龙凤嘉苑99栋", "E1", 0.63),
        ("龙凤嘉苑31#-2-501", "E1-31", 0.9),
        ("科苑南路12号，楼上漏水", "R12", 0.9),
        ("科苑花园三号楼", "E2-3", 0.9),
        ("科苑花园综合楼", "E2-Z", 0.9),
        ("科苑南路12号", "R12", 0.9),
        ("科苑南路十二号第三栋", "R12-3", 0.9),
        ("曹杨路一百零二弄5号", "S2", 0.9),
    ],
)  # fmt: skip
def test_the_likeliest_place_of_a_sentence(text: str, best: str, score: float) -> None:
    found = INDEX.match(None, text)
    assert (found[0].code, found[0].score) == (best, score)
    assert found[0].field == "text"


def test_a_number_that_contradicts_excludes() -> None:
    assert {match.code for match in INDEX.match("曹杨路102弄5号", None)} == {"S2"}
    assert not {match.code for match in INDEX.match("龙凤嘉苑5栋", None)} & {"E1-15", "E1-50"}


def test_the_address_counts_for_more_than_the_text() -> None:
    found = INDEX.match("龙凤嘉苑5栋", "从科苑花园3栋打来")
    assert [(match.code, match.field) for match in found[:2]] == [("E1-5", "address"), ("E2-3", "text")]


def test_a_name_within_a_longer_name_counts_for_less() -> None:
    scores = {match.code: match.score for match in INDEX.match("科苑花园", None)}
    assert scores["E2"] == 1.0 > scores["E3"]


@pytest.mark.parametrize("text", ["", "路灯不亮", "3栋2单元", "？？？", "\x00" * 9, "啊" * 5000])
def test_words_without_a_name_give_no_candidate(text: str) -> None:
    assert INDEX.match(text, text) == []
    assert PlaceIndex([]).match(text, text) == []


def test_there_are_at_most_twenty() -> None:
    road = PlaceIndex([PlaceName("building", str(n), f"长安街{n}号") for n in range(1, 100)])
    assert len(road.match("长安街上", None)) == MOST_CANDIDATES


def test_candidates_are_told_by_a_finding_and_assign_nothing() -> None:
    placement = Placement(None, Assignment(None, "unplaced"))
    best = Candidate("building", "E1-5", "龙凤嘉苑5幢", ("990101001001001",), 0.9, "龙凤嘉苑5幢", "text")
    other = Candidate("estate", "E1", "龙凤嘉苑", (), 0.63, "龙凤嘉苑", "text")
    told = with_candidates(placement, [best, other]).assignment
    assert (told.grid, told.method, told.candidates) == (None, "unplaced", (best, other))
    assert [finding.rule for finding in told.findings] == ["report_place_candidates"]
    assert told.findings[0].codes == ("E1-5", "E1")
    assert "龙凤嘉苑5幢 (score 0.90, grid 990101001001001) or 1 other place" in told.findings[0].message
    assert with_candidates(placement, []) == placement
