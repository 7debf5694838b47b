"""Suggestions: different, the best first, or the rule in the way."""

from __future__ import annotations

import dataclasses

import pytest

from gisgrid.errors import Conflict, NotFound
from gisgrid.model import DrawSettings
from gisgrid.plan import edits
from gisgrid.plan.choices import Suggestions
from gisgrid.plan.sheet import Sheet
from gisgrid.plan.suggest import suggest_balance, suggest_merge, suggest_split
from tests.draw import COMMUNITY, Sketch, drawn


def sheet(sketch: Sketch, settings: DrawSettings | None = None) -> Sheet:
    return Sheet.of(sketch.grids, (sketch.cells, sketch.borders), sketch.inputs, settings or DrawSettings())


def rules(found: Suggestions) -> list[str]:
    return [finding.rule for finding in found.findings]


def loads(found: Suggestions, choice: int = 0) -> dict[str, int]:
    """Households of the grids that a choice changes and leaves."""
    changes = found.choices[choice].effect.grids
    return {change.key: change.after.households for change in changes if change.after is not None}


LARGE = drawn("AAAAAA\nAAAAAA\nAAAAAA\nBBBBBB", households={"A": 50, "B": 60})


def test_a_split_offers_three_different_ways_in_band_the_best_first() -> None:
    found = suggest_split(sheet(LARGE), "A", seed=1)
    assert (len(found.choices), rules(found)) == (3, [])
    costs = [choice.effect.cost_change for choice in found.choices]
    assert costs == sorted(costs)
    for position, choice in enumerate(found.choices):
        assert choice.effect.in_band
        assert sum(loads(found, position).values()) == 900
        assert all(change.after is not None and change.after.pieces == 1 for change in choice.effect.grids)
        assert all(move.begins and move.households for move in choice.moves)
    assert len({choice.moves for choice in found.choices}) == 3
    assert suggest_split(sheet(LARGE), "A", seed=1) == found


def test_a_split_makes_as_many_grids_as_the_households_want() -> None:
    found = suggest_split(sheet(drawn("AAAAAA\nAAAAAA", households=100)), "A")
    assert len(loads(found)) == 3
    assert sorted(loads(found)) == ["1", "2", "A"]
    assert max(loads(found).values()) == loads(found)["A"]


def test_a_split_names_the_rule_in_the_way() -> None:
    small = suggest_split(sheet(drawn("AAAA", households=100)), "A")
    assert (small.choices, rules(small)) == ((), ["no_number_of_grids"])
    assert "400 households make no number of grids from 2 on with 300 to 500 each" in small.findings[0].message
    tower = suggest_split(sheet(drawn("A", households=640)), "A")
    assert rules(tower) == ["nothing_to_divide"]
    with_shed = suggest_split(sheet(drawn("AA", households="640 0")), "A")
    assert (with_shed.choices, rules(with_shed)) == ((), ["building_above_band"])
    assert "B000 alone holds 640" in with_shed.findings[0].message
    beside = suggest_split(sheet(drawn("AAAA", households="640 150 150 100")), "A")
    assert rules(beside)[0] == "building_above_band"
    assert loads(beside) == {"A": 640, "1": 400}
    between = suggest_split(sheet(drawn("AAAAA", households=116)), "A")  # 580: one is too many, two are too few
    assert rules(between) == ["no_number_of_grids", "still_off_band"]
    assert between.choices[0].effect.off_band_change < 0


def test_what_is_settled_takes_no_part() -> None:
    grids = tuple(dataclasses.replace(grid, kind="dedicated") for grid in LARGE.grids)
    assert rules(suggest_split(sheet(dataclasses.replace(LARGE, grids=grids)), "A")) == ["grid_settled"]
    coded = tuple(dataclasses.replace(grid, code=f"{COMMUNITY}00{i}") for i, grid in enumerate(LARGE.grids, start=1))
    locked = sheet(dataclasses.replace(LARGE, grids=coded), DrawSettings(locked_grids=(f"{COMMUNITY}001",)))
    assert rules(suggest_split(locked, "A")) == ["grid_settled"]
    assert rules(suggest_merge(locked, "B")) == ["no_neighbour"]
    assert rules(suggest_split(sheet(drawn("ABA", households=300)), "A")) == ["grid_in_pieces"]
    with pytest.raises(NotFound, match="its grids are A, B"):
        suggest_split(sheet(LARGE), "X")
    bare = tuple(dataclasses.replace(grid, cells=()) for grid in LARGE.grids)
    with pytest.raises(Conflict, match="repair it first"):
        suggest_split(sheet(dataclasses.replace(LARGE, grids=bare)), "A")


def test_a_locked_building_keeps_its_grid_through_a_split() -> None:
    for building in ("B000", "B017"):
        found = suggest_split(sheet(LARGE, DrawSettings(locked_buildings=(building,))), "A")
        assert found.choices
        assert not any(building in move.buildings for choice in found.choices for move in choice.moves)


def test_locks_at_both_ends_stand_in_the_way() -> None:
    row = drawn("AAAAAA", households=120)
    found = suggest_split(sheet(row, DrawSettings(locked_buildings=("B000", "B005"))), "A")
    assert (found.choices, rules(found)) == ((), ["locks_in_the_way"])


def test_a_merge_with_each_neighbour() -> None:
    found = suggest_merge(sheet(drawn("ABBC", households={"A": 120, "B": 100, "C": 300})), "A")
    assert loads(found) == {"B": 320}
    assert found.choices[0].moves[0].buildings == ("B000",)
    assert found.choices[0].effect.grids[0].after is None


def test_a_merge_above_the_band_divides_the_two_anew() -> None:
    found = suggest_merge(sheet(drawn("AABBBBBB", households=80)), "A")  # 160 and 480
    assert loads(found) == {"A": 320, "B": 320}
    refused = suggest_merge(sheet(drawn("AABBBB", households=90)), "A")  # 540: neither one nor two
    assert (refused.choices, rules(refused)) == ((), ["merge_above_band"])
    assert "together hold 540 households" in refused.findings[0].message


def test_moves_can_be_made_one_after_the_other() -> None:
    # The best two grids are B000 alone and the two others: B takes B002's place before B002 leaves it.
    plan = sheet(drawn("AAB", households="310 330 10"))
    for choice in suggest_balance(plan, ["A", "B"], 400).choices:
        after = plan
        for move in choice.moves:
            after = dataclasses.replace(after, grids=edits.assign(after, move.buildings, move.to_key).grids)
        assert {grid.key: int(n) for grid, n in zip(after.grids, after.households, strict=True)} == {
            change.key: change.after.households for change in choice.effect.grids if change.after is not None
        }


def test_the_present_division_is_no_choice() -> None:
    found = suggest_merge(sheet(drawn("AAAABBBB", households=100)), "A")
    assert all(move.households for choice in found.choices for move in choice.moves)
    assert all(choice.effect.grids for choice in found.choices)


def test_a_merge_needs_a_neighbour() -> None:
    closed = sheet(drawn("A|B", households=300), DrawSettings(cross_barriers=False))
    assert rules(suggest_merge(closed, "A")) == ["no_neighbour"]


UNEVEN = drawn("AAAAAAABBBBB\nAAAAAAABBBBB", households=35)  # 490 and 350


def test_a_balance_evens_out_and_moves_no_more_than_allowed() -> None:
    found = suggest_balance(sheet(UNEVEN), ["A", "B"], 100)
    assert found.choices
    assert all(0 < choice.effect.households_moved <= 100 for choice in found.choices)
    assert loads(found) == {"A": 420, "B": 420}
    assert suggest_balance(sheet(UNEVEN), ["A", "B"], 100) == found
    for key in ("A", "B"):
        assert suggest_balance(sheet(UNEVEN), [key], 100).choices


def test_a_balance_brings_grids_into_band_by_single_moves_where_searches_move_too_many() -> None:
    out = drawn("AAAAAAAABBBBBB\nAAAAAAAABBBBBB", households=34)  # 544 and 408
    found = suggest_balance(sheet(out), None, 70)
    assert loads(found)["A"] <= 500
    assert found.choices[0].effect.off_band_change == -44
    assert found.choices[0].effect.households_moved <= 70


def test_a_balance_says_why_there_is_none() -> None:
    assert rules(suggest_balance(sheet(UNEVEN), ["A", "B"], 34)) == ["more_must_move"]
    even = drawn("AAAA\nBBBB", households=100)
    assert rules(suggest_balance(sheet(even), None)) == ["no_better"]
    apart = sheet(drawn("AA|BB", households=200), DrawSettings(cross_barriers=False))
    assert rules(suggest_balance(apart, ["A", "B"])) == ["not_beside"]
    with pytest.raises(NotFound):
        suggest_balance(sheet(UNEVEN), ["A", "X"])
