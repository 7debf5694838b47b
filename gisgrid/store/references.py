"""Codes in a file that name nothing: asked before the rows are written, so that each gets its line and remedy.

Room: store. In: a frame of good rows. Out: findings. Must not import any other room.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import pandas as pd
from sqlalchemy import Table, func, select

from gisgrid.model import Finding, LayerName, Rule
from gisgrid.store.database import Connection
from gisgrid.store.tables import BUILDINGS, CATEGORIES, DIVISIONS, ESTATES, GRID_CODES

UNKNOWN_BUILDING = Rule(
    "unknown_building",
    "error",
    "There is no building “{code}”; import the building first, or correct {field}.",
    "没有楼栋“{code}”；请先导入楼栋，或更正 {field}。",
)
UNKNOWN_PLACE = Rule(
    "unknown_place",
    "error",
    "There is no estate and no building “{code}”; import it first, or correct the code.",
    "没有编码为“{code}”的小区或楼栋；请先导入，或更正编码。",
)
UNKNOWN_PARENT = Rule(
    "unknown_parent",
    "error",
    "The parent “{code}” is neither in the file nor imported; import it first, or leave the parent empty.",
    "上级“{code}”既不在文件中也未导入；请先导入上级，或将该列留空。",
)
ESTATE_MADE = Rule(
    "estate_made",
    "warning",
    "{count} buildings name the estate “{code}”, of which nothing is known; it was made with its code as its name. "
    "Import the layer estates for its name and type.",
    "{count} 栋楼所属的小区“{code}”尚无资料，已按编码建立；请导入小区图层补充名称和类型。",
)
UNPUBLISHED_GRID = Rule(
    "unpublished_grid",
    "warning",
    "{count} posts name the grid {code}, which no edition holds yet; they count once it is published. "
    "Check the code if it should exist.",
    "{count} 个岗位所属网格 {code} 尚未发布，发布后生效；如应已存在，请核对编码。",
)

_ASKED_AT_ONCE: Final = 20_000


def unknown_references(connection: Connection, layer: LayerName, frame: pd.DataFrame) -> list[Finding]:
    """Return a finding for every reference of the rows that names nothing.

    Errors carry the line of the row (the row cannot be loaded); warnings are summed up by code.

    Parameters
    ----------
    layer
        The layer of the rows.
    frame
        Good rows with `line`.
    """
    found: list[Finding] = []
    match layer:
        case "households":
            found = _missing(connection, frame, "building", BUILDINGS, UNKNOWN_BUILDING, shows_codes=False)
        case "ties":
            found = _missing(connection, frame, "a", BUILDINGS, UNKNOWN_BUILDING)
            found += _missing(connection, frame, "b", BUILDINGS, UNKNOWN_BUILDING)
        case "aliases":
            nowhere = {str(finding.codes[0]) for finding in _missing(connection, frame, "code", ESTATES, UNKNOWN_PLACE)}
            found = _missing(connection, frame[frame["code"].isin(nowhere)], "code", BUILDINGS, UNKNOWN_PLACE)
        case "divisions":
            found = _missing(connection, frame, "parent", DIVISIONS, UNKNOWN_PARENT, own="code")
        case "categories":
            found = _missing(connection, frame, "parent", CATEGORIES, UNKNOWN_PARENT, own="code")
        case "buildings":
            found = _summed_up(connection, frame, "estate", ESTATES, ESTATE_MADE)
        case "posts":
            found = _summed_up(connection, frame, "grid", GRID_CODES, UNPUBLISHED_GRID)
    return sorted(found, key=lambda finding: finding.line or 0)


def _missing(
    connection: Connection,
    frame: pd.DataFrame,
    field: str,
    table: Table,
    rule: Rule,
    *,
    own: str | None = None,
    shows_codes: bool = True,
) -> list[Finding]:
    """Return one error a row whose reference is neither in the table nor, where `own` says so, in the file itself."""
    named = set(frame[field].dropna())
    absent = named - _known(connection, table, named) - (set(frame[own].dropna()) if own else set())
    codes = frame["code"] if "code" in frame.columns and shows_codes else frame[field]
    return [
        rule.finding(codes=(str(code),), line=int(line), field=field, code=reference)
        for reference, code, line in zip(frame[field], codes, frame["line"], strict=True)
        if reference in absent
    ]


def _summed_up(connection: Connection, frame: pd.DataFrame, field: str, table: Table, rule: Rule) -> list[Finding]:
    """Return one warning a code that the table does not hold, with the first line that names it."""
    named = set(frame[field].dropna())
    absent = named - _known(connection, table, named)
    lines: dict[str, list[int]] = defaultdict(list)
    for reference, line in zip(frame[field], frame["line"], strict=True):
        if reference in absent:
            lines[reference].append(int(line))
    return [
        rule.finding(codes=(code,), line=min(found), field=field, code=code, count=len(found))
        for code, found in sorted(lines.items())
    ]


def _known(connection: Connection, table: Table, codes: Iterable[str]) -> set[str]:
    """Return which of these codes the table holds."""
    asked = sorted(codes)
    column = table.columns["code"]
    known: set[str] = set()
    for start in range(0, len(asked), _ASKED_AT_ONCE):
        part = asked[start : start + _ASKED_AT_ONCE]
        known.update(connection.execute(select(column).where(column == func.any(part))).scalars())
    return known
