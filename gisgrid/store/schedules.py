"""Publications at a future date: what waits, what is due, how it ended.

Room: store. In: a plan, an instant. Out: `ScheduledPublication`s. Must not import any other room.

The database's clock says what is due, so that any number of services agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from gisgrid.errors import Conflict, UsageError
from gisgrid.model import Plan, ScheduledPublication, ScheduleOutcome
from gisgrid.store import audit
from gisgrid.store.database import Connection
from gisgrid.store.publication import aware, lock_community
from gisgrid.store.tables import SCHEDULED_PUBLICATIONS

_COLUMNS = SCHEDULED_PUBLICATIONS.columns
_WAITS = _COLUMNS.outcome.is_(None)


def add(
    connection: Connection, plan: Plan, *, valid_from: datetime, accepted: Sequence[str], actor: str
) -> ScheduledPublication:
    """Return the publication of a plan that waits for its instant from now on.

    Raises
    ------
    UsageError
        `valid_from` is not in the future, or has no time zone.
    Conflict
        A plan of the community waits already.
    """
    lock_community(connection, plan.community)
    begin = aware(valid_from)
    if begin <= connection.execute(select(func.clock_timestamp())).scalar_one():
        raise UsageError(f"valid_from {begin.isoformat()} is past; leave it out to publish the plan now.")
    waiting = of_community(connection, plan.community)
    if waiting is not None:
        raise Conflict(
            f"Plan {waiting.plan} of community {plan.community} is scheduled for {waiting.valid_from.isoformat()} "
            "already; withdraw it before another is scheduled."
        )
    values = {"plan_id": int(plan.id), "community_code": plan.community, "valid_from": begin}
    row = connection.execute(
        insert(SCHEDULED_PUBLICATIONS)
        .values(**values, accepted=list(accepted), scheduled_by=actor)
        .returning(SCHEDULED_PUBLICATIONS)
    ).one()
    audit.record(connection, actor=actor, action="plan.scheduled", subject=plan.id, valid_from=begin.isoformat())
    return _scheduled(row)


def of_community(connection: Connection, community: str) -> ScheduledPublication | None:
    """Return the publication that waits for its instant in a community; None where none does."""
    query = select(SCHEDULED_PUBLICATIONS).where(_WAITS, _COLUMNS.community_code == community)
    row = connection.execute(query).first()
    return None if row is None else _scheduled(row)


def of_plan(connection: Connection, plan_id: int) -> ScheduledPublication | None:
    """Return when a plan is to come into force; None where it is not scheduled."""
    row = connection.execute(select(SCHEDULED_PUBLICATIONS).where(_WAITS, _COLUMNS.plan_id == plan_id)).first()
    return None if row is None else _scheduled(row)


def require_unscheduled(connection: Connection, plan_id: int) -> None:
    """Return nothing for a plan whose publication does not wait.

    Raises
    ------
    Conflict
        It is scheduled.
    """
    waiting = of_plan(connection, plan_id)
    if waiting is not None:
        raise Conflict(
            f"Plan {plan_id} is scheduled to come into force at {waiting.valid_from.isoformat()}; withdraw that first."
        )


def hold_due(connection: Connection) -> tuple[bool, ScheduledPublication | None]:
    """Return whether an instant has come, and its publication, held until the transaction ends.

    The community is held first, as by everybody who publishes, schedules or withdraws, so that no two wait for each
    other. Whoever comes second finds that it is done: there was something, and it is None.
    """
    due = _COLUMNS.valid_from <= func.clock_timestamp()
    first = select(_COLUMNS.id, _COLUMNS.community_code).where(_WAITS, due).order_by(_COLUMNS.valid_from, _COLUMNS.id)
    seen = connection.execute(first.limit(1)).first()
    if seen is None:
        return False, None
    lock_community(connection, seen.community_code)
    held = select(SCHEDULED_PUBLICATIONS).where(_WAITS, _COLUMNS.id == seen.id).with_for_update()
    row = connection.execute(held).first()
    return True, None if row is None else _scheduled(row)


def seconds_to_next(connection: Connection) -> float | None:
    """Return how long it is until the next instant; None where nothing waits."""
    query = select(func.extract("epoch", func.min(_COLUMNS.valid_from) - func.clock_timestamp())).where(_WAITS)
    seconds: Any = connection.execute(query).scalar_one()
    return None if seconds is None else float(seconds)


def end(
    connection: Connection, plan_id: str, outcome: ScheduleOutcome, *, actor: str, reason: str | None = None
) -> ScheduledPublication:
    """Return the publication that waited for its instant, ended; it is in the audit log unless it became an edition.

    Raises
    ------
    Conflict
        The plan is not scheduled.
    """
    row = connection.execute(
        update(SCHEDULED_PUBLICATIONS)
        .where(_WAITS, _COLUMNS.plan_id == int(plan_id))
        .values(outcome=outcome, ended_by=actor, ended_at=func.clock_timestamp(), reason=reason)
        .returning(SCHEDULED_PUBLICATIONS)
    ).first()
    if row is None:
        raise Conflict(f"Plan {plan_id} is not scheduled to come into force; there is nothing to withdraw.")
    if outcome != "published":
        told = {} if reason is None else {"reason": reason}
        audit.record(connection, actor=actor, action=f"plan.{outcome}", subject=plan_id, **told)
    return _scheduled(row)


def _scheduled(row: Row[Any]) -> ScheduledPublication:
    return ScheduledPublication(
        plan=str(row.plan_id),
        community=row.community_code,
        valid_from=row.valid_from,
        accepted=tuple(row.accepted),
        actor=row.scheduled_by,
        at=row.scheduled_at,
    )
