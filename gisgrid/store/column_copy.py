"""Many rows at once by COPY, put together column by column.

Room: store. In: columns of equal length. Out: rows in a table. Must not import any other room.

A driver that is given rows spends most of its time on single cells. Here Arrow's kernels write whole columns in the
text format of COPY (PostgreSQL, *COPY*, "Text Format"): cells parted by tabs, rows by newlines, a mark for nothing, and
a backslash before each of the characters that would part them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from psycopg import sql
from sqlalchemy import Table

from gisgrid.store.database import Connection, driver_of

_ROWS_AT_ONCE: Final = 50_000
_NOTHING: Final = "\\N"
_ESCAPED: Final = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
"""In this order: the backslashes that escape must not be escaped themselves."""


def copy_columns(connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write rows into a table with COPY, in the caller's transaction.

    Parameters
    ----------
    table
        One of `tables`, or a temporary one.
    columns
        The values of each column, all of one length: texts, numbers, dates, or shapely geometries, which are written as
        EWKB with SRID 4326. None, NaN and pandas' own kinds of nothing are written as NULL.
    """
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.schema or "public", table.name), names)
    rows = len(next(iter(columns.values())))
    with driver_of(connection).cursor() as cursor, cursor.copy(statement) as copy:
        for start in range(0, rows, _ROWS_AT_ONCE):
            copy.write(_block([column[start : start + _ROWS_AT_ONCE] for column in columns.values()]))


def _block(columns: Sequence[Sequence[Any]]) -> bytes:
    """Return rows in the text format of COPY."""
    texts = [_texts(column) for column in columns]
    joined = pc.binary_join_element_wise(*texts, _large("\t"), null_handling="replace", null_replacement=_NOTHING)
    lines = pc.binary_join_element_wise(joined, _large(""), _large("\n"))
    _, offsets, text = lines.buffers()
    begins = np.frombuffer(offsets, dtype=np.int64)[lines.offset : lines.offset + len(lines) + 1]
    return bytes(memoryview(text)[begins[0] : begins[-1]])


def _large(text: str) -> pa.Scalar:
    """Return a text of the kind whose array may hold more than 2 GB."""
    return pa.scalar(text, pa.large_string())


def _texts(column: Sequence[Any]) -> pa.Array:
    """Return a column as COPY reads it, missing where there is nothing."""
    values = _array(column)
    texts = pc.cast(values, pa.large_string())
    if not pa.types.is_string(values.type):
        return texts
    for character, escaped in _ESCAPED.items():
        texts = pc.replace_substring(texts, character, escaped)
    return texts


def _array(column: Sequence[Any]) -> pa.Array:
    cells = np.asarray(column, dtype=object)
    if shapely.is_geometry(cells).any():
        cells = shapely.to_wkb(shapely.set_srid(cells, 4326), hex=True, include_srid=True)
    try:
        return pa.array(cells, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # cells of several kinds: each as Python writes it
        missing = pd.isna(cells)
        return pa.array([None if nothing else str(cell) for cell, nothing in zip(cells, missing, strict=True)])
