"""The list of who changes grid: one line a building, and no text in it becomes a formula."""

from __future__ import annotations

import csv
import dataclasses
import io
from datetime import UTC, datetime

from gisgrid.maps.change_list import HEADINGS, change_table
from gisgrid.maps.workbook import Table, csv_text
from gisgrid.model import Edition, Post
from tests.draw import COMMUNITY, drawn

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def moved() -> Table:
    """The list where one building of A goes to B, and both go on with their codes."""
    before, after = drawn("AAB\nAAB"), drawn("ABB\nAAB")
    codes = {"A": f"{COMMUNITY}001", "B": f"{COMMUNITY}002"}
    in_force = tuple(dataclasses.replace(grid, key=codes[grid.key], code=codes[grid.key]) for grid in before.grids)
    buildings = tuple(
        dataclasses.replace(each, name="=1+1", address="@SUM(A1)") if each.code == "B001" else each
        for each in before.inputs.buildings
    )
    inputs = dataclasses.replace(
        before.inputs, buildings=buildings, current=Edition("1", COMMUNITY, "1", NOW, None, in_force)
    )
    grids = [dataclasses.replace(grid, code=codes[grid.key]) for grid in after.grids]
    posts = {codes["A"]: [Post(codes["A"], "网格员", "甲")], codes["B"]: [Post(codes["B"], "网格员", "乙")]}
    return change_table(grids, inputs, posts)


def test_a_building_that_moves_is_told_with_both_grids_and_their_workers() -> None:
    table = moved()
    old, new = f"{COMMUNITY}001", f"{COMMUNITY}002"
    assert table.rows == [
        ("B001", "=1+1", "@SUM(A1)", 100, old, "第1网格", "网格员 甲", "第2网格（B）", new, "网格员 乙")
    ]
    assert table.total == ("合计", "1栋", None, 100)


def test_no_text_of_the_csv_file_is_a_formula() -> None:
    lines = list(csv.reader(io.StringIO(csv_text(moved()))))
    assert lines[0] == list(HEADINGS)
    assert lines[1][1:4] == ["'=1+1", "'@SUM(A1)", "100"]


def test_before_the_first_edition_nobody_changes() -> None:
    sketch = drawn("AB")
    assert change_table(sketch.grids, sketch.inputs, {}).rows == []
