"""XLSX workbooks as people make them: a title above, headings over several merged rows, cells merged downwards.

Room: ingest. In: the path of a workbook and the layer that is wanted. Out: a `RawTable` of typed cells. Writes nothing.

The heading is the run of one to three rows among the first twelve from which most columns of the layer can be told.
A cell merged over several rows says the same for each of them, as a reader understands it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import openpyxl
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from gisgrid.errors import UnreadableFile, UsageError
from gisgrid.ingest.columns import match_columns, plain
from gisgrid.ingest.forms import Layer
from gisgrid.ingest.raw import CellError, RawTable, UnsavedFormula
from gisgrid.ingest.values import is_empty
from gisgrid.model import Finding, Rule

HEADING_ROWS: Final = 3
SEARCHED_ROWS: Final = 12
LARGEST_UNPACKED: Final = 1024**3

MERGED_HEADINGS = Rule(
    "merged_headings",
    "info",
    "The headings were read from rows {first} to {last} of the sheet “{sheet}”; the rows above are a title.",
    "表头取自工作表“{sheet}”的第 {first} 至 {last} 行，其上为标题。",
)
MERGED_CELLS = Rule(
    "merged_cells",
    "info",
    "{count} cells were merged over several rows; each row got the value. Unmerge them to be sure.",
    "有 {count} 处合并单元格，其中各行均取同一值；如有疑问请取消合并。",
)


class _Heading(NamedTuple):
    """Where the headings stand (rows from 0) and what they are."""

    first: int
    last: int
    labels: list[str]


def read_workbook(path: Path, layer: Layer, columns: Mapping[str, str], sheet: str | None) -> RawTable:
    """Return the rows below the headings of the sheet that holds the layer.

    Parameters
    ----------
    path
        The `.xlsx` file.
    layer
        Its columns tell the headings from titles, and the right sheet from others.
    columns
        Ours → theirs as declared by the caller.
    sheet
        The sheet's name where the caller names one.

    Raises
    ------
    UnreadableFile
        Not a workbook, protected, or larger than 1 GB unpacked.
    UsageError
        No such sheet, or several that could be meant.
    """
    book = _open(path, values=False)
    chosen = _choose(book, layer, columns, sheet, path.name)
    rows, spread = _unmerged(chosen)
    heading = _find_heading(rows, layer, columns)
    if any(_is_formula(cell) for row in rows for cell in row):
        results, _ = _unmerged(_open(path, values=True)[chosen.title])
        rows = _with_results(rows, results)
    findings = _remarks(chosen.title, heading, spread)
    kept = [
        (number + 1, row)
        for number, row in enumerate(rows)
        if number > heading.last and not all(is_empty(cell) for cell in row)
    ]
    positions = [index for index, label in enumerate(heading.labels) if label]
    cells = {heading.labels[index]: [_marked(row[index]) for _, row in kept] for index in positions}
    return RawTable(
        cells=cells,
        lines=np.array([line for line, _ in kept], dtype=np.int64),
        typed=True,
        findings=tuple(findings),
    )


def _open(path: Path, *, values: bool) -> Any:
    """Return the workbook with formulas, or with their saved results."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(each.file_size for each in archive.infolist()) > LARGEST_UNPACKED:
                raise UnreadableFile(f"{path.name} unpacks to more than 1 GB; split it, or save it as CSV in UTF-8.")
        return openpyxl.load_workbook(path, data_only=values)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, SyntaxError) as fault:
        reason = str(fault)[:200] or type(fault).__name__
        raise UnreadableFile(
            f"{path.name} is no readable .xlsx workbook ({reason}); save it again as .xlsx without a password."
        ) from fault


def _choose(book: Any, layer: Layer, columns: Mapping[str, str], sheet: str | None, name: str) -> Any:
    """Return the sheet that is named, or is called like the layer, or alone has the layer's columns."""
    titles = [each.title for each in book.worksheets]
    if sheet is not None:
        if sheet not in titles:
            raise UsageError(f"{name} has no sheet {sheet!r}; it has {', '.join(titles)}.")
        return book[sheet]
    filled = [each for each in book.worksheets if each.max_row > 1 or each.max_column > 1]
    if len(filled) <= 1:
        return (filled or book.worksheets)[0]
    called = [each for each in filled if plain(each.title) in (plain(layer.name), plain(layer.title_zh))]
    if len(called) == 1:
        return called[0]
    needed = sum(column.required for column in layer.columns)
    fitting = [
        each
        for each in filled
        if _count_matches(_find_heading(_unmerged(each)[0], layer, columns).labels, layer, columns) >= needed
    ]
    if len(fitting) == 1:
        return fitting[0]
    raise UsageError(
        f"{name} has several sheets ({', '.join(titles)}); name the one to read as {name}|layername=SHEET."
    )


def _unmerged(sheet: Any) -> tuple[list[list[Any]], list[tuple[int, int]]]:
    """Return the rows with every merged cell filled in, and the first and last row of each merge over rows."""
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    spread = []
    for merge in sheet.merged_cells.ranges:
        if merge.min_row > len(rows):
            continue
        value = rows[merge.min_row - 1][merge.min_col - 1]
        if merge.max_row > merge.min_row and not is_empty(value):
            spread.append((merge.min_row - 1, merge.max_row - 1))
        for row in rows[merge.min_row - 1 : merge.max_row]:
            row[merge.min_col - 1 : merge.max_col] = [value] * (merge.max_col - merge.min_col + 1)
    return rows, spread


def _find_heading(rows: Sequence[Sequence[Any]], layer: Layer, columns: Mapping[str, str]) -> _Heading:
    """Return the rows that name most columns of the layer: the fewest of them, and the topmost.

    Where no row names any, the one with most texts is taken: it is what the refusal should quote.
    """
    best, best_score = _Heading(0, 0, _labels(rows[:1])), (-1, -1)
    for depth in range(HEADING_ROWS):
        for first in range(min(SEARCHED_ROWS, len(rows) - depth)):
            last = first + depth
            labels = _labels(rows[first : last + 1])
            matched = _count_matches(labels, layer, columns)
            score = (matched, 0 if matched else sum(map(bool, labels)))
            if score > best_score:
                best, best_score = _Heading(first, last, labels), score
    return best


def _labels(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return one heading a column: the lowest text over it, with those above where it alone would stand twice."""
    if not rows:
        return []
    stacks = []
    for column in zip(*rows, strict=True):
        texts = [" ".join(str(cell).split()) for cell in column if not is_empty(cell)]
        stacks.append(list(dict.fromkeys(texts)))
    lowest = [stack[-1] if stack else "" for stack in stacks]
    labels: list[str] = []
    for stack, label in zip(stacks, lowest, strict=True):
        unique = label if lowest.count(label) == 1 else "/".join(stack)
        labels.append(unique if unique not in labels else "")  # the right half of a heading merged over two columns
    return labels


def _count_matches(labels: Sequence[str], layer: Layer, columns: Mapping[str, str]) -> int:
    """Return how many columns of the layer these headings name."""
    named = {plain(each) for each in labels if each}
    declared = {ours: theirs for ours, theirs in columns.items() if plain(theirs) in named}
    try:
        matched, _ = match_columns(layer, [each for each in labels if each], declared)
    except UsageError:
        return 0
    return len(matched)


def _remarks(sheet: str, heading: _Heading, spread: Sequence[tuple[int, int]]) -> list[Finding]:
    """Return what a reader should know about how the sheet was understood."""
    findings = []
    if heading.last > 0:
        findings.append(MERGED_HEADINGS.finding(first=heading.first + 1, last=heading.last + 1, sheet=sheet[:60]))
    body = sum(first > heading.last for first, _ in spread)
    if body:
        findings.append(MERGED_CELLS.finding(count=body))
    return findings


def _is_formula(cell: Any) -> bool:
    """Return whether a cell holds a formula (or a text that looks like one; its saved result is then the text)."""
    return isinstance(cell, ArrayFormula | DataTableFormula) or (isinstance(cell, str) and cell[:1] == "=" != cell)


def _with_results(rows: list[list[Any]], results: list[list[Any]]) -> list[list[Any]]:
    """Return the rows with each formula replaced by its saved result, or marked where none is saved."""
    for row, saved in zip(rows, results, strict=True):
        for index, cell in enumerate(row):
            if _is_formula(cell):
                row[index] = UnsavedFormula(str(cell)) if saved[index] is None else saved[index]
    return rows


def _marked(cell: Any) -> Any:
    """Return a cell, the spreadsheet's own errors as `CellError`."""
    if isinstance(cell, str) and cell in ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"):
        return CellError(cell)
    return cell
