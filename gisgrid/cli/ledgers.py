"""`gisgrid ledger`: the workbook of grids, workers, buildings and estates.

Room: the command line. In: a division code. Out: an XLSX file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gisgrid import ledgers
from gisgrid.cli import output
from gisgrid.cli.opening import opened_database
from gisgrid.errors import UsageError


def ledger(
    code: Annotated[str, typer.Argument(help="A community, street or district.")],
    out: Annotated[Path, typer.Option("-o", "--output", help="The XLSX file to write.")],
    as_json: output.JsonOption = False,
) -> None:
    """Write the ledger 一图一表一账: an XLSX workbook of grids, workers, buildings, estates and changes."""
    if out.suffix.lower() != ".xlsx":
        raise UsageError(f"The ledger is an XLSX file; name it so: -o {out.with_suffix('.xlsx').name}.")
    output.require_writable(out, option="--output")
    with opened_database() as database:
        book = ledgers.draw_ledger(database, code)
    output.write_whole(out, book)
    if as_json:
        output.print_json({"division": code, "path": str(out), "bytes": len(book)})
    else:
        output.result.print(str(out), markup=False)
