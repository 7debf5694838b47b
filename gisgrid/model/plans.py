"""Editable plans and the revisions that they went through.

Room: the words. In: nothing. Out: frozen values; a noun that several rooms share stands here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from gisgrid.model.drawing import DrawSettings
from gisgrid.model.findings import Finding
from gisgrid.model.grids import Grid, GridKind

RevisionAction = Literal["edit", "undo", "redo"]
PlanState = Literal["draft", "submitted", "approved", "published", "rejected"]
ScheduleOutcome = Literal["published", "withdrawn", "refused"]
PlanMoveKind = Literal[PlanState, "scheduled", "withdrawn", "refused"]


@dataclass(frozen=True, slots=True)
class Locks:
    """What stays where it is while a plan is edited: grids by key, buildings by code, each in order."""

    grids: tuple[str, ...] = ()
    buildings: tuple[str, ...] = ()

    @classmethod
    def of_draw(cls, grids: Sequence[Grid], settings: DrawSettings) -> Locks:
        """Return what a draw was asked to leave in force, as locks of the grids that came of it."""
        asked = frozenset(settings.locked_grids)
        keys = sorted(grid.key for grid in grids if grid.code in asked)
        return cls(tuple(keys), tuple(sorted(settings.locked_buildings)))


@dataclass(frozen=True, slots=True)
class Plan:
    """An editable division of one community into grids (网格方案), with the findings of its check.

    `tessellation` is the id of the cells that it lies on.
    """

    id: str
    community: str
    state: PlanState
    revision: int
    settings: DrawSettings
    grids: tuple[Grid, ...]
    findings: tuple[Finding, ...]
    base_edition: str | None = None
    created_at: datetime | None = None
    tessellation: str | None = None
    locks: Locks = dataclasses.field(default_factory=Locks)


@dataclass(frozen=True, slots=True)
class PlanMove:
    """One step of a plan's life.

    Attributes
    ----------
    kind
        The state that it came into; or that its publication was scheduled, withdrawn, or refused at its instant.
    actor
        Who did it.
    reason
        Why it was sent back, or refused.
    valid_from
        When it comes, or came, into force: of `scheduled` and `published`.
    """

    kind: PlanMoveKind
    actor: str
    at: datetime
    reason: str | None = None
    valid_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScheduledPublication:
    """A plan that is to come into force at an instant.

    Attributes
    ----------
    accepted
        What the reviewer accepted, as `RULE:GRID`.
    actor, at
        Who scheduled it, and when.
    """

    plan: str
    community: str
    valid_from: datetime
    accepted: tuple[str, ...]
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class GridLabel:
    """What a revision of a plan says of a grid beside its ground."""

    key: str
    name: str | None
    kind: GridKind
    code: str | None
    locked: bool


@dataclass(frozen=True, slots=True)
class PlanPart:
    """The part of a plan that a change is about, as it is on one side of the change.

    Attributes
    ----------
    cells
        The key of the grid of each cell that changes hands, None for a cell in none; all cells where the ground is cut
        anew.
    grids
        The grids that differ, with those that are on this side only.
    locked_buildings
        Codes of buildings that are locked on this side only.
    tessellation
        The id of the cells.
    """

    cells: tuple[tuple[int, str | None], ...]
    grids: tuple[GridLabel, ...]
    locked_buildings: tuple[str, ...]
    tessellation: str


@dataclass(frozen=True, slots=True)
class PlanChange:
    """What a revision made of a plan: it can be read both ways."""

    before: PlanPart
    after: PlanPart

    @property
    def reversed(self) -> PlanChange:
        """The change that takes this one back."""
        return PlanChange(self.after, self.before)

    @property
    def gone(self) -> tuple[str, ...]:
        """Keys of the grids that ended."""
        left = {grid.key for grid in self.after.grids}
        return tuple(grid.key for grid in self.before.grids if grid.key not in left)


@dataclass(frozen=True, slots=True)
class PlanStep:
    """An edit that can be taken back, or made again: its revision, who made it, and what it was.

    Attributes
    ----------
    cells
        The key of the grid that each cell would go to, None for none; nothing where the ground itself would be cut
        anew.
    """

    revision: int
    actor: str
    op: Mapping[str, Any]
    cells: tuple[tuple[int, str | None], ...]


@dataclass(frozen=True, slots=True)
class PlanRevision:
    """One line of a plan's journal.

    Attributes
    ----------
    action
        `edit`, `undo` or `redo`.
    of
        The edit that it made, took back or made again, as a revision.
    actor
        Who did it.
    op
        The operation of that edit, as plain values.
    change
        What it made of the plan.
    """

    revision: int
    action: RevisionAction
    of: int
    actor: str
    at: datetime
    op: Mapping[str, Any]
    change: PlanChange
