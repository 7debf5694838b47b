"""`gisgrid repair`: a plan as somebody drew it becomes a draft that lies on cells.

Room: the command line. In: a plan's id. Out: every change, and the grids as a table or JSON.
"""

from __future__ import annotations

from typing import Annotated

import typer

from api import documents
from gisgrid import repairing
from gisgrid.cli import output
from gisgrid.cli.opening import opened_database


def repair(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="A draft that `import grids` made.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell every change, write nothing.")] = False,
    as_json: output.JsonOption = False,
) -> None:  # fmt: skip
    """Lay a drawn plan on cells as a new draft: no gap, no overlap, no building cut; every change is told."""
    with opened_database() as database:
        repaired = repairing.repair_plan(database, plan, dry_run=dry_run)
    if as_json:
        output.print_json(documents.repaired_plan(repaired))
    else:
        kept = repaired.plan.id if repaired.plan is not None else "–"
        output.print_findings(repaired.repaired.findings)
        output.print_table(
            ("plan", "grid", "name", "code", "kind", "households", "buildings", "area_m2"),
            [
                (kept, g.key, g.name, g.code, g.kind, g.households, len(g.buildings), round(g.area_m2))
                for g in repaired.repaired.edited.grids
            ],
            title=f"{repaired.repaired.moved_m2:.2f} m² changed{'; nothing was written' if dry_run else ''}",
        )
