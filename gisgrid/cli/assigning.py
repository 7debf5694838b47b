"""`gisgrid assign`: which grid each point of a file is in.

Room: the command line. In: a file of points in a declared system. Out: its copy with three more columns.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gisgrid import wire
from gisgrid.assigning import INVALID, AssignRequest, assign_file
from gisgrid.cli import output
from gisgrid.cli.lookup import instant
from gisgrid.cli.opening import opened_database
from gisgrid.directory import GridDirectory
from gisgrid.errors import UsageError
from gisgrid.settings import Settings


def assign(
    file: Annotated[Path, typer.Argument(help="CSV, Parquet, or a point layer of any vector format that GDAL reads.")],
    out: Annotated[Path, typer.Option("-o", "--output", help="The file to write, of the same kind.")],
    crs: Annotated[str | None, typer.Option(help="wgs84, cgcs2000, gcj02, bd09 or EPSG:n; only a layer may carry its "
                                                 "own.")] = None,
    lon: Annotated[str | None, typer.Option(metavar="COL", help="The column of longitudes (x); by default lon, lng, "
                                                                "longitude, 经度 or x.")] = None,
    lat: Annotated[str | None, typer.Option(metavar="COL", help="The column of latitudes (y); by default lat, "
                                                                "latitude, 纬度 or y.")] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME|COL", help="As of this time, RFC 3339, or of the time in this "
                                                                    "column; now by default.")] = None,
    dask: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Spread the work over the workers of the Dask "
                                                                     "scheduler at this address.")] = None,
    as_json: output.JsonOption = False,
) -> None:  # fmt: skip
    """Write a file of points again with grid_code, method and border_distance_m: same rows, same order."""
    output.require_writable(out, option="--output")
    settings = Settings.from_environment()
    request = AssignRequest(path=file, out=out, crs=crs, lon=lon, lat=lat, at=_time_or_column(at), dask=dask)
    with opened_database(settings) as database, output.progress_bar() as bar:
        task = bar.add_task("assign", total=None)
        directory = GridDirectory(database, nearest_tolerance_m=settings.nearest_tolerance_m)
        assigned = assign_file(
            database, directory, request, progress=lambda done, rows: bar.update(task, completed=done, total=rows)
        )
    if as_json:
        output.print_json(
            {
                "path": str(out),
                "rows": assigned.rows,
                "methods": assigned.methods,
                "crs": assigned.crs,
                "findings": wire.findings(assigned.findings),
            }
        )
    else:
        output.print_findings(assigned.findings)
        counted = ", ".join(f"{count} {method}" for method, count in assigned.methods.items() if count)
        output.talk.print(f"{assigned.rows} rows: {counted or 'none'}", markup=False)
        output.result.print(str(out), markup=False)
    if assigned.methods[INVALID]:
        raise typer.Exit(1)


def _time_or_column(text: str | None) -> datetime | str | None:
    """Return the instant that a text writes, or the text as the name of a column."""
    try:
        return instant(text)
    except UsageError:
        return text
