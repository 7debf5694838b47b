"""A workbook of plain tables: headings that stay, columns as wide as they need, texts that stay texts.

Room: maps. In: tables of values. Out: the bytes of an XLSX file, the text of a CSV file. Must not know what the
tables are about.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

Value = str | int | float | date | None

LONGEST_TEXT: Final = 32_767
"""A cell holds no more characters (source: Excel specifications and limits)."""

_A4: Final = 9
_WIDEST: Final = 60
_NARROWEST: Final = 6
_MEASURED_ROWS: Final = 500
"""The width of a column is taken from so many rows: a district has thirty thousand."""

_FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so is read as a formula by spreadsheet programs (source: OWASP, CSV injection)."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

_Look = Literal["plain", "heading", "total", "note"]
_LINES: Final = {"border": 1, "border_color": "#BFC8D0"}
_LOOKS: Final[Mapping[_Look, Mapping[str, Any]]] = {
    "plain": _LINES,
    "heading": _LINES | {"bold": True, "bg_color": "#DDE8F3", "valign": "vcenter", "text_wrap": True},
    "total": _LINES | {"bold": True, "bg_color": "#F1F4F7"},
    "note": {},
}


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet of a workbook.

    Attributes
    ----------
    title
        On the tab: at most 31 characters, letters and figures.
    headings
        One for each column.
    rows
        Values in the order of the headings; a shorter row leaves the last cells empty.
    total
        A row below, set apart, or None.
    note
        A sentence above the headings, or None.
    """

    title: str
    headings: tuple[str, ...]
    rows: Sequence[Sequence[Value]]
    total: Sequence[Value] | None = None
    note: str | None = None


def write_workbook(tables: Iterable[Table], *, title: str) -> bytes:
    """Return an XLSX file with a sheet for each table.

    A text is written as text whatever it begins with, and marked so (`quotePrefix`, the apostrophe of Excel): neither
    opening the file nor editing the cell makes a formula of `=1+1` or `@SUM`.
    """
    file = io.BytesIO()
    with Workbook(file, {"constant_memory": True}) as book:
        book.set_properties({"title": printable(title), "author": "gisgrid"})
        pen = _Pen(book)
        for table in tables:
            _write_sheet(book.add_worksheet(table.title), table, pen)
    return file.getvalue()


def csv_text(table: Table) -> str:
    """Return a table as CSV text that a spreadsheet opens as texts: what looks like a formula begins with `'`."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(table.headings)
    writer.writerows([_plain(value) for value in row] for row in table.rows)
    return file.getvalue()


def printable(text: str) -> str:
    r"""Return a text as a cell can hold it: what XML cannot carry is shown as �; XlsxWriter escapes what looks escaped.

    Examples
    --------
    >>> printable("a\x00b"), printable("_x0041_")
    ('a�b', '_x0041_')
    """
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)[:LONGEST_TEXT]


class _Pen:
    """Writes values with the look that they are to have: texts are marked as such, days are shown as 2026-11-22."""

    def __init__(self, book: Workbook) -> None:
        self._texts = {look: book.add_format({**style, "quote_prefix": True}) for look, style in _LOOKS.items()}
        self._days = {look: book.add_format({**style, "num_format": "yyyy-mm-dd"}) for look, style in _LOOKS.items()}
        self._plain = {look: book.add_format({**style}) for look, style in _LOOKS.items()}

    def write(self, sheet: Worksheet, row: int, values: Iterable[Value], look: _Look = "plain") -> None:
        """Write one row."""
        for column, value in enumerate(values):
            if isinstance(value, str):
                sheet.write_string(row, column, printable(value), self._texts[look])
            elif isinstance(value, date):
                sheet.write_datetime(row, column, value, self._days[look])
            elif value is None:
                sheet.write_blank(row, column, None, self._plain[look])
            else:
                sheet.write_number(row, column, value, self._plain[look])


def _write_sheet(sheet: Worksheet, table: Table, pen: _Pen) -> None:
    heading = 1 if table.note else 0
    for column, width in enumerate(_widths(table)):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(heading + 1, 0)
    sheet.autofilter(heading, 0, heading + len(table.rows), len(table.headings) - 1)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(heading)
    if table.note:
        pen.write(sheet, 0, [table.note], "note")
    pen.write(sheet, heading, table.headings, "heading")
    for row, values in enumerate(table.rows, start=heading + 1):
        pen.write(sheet, row, values)
    if table.total is not None:
        pen.write(sheet, heading + 1 + len(table.rows), table.total, "total")


def _widths(table: Table) -> list[int]:
    """Return the width of each column in characters; a Chinese character takes two."""
    widths = []
    for position, heading in enumerate(table.headings):
        longest = _width(heading)
        for row in table.rows[:_MEASURED_ROWS]:
            if position < len(row) and row[position] is not None:
                longest = max(longest, _width(str(row[position])))
        widths.append(min(max(longest + 2, _NARROWEST), _WIDEST))
    return widths


def _width(text: str) -> int:
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text[:_WIDEST])


def _plain(value: Value) -> Value:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_SIGNS) else value
