"""Who moves between two divisions."""

from __future__ import annotations

import dataclasses

from gisgrid.plan.compare import Move, compare, compare_assignments
from tests.draw import drawn


def test_the_same_division_moves_nobody_whatever_its_names() -> None:
    before, after = drawn("AABB\nAABB"), drawn("YYXX\nYYXX")
    result = compare(before.grids, after.grids, before.households)
    assert result.moves == ()
    assert result.matched == (("A", "Y"), ("B", "X"))
    assert (result.buildings, result.households, result.households_moved) == (8, 800, 0)


def test_who_moves_is_told_by_building_and_household() -> None:
    before, after = drawn("AAABBB"), drawn("AAAABB")
    result = compare(before.grids, after.grids, before.households)
    assert result.moves == (Move("B", "A", ("B003",), 100),)
    assert (result.buildings_moved, result.households_moved) == (1, 100)


def test_grids_are_matched_so_that_fewest_households_move() -> None:
    # Greedy matching would take A-X (5) and then move B's 8; the assignment takes A-Y and B-X and moves 5.
    before = {"a": "A", "b": "A", "c": "B"}
    after = {"a": "X", "b": "Y", "c": "X"}
    result = compare_assignments(before, after, {"a": 5, "b": 4, "c": 4})
    assert result.households_moved == 5
    assert dict(result.matched) == {"A": "Y", "B": "X"}


def test_of_equal_matches_the_one_that_keeps_names_is_taken() -> None:
    before, after = {"a": "A", "b": "B", "c": "A", "d": "B"}, {"a": "B", "b": "A", "c": "A", "d": "B"}
    assert dict(compare_assignments(before, after, dict.fromkeys("abcd", 1)).matched) == {"A": "A", "B": "B"}


def test_new_and_gone_buildings_are_told_but_do_not_count_as_moved() -> None:
    result = compare_assignments({"a": "A", "b": "A"}, {"b": "A", "c": "A"}, {"a": 1, "b": 2, "c": 3})
    assert result.moves == (Move(None, "A", ("c",), 3), Move("A", None, ("a",), 1))
    assert (result.buildings, result.buildings_moved) == (1, 0)


def test_a_split_begins_a_grid_and_a_merge_ends_one() -> None:
    whole, parts = drawn("AAAA"), drawn("AAAB")
    assert compare(whole.grids, parts.grids, whole.households).begun == ("B",)
    assert compare(parts.grids, whole.grids, whole.households).ended == ("B",)


def test_codes_name_the_grids_where_there_are_any() -> None:
    coded = [dataclasses.replace(grid, code=f"15010500100100{i}") for i, grid in enumerate(drawn("AB").grids, 1)]
    result = compare(coded, drawn("XX").grids, drawn("AB").households)
    assert dict(result.matched) in ({"150105001001001": "X"}, {"150105001001002": "X"})


def test_nothing_compares_to_nothing() -> None:
    result = compare_assignments({}, {}, {})
    assert (result.matched, result.moves, result.buildings) == ((), (), 0)
