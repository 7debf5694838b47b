"""Files of points, opened by their extension and written again with the grids of their rows, whole or not at all.

Room: ingest. In: a path. Out: a `PointFile`, and a file beside which no half one is ever left.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gisgrid.errors import UnreadableFile, UsageError
from gisgrid.ingest.point_csv import DelimitedPoints
from gisgrid.ingest.point_rows import PointFile

DELIMITED: Final = (".csv", ".txt", ".tsv")
PARQUET: Final = (".parquet", ".pq")


def open_points(path: Path) -> PointFile:
    """Return the points of a CSV or Parquet file, or of a layer that GDAL reads (`FILE|layername=NAME`).

    Raises
    ------
    UnreadableFile
        No such file, damaged, or of no format that is read.
    UsageError
        Several layers and none named.
    """
    path, layer = _parts(path)
    if not path.is_file():
        raise UnreadableFile(f"There is no file {path.name} in the folder {path.absolute().parent}; check the path.")
    # Each format loads only the libraries that it needs: pyarrow takes half a second.
    match _kind(path):
        case "CSV":
            return DelimitedPoints(path)
        case "Parquet":
            from gisgrid.ingest.point_parquet import ParquetPoints  # noqa: PLC0415

            return ParquetPoints(path)
        case _:
            from gisgrid.ingest.point_layer import LayerPoints  # noqa: PLC0415

            return LayerPoints(path, layer)


def require_output(path: Path, out: Path) -> None:
    """Return nothing where the file's rows can be written to `out`.

    Raises
    ------
    UsageError
        It is the file itself, or of another kind than the file.
    """
    path, _ = _parts(path)
    if path.resolve() == out.resolve() or (path.exists() and out.exists() and path.samefile(out)):
        raise UsageError(f"-o {out.name} is the file that is read; name another one, so that nothing is lost.")
    kind = _kind(path)
    if kind != _kind(out):
        raise UsageError(f"{path.name} is written as {kind}, and -o {out.name} is not; give it an extension of {kind}.")
    if kind == "a layer":
        from gisgrid.ingest.point_layer import WRITTEN  # noqa: PLC0415

        if out.suffix.lower() not in WRITTEN:
            raise UsageError(f"-o {out.name} is of no format that is written; name one of {', '.join(WRITTEN)}.")


@contextmanager
def written_whole(out: Path) -> Iterator[Path]:
    """Give a path beside `out` to write to; it becomes `out` at the end, or is removed where the work fails.

    Raises
    ------
    UsageError
        The disk does not take it.
    """
    unfinished = out.with_name(f".{out.stem}.{os.getpid()}.part{out.suffix}")
    try:
        yield unfinished
        unfinished.replace(out)
    except OSError as fault:
        raise UsageError(
            f"-o {out} cannot be written ({fault.strerror or fault}); name a file in a folder with room that you may "
            "write to."
        ) from fault
    finally:
        for left in out.parent.glob(f"{glob.escape(unfinished.name)}*"):  # GDAL's journals beside it, too
            left.unlink()


def _parts(path: Path) -> tuple[Path, str]:
    """Return the file and the layer inside it that `FILE|layername=NAME` names."""
    name, _, layer = str(path).partition("|layername=")
    return Path(name), layer


def _kind(path: Path) -> str:
    suffix = path.suffix.lower()
    return "CSV" if suffix in DELIMITED else "Parquet" if suffix in PARQUET else "a layer"
