"""Webhooks: the destinations of the feed's events, and what is on its way to them.

Room: store. In: destinations as the administrator gives them. Out: `Webhook`s, `Delivery`s. Must not import any other
room. What is sent next is the matter of `webhook_queue`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Row, delete, func, insert, select, update

from gisgrid.errors import NotFound
from gisgrid.store import audit, divisions, feed
from gisgrid.store.database import Connection
from gisgrid.store.tables import FEED, WEBHOOK_DELIVERIES, WEBHOOKS

PREVIOUS_SECRET_LASTS: Final = timedelta(hours=24)
"""So long both secrets sign, for the receiver to change over."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A destination of events.

    Attributes
    ----------
    types
        The types that it wants, None for all.
    scope
        The division whose events it is told, None for all.
    disabled
        Why nothing is sent until somebody enables it: `gone` or `failing`; None while it is told.
    behind
        How many events of the feed are not laid out for it yet.
    """

    id: str
    url: str
    types: tuple[str, ...] | None
    scope: str | None
    disabled: str | None
    failures: int
    failing_since: datetime | None
    succeeded_at: datetime | None
    created_at: datetime
    behind: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to a webhook; `next_at` is None once it is dead."""

    position: int
    type: str
    attempts: int
    next_at: datetime | None
    tried_at: datetime | None
    status: int | None
    fault: str | None


def create(
    connection: Connection,
    *,
    url: str,
    secret: str,
    actor: str,
    types: Sequence[str] | None = None,
    scope: str | None = None,
) -> Webhook:
    """Return a new webhook, which is told of what happens from now on.

    Raises
    ------
    NotFound
        There is no such division.
    """
    if scope is not None:
        divisions.get(connection, scope)
    values = {
        "url": url,
        "types": None if types is None else sorted(set(types)),
        "scope": scope,
        "secret": secret,
        "position": feed.last_position(connection),
    }
    number: int = connection.execute(insert(WEBHOOKS).values(values).returning(WEBHOOKS.c.id)).scalar_one()
    audit.record(connection, actor=actor, action="webhook.create", subject=str(number), host=_host(url), scope=scope)
    return get(connection, str(number))


def get(connection: Connection, webhook_id: str) -> Webhook:
    """Return a webhook.

    Raises
    ------
    NotFound
        There is none of this id.
    """
    row = connection.execute(_query().where(WEBHOOKS.c.id == _number(webhook_id))).one_or_none()
    if row is None:
        raise _unknown(webhook_id)
    return _webhook(row)


def list_webhooks(connection: Connection, *, after: str | None = None, limit: int = 100) -> list[Webhook]:
    """Return webhooks in the order in which they were made, at most `limit` of them, those behind `after` (an id)."""
    query = _query().order_by(WEBHOOKS.c.id).limit(limit)
    if after is not None:
        query = query.where(WEBHOOKS.c.id > _number(after))
    return [_webhook(row) for row in connection.execute(query)]


def remove(connection: Connection, webhook_id: str, *, actor: str) -> None:
    """Remove a webhook with everything that waits for it.

    Raises
    ------
    NotFound
        There is none of this id.
    """
    known = get(connection, webhook_id)
    connection.execute(delete(WEBHOOKS).where(WEBHOOKS.c.id == int(known.id)))
    audit.record(connection, actor=actor, action="webhook.remove", subject=known.id, host=_host(known.url))


def rotate(connection: Connection, webhook_id: str, secret: str, *, actor: str) -> Webhook:
    """Return the webhook with its new secret; the one before signs as well for a day.

    Raises
    ------
    NotFound
        There is none of this id.
    """
    known = get(connection, webhook_id)
    connection.execute(
        update(WEBHOOKS)
        .where(WEBHOOKS.c.id == int(known.id))
        .values(
            secret=secret,
            previous_secret=WEBHOOKS.c.secret,
            previous_until=func.clock_timestamp() + PREVIOUS_SECRET_LASTS,
        )
    )
    audit.record(connection, actor=actor, action="webhook.rotate", subject=known.id)
    return known


def enable(connection: Connection, webhook_id: str, *, actor: str) -> Webhook:
    """Return the webhook, told again from where it stopped.

    Raises
    ------
    NotFound
        There is none of this id.
    """
    known = get(connection, webhook_id)
    values = {"disabled": None, "failures": 0, "failing_since": None, "paused_until": None}
    connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == int(known.id)).values(values))
    audit.record(connection, actor=actor, action="webhook.enable", subject=known.id)
    return get(connection, webhook_id)


def deliveries(
    connection: Connection, webhook_id: str, *, dead: bool | None = None, after: str | None = None, limit: int = 100
) -> list[Delivery]:
    """Return what waits for a webhook and what is dead, in order of the feed; `dead` asks for one of both.

    Raises
    ------
    NotFound
        There is no webhook of this id.
    """
    waiting = WEBHOOK_DELIVERIES.c
    query = deliveries_query(int(get(connection, webhook_id).id)).order_by(waiting.position).limit(limit)
    if dead is not None:
        query = query.where(waiting.next_at.is_(None) if dead else waiting.next_at.is_not(None))
    if after is not None:
        query = query.where(waiting.position > int(after))
    return [Delivery(*row) for row in connection.execute(query)]


def retry(connection: Connection, webhook_id: str, delivery_id: str, *, actor: str) -> Delivery:
    """Return a delivery that is tried again at once, with a whole schedule before it, dead or not.

    Raises
    ------
    NotFound
        There is no such webhook, or nothing waits or is dead under this id; what was delivered is not kept.
    """
    webhook = int(get(connection, webhook_id).id)
    position = _number(delivery_id)
    waiting = WEBHOOK_DELIVERIES.c
    this = (waiting.webhook_id == webhook, waiting.position == position)
    changed = update(WEBHOOK_DELIVERIES).where(*this).values(attempts=0, next_at=func.clock_timestamp())
    if connection.execute(changed).rowcount == 0:
        raise NotFound(
            f"Webhook {webhook} has no delivery {delivery_id[:50]!r} that waits or is dead; what was delivered is not "
            "kept, but every event stays in GET /v1/feed."
        )
    audit.record(connection, actor=actor, action="webhook.retry", subject=str(webhook), delivery=position)
    return Delivery(*connection.execute(deliveries_query(webhook).where(waiting.position == position)).one())


def _query() -> Any:
    hooks = WEBHOOKS.c
    last = select(func.coalesce(func.max(FEED.c.position), 0)).scalar_subquery()
    return select(
        hooks.id,
        hooks.url,
        hooks.types,
        hooks.scope,
        hooks.disabled,
        hooks.failures,
        hooks.failing_since,
        hooks.succeeded_at,
        hooks.created_at,
        (last - hooks.position).label("behind"),
    )


def _webhook(row: Row[Any]) -> Webhook:
    values = row._asdict()
    types = None if row.types is None else tuple(row.types)
    return Webhook(**{**values, "id": str(row.id), "types": types})


def deliveries_query(webhook: int) -> Any:
    """Return the query of the deliveries of a webhook, as `Delivery` has them."""
    waiting = WEBHOOK_DELIVERIES.c
    return (
        select(
            waiting.position,
            FEED.c.type,
            waiting.attempts,
            waiting.next_at,
            waiting.tried_at,
            waiting.status,
            waiting.fault,
        )
        .join(FEED, FEED.c.position == waiting.position)
        .where(waiting.webhook_id == webhook)
    )


def _number(identifier: str) -> int:
    """Return the id as the database counts it; what cannot be one is unknown."""
    if not (identifier.isascii() and identifier.isdigit() and len(identifier) <= 18):
        raise _unknown(identifier)
    return int(identifier)


def _unknown(identifier: str) -> NotFound:
    return NotFound(f"There is no webhook or delivery {identifier[:50]!r}; GET /v1/webhooks lists them.")


def _host(url: str) -> str | None:
    """Return what the audit log says of a URL: path and query may hold the receiver's own secrets."""
    return urlsplit(url).hostname
