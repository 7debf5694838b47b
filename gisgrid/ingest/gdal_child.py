"""Reads one vector file with GDAL, in a process of its own that knows only the formats we name.

Room: ingest. In: the command line `PATH LAYERS ENCODING`. Out: an `.npz` archive on stdout. Run by `vector`, never
imported.

Why a process: GDAL chooses a driver by looking into the file, whatever its name says. A file called `.geojson` with the
text `<OGRVRTDataSource` in it is opened by the VRT driver, which reads other files of the machine and calls addresses.
GDAL leaves out drivers only when it starts (`GDAL_SKIP`), so it starts anew here, without them; a hostile or damaged
file can then take neither the memory, nor the time, nor the life of the caller.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import sys
import warnings
from typing import Any, Final

ALLOWED_DRIVERS: Final = frozenset(
    {"ESRI Shapefile", "GPKG", "GeoJSON", "GeoJSONSeq", "FlatGeobuf", "KML", "LIBKML", "MapInfo File", "GML", "DXF"}
)
CPU_SECONDS: Final = 600
MEMORY_BYTES: Final = 8 * 1024**3
SKIP_MARK: Final = "GISGRID_GDAL_SKIPPED"


def main(path: str, wanted: str, encoding: str) -> None:
    """Write the layer as an archive of arrays to stdout: `head` (JSON), `wkb` (all bytes) and `ends` (of each)."""
    limit_this_process()
    for heavy in ("geopandas", "pandas", "pyarrow"):
        sys.modules[heavy] = None  # type: ignore[assignment]  # pyogrio then does without: 2 s less to start
    leave_out_other_drivers("gisgrid.ingest.gdal_child")
    import numpy as np  # noqa: PLC0415  as above

    head, wkb = read(path, json.loads(wanted), encoding or None)
    ends = np.cumsum([len(each or b"") for each in wkb], dtype=np.int64)
    answer = io.BytesIO()
    np.savez(
        answer,
        head=np.frombuffer(json.dumps(head, default=str).encode(), dtype=np.uint8),
        wkb=np.frombuffer(b"".join(each or b"" for each in wkb), dtype=np.uint8),
        ends=ends,
    )
    sys.stdout.buffer.write(answer.getvalue())


def limit_this_process() -> None:
    """Give the process an end of time and memory, whatever the file does to it."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    with contextlib.suppress(ValueError, OSError):  # macOS knows the limit and refuses to set it
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def leave_out_other_drivers(module: str) -> None:
    """Return where GDAL knows the formats we name and no other; else begin the module anew without the others.

    Parameters
    ----------
    module
        The module that runs as this process.
    """
    import pyogrio  # noqa: PLC0415  after the limits

    foreign = sorted(set(pyogrio.list_drivers()) - ALLOWED_DRIVERS)
    if foreign:
        if SKIP_MARK in os.environ:
            raise SystemExit(f"GDAL keeps drivers that it was told to leave out: {', '.join(foreign)}")
        environment = {**os.environ, "GDAL_SKIP": ",".join(foreign), SKIP_MARK: "1"}
        os.execve(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]], environment)  # noqa: S606  our own


def read(path: str, wanted: list[str], encoding: str | None) -> tuple[dict[str, Any], list[bytes | None]]:
    """Return the head (driver, CRS, fields, columns …) and the WKB of every feature of the layer that is wanted.

    Parameters
    ----------
    path
        The file.
    wanted
        Names of layers in order of preference; the first that the file has is read, else its only layer. When the file
        has several and none of these, the head holds `layers` alone.
    encoding
        Of the texts, or None for what the format itself says.
    """
    import pyogrio  # noqa: PLC0415  see main
    import pyogrio.raw  # noqa: PLC0415  see main

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        layers = [str(name) for name, _ in pyogrio.list_layers(path)]
        named = {name.casefold(): name for name in reversed(layers)}
        layer = next((named[each.casefold()] for each in wanted if each.casefold() in named), None)
        if layer is None and len(layers) == 1:
            layer = layers[0]
        if layer is None:
            return {"layers": layers}, []
        info = pyogrio.read_info(path, layer=layer, encoding=encoding)
        meta, _, geometry, columns = pyogrio.raw.read(path, layer=layer, encoding=encoding, datetime_as_string=True)
    fields = [str(each) for each in meta["fields"]]
    head = {
        "layers": layers,
        "driver": info["driver"],
        "crs": meta["crs"],
        "geometry_type": meta["geometry_type"],
        "features": info["features"],
        "columns": {name: _plain_list(values) for name, values in zip(fields, columns, strict=True)},
        "types": {name: str(values.dtype) for name, values in zip(fields, columns, strict=True)},
        "warnings": [str(each.message) for each in told],
        "rows": len(geometry) if geometry is not None else len(columns[0]) if columns else 0,
    }
    return head, list(geometry) if geometry is not None else []


def _plain_list(values: Any) -> list[Any]:
    """Return an array as JSON can carry it; a missing whole number arrives as NaN and leaves as None."""
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124  NaN is not itself


if __name__ == "__main__":
    main(*sys.argv[1:4])
