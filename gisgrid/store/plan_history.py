"""The history of a plan: every state it came into and what was scheduled, as the audit log and its edition tell.

Room: store. In: a plan's id. Out: `PlanMove`s. Must not import any other room.

The audit log is append-only and written in the transaction of the move itself, so there is no second account that could
differ from it.
"""

from __future__ import annotations

from gisgrid.model import PlanMove
from gisgrid.store import plans
from gisgrid.store.database import Connection, named_query


def moves(connection: Connection, plan_id: str) -> tuple[PlanMove, ...]:
    """Return what became of a plan since it was begun, the oldest first.

    Raises
    ------
    NotFound
        There is no plan of this id.
    """
    plan = plans.standing(connection, plan_id).id
    rows = connection.execute(named_query("plan_moves"), {"plan": plan})
    return tuple(PlanMove(row.kind, row.actor, row.at, row.reason, row.valid_from) for row in rows)
