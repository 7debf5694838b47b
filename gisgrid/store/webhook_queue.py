"""What is sent to which webhook next, and what came of it.

Room: store. In: outcomes of attempts. Out: leases and due deliveries. Must not import any other room.

Each webhook goes along the feed at its own pace: events behind its position are laid out as deliveries, a bounded
number at a time, so that one that does not answer neither holds up the others nor fills the disk. A webhook is leased
by one sender at a time; the lease of a sender that died ends by itself, and what it had sent but not recorded is sent
again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, delete, exists, func, insert, or_, select, update

from gisgrid.store import divisions, feed
from gisgrid.store.database import Connection
from gisgrid.store.reports import Sight
from gisgrid.store.tables import WEBHOOK_DELIVERIES, WEBHOOKS
from gisgrid.store.webhooks import Delivery, deliveries_query

LAID_OUT_AT_MOST: Final = 1_000
"""So many deliveries of one webhook wait at a time; what comes after stays in the feed."""
LEASE: Final = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Lease:
    """A webhook that this sender alone may send to for a while, with what signs its messages."""

    webhook: int
    url: str
    secrets: tuple[str, ...]
    failures: int
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far a webhook is behind.

    Attributes
    ----------
    behind
        Events of the feed that were not looked at for it yet, also those that it does not want.
    waiting, dead
        Deliveries that are to be attempted, and those that were given up.
    """

    webhook: int
    behind: int
    waiting: int
    dead: int


def backlogs(connection: Connection) -> list[Backlog]:
    """Return the backlog of every webhook, also of those that are disabled."""
    hooks, waiting = WEBHOOKS.c, WEBHOOK_DELIVERIES.c
    rows = connection.execute(
        select(
            hooks.id,
            feed.last_position(connection) - hooks.position,
            func.count(waiting.next_at),
            func.count(waiting.webhook_id) - func.count(waiting.next_at),
        )
        .outerjoin(WEBHOOK_DELIVERIES, waiting.webhook_id == hooks.id)
        .group_by(hooks.id)
        .order_by(hooks.id)
    )
    return [Backlog(*row) for row in rows]


def is_anybody_there(connection: Connection) -> bool:
    """Return whether there is a webhook that anything may be sent to."""
    query = select(WEBHOOKS.c.id).where(WEBHOOKS.c.disabled.is_(None)).limit(1)
    return connection.execute(query).first() is not None


def lay_out(connection: Connection) -> bool:
    """Lay out the next events of one webhook that is behind; return whether there was one.

    Another process that is at the same webhook is not waited for.
    """
    hooks, waiting = WEBHOOKS.c, WEBHOOK_DELIVERIES.c
    count = (
        select(func.count())
        .where(waiting.webhook_id == hooks.id, waiting.next_at.is_not(None))
        .correlate(WEBHOOKS)
        .scalar_subquery()
    )
    row = connection.execute(
        select(hooks.id, hooks.position, hooks.types, hooks.scope, count.label("waiting"))
        .where(hooks.disabled.is_(None), hooks.position < feed.last_position(connection), count < LAID_OUT_AT_MOST)
        .order_by(hooks.position)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return False
    sight = None
    if row.scope is not None:
        communities = divisions.communities_under(connection, row.scope)
        sight = Sight(frozenset(each.code for each in communities), actor="")
    room = LAID_OUT_AT_MOST - row.waiting
    page = feed.read(connection, row.position, limit=room, sight=sight, types=row.types)
    if page.events:
        connection.execute(
            insert(WEBHOOK_DELIVERIES),
            [{"webhook_id": row.id, "position": event.position} for event in page.events],
        )
    connection.execute(update(WEBHOOKS).where(hooks.id == row.id).values(position=page.next))
    return True


def lease(connection: Connection) -> Lease | None:
    """Return a webhook to which something is due, for this sender alone until `release`; None where there is none."""
    hooks, now = WEBHOOKS.c, func.clock_timestamp()
    due = exists().where(WEBHOOK_DELIVERIES.c.webhook_id == hooks.id, WEBHOOK_DELIVERIES.c.next_at <= now)
    chosen = (
        select(hooks.id)
        .where(
            hooks.disabled.is_(None),
            or_(hooks.paused_until.is_(None), hooks.paused_until <= now),
            or_(hooks.leased_until.is_(None), hooks.leased_until <= now),
            due,
        )
        .order_by(hooks.leased_until.nulls_first())
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    row = connection.execute(
        update(WEBHOOKS)
        .where(hooks.id == chosen)
        .values(leased_until=now + LEASE)
        .returning(
            hooks.id,
            hooks.url,
            hooks.secret,
            case((hooks.previous_until > now, hooks.previous_secret)).label("previous"),
            hooks.failures,
            hooks.failing_since,
        )
    ).first()
    if row is None:
        return None
    signing = (row.secret,) if row.previous is None else (row.secret, row.previous)
    return Lease(row.id, row.url, signing, row.failures, row.failing_since)


def release(connection: Connection, webhook: int) -> None:
    """Give a leased webhook back: whoever comes next may send to it."""
    values = {"leased_until": func.clock_timestamp()}
    connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == webhook).values(values))


def due(connection: Connection, webhook: int) -> Delivery | None:
    """Return what is to be sent to a webhook first, or None."""
    waiting = WEBHOOK_DELIVERIES.c
    query = deliveries_query(webhook).where(waiting.next_at <= func.clock_timestamp())
    row = connection.execute(query.order_by(waiting.next_at, waiting.position).limit(1)).first()
    return None if row is None else Delivery(*row)


def record_success(connection: Connection, webhook: int, position: int) -> None:
    """Remove a delivery that the destination has taken."""
    waiting = WEBHOOK_DELIVERIES.c
    connection.execute(delete(WEBHOOK_DELIVERIES).where(waiting.webhook_id == webhook, waiting.position == position))
    values = {"failures": 0, "failing_since": None, "paused_until": None, "succeeded_at": func.clock_timestamp()}
    connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == webhook).values(values))


def record_failure(  # noqa: PLR0913  what there is to record of an attempt
    connection: Connection,
    webhook: int,
    position: int,
    *,
    status: int | None,
    fault: str | None,
    retry_in_s: float | None,
    pause_s: float,
    disabled: str | None,
) -> None:
    """Record an attempt that failed, and when the next one is due; without one the delivery is dead.

    A destination that is disabled keeps the delivery waiting, for the day when somebody enables it.
    """
    hooks, waiting, now = WEBHOOKS.c, WEBHOOK_DELIVERIES.c, func.clock_timestamp()
    stays = disabled is not None
    again = now if stays else None if retry_in_s is None else now + timedelta(seconds=retry_in_s)
    connection.execute(
        update(WEBHOOK_DELIVERIES)
        .where(waiting.webhook_id == webhook, waiting.position == position)
        .values(attempts=waiting.attempts + 1, tried_at=now, status=status, fault=fault, next_at=again)
    )
    connection.execute(
        update(WEBHOOKS)
        .where(hooks.id == webhook)
        .values(
            failures=hooks.failures + 1,
            failing_since=func.coalesce(hooks.failing_since, now),
            paused_until=now + timedelta(seconds=pause_s),
            disabled=disabled,
        )
    )
