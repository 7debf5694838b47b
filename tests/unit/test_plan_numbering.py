"""Numbers of grids: reading order, codes that go on, codes that end, lineage."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from gisgrid.errors import Conflict
from gisgrid.model import Edition, Grid, Lineage
from gisgrid.plan.numbering import number_grids, reading_order
from tests.draw import COMMUNITY, Sketch, drawn

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def code(number: int) -> str:
    return f"{COMMUNITY}{number:03d}"


def edition(sketch: Sketch, **names: str) -> Edition:
    """The sketch as an edition; letter A is number 001, B 002 and so on."""
    grids = tuple(
        dataclasses.replace(
            grid, code=code(ord(grid.key) - 64), name=names.get(grid.key, f"第{ord(grid.key) - 64}网格")
        )
        for grid in sketch.grids
    )
    return Edition("1", COMMUNITY, "1", SINCE, None, grids)


def numbers(sketch: Sketch, current: Edition | None, used: set[str] | None = None) -> dict[str, int]:
    done = number_grids(sketch.grids, current, used or set(), COMMUNITY, sketch.households)
    return {grid.key: int(str(grid.code)[-3:]) for grid in done.grids}


def test_a_first_numbering_reads_like_a_page() -> None:
    sketch = drawn("DDAA\nDDAA\nCCBB\nCCBB")
    assert [sketch.grids[i].key for i in reading_order(sketch.grids)] == ["D", "A", "C", "B"]
    assert numbers(sketch, None) == {"D": 1, "A": 2, "C": 3, "B": 4}


def test_one_row_runs_from_west_to_east_and_one_column_from_north_to_south() -> None:
    assert [drawn("DCBA").grids[i].key for i in reading_order(drawn("DCBA").grids)] == ["D", "C", "B", "A"]
    column = drawn("D\nC\nB\nA")
    assert [column.grids[i].key for i in reading_order(column.grids)] == ["D", "C", "B", "A"]


def test_no_grids_have_no_order() -> None:
    assert reading_order([]) == []


def test_the_first_names_count_the_grids() -> None:
    done = number_grids(drawn("AB").grids, None, set(), COMMUNITY, {})
    assert [(grid.code, grid.name) for grid in done.grids] == [(code(1), "第1网格"), (code(2), "第2网格")]


def test_a_grid_that_keeps_most_of_its_people_keeps_code_and_name() -> None:
    before, after = drawn("AAABBB"), drawn("XXXXYY")
    done = number_grids(after.grids, edition(before, A="榕树网格"), set(), COMMUNITY, after.households)
    assert [(grid.key, grid.code, grid.name) for grid in done.grids] == [
        ("X", code(1), "榕树网格"),
        ("Y", code(2), "第2网格"),
    ]
    assert done.lineage == ()


def test_a_split_retires_the_parent_even_if_one_part_is_the_larger() -> None:
    before, after = drawn("AAAAAB"), drawn("XXXXYB")
    done = number_grids(after.grids, edition(before), {code(1), code(2)}, COMMUNITY, after.households)
    assert {grid.key: grid.code for grid in done.grids} == {"X": code(3), "Y": code(4), "B": code(2)}
    assert done.lineage == (Lineage(code(1), code(3), 400), Lineage(code(1), code(4), 100))


def test_a_merge_retires_both_parents_even_if_one_is_the_larger() -> None:
    before, after = drawn("AAAABC"), drawn("XXXXXC")
    done = number_grids(after.grids, edition(before), {code(1), code(2), code(3)}, COMMUNITY, after.households)
    assert {grid.key: grid.code for grid in done.grids} == {"X": code(4), "C": code(3)}
    assert done.lineage == (Lineage(code(1), code(4), 400), Lineage(code(2), code(4), 100))


def test_half_is_no_majority() -> None:
    before, after = drawn("AABB"), drawn("YXXY")
    assert set(numbers(after, edition(before), {code(1), code(2)}).values()) == {3, 4}


def test_the_people_decide_not_the_ground() -> None:
    before = drawn("AAAB", households="1 1 300 300")
    after = drawn("XXYY", households="1 1 300 300")
    # A keeps 2 of 302 households in X, 300 of 600 in Y: neither holds the majority of the other both ways.
    assert numbers(after, edition(before), {code(1), code(2)}) == {"X": 3, "Y": 4}


def test_grids_without_households_go_on_by_their_ground() -> None:
    before, after = drawn("AAAP", households="100 100 100 0"), drawn("XXXQ", households="100 100 100 0")
    present = edition(before)
    assert numbers(after, present) == {"X": 1, "Q": ord("P") - 64}


def test_an_empty_grid_that_ends_goes_into_the_one_that_takes_its_ground() -> None:
    before, after = drawn("AAB", households="100 100 0"), drawn("AAA", households="100 100 0")
    done = number_grids(after.grids, edition(before), set(), COMMUNITY, after.households)
    assert done.lineage == (Lineage(code(1), code(3), 200), Lineage(code(2), code(3), 0))


def test_new_codes_come_after_every_number_ever_used_and_fill_gaps_only_at_the_end() -> None:
    sketch = drawn("AB")
    assert numbers(sketch, None, {code(7)}) == {"A": 8, "B": 9}
    assert numbers(sketch, None, {code(n) for n in range(1, 1000) if n not in {4, 17}}) == {"A": 4, "B": 17}


def test_a_community_without_numbers_left_is_told_so() -> None:
    with pytest.raises(Conflict, match="0 grid numbers left and needs 1"):
        number_grids(drawn("A").grids, None, {code(n) for n in range(1, 1000)}, COMMUNITY, {})


def test_a_name_given_by_hand_is_kept() -> None:
    grids: list[Grid] = [dataclasses.replace(drawn("A").grids[0], name="河畔网格")]
    assert number_grids(grids, None, set(), COMMUNITY, {}).grids[0].name == "河畔网格"
