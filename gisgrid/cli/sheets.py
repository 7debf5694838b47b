"""`gisgrid sheet`: the printed wall map.

Room: the command line. In: a division code. Out: a PDF, PNG or SVG file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from gisgrid import wall_sheets
from gisgrid.cli import output
from gisgrid.cli.opening import opened_database
from gisgrid.errors import UsageError


def sheet(
    code: Annotated[str, typer.Argument(help="A community; a street or district becomes an atlas.")],
    out: Annotated[Path, typer.Option("-o", "--output", help="The .pdf, .png or .svg file to write.")],
    font: Annotated[Path | None, typer.Option(help="A font file with Chinese characters.")] = None,
    approval_number: Annotated[str | None, typer.Option(help="The 审图号 to print.")] = None,
    as_json: output.JsonOption = False,
) -> None:
    """Write the wall sheet 挂图: A3 at a true scale, with buildings, grids and a table of workers."""
    form = out.suffix.lower().removeprefix(".")
    if form not in wall_sheets.FORMATS:
        raise UsageError(f"The sheet is a PDF, PNG or SVG file; name it so: -o {out.with_suffix('.pdf').name}.")
    output.require_writable(out, option="--output")
    with opened_database() as database, output.progress_bar() as bar:
        task = bar.add_task("pages", total=None)
        content = wall_sheets.draw_sheet(
            database,
            code,
            cast("wall_sheets.SheetFormat", form),
            font=font,
            approval_number=approval_number,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    output.write_whole(out, content)
    if as_json:
        output.print_json({"division": code, "path": str(out), "bytes": len(content)})
    else:
        output.result.print(str(out), markup=False)
