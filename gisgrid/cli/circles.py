"""`gisgrid circle`: who lives within a walk of a service centre.

Room: the command line. In: a division code. Out: a table, a CSV file, or JSON.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gisgrid import circles, wire
from gisgrid.cli import output
from gisgrid.cli.opening import opened_database
from gisgrid.maps.circle_tables import circle_table
from gisgrid.model.circles import CIRCLE_M, ServiceCircle

_MEASURED = {"streets": "along the streets", "straight": "in straight lines, as no streets are loaded", "both":
             "along the streets, in straight lines where none is near"}  # fmt: skip


def circle(
    code: Annotated[str, typer.Argument(help="A community, street or district.")],
    reach: Annotated[float, typer.Option(metavar="METRES", help="A quarter of an hour on foot.")] = CIRCLE_M,
    csv: output.CsvOption = None,
    as_json: output.JsonOption = False,
) -> None:
    """Print the share of each grid's households within a walk of a service centre (15 分钟服务圈)."""
    output.require_csv(csv)
    with opened_database() as database:
        found = circles.draw_circle(database, code, reach_m=reach)
    output.write_csv(csv, circle_table(found))
    if as_json:
        output.print_json({"division": code, **_document(found)})
        return
    output.print_findings(found.findings)
    output.print_table(
        ("grid", "name", "households", "within", "share", "farthest_m", "centre"),
        [
            (grid.code, grid.name, grid.households, grid.within, "–" if grid.share is None else f"{grid.share:.0%}",
             grid.farthest_m, grid.centre)
            for grid in found.grids
        ],
        title=f"{found.within} of {found.households} households within {found.reach_m:g} m of a service centre, "
        f"measured {_MEASURED[found.measured]}",
    )  # fmt: skip


def _document(found: ServiceCircle) -> dict[str, Any]:
    return {
        "reach_m": found.reach_m,
        "measured": found.measured,
        "households": found.households,
        "within": found.within,
        "off_street": found.off_street,
        "grids": [
            {"code": grid.code, "name": grid.name, "community": grid.community, "households": grid.households,
             "within": grid.within, "share": grid.share, "walked": grid.walked, "farthest_m": grid.farthest_m,
             "centre": grid.centre}
            for grid in found.grids
        ],
        "centres": [
            {"code": centre.code, "name": centre.name, "community": centre.community, "area_m2": centre.area_m2}
            for centre in found.centres
        ],
        "findings": wire.findings(found.findings),
    }  # fmt: skip
