"""Plans edited by hand: one edit, undo or redo in one transaction, with its line in the journal.

Room: the corridor, below `workflow`. In: a `Database`, a plan's id, an operation, the revision that the caller has
read. Out: `EditedPlan`. Must not import a web framework, SQL or settings.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from gisgrid.errors import NothingChanges
from gisgrid.model import Grid, Locks, PlanRevision, PlanState, PlanStep
from gisgrid.plan import operations
from gisgrid.plan.changes import change_between, with_change
from gisgrid.plan.edits import Edited
from gisgrid.plan.execution import edited
from gisgrid.plan.operations import Operation
from gisgrid.sheets import LaidPlan, PlanSheets, laid_for
from gisgrid.store import plan_revisions, plans, tessellations
from gisgrid.store.database import Connection, Database
from gisgrid.store.plan_revisions import Deed, Outcome
from gisgrid.store.plan_versions import PlanVersion


@dataclass(frozen=True, slots=True)
class EditedPlan:
    """A plan after an edit, undo or redo.

    Attributes
    ----------
    revision
        The line of the journal that it added.
    edited
        The plan as it is now, with the grids that changed and the findings of all.
    undo, redo
        What can be taken back and made again now.
    """

    plan: str
    community: str
    revision: PlanRevision
    edited: Edited
    undo: PlanStep | None
    redo: PlanStep | None

    @property
    def changed(self) -> tuple[Grid, ...]:
        """The grids that changed or began, in order of key."""
        return tuple(grid for grid in self.edited.grids if grid.key in self.edited.changed)

    @property
    def locks(self) -> Locks:
        """What is locked now."""
        return self.edited.sheet.locks


@dataclass(frozen=True, slots=True)
class PlanEdits:
    """What was done to a plan since a revision, in order, and how the plan stands."""

    plan: str
    community: str
    state: PlanState
    revision: int
    edits: tuple[PlanRevision, ...]
    undo: PlanStep | None
    redo: PlanStep | None


def edit_plan(
    database: Database,
    plan_id: str,
    operation: Operation,
    *,
    actor: str,
    revision: int | None = None,
    sheets: PlanSheets | None = None,
) -> EditedPlan:
    """Return the draft after an operation, which is one step of undo.

    Parameters
    ----------
    revision
        The one that the caller has read; None where the caller does not mind.
    sheets
        Where plans are kept in memory.

    Raises
    ------
    NotFound, UsageError
        As the operation raises them.
    StaleRevision
        The plan has another revision by now.
    LockedGround
        What is locked would move.
    NothingChanges
        The plan is that way already.
    Conflict
        It is no draft, or the operation is not possible.
    """
    kept = sheets or PlanSheets()
    with database.transaction() as connection:
        row = plan_revisions.open_draft(connection, plan_id, revision)
        version, laid = kept.laid(connection, plan_id)
        after = edited(laid.sheet, operation)
        ground = _ground(connection, version.community, laid, after)
        change = change_between(laid.sheet, after.sheet, (laid.tessellation, ground))
        if change is None:
            raise NothingChanges(f"Plan {plan_id} is that way already; choose other buildings, or another grid.")
        deed = Deed("edit", actor, change, op=operations.document(operation))
        done = _written(connection, plan_id, row, deed, after)
    kept.keep(_next(version, done), LaidPlan(after.sheet, ground))
    return done


def undo_edit(
    database: Database, plan_id: str, *, actor: str, revision: int | None = None, sheets: PlanSheets | None = None
) -> EditedPlan:
    """Return the draft with its last edit taken back, whoever made it.

    Raises
    ------
    NotFound, StaleRevision, Conflict
        As in `edit_plan`.
    NothingToUndo
        No edit is left.
    """
    return _stepped(database, plan_id, "undo", actor, revision, sheets)


def redo_edit(
    database: Database, plan_id: str, *, actor: str, revision: int | None = None, sheets: PlanSheets | None = None
) -> EditedPlan:
    """Return the draft with the edit that was taken back last made again.

    Raises
    ------
    NotFound, StaleRevision, Conflict
        As in `edit_plan`.
    NothingToRedo
        None was taken back, or another edit was made since.
    """
    return _stepped(database, plan_id, "redo", actor, revision, sheets)


def edits_since(database: Database, plan_id: str, after: int = 0, limit: int = 1000) -> PlanEdits:
    """Return what was done to a plan behind a revision, in order, at most so many lines.

    Raises
    ------
    NotFound
        There is no plan of this id.
    """
    with database.transaction() as connection:
        standing = plans.standing(connection, plan_id)
        behind = min(standing.revision - after, limit)
        found = plan_revisions.since(connection, plan_id, after, behind) if behind > 0 else []
        undo, redo = plan_revisions.steps(connection, plan_id, standing.revision)
    return PlanEdits(standing.id, standing.community, standing.state, standing.revision, tuple(found), undo, redo)


def _stepped(
    database: Database,
    plan_id: str,
    action: Literal["undo", "redo"],
    actor: str,
    revision: int | None,
    sheets: PlanSheets | None,
) -> EditedPlan:
    """Return the draft with an edit taken back or made again: by its change, read one way or the other."""
    kept = sheets or PlanSheets()
    with database.transaction() as connection:
        row = plan_revisions.open_draft(connection, plan_id, revision)
        step = (plan_revisions.to_undo if action == "undo" else plan_revisions.to_redo)(connection, row)
        wanted = step.change.reversed if action == "undo" else step.change
        version, laid = kept.laid(connection, plan_id)
        ground = laid_for(connection, laid, wanted)
        after = with_change(ground.sheet, wanted)
        # Codes go on by the edition in force today, so what changes may be more than was recorded.
        change = change_between(laid.sheet, after.sheet, (laid.tessellation, ground.tessellation)) or wanted
        deed = Deed(action, actor, change, step=step)
        done = _written(connection, plan_id, row, deed, after)
    # Other cells are examined once, so that the edits that follow need not look for what they cannot have broken.
    sheet = after.sheet if ground is laid else after.sheet.examined()
    kept.keep(_next(version, done), LaidPlan(sheet, ground.tessellation))
    return done


def _ground(connection: Connection, community: str, laid: LaidPlan, after: Edited) -> str:
    """Return the id of the cells that an edited plan lies on; ground that was cut anew is written."""
    sheet = after.sheet
    if sheet.cells is laid.sheet.cells:
        return laid.tessellation
    return str(tessellations.save(connection, community, sheet.cells, sheet.cell_borders()))


def _written(connection: Connection, plan_id: str, row: Any, deed: Deed, after: Edited) -> EditedPlan:
    """Return what was done, once it is written."""
    touched = {label.key for label in deed.change.after.grids}
    recut = deed.change.before.tessellation != deed.change.after.tessellation  # then every grid has other cells
    changed = [grid for grid in after.grids if recut or grid.key in touched or grid.key in after.changed]
    revision = plan_revisions.write(connection, row, deed, Outcome(changed, after.sheet.locks, after.findings))
    undo, redo = plan_revisions.steps(connection, plan_id, revision.revision)
    return EditedPlan(str(row.id), row.community_code, revision, after, undo, redo)


def _next(version: PlanVersion, done: EditedPlan) -> PlanVersion:
    """Return the version of a plan whose only change was this one."""
    return dataclasses.replace(version, revision=done.revision.revision)
