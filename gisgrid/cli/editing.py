"""`gisgrid edit, undo, redo`: a draft edited by hand, one step at a time.

Room: the command line. In: a plan's id, an operation as it stands on the wire. Out: the grids that changed, and the
findings. Who runs the command line edits the plan as it is: no revision is asked for.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api import edit_documents, edit_schemas
from api.bodies import parse_json
from api.errors import BadRequest
from gisgrid import workflow
from gisgrid.cli import output
from gisgrid.cli.opening import opened_database
from gisgrid.cli.planning import actor
from gisgrid.editing import EditedPlan
from gisgrid.errors import UsageError
from gisgrid.plan.operations import Operation

PlanArgument = Annotated[str, typer.Argument(metavar="PLAN", help="The plan's id, as `draw` and `plans` print it.")]


def edit(
    plan: PlanArgument,
    operation: Annotated[
        str,
        typer.Argument(metavar="OP", help='As on the wire: \'{"op": "assign", "buildings": ["…"], "to": "3"}\'.'),
    ],
    as_json: output.JsonOption = False,
) -> None:
    """Edit a draft: assign, arrange, split, merge, annex, rename, kind or lock."""
    asked = _operation(operation)
    with opened_database() as database:
        _print(workflow.edit_plan(database, plan, asked, actor=actor()), as_json=as_json)


def undo(plan: PlanArgument, as_json: output.JsonOption = False) -> None:
    """Take back the last edit of a draft."""
    with opened_database() as database:
        _print(workflow.undo_edit(database, plan, actor=actor()), as_json=as_json)


def redo(plan: PlanArgument, as_json: output.JsonOption = False) -> None:
    """Make the edit again that was taken back last."""
    with opened_database() as database:
        _print(workflow.redo_edit(database, plan, actor=actor()), as_json=as_json)


def _operation(text: str) -> Operation:
    """Return the operation that a JSON text asks for."""
    try:
        return edit_schemas.operation_of(parse_json(text.encode("utf-8", "surrogateescape")))
    except BadRequest as error:
        raise UsageError(f"The operation cannot be read: {error.detail}") from error


def _print(done: EditedPlan, *, as_json: bool) -> None:
    """Print what an edit changed."""
    if as_json:
        output.print_json(edit_documents.edited_plan(done))
        return
    output.print_findings(done.edited.findings)
    rows: list[tuple[Any, ...]] = [
        (grid.key, grid.code, grid.name, grid.kind, grid.households, len(grid.buildings)) for grid in done.changed
    ]
    rows += [(key, None, None, "ended", None, None) for key in done.revision.change.gone]
    output.print_table(
        ("grid", "code", "name", "kind", "households", "buildings"),
        rows,
        title=f"Plan {done.plan} of {done.community}, revision {done.revision.revision}",
    )
