"""Point layers of vector files, streamed through GDAL and Arrow with their types.

Room: ingest. In: a path. Out: a layer of the same fields, types and coordinate system, and three more fields. The file
is read by a process apart (`layer_child`) that has no other drivers than those we name; memory holds one batch.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final

import numpy as np
import pyarrow as pa
import pyogrio.raw
import shapely

from gisgrid.errors import UnreadableFile, UsageError
from gisgrid.ingest.point_parquet import FIELDS, with_grids
from gisgrid.ingest.point_rows import Decide, PointColumns, PointRows, PointUnit, Progress
from gisgrid.ingest.vector import (
    GDAL_APART,
    require_signature,
    require_whole_geopackage,
    require_whole_shapefile,
    shapefile_encoding,
)
from gisgrid.model import Finding

WRITTEN: Final = MappingProxyType({".gpkg": "GPKG", ".geojson": "GeoJSON", ".fgb": "FlatGeobuf"})
"""Extensions of layers that are written. A shapefile would cut the names of the new columns to ten letters, lines of
GeoJSON would round and reproject the points."""

_OPTIONS: Final = MappingProxyType(
    {
        ".fgb": {"SPATIAL_INDEX": "NO"},  # with an index its features are sorted by place
        ".geojson": {"COORDINATE_PRECISION": "17"},  # with less a point on a border may leave it
    }
)
"""What keeps order and coordinates as they are."""

_POINT: Final = int(shapely.GeometryType.POINT)


class LayerPoints:
    """A layer of a vector file whose features are points.

    Parameters
    ----------
    path
        The file.
    layer
        The layer inside it, or "" for the only one.

    Raises
    ------
    UnreadableFile
        Another format than its name says, or damaged.
    UsageError
        Several layers and none named, or none of that name.
    """

    has_points = True
    unit: PointUnit = "feature"

    def __init__(self, path: Path, layer: str) -> None:
        self._path, self._layer, self._encoding = path, layer, ""
        self.findings: Sequence[Finding] = ()
        require_signature(path)
        if path.suffix.lower() == ".shp":
            require_whole_shapefile(path)
            self._encoding, self.findings = shapefile_encoding(path)
        elif path.suffix.lower() == ".gpkg":
            require_whole_geopackage(path)
        with self._opened(1) as stream:
            head = stream.head
        if "layer" not in head:
            raise UsageError(
                f"{path.name} has the layers {', '.join(head['layers'])}; name the one to read as "
                f"{path.name}|layername=NAME."
            )
        self._head = head
        self.headings: Sequence[str] = [name for name in stream.reader.schema.names if name != head["geometry"]]
        self.crs: str | None = head["crs"]

    def copy_to(
        self, out: Path, columns: PointColumns, decide: Decide, rows_at_once: int, progress: Progress | None
    ) -> None:
        """Write the layer with the columns of `FIELDS`, feature by feature in its order."""
        faults: list[BaseException] = []
        with self._opened(rows_at_once) as stream:
            schema = stream.reader.schema.remove_metadata()
            _require_types(schema, out)
            for field in FIELDS:
                schema = schema.append(field)

            def batches() -> Iterator[pa.RecordBatch]:
                try:
                    done = 0
                    for batch in stream.batches():
                        yield with_grids(batch, decide(self._points(batch, columns, done)), schema)
                        done += batch.num_rows
                        if progress is not None:
                            progress(done, self._head["features"])
                    self._require_all(done)
                except BaseException as fault:  # GDAL would tell it in words of its own
                    faults.append(fault)
                    raise

            try:
                self._write(out, pa.RecordBatchReader.from_batches(schema, batches()))
            except Exception as fault:
                if faults:
                    raise faults[0] from fault
                raise UsageError(
                    f"{out.name} cannot be written ({str(fault)[:200]}); name another format with -o: "
                    f"{', '.join(WRITTEN)}."
                ) from fault

    def _write(self, out: Path, reader: pa.RecordBatchReader) -> None:
        """Write the features in the format that the file's name says."""
        suffix = out.suffix.lower()
        pyogrio.raw.write_arrow(
            reader,
            out,
            layer=self._head["layer"],
            driver=WRITTEN[suffix],
            geometry_name=self._head["geometry"],
            geometry_type=self._head["geometry_type"],
            crs=self._head["crs"],
            layer_options=_OPTIONS.get(suffix),
        )

    def _points(self, batch: pa.RecordBatch, columns: PointColumns, first: int) -> PointRows:
        """Return the places of the features of a batch; NaN where the geometry is none or no point."""
        wkb = np.array(batch.column(batch.schema.names.index(self._head["geometry"])).to_pylist(), dtype=object)
        with np.errstate(invalid="ignore"):
            shapes = np.asarray(shapely.from_wkb(wkb, on_invalid="ignore"), dtype=object)
        points = (shapely.get_type_id(shapes) == _POINT) & ~shapely.is_empty(shapes)
        x, y = np.full(len(shapes), np.nan), np.full(len(shapes), np.nan)
        x[points], y[points] = shapely.get_x(shapes[points]), shapely.get_y(shapes[points])
        names = [name.strip() for name in batch.schema.names]
        times = None if columns.at is None else batch.column(names.index(columns.at)).to_pylist()
        return PointRows(first, np.arange(first + 1, first + len(shapes) + 1), x, y, times)

    def _require_all(self, done: int) -> None:
        if 0 <= self._head["features"] != done:
            raise UnreadableFile(
                f"{self._path.name} says it has {self._head['features']} features, but {done} could be read; "
                "it is damaged: export it again."
            )

    @contextmanager
    def _opened(self, rows_at_once: int) -> Iterator[_Stream]:
        """Give the layer as the process apart streams it; the process is gone at the end."""
        arguments = [str(self._path.absolute()), self._layer, self._encoding, str(rows_at_once)]
        with (
            tempfile.TemporaryFile() as said,
            subprocess.Popen(  # noqa: S603  our own module, the path is an argument
                [sys.executable, "-m", "gisgrid.ingest.layer_child", *arguments],
                stdout=subprocess.PIPE,
                stderr=said,
                env={**os.environ, **GDAL_APART},
            ) as child,
        ):
            try:
                yield _Stream(self._path.name, child, said)
            finally:
                child.kill()


def _require_types(schema: pa.Schema, out: Path) -> None:
    """Refuse a format that would turn times into others: nothing but the new columns may differ.

    A GeoPackage takes every time for UTC (OGC 12-128, table 1); a FlatGeobuf has no day without a time.
    """
    for column in schema:
        local = pa.types.is_timestamp(column.type) and column.type.tz is None
        if (local and out.suffix.lower() == ".gpkg") or (
            pa.types.is_date(column.type) and out.suffix.lower() == ".fgb"
        ):
            raise UsageError(
                f"{out.name} cannot hold the field {column.name} as it is ("
                f"{'times without a zone' if local else 'days'}); write a .geojson, which can."
            )


class _Stream:
    """The Arrow stream of a process apart: what its layer says of itself, then its batches."""

    def __init__(self, name: str, child: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        self._name, self._child, self._said = name, child, said
        try:
            self.reader: pa.RecordBatchReader = pa.ipc.open_stream(child.stdout)
        except pa.ArrowInvalid as fault:  # it ended before it began
            raise self._unreadable() from fault
        self.head: dict[str, Any] = json.loads(self.reader.schema.metadata[b"gisgrid"])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield every batch; a stream that breaks off is a damaged file, never a short one."""
        try:
            yield from self.reader
        except (pa.ArrowException, OSError) as fault:
            raise self._unreadable() from fault
        if self._child.wait() != 0:
            raise self._unreadable()

    def _unreadable(self) -> UnreadableFile:
        if self._child.stdout is not None:
            self._child.stdout.close()  # a child that still writes would wait for us as we wait for it
        status = self._child.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        reason = lines[-1][:300] if lines else f"the reader ended with status {status}"
        return UnreadableFile(
            f"{self._name} cannot be read ({reason}); it is damaged or incomplete: export it again, best as GeoPackage."
        )
