"""Points as CSV (RFC 4180, UTF-8): a line of headings, `lon` and `lat` (or `x` and `y`) among them.

Room: the front door on the wire. In: a body. Out: its points; its columns, text for text, with three more. Cells are
texts from door to door: a code keeps its leading zeros, a number its digits.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from api.deps import NUMBER
from api.errors import BadRequest
from api.points import CSV_TYPE, FAULTS_LIMIT, Points, faulty_rows, joined, place_columns, require_few
from gisgrid.in_force import Floats, LocatedPoints
from gisgrid.lookup.index import METHODS

ADDED: Final = ("grid_code", "method", "edition")
"""The columns that an answer has beyond those of the question."""

_HEADINGS_LIMIT: Final = 64 * 1024
_PLAIN: Final = rf"^{NUMBER.pattern}$"
_SPECIAL: Final = '[",\r\n]'
_MARK: Final = b"\xef\xbb\xbf"


def read_points_csv(body: bytes, crs: str | None, at: datetime | None) -> Points:
    """Return the points of a CSV body.

    Raises
    ------
    BadRequest
        400 for what is no CSV in UTF-8; 422 with a pointer to each row whose place cannot be read.
    """
    first, _, rows = body.removeprefix(_MARK).partition(b"\n")
    headings = _headings(first)
    lon, lat = place_columns(headings)
    taken = [name for name in headings if name in ADDED]
    if taken:
        raise BadRequest(422, "invalid_body", f"The answer writes the column {taken[0]}; leave it out.")
    table = _cells(rows, headings)
    require_few(len(table))
    x, y = _numbers(table, lon, lat)
    return Points(x, y, crs, at, table)


def csv_answer(points: Points, located: LocatedPoints) -> bytes:
    """Return the rows that were asked about with the columns `ADDED`; code and edition are empty where no grid is."""
    columns = points.columns
    if columns is None:
        numbers = {"lon": points.lon, "lat": points.lat}
        columns = pa.table({name: pa.array(values).cast(pa.string()) for name, values in numbers.items()})
    codes, place = located.holding()
    editions = [located.grids.rows[code].edition for code in codes]
    cells = [
        *(_quoted(column.combine_chunks()) for column in columns.itercolumns()),
        _chosen([*codes, ""], place),
        _chosen(METHODS, located.method),
        _chosen([f"{edition}\n" for edition in (*editions, "")], place),
    ]
    headings = io.StringIO()
    csv.writer(headings, lineterminator="\n").writerow([*columns.column_names, *ADDED])
    return headings.getvalue().encode() + joined(pc.binary_join_element_wise(*cells, ","))


def _headings(line: bytes) -> list[str]:
    """Return the names in the first line of a body."""
    if len(line) > _HEADINGS_LIMIT:
        raise BadRequest(422, "invalid_body", f"The line of headings is longer than {_HEADINGS_LIMIT:,} bytes.")
    try:
        return next(csv.reader([line.decode("utf-8").rstrip("\r")], strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise _unreadable("its first line is no line of headings in UTF-8") from error


def _cells(rows: bytes, headings: list[str]) -> pa.Table:
    """Return the cells below the headings as texts; a row of another length is refused, an empty line is no row."""
    if b"\0" in rows:
        raise _unreadable("it holds NUL bytes")
    texts = dict.fromkeys(headings, pa.string())
    if not rows.strip():
        return pa.table({name: pa.array([], pa.string()) for name in headings})
    ragged: list[tuple[int, str]] = []

    def note(row: arrow_csv.InvalidRow) -> str:
        if len(ragged) < FAULTS_LIMIT:
            why = f"{row.actual_columns} cells under {row.expected_columns} headings; quote a cell that holds a comma."
            ragged.append((row.number - 1, why))
        return "skip"

    try:
        table = arrow_csv.read_csv(
            pa.py_buffer(rows),
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=len(rows) + 1, column_names=headings),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
            convert_options=arrow_csv.ConvertOptions(column_types=texts, strings_can_be_null=False),
        )
    except pa.ArrowInvalid as error:  # its sentence would quote the cell
        raise _unreadable("it is not UTF-8, or not in rows of cells") from error
    if ragged:
        raise faulty_rows(ragged, CSV_TYPE)
    return table


def _numbers(table: pa.Table, *names: str) -> list[Floats]:
    """Return the numbers that the cells of these columns write.

    Raises
    ------
    BadRequest
        Some write none; blanks, `nan` and `1_0` are none.
    """
    plain = [pc.match_substring_regex(table[name], _PLAIN).to_numpy() for name in names]
    faulty = np.flatnonzero(~np.logical_and.reduce(plain)).tolist()
    if faulty:
        why = f"{' or '.join(names)} is no plain decimal number such as 111.70123."
        raise faulty_rows(((row, why) for row in faulty), CSV_TYPE)
    return [table[name].cast(pa.float64()).to_numpy() for name in names]


def _quoted(column: pa.StringArray) -> pa.StringArray:
    """Return the cells as CSV has them: those with a comma, a quotation mark or a line end in quotation marks."""
    special = pc.match_substring_regex(column, _SPECIAL)
    if not pc.any(special).as_py():
        return column
    inside = pc.replace_substring(column, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise('"', inside, '"', ""), column)


def _chosen(texts: Sequence[str], position: Any) -> pa.StringArray:
    """Return the text at each position; -1 is the last."""
    return pa.array(texts, pa.string()).take(pa.array(np.where(position < 0, len(texts) - 1, position)))


def _unreadable(why: str) -> BadRequest:
    return BadRequest(400, "bad_csv", f"The body is no CSV with a line of headings ({why}); save it as CSV in UTF-8.")
