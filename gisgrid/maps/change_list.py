"""Who changes grid, one line a building: for letters to households and lists for workers, as CSV and as a workbook.

Room: maps. In: a plan's grids, the community's inputs, who serves the grids in force. Out: a `Table`. A
plan's grid that continues a grid in force carries its code; every other one is new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gisgrid.maps.content import contacts_first, grid_name
from gisgrid.maps.workbook import Table, Value
from gisgrid.model import CommunityInputs, Grid, Post

HEADINGS: Final = (
    "楼栋编码", "楼栋名称", "地址", "户数", "原网格编码", "原网格", "原网格岗位", "新网格", "沿用编码", "新网格岗位",
)  # fmt: skip


def change_table(grids: Sequence[Grid], inputs: CommunityInputs, posts: Mapping[str, Sequence[Post]]) -> Table:
    """Return one row for each building that leaves its grid in force, in order of old grid, new grid and code.

    Parameters
    ----------
    grids
        The plan's.
    posts
        On duty now, by code of the grid in force.
    """
    current = () if inputs.current is None else inputs.current.grids
    old = {building: grid for grid in current for building in grid.buildings}
    new = {building: grid for grid in grids for building in grid.buildings}
    rows: list[tuple[tuple[str, str, str], tuple[Value, ...]]] = []
    households = 0
    for building in inputs.buildings:
        before, after = old.get(building.code), new.get(building.code)
        if before is None or (after is not None and after.code == before.code):
            continue
        code = None if after is None else after.code
        held = (before.code or "", grid_name(before), _named(posts.get(before.code or "", ())))
        given = (f"{grid_name(after)}（{after.key}）" if after else "未划入", code, _named(posts.get(code or "", ())))
        place = (held[0], "" if after is None else after.key, building.code)
        households += building.households
        rows.append((place, (building.code, building.name, building.address, building.households, *held, *given)))
    return Table(
        "变动名单",
        HEADINGS,
        [row for _, row in sorted(rows, key=lambda each: each[0])],
        total=("合计", f"{len(rows)}栋", None, households),
    )


def _named(posts: Sequence[Post]) -> str | None:
    """Return role and name of posts, None where there are none."""
    return "、".join(f"{post.role} {post.name}" for post in contacts_first(posts)) or None
