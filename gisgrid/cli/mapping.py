"""`gisgrid map`: the staff map as one HTML file.

Room: the command line. In: a division code. Out: a file that opens with no network.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gisgrid import workflow
from gisgrid.cli import output
from gisgrid.cli.opening import opened_database
from gisgrid.errors import UsageError
from gisgrid.maps.base_map import BaseMap
from gisgrid.settings import Settings


def map_(
    code: Annotated[str, typer.Argument(help="A community, street or district.")],
    out: Annotated[Path, typer.Option("-o", "--output", help="The HTML file to write.")],
    audience: Annotated[Literal["public", "internal"], typer.Option(help="Who may see it.")] = "public",
    phones: Annotated[bool, typer.Option("--phones", help="Show the duty phones of posts.")] = False,
    as_json: output.JsonOption = False,
) -> None:
    """Write the staff map: one HTML file that opens without a network."""
    if out.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(f"The map is an HTML file; name it so: -o {out.with_suffix('.html').name}.")
    output.require_writable(out, option="--output")
    settings = Settings.from_environment()
    base_map = BaseMap.configured(settings.tiles_url, settings.tiles_system, settings.tiles_credit)
    with opened_database(settings) as database:
        page = workflow.draw_map(
            database,
            code,
            audience=audience,
            phones=phones,
            approval_number=settings.approval_number,
            base_map=base_map,
        )
    output.write_whole(out, page)
    if as_json:
        output.print_json({"division": code, "path": str(out), "bytes": len(page.encode())})
    else:
        output.result.print(str(out), markup=False)
