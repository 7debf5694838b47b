"""Parquet files of points, streamed: record batches in, row groups of one size out.

Room: ingest. In: a path. Out: another Parquet file with the same columns, types and metadata, and three more columns.
Imports pyarrow; memory holds one batch and one row group.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gisgrid.errors import UnreadableFile, UsageError
from gisgrid.ingest.point_rows import Decide, Floats, GridCells, PointColumns, PointRows, PointUnit, Progress, number
from gisgrid.model import Finding

ROWS_OF_A_GROUP: Final = 100_000
"""Rows of a row group in what is written, whatever the chunks are in which it was read."""

FIELDS: Final = (
    pa.field("grid_code", pa.string()),
    pa.field("method", pa.string()),
    pa.field("border_distance_m", pa.float64()),
)


class ParquetPoints:
    """A Parquet file whose rows are points.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    UnreadableFile
        It is no Parquet file, or a damaged one.
    """

    crs = None
    has_points = False
    unit: PointUnit = "row"
    findings: Sequence[Finding] = ()

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with pq.ParquetFile(path) as file:
                self._schema: pa.Schema = file.schema_arrow
                self._rows: int = file.metadata.num_rows
        except (pa.ArrowException, OSError) as fault:
            raise self._damaged(fault) from fault
        self.headings: Sequence[str] = self._schema.names

    def copy_to(
        self, out: Path, columns: PointColumns, decide: Decide, rows_at_once: int, progress: Progress | None
    ) -> None:
        """Write the file with the columns of `FIELDS`; the codes are texts."""
        schema = self._schema
        for field in FIELDS:
            schema = schema.append(field)
        waiting: list[pa.RecordBatch] = []
        with pq.ParquetFile(self._path) as file, pq.ParquetWriter(out, schema) as writer:
            done = 0
            for batch in self._batches(file, rows_at_once):
                waiting.append(with_grids(batch, decide(points_of(batch, columns, done)), schema))
                done += batch.num_rows
                waiting = _write_groups(writer, waiting, schema)
                if progress is not None:
                    progress(done, self._rows)
            if waiting or not done:
                writer.write_table(pa.Table.from_batches(waiting, schema).combine_chunks(), ROWS_OF_A_GROUP)

    def _batches(self, file: pq.ParquetFile, rows_at_once: int) -> Any:
        try:
            yield from file.iter_batches(batch_size=rows_at_once)
        except (pa.ArrowException, OSError) as fault:
            raise self._damaged(fault) from fault

    def _damaged(self, fault: Exception) -> UnreadableFile:
        return UnreadableFile(
            f"{self._path.name} cannot be read as Parquet ({str(fault)[:200]}); it is damaged or of another format: "
            "write it again."
        )


def points_of(batch: pa.RecordBatch, columns: PointColumns, first: int) -> PointRows:
    """Return the places of the rows of a batch.

    Raises
    ------
    UsageError
        A column of the place holds neither numbers nor texts.
    """
    names = [name.strip() for name in batch.schema.names]
    x, y = (_numbers(batch.column(names.index(name)), name) for name in (columns.lon, columns.lat) if name is not None)
    times = None if columns.at is None else batch.column(names.index(columns.at)).to_pylist()
    return PointRows(first, np.arange(first + 1, first + batch.num_rows + 1), x, y, times)


def with_grids(batch: pa.RecordBatch, cells: GridCells, schema: pa.Schema) -> pa.RecordBatch:
    """Return the batch with the three columns at its end."""
    added = (cells.codes, cells.methods, cells.border_distances_m)
    arrays = [pa.array(values, field.type) for values, field in zip(added, FIELDS, strict=True)]
    return pa.RecordBatch.from_arrays([*batch.columns, *arrays], schema=schema)


def _numbers(column: pa.Array, name: str) -> Floats:
    """Return a column as numbers, NaN where there is none."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return np.array([number(cell) for cell in column.to_pylist()], dtype=np.float64)
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        floats = pc.fill_null(column.cast(pa.float64(), safe=False), np.nan)
        return np.asarray(floats.to_numpy(zero_copy_only=False), dtype=np.float64)
    raise UsageError(f"The column {name} holds {kind}, no numbers; name columns of numbers with --lon and --lat.")


def _write_groups(writer: pq.ParquetWriter, waiting: list[pa.RecordBatch], schema: pa.Schema) -> list[pa.RecordBatch]:
    """Write as many whole row groups as there are rows for, and return the rows that are left."""
    if sum(batch.num_rows for batch in waiting) < ROWS_OF_A_GROUP:
        return waiting
    table = pa.Table.from_batches(waiting, schema).combine_chunks()
    whole = table.num_rows - table.num_rows % ROWS_OF_A_GROUP
    writer.write_table(table.slice(0, whole), ROWS_OF_A_GROUP)
    return list(table.slice(whole).to_batches())
