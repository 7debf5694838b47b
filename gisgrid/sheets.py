"""Plans laid out on their cells, kept in memory: so that what is asked of a plan over and over is read once.

Room: a part of the corridor, below `advising` and `editing`. In: a transaction, a plan's id. Out: a `LaidPlan` and the
version that it is of. Must not import a web framework, SQL or settings.

A sheet is used only while the plan's revision, the imported layers and the community's edition are those that it was
made from: that is read from the database each time, so several processes may edit one plan in turn.
"""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from gisgrid.errors import Conflict
from gisgrid.model import PlanChange
from gisgrid.plan.changes import with_change
from gisgrid.plan.check_proof import proofs_in
from gisgrid.plan.sheet import Sheet
from gisgrid.store import inputs, plan_revisions, plans, tessellations
from gisgrid.store.database import Connection
from gisgrid.store.plan_versions import PlanVersion, plan_version

KEPT_PLANS: Final = 64
"""Sheets of so many plans are kept; one of a community of 500 buildings takes less than 1 MB."""

READINGS: Final = 3
"""So often a plan is read that is changed meanwhile."""

FOLLOWED: Final = 50
"""A sheet that lies so many revisions behind is brought up to date by the journal, an older one is read anew."""


@dataclass(frozen=True, slots=True)
class LaidPlan:
    """A plan on its cells, and the id of these cells."""

    sheet: Sheet
    tessellation: str


class PlanSheets:
    """The sheets of the plans that were asked for last; several threads may ask at once.

    Parameters
    ----------
    most
        Sheets of so many plans are kept; the one unused for longest goes first.
    """

    def __init__(self, most: int = KEPT_PLANS) -> None:
        self._most = most
        self._laid: OrderedDict[int, tuple[PlanVersion, LaidPlan]] = OrderedDict()
        self._lock = threading.Lock()

    def laid(self, connection: Connection, plan_id: str) -> tuple[PlanVersion, LaidPlan]:
        """Return a plan as it is now, laid on its cells, and its version.

        Raises
        ------
        NotFound
            There is no plan of this id.
        Conflict
            The plan or its community was changed each time while it was read.
        """
        version = plan_version(connection, plan_id)
        with self._lock:
            kept = self._laid.get(version.plan)
        if kept is not None and kept[0] == version:
            return kept
        found = (kept and _followed(connection, kept, version)) or read_sheet(connection, plan_id)
        self.keep(*found)
        return found

    def keep(self, version: PlanVersion, laid: LaidPlan) -> None:
        """Keep a sheet in place of the one that there was of this plan."""
        with self._lock:
            self._laid[version.plan] = (version, laid)
            self._laid.move_to_end(version.plan)
            while len(self._laid) > self._most:
                self._laid.popitem(last=False)


def read_sheet(connection: Connection, plan_id: str) -> tuple[PlanVersion, LaidPlan]:
    """Return a plan read from one state of the database, its ground examined; raises as `PlanSheets.laid`."""
    for _ in range(READINGS):
        version = plan_version(connection, plan_id)
        plan = plans.get(connection, plan_id)
        ground = plans.cells_and_borders(connection, plan_id)
        material = inputs.read_community(connection, plan.community)
        if plan_version(connection, plan_id) == version:
            sheet = Sheet.of(plan.grids, ground, material, plan.settings, proofs_in(plan.findings), plan.locks)
            return version, LaidPlan(sheet.examined(), plan.tessellation or "")
    raise Conflict(f"Plan {plan_id} or its community is being changed; ask again in a moment.")


def laid_for(connection: Connection, laid: LaidPlan, change: PlanChange) -> LaidPlan:
    """Return the plan on the cells that a change leads to; its grids are then still to be laid, if those are others."""
    wanted = change.after.tessellation
    if wanted == laid.tessellation:
        return laid
    sheet, number = laid.sheet, int(wanted)
    grids = [dataclasses.replace(grid, cells=()) for grid in sheet.grids]
    ground = (tessellations.cells(connection, number), tessellations.borders(connection, number))
    other = Sheet.of(grids, ground, sheet.inputs, sheet.settings, sheet.proofs, sheet.locks)
    return LaidPlan(other, wanted)


def _followed(
    connection: Connection, kept: tuple[PlanVersion, LaidPlan], version: PlanVersion
) -> tuple[PlanVersion, LaidPlan] | None:
    """Return a kept sheet brought up to date by what others did to the plan since; None where it must be read anew."""
    before, laid = kept
    behind = version.revision - before.revision
    if dataclasses.replace(before, revision=version.revision) != version or not 0 < behind <= FOLLOWED:
        return None
    for revision in plan_revisions.since(connection, str(version.plan), before.revision, behind):
        if revision.change.after.tessellation != laid.tessellation:
            return None
        laid = LaidPlan(with_change(laid.sheet, revision.change).sheet, laid.tessellation)
    return version, laid
