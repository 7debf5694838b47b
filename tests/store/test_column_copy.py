"""Columns written by COPY come back as they were, whatever their texts hold."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, text

from gisgrid.store import column_copy
from gisgrid.store.column_copy import copy_columns
from gisgrid.store.database import Database

TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
TRAPS = st.sampled_from(["\\", "\\N", "\\.", "", "a\tb", "a\nb", "a\r\nb", "\\\t\\n", '"', "'", "NULL", "１２幢"])
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
ROWS = st.lists(
    st.tuples(
        TEXTS | TRAPS,
        st.none() | st.integers(-(2**31), 2**31 - 1),
        NUMBERS,
        st.none() | st.dates(date(1900, 1, 1), date(2200, 1, 1)),
        st.none() | st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(shapely.Point),
    ),
    max_size=8,
)
MADE = "CREATE TEMPORARY TABLE copied (line int, a text, b int, c float8, d date, geom geometry) ON COMMIT DROP"
COPIED = Table("copied", MetaData(), *map(Column, ("line", "a", "b", "c", "d", "geom")), schema="pg_temp")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_what_is_copied_is_read_back(
    database: Database, monkeypatch: pytest.MonkeyPatch, rows: list[tuple[Any, ...]]
) -> None:
    monkeypatch.setattr(column_copy, "_ROWS_AT_ONCE", 3)
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 5
    frame = {name: np.array([*cells, None], dtype=object)[:-1] for name, cells in zip("abcd", columns, strict=False)}
    shapes = np.array([*columns[4], None], dtype=object)[:-1]
    with database.transaction() as connection:
        connection.execute(text(MADE))
        copy_columns(connection, COPIED, {"line": np.arange(len(rows)), **frame, "geom": shapes})
        read = connection.execute(text("SELECT a, b, c, d, ST_AsBinary(geom), ST_SRID(geom) FROM copied ORDER BY line"))
        for row, (words, whole, number, day, place) in zip(read, rows, strict=True):
            assert tuple(row[:4]) == (words, whole, number, day)
            assert (None if row[4] is None else shapely.from_wkb(row[4])) == place
            assert row[5] == (None if place is None else 4326)


def test_kinds_of_nothing_and_cells_of_several_kinds(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(text(MADE))
        nothing = [None, float("nan"), pd.NA, pd.NaT]
        copy_columns(connection, COPIED, {"line": [0, 1, 2, 3], "a": nothing, "c": nothing})
        copy_columns(connection, COPIED, {"line": [4, 5, 6], "a": ["b", 7, None]})
        found = connection.execute(text("SELECT a, c FROM copied ORDER BY line")).all()
    assert [tuple(row) for row in found] == [(None, None)] * 4 + [("b", None), ("7", None), (None, None)]
