"""Edits and the journal of a plan as they stand on the wire.

Room: the front door on the wire. In: what `gisgrid.editing` gives. Out: plain values.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from gisgrid import wire
from gisgrid.editing import EditedPlan, PlanEdits
from gisgrid.model import Locks, Plan, PlanRevision, PlanStep


def edited_plan(value: EditedPlan) -> dict[str, Any]:
    """Return a plan after an edit: what changed, and the findings of all of it."""
    change = value.revision.change
    return {
        "plan": value.plan,
        "community": value.community,
        "revision": value.revision.revision,
        "edit": _line(value.revision),
        "grids": [
            {**wire.grid(grid), "locked": grid.key in value.locks.grids, "geometry": wire.geometry(grid.geometry)}
            for grid in value.changed
        ],
        "gone": list(change.gone),
        "cells": change.after.cells,
        "tessellation": change.after.tessellation,
        "findings": wire.findings(value.edited.findings),
        **steps(value.undo, value.redo),
    }


def plan_edits(value: PlanEdits) -> dict[str, Any]:
    """Return what was done to a plan since a revision, and how it stands."""
    return {
        "plan": value.plan,
        "community": value.community,
        "state": value.state,
        "revision": value.revision,
        "edits": [
            {
                **_line(each),
                "cells": each.change.after.cells,
                "grids": [dataclasses.asdict(label) for label in each.change.after.grids],
                "gone": list(each.change.gone),
                "tessellation": each.change.after.tessellation,
            }
            for each in value.edits
        ],
        **steps(value.undo, value.redo),
    }


def plan(value: Plan, undo: PlanStep | None = None, redo: PlanStep | None = None) -> dict[str, Any]:
    """Return a plan with its locks and with what can be taken back and made again: nothing of one that is new."""
    return {**wire.plan(value), "locked": locks(value.locks), **steps(undo, redo)}


def steps(undo: PlanStep | None, redo: PlanStep | None) -> dict[str, Any]:
    """Return what can be taken back and made again."""
    return {name: None if step is None else dataclasses.asdict(step) for name, step in (("undo", undo), ("redo", redo))}


def locks(value: Locks) -> dict[str, list[str]]:
    """Return what is locked in a plan: keys of grids, codes of buildings."""
    return {"grids": list(value.grids), "buildings": list(value.buildings)}


def entity_tag(revision: int) -> str:
    """Return the `ETag` of a revision, which `If-Match` gives back."""
    return f'"{revision}"'


def _line(value: PlanRevision) -> dict[str, Any]:
    return {
        "revision": value.revision,
        "action": value.action,
        "of": value.of,
        "actor": value.actor,
        "at": wire.instant(value.at),
        "op": value.op,
    }
