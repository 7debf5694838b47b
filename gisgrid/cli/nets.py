"""`gisgrid nets`: how a second net lies to the grids.

Room: the command line. In: a division code. Out: a table, a CSV file, or JSON.
"""

from __future__ import annotations

from typing import Annotated

import typer

from gisgrid import nets as second_nets
from gisgrid import wire
from gisgrid.cli import output
from gisgrid.cli.opening import opened_database
from gisgrid.maps.net_tables import net_table


def nets(
    code: Annotated[str, typer.Argument(help="A community, street or district.")],
    csv: output.CsvOption = None,
    as_json: output.JsonOption = False,
) -> None:
    """List where police beats, monitoring grids and other nets do not fit the grids in force."""
    output.require_csv(csv)
    with opened_database() as database:
        match = second_nets.draw_nets(database, code)
    output.write_csv(csv, net_table(match))
    rows = [(p.share.net, p.share.grid, p.share.area, p.share.buildings, p.share.households, p.relation) for p in
            match.pairs]  # fmt: skip
    columns = ("net", "grid", "area", "buildings", "households", "relation")
    if as_json:
        pairs = [dict(zip(columns, row, strict=True)) for row in rows]
        findings = wire.findings(match.findings)
        output.print_json({"division": code, "nets": match.nets, "pairs": pairs, "findings": findings})
        return
    output.print_findings(match.findings)
    output.print_table(
        columns, rows, title=f"{', '.join(match.nets) or 'no second net'}: {len(match.findings)} mismatches"
    )
