"""`gisgrid locate`: which grid a point is in.

Room: the command line. In: a point in a declared system. Out: its grid with the evidence.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from gisgrid.cli import output
from gisgrid.cli.opening import opened_database
from gisgrid.directory import GridDirectory
from gisgrid.errors import UsageError
from gisgrid.settings import Settings


def instant(text: str | None, option: str = "--at") -> datetime | None:
    """Return an RFC 3339 instant; without an offset it is local time.

    Raises
    ------
    UsageError
        The text is no instant.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is not a time; write for example 2026-01-31T08:00:00+08:00.") from error
    return moment if moment.tzinfo is not None else moment.astimezone()


def locate(
    lon: Annotated[float, typer.Argument(help="Longitude (x) in degrees.")],
    lat: Annotated[float, typer.Argument(help="Latitude (y) in degrees.")],
    crs: Annotated[str | None, typer.Option(help="wgs84, cgcs2000, gcj02 or bd09; it is never guessed.")] = None,
    at: Annotated[str | None, typer.Option(help="As of this time, RFC 3339; now by default.")] = None,
    as_json: output.JsonOption = False,
) -> None:
    """Print the grid of a point, and how that was decided."""
    settings = Settings.from_environment()
    with opened_database(settings) as database:
        directory = GridDirectory(database, nearest_tolerance_m=settings.nearest_tolerance_m)
        answer = directory.locate(lon, lat, crs, at=instant(at)).document()
    if as_json:
        output.print_json(answer)
        return
    grid = answer["grid"]
    chain = [] if grid is None else [grid[level] for level in ("district", "street", "community") if grid[level]]
    rows = [
        ("grid", "none: no grid here" if grid is None else f"{grid['code']} {grid['name']} ({grid['kind']})"),
        ("divisions", " › ".join(f"{division['name']}" for division in chain)),
        ("method", answer["method"]),
        ("border_distance_m", answer["border_distance_m"]),
        ("neighbours", ", ".join(f"{each['code']} ({each['distance_m']} m)" for each in answer["neighbours"])),
        ("edition", "" if answer["edition"] is None
         else f"{answer['edition']['id']} since {answer['edition']['valid_from']}"),
        ("wgs84", f"{answer['wgs84'][0]:.6f}, {answer['wgs84'][1]:.6f}"),
        ("posts", "; ".join(f"{post['role']} {post['name']} {post['duty_phone'] or ''}" for post in answer["posts"])),
    ]  # fmt: skip
    output.print_table(("what", "value"), rows)
