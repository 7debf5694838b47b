"""The cells of a layer become columns of the contract; every row that cannot is a finding.

Room: ingest. In: a `RawTable` and which heading each column is read from. Out: one list a column, in the rows' order;
findings go to `RowFindings`. No geometry (that is `places`), no file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from gisgrid.ingest.forms import Column, Layer
from gisgrid.ingest.raw import CellError, RawTable, UnsavedFormula
from gisgrid.ingest.rows import RowFindings
from gisgrid.ingest.times import day_comes_first, read_time
from gisgrid.ingest.values import MISSING_VALUE, NOT_POSITIVE, READERS, BadCell, is_empty, shown
from gisgrid.model import CODE_WIDTH, LEVELS, Rule

FORMULA_WITHOUT_VALUE = Rule(
    "formula_without_value",
    "error",
    "{field} is a formula whose result is not saved; save the workbook in a spreadsheet program, or enter the value.",
    "{field} 是没有保存结果的公式；请用表格软件打开并保存，或直接填写数值。",
)
CELL_ERROR = Rule(
    "cell_error",
    "error",
    "{field} shows {value}, the spreadsheet's own error; correct the formula.",
    "{field} 显示 {value}，是表格软件的错误值，请更正公式。",
)
RAGGED_ROW = Rule(
    "ragged_row",
    "error",
    "The row has {cells} cells under {width} headings; put cells that hold the delimiter into quotation marks.",
    "该行有 {cells} 个单元格，表头有 {width} 列；含分隔符的内容请加引号。",
)
NUMBERS_AS_CODES = Rule(
    "numbers_as_codes",
    "warning",
    "{field} holds numbers, not texts, in {count} rows (lines {first}): leading zeros, if there were any, are lost. "
    "Format the column as text to be sure.",
    "{field} 有 {count} 行是数字而非文本（第 {first} 行）：若编码以 0 开头，前导零已丢失。请将该列设为文本格式。",
)
DUPLICATE_KEY = Rule(
    "duplicate_key",
    "error",
    "{field} “{value}” stands on lines {first} and {second}; give each row one of its own, or delete the repetition.",
    "{field}“{value}”在第 {first} 行和第 {second} 行重复；请改为各不相同，或删除重复行。",
)
WRONG_WIDTH = Rule(
    "wrong_width",
    "error",
    "The code “{value}” has {digits} characters; a district has 6 digits, a street 9, a community 12: correct it.",
    "编码“{value}”有 {digits} 个字符；区县 6 位、街道 9 位、社区 12 位数字，请更正。",
)
LEVEL_MISMATCH = Rule(
    "level_mismatch",
    "error",
    "The code “{value}” is that of a {by_code}, and the level says {level}; correct one of the two.",
    "编码“{value}”属于{by_code}级，而级别写为{level}，请更正其一。",
)
CODES_SHORTENED = Rule(
    "codes_shortened",
    "info",
    "{count} codes of districts and streets were padded with zeros to 12 digits; they are kept as 6 and 9 digits.",
    "有 {count} 个区县、街道编码补零至 12 位，已还原为 6 位和 9 位。",
)
GRID_CODE_WIDTH = Rule(
    "grid_code_width",
    "error",
    "The grid “{value}” is not a code of 15 digits; write the community's 12 digits and the grid's 3.",
    "网格“{value}”不是 15 位编码；请写社区 12 位加网格 3 位。",
)
SAME_BUILDING = Rule(
    "same_building",
    "error",
    "The tie joins the building “{value}” to itself; name two buildings.",
    "邻里关系的两端都是楼栋“{value}”；请填写两栋不同的楼。",
)
ENDS_BEFORE_START = Rule(
    "ends_before_start",
    "error",
    "The post ends on {to}, not after its begin {start}; correct one of the two.",
    "岗位结束日期 {to} 不晚于开始日期 {start}，请更正。",
)
OWN_PARENT = Rule(
    "own_parent",
    "error",
    "“{value}” is named as its own parent; leave the parent empty or name another.",
    "“{value}”的上级是它自己；请留空或填写其他上级。",
)

_CODE_KINDS: Final = ("code", "flagged_code")
_NO_ECHO: Final = ("households",)


def read_columns(
    layer: Layer, table: RawTable, matched: Mapping[str, str], rows: RowFindings, zone: ZoneInfo
) -> dict[str, list[Any]]:
    """Return our column → one value a row, None where the cell is empty, unread or bad.

    Parameters
    ----------
    layer
        Which columns, and how each is read.
    table
        The file's cells.
    matched
        Our column → the file's heading.
    rows
        Where faults are noted.
    zone
        What dates and times without a zone are in.
    """
    for row, cells in (table.ragged or {}).items():
        rows.add(RAGGED_ROW, row, cells=cells, width=table.width)
    values = {}
    for column in layer.columns:
        if column.name in matched:
            values[column.name] = _read_column(column, table, table.cells[matched[column.name]], rows, zone)
        else:
            values[column.name] = [None] * len(table)
    return values


def _read_column(column: Column, table: RawTable, cells: Sequence[Any], rows: RowFindings, zone: ZoneInfo) -> list[Any]:
    """Return the values of one column."""
    day_first = day_comes_first(list(cells)) if column.kind in ("date", "time") else None
    values: list[Any] = []
    numeric = []
    for row, cell in enumerate(cells):
        value = None
        try:
            value = _read_cell(cell, column, zone, day_first)
        except BadCell as fault:
            if row not in (table.ragged or {}):  # its cells stand under the wrong headings
                rows.add(fault.rule, row, column.name, **fault.values)
        if table.typed and column.kind in _CODE_KINDS and isinstance(cell, int | float) and value is not None:
            numeric.append(row)
        values.append(value)
    if numeric:
        _note_numbers(column, numeric, rows)
    return values


def _read_cell(cell: Any, column: Column, zone: ZoneInfo, day_first: bool | None) -> Any:
    """Return the value of one cell, None where it is empty.

    Raises
    ------
    BadCell
        It cannot be read, or is empty and must not be.
    """
    if isinstance(cell, UnsavedFormula):
        raise BadCell(FORMULA_WITHOUT_VALUE)
    if isinstance(cell, CellError):
        raise BadCell(CELL_ERROR, value=cell.text)
    if is_empty(cell):
        if column.required:
            raise BadCell(MISSING_VALUE)
        return None
    if column.kind in ("date", "time"):
        return read_time(cell, zone, day_first=day_first)
    return READERS[column.kind](cell, column)


def _note_numbers(column: Column, numeric: Sequence[int], rows: RowFindings) -> None:
    """Say once that codes came as numbers."""
    first = ", ".join(str(int(rows.lines[row])) for row in numeric[:5]) + (" …" if len(numeric) > 5 else "")
    rows.add_file(NUMBERS_AS_CODES.finding(field=column.name, count=len(numeric), first=first))


def check_layer(layer: Layer, values: dict[str, list[Any]], rows: RowFindings) -> None:
    """Check what one cell alone cannot tell, and put the values into the form in which they are kept."""
    checks = {
        "divisions": _check_divisions,
        "ties": _check_ties,
        "grids": _check_grids,
        "posts": _check_posts,
        "categories": _check_parents,
        "limits": _check_limits,
    }
    check = checks.get(layer.name)
    if check is not None:
        check(values, rows)
    _check_duplicates(layer, values, rows)


def _check_duplicates(layer: Layer, values: Mapping[str, list[Any]], rows: RowFindings) -> None:
    """Mark every row of a key that stands twice: nobody but the file's owner knows which is right."""
    if not layer.key:
        return
    seen: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    required = [column.name for column in layer.columns if column.required and column.name in layer.key]
    for row, key in enumerate(zip(*(values[name] for name in layer.key), strict=True)):
        if all(values[name][row] is not None for name in required):
            seen[key].append(row)
    field = layer.key[0]
    for key, found in seen.items():
        if len(found) == 1:
            continue
        value = "…" if layer.name in _NO_ECHO else shown(", ".join(str(part) for part in key if part is not None))
        codes = () if layer.name in _NO_ECHO else (str(key[0]),)
        for row in found:
            other = found[1] if row == found[0] else found[0]
            first, second = sorted((int(rows.lines[row]), int(rows.lines[other])))
            rows.add(DUPLICATE_KEY, row, field, codes=codes, value=value, first=first, second=second)


def _check_divisions(values: dict[str, list[Any]], rows: RowFindings) -> None:
    """Check code, level and parent of every division; codes padded to 12 digits are shortened."""
    shortened = 0
    for row, code in enumerate(values["code"]):
        if code is None:
            continue
        level = values["level"][row]
        if not (code.isascii() and code.isdigit() and len(code) in CODE_WIDTH.values()):
            rows.add(WRONG_WIDTH, row, "code", codes=(code,), value=shown(code), digits=len(code))
            continue
        short = short_code(code)
        by_code = next(each for each in LEVELS if CODE_WIDTH[each] == len(short))
        if level is None:
            values["level"][row] = by_code
        elif level != by_code:
            # A street may hold a community numbered 000 in no register; a padded code must say so by its level.
            rows.add(LEVEL_MISMATCH, row, "level", codes=(code,), value=code, by_code=by_code, level=level)
            continue
        shortened += short != code
        values["code"][row] = short
        parent = values["parent"][row]
        if parent is not None:
            values["parent"][row] = _short_parent(parent)
    if shortened:
        rows.add_file(CODES_SHORTENED.finding(count=shortened))
    _check_parents(values, rows)


def short_code(code: str) -> str:
    """Return a statistical code without the zeros that pad it to 12 digits.

    >>> short_code("150105000000"), short_code("150105001000"), short_code("150105001001")
    ('150105', '150105001', '150105001001')
    """
    if len(code) == 12 and code.endswith("000000"):
        return code[:6]
    return code[:9] if len(code) == 12 and code.endswith("000") else code


def _short_parent(parent: str) -> str | None:
    """Return the parent's code in short form; a city (it ends in 00) stands above the tree and is none."""
    short = short_code(parent)
    return None if len(short) == 6 and short.endswith("00") else short


def _check_parents(values: dict[str, list[Any]], rows: RowFindings) -> None:
    """Refuse a row that is its own parent."""
    for row, (code, parent) in enumerate(zip(values["code"], values["parent"], strict=True)):
        if code is not None and code == parent:
            rows.add(OWN_PARENT, row, "parent", codes=(code,), value=shown(code))


def _check_ties(values: dict[str, list[Any]], rows: RowFindings) -> None:
    """Order the two buildings of each tie, and give weight 1 and kind `imported` where none is named."""
    for row, (a, b) in enumerate(zip(values["a"], values["b"], strict=True)):
        values["kind"][row] = values["kind"][row] or "imported"
        weight = values["weight"][row]
        if weight is None:
            values["weight"][row] = 1.0
        elif weight == 0:
            rows.add(NOT_POSITIVE, row, "weight")
        if a is None or b is None:
            continue
        if a == b:
            rows.add(SAME_BUILDING, row, "b", codes=(a,), value=shown(a))
        values["a"][row], values["b"][row] = min(a, b), max(a, b)


def _check_limits(values: dict[str, list[Any]], rows: RowFindings) -> None:
    """Check that a time limit is more than nothing."""
    for name in ("accept_within", "close_within"):
        for row, within in enumerate(values[name]):
            if within is not None and within <= 0:
                rows.add(NOT_POSITIVE, row, name)


def _check_grids(values: dict[str, list[Any]], rows: RowFindings) -> None:
    """Check the grids' codes, which may be missing but stand only once; without a kind a grid is `residential`."""
    lines_of: dict[str, list[int]] = defaultdict(list)
    for row, code in enumerate(values["code"]):
        values["kind"][row] = values["kind"][row] or "residential"
        if code is None:
            continue
        if not (code.isascii() and code.isdigit() and len(code) == 15):
            rows.add(GRID_CODE_WIDTH, row, "code", value=shown(code))
        lines_of[code].append(row)
    for code, found in lines_of.items():
        for row in found if len(found) > 1 else ():
            first, second = (int(rows.lines[each]) for each in (found[0], row if row != found[0] else found[1]))
            rows.add(DUPLICATE_KEY, row, "code", codes=(code,), value=shown(code), first=first, second=second)


def _check_posts(values: dict[str, list[Any]], rows: RowFindings) -> None:
    """Check the grid's code and that a post ends after it begins."""
    for row, grid in enumerate(values["grid"]):
        if grid is not None and not (grid.isascii() and grid.isdigit() and len(grid) == 15):
            rows.add(GRID_CODE_WIDTH, row, "grid", value=shown(grid))
        start, end = values["from"][row], values["to"][row]
        if start is not None and end is not None and end <= start:
            rows.add(ENDS_BEFORE_START, row, "to", to=end.date().isoformat(), start=start.date().isoformat())
