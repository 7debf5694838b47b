"""The journal of a plan: every edit, undo and redo, in order, and what can be taken back or made again.

Room: store. In: a change and the grids that it made. Out: `PlanRevision`, `PlanStep`. Must not import any other room.

Rows are append-only. The stacks of undo and redo are lists through the rows, so a step reads two of them at any depth;
see the migration.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from gisgrid.errors import Conflict, NothingToRedo, NothingToUndo
from gisgrid.model import (
    Finding,
    Grid,
    GridLabel,
    Locks,
    PlanChange,
    PlanPart,
    PlanRevision,
    PlanStep,
    RevisionAction,
)
from gisgrid.store import findings, plans
from gisgrid.store.database import Connection, copy_rows, named_query
from gisgrid.store.findings import plain
from gisgrid.store.tables import PLAN_CELLS, PLAN_FINDINGS, PLAN_GRIDS, PLAN_REVISIONS, PLANS


@dataclass(frozen=True, slots=True)
class Deed:
    """What is about to be written into the journal.

    Attributes
    ----------
    step
        The edit that is taken back or made again, as `to_undo` or `to_redo` gave it; None for a new edit.
    op
        The operation of a new edit, as plain values.
    """

    action: RevisionAction
    actor: str
    change: PlanChange
    op: Mapping[str, Any] | None = None
    step: PlanRevision | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The plan as a deed leaves it: grids that changed, locks, and the findings of all."""

    changed: Sequence[Grid]
    locks: Locks
    findings: Sequence[Finding]


def open_draft(connection: Connection, plan_id: str, revision: int | None) -> Row[Any]:
    """Return the row of a draft that is about to be edited, held until the transaction ends.

    Raises
    ------
    NotFound
        There is no plan of this id.
    StaleRevision
        The plan has another revision.
    Conflict
        It is no draft.
    """
    row = plans.lock(connection, plan_id, revision=revision)
    if row.state != "draft":
        raise Conflict(
            f"Plan {plan_id} is {row.state}, and only drafts are edited; draw a new plan to change the grids."
        )
    return row


def steps(connection: Connection, plan_id: str, revision: int) -> tuple[PlanStep | None, PlanStep | None]:
    """Return the edit that an undo would take back at a revision, and the one that a redo would make again."""
    values = {"plan": plans.number(plan_id), "revision": revision}
    row = connection.execute(named_query("plan_steps"), values).first()
    if row is None:
        return None, None
    undo, redo = None, None
    if row.undo_revision is not None:
        back = _change(row.undo_change).reversed
        undo = PlanStep(row.undo_revision, row.undo_actor, row.undo_op, _moved(back))
    if row.redo_revision is not None:
        again = _change(row.redo_change)
        redo = PlanStep(row.redo_revision, row.redo_actor, row.redo_op, _moved(again))
    return undo, redo


def to_undo(connection: Connection, row: Row[Any]) -> PlanRevision:
    """Return the edit on top of the stack of undo, of a plan held by `open_draft`.

    Raises
    ------
    NothingToUndo
        There is none.
    """
    undo, _ = steps(connection, str(row.id), row.revision)
    if undo is None:
        raise NothingToUndo(f"No edit of plan {row.id} is left to take back.")
    return _read(connection, row.id, undo)


def to_redo(connection: Connection, row: Row[Any]) -> PlanRevision:
    """Return the edit that was taken back last, of a plan held by `open_draft`.

    Raises
    ------
    NothingToRedo
        None was, or another edit was made since.
    """
    _, redo = steps(connection, str(row.id), row.revision)
    if redo is None:
        raise NothingToRedo(f"No edit of plan {row.id} was taken back, or another was made since.")
    return _read(connection, row.id, redo)


def write(connection: Connection, row: Row[Any], deed: Deed, outcome: Outcome) -> PlanRevision:
    """Return the line that the deed adds to the journal; the plan is as it leaves it.

    Parameters
    ----------
    row
        As `open_draft` gave it.
    """
    change, revision = deed.change, row.revision + 1
    recut = change.before.tessellation != change.after.tessellation
    _rewrite_grids(connection, row.id, change, outcome.changed, whole=recut)
    connection.execute(
        update(PLANS)
        .where(PLANS.columns.id == row.id)
        .values(
            revision=revision,
            tessellation_id=int(change.after.tessellation),
            locked_grids=list(outcome.locks.grids),
            locked_buildings=list(outcome.locks.buildings),
        )
    )
    findings.replace(connection, PLAN_FINDINGS, row.id, outcome.findings)
    edit = revision if deed.step is None else deed.step.revision
    at = connection.execute(
        insert(PLAN_REVISIONS)
        .values(
            plan_id=row.id,
            revision=revision,
            action=deed.action,
            edit=edit,
            actor=deed.actor,
            op=None if deed.op is None else plain(deed.op),
            change=plain(dataclasses.asdict(change)),
            **_stacks(connection, row.id, deed, revision),
        )
        .returning(PLAN_REVISIONS.columns.at)
    ).scalar_one()
    op = deed.op if deed.step is None else deed.step.op
    return PlanRevision(revision, deed.action, edit, deed.actor, at, op or {}, change)


def since(connection: Connection, plan_id: str, after: int, limit: int) -> list[PlanRevision]:
    """Return the lines of the journal behind a revision, in order."""
    columns, edit = PLAN_REVISIONS.columns, PLAN_REVISIONS.alias("made")
    query = (
        select(PLAN_REVISIONS, edit.columns.op.label("made_op"))
        .join(edit, (edit.columns.plan_id == columns.plan_id) & (edit.columns.revision == columns.edit))
        .where(columns.plan_id == plans.number(plan_id), columns.revision > after)
        .order_by(columns.revision)
        .limit(limit)
    )
    return [_revision(row, row.made_op) for row in connection.execute(query)]


def _stacks(connection: Connection, plan: int, deed: Deed, revision: int) -> dict[str, int | None]:
    """Return where the deed leaves the two stacks."""
    columns = PLAN_REVISIONS.columns
    tops = select(columns.undo_to, columns.redo_to).where(columns.plan_id == plan)
    last = connection.execute(tops.order_by(columns.revision.desc()).limit(1)).first()
    undo_to, redo_to = (None, None) if last is None else (last.undo_to, last.redo_to)
    if deed.step is None:
        return {"below": undo_to, "undo_to": revision, "redo_to": None}
    if deed.action == "undo":
        return {"below": redo_to, "undo_to": _below(connection, plan, undo_to), "redo_to": revision}
    return {"below": None, "undo_to": deed.step.revision, "redo_to": _below(connection, plan, redo_to)}


def _below(connection: Connection, plan: int, revision: int | None) -> int | None:
    """Return what lies below an entry of a stack."""
    columns = PLAN_REVISIONS.columns
    below: int | None = connection.execute(
        select(columns.below).where(columns.plan_id == plan, columns.revision == revision)
    ).scalar_one()
    return below


def _rewrite_grids(
    connection: Connection, plan: int, change: PlanChange, changed: Sequence[Grid], *, whole: bool
) -> None:
    """Write the grids and cells that a change touches, or all of them, in place of what they were."""
    grids, cells = PLAN_GRIDS.columns, PLAN_CELLS.columns
    old_grids, old_cells = (
        delete(PLAN_GRIDS).where(grids.plan_id == plan),
        delete(PLAN_CELLS).where(cells.plan_id == plan),
    )
    if not whole:
        keys = {label.key for label in change.before.grids} | {grid.key for grid in changed}
        old_grids = old_grids.where(grids["key"].in_(sorted(keys)))
        old_cells = old_cells.where(cells.cell_number.in_([number for number, _ in change.before.cells]))
    if whole or change.before.cells:
        connection.execute(old_cells)
    connection.execute(old_grids)
    plans.save_grid_rows(connection, plan, changed)
    copy_rows(
        connection,
        PLAN_CELLS,
        ("plan_id", "cell_number", "grid_key"),
        ((plan, number, key) for number, key in change.after.cells if key is not None),
    )


def _read(connection: Connection, plan: int, step: PlanStep) -> PlanRevision:
    """Return the edit of a step."""
    return since(connection, str(plan), step.revision - 1, 1)[0]


def _revision(row: Row[Any], op: Mapping[str, Any]) -> PlanRevision:
    """Return a row as a line of the journal."""
    return PlanRevision(row.revision, row.action, row.edit, row.actor, row.at, op, _change(row.change))


def _change(document: Mapping[str, Any]) -> PlanChange:
    """Return a stored change."""
    return PlanChange(_part(document["before"]), _part(document["after"]))


def _moved(change: PlanChange) -> tuple[tuple[int, str | None], ...]:
    """Return where a change hands each cell; nothing where the cells are others after it."""
    return change.after.cells if change.before.tessellation == change.after.tessellation else ()


def _part(document: Mapping[str, Any]) -> PlanPart:
    """Return one side of a stored change."""
    return PlanPart(
        cells=tuple((number, key) for number, key in document["cells"]),
        grids=tuple(GridLabel(**label) for label in document["grids"]),
        locked_buildings=tuple(document["locked_buildings"]),
        tessellation=document["tessellation"],
    )
