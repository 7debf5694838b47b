"""Laws of addresses: a normal form is its own normal form, and spellings of one address have the same."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gisgrid.dispatch.addresses import building_parts, normalise, parts_after, take_apart
from gisgrid.dispatch.matching import PlaceIndex, PlaceName, agreement

PIECES = st.sampled_from(
    list("零一二三十百两〇壹拾0123456789０１２ABaｂ幢栋座楼号弄巷期区室层户门院#＃-－—  ，.。()（）第单元龙凤嘉苑路街")
)
NAMES = st.text(st.sampled_from("龙凤嘉苑科园花城南山万象春江名都锦绣里"), min_size=3, max_size=8)
WIDE = str.maketrans("0123456789-#", "０１２３４５６７８９－＃")
CHINESE = "零一二三四五六七八九"


def spoken(number: int) -> str:
    """The number as it is said: 12 → 十二, 203 → 二百零三, 210 → 二百一十."""
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    words = f"{CHINESE[hundreds]}百" if hundreds else ""
    if tens:
        words += ("" if tens == 1 and not hundreds else CHINESE[tens]) + "十"
    elif hundreds and ones:
        words += "零"
    return words + (CHINESE[ones] if ones else "")


@st.composite
def spelled_buildings(draw: st.DrawFn, number: int) -> str:
    """A spelling of building `number` and of a flat in it."""
    figure = draw(
        st.sampled_from(
            [str(number), f"{number:03d}", str(number).translate(WIDE), spoken(number), f"第{spoken(number)}"]
        )
    )
    unit = draw(st.sampled_from(["栋", "幢", "号楼", "座", "#", "＃", "#楼", "栋楼"]))
    blank = draw(st.sampled_from(["", " ", "　", "，", "（"]))
    flat = draw(st.sampled_from(["", "2单元", "二单元501室", "2門501户", "２单元-501", "1002房", "-2-501"]))
    return f"{blank}{figure}{unit}{draw(st.sampled_from(['', ' ', '-']))}{flat}"


@given(st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=24).map("".join)))
@example("２０２６-05-04 ３＃ 五〇一")
@example("1º한글")
def test_a_normal_form_is_its_own_normal_form(text: str) -> None:
    normal = normalise(text)
    assert normalise(normal) == normal


@given(NAMES, st.integers(1, 399), st.data())
def test_spellings_of_one_building_are_one_address(name: str, number: int, data: st.DataObject) -> None:
    text = name + data.draw(spelled_buildings(number))
    assert take_apart(normalise(text)) == take_apart(normalise(f"{name}{number}栋"))
    assert parts_after(normalise(text), len(name)) == ((str(number), "栋"),)


@given(NAMES, st.integers(1, 399), st.sampled_from(["号", "弄", "巷", "期", "排"]))
def test_numerals_count_in_every_unit(name: str, number: int, unit: str) -> None:
    assert normalise(f"{name}{spoken(number)}{unit}") == normalise(f"{name}{number}{unit}")


@given(st.integers(1, 399), st.integers(1, 399))
def test_two_buildings_are_never_one(a: int, b: int) -> None:
    assume(a != b)
    first, second = building_parts(normalise(f"{spoken(a)}幢")), building_parts(normalise(f"{b}号楼"))
    assert first is not None
    assert second is not None
    assert agreement(first, second) == 0.0


@given(st.dictionaries(st.sampled_from("栋号弄期"), st.integers(1, 9).map(str), max_size=3), st.data())
def test_numbers_agree_wholly_only_with_themselves(parts: dict[str, str], data: st.DataObject) -> None:
    entry = tuple((number, unit) for unit, number in parts.items())
    other = tuple(
        (number, unit)
        for unit, number in data.draw(
            st.dictionaries(st.sampled_from("栋号弄期"), st.integers(1, 9).map(str), max_size=3)
        ).items()
    )
    score = agreement(entry, other)
    assert 0.0 <= score <= 1.0
    assert agreement(entry, entry) == 1.0
    assert (score == 1.0) == (dict(map(reversed, entry)) == dict(map(reversed, other)))


@given(st.lists(NAMES, min_size=1, max_size=6, unique=True), st.integers(1, 30), st.text(max_size=30), st.data())
def test_a_building_is_the_best_candidate_of_whatever_spelling(
    estates: list[str], number: int, before: str, data: st.DataObject
) -> None:
    assume(not any(a in b for a in estates for b in estates if a != b))
    names = [PlaceName("building", f"{name}-{each}", f"{each}幢", name) for name in estates for each in range(1, 31)]
    index = PlaceIndex([*names, *(PlaceName("estate", name, name) for name in estates)])
    text = estates[0] + data.draw(spelled_buildings(number))
    best = index.match(text, None)[0]
    assert (best.code, best.score) == (f"{estates[0]}-{number}", 1.0)
    found = index.match(None, before + "，" + text)
    assert len(found) <= 20
    assert [match.score for match in found] == sorted((match.score for match in found), reverse=True)
    assert f"{estates[0]}-{number}" in {match.code for match in found}


@pytest.mark.parametrize("name", ["五一路", "三里屯", "十里河", "八一小学", "一百货大楼"])
def test_a_numeral_that_counts_nothing_stays(name: str) -> None:
    assert normalise(name) == name
