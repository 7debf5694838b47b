"""`/v1/webhooks`: where events are sent, and what could not be delivered.

Room: the front door on the wire. In: destinations. Out: what is known of them; a secret once, when it is made.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Query, Response

from api import feed_schemas, schemas
from api.access import CallerDep, guarded_router
from api.bodies import JSON_TYPE, read_json
from api.deps import PAGE_DEFAULT, CursorQuery, LimitQuery, ServicesDep, answer, cursor_of, position_of
from gisgrid import sending, wire
from gisgrid.dispatch.webhooks import require_target
from gisgrid.store import webhooks
from gisgrid.store.webhooks import Delivery, Webhook

router = guarded_router("webhooks 推送")

_CREATED: Final = 201


@router.post(
    "/v1/webhooks",
    status_code=_CREATED,
    responses={201: {"model": feed_schemas.WebhookWithSecret}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON_TYPE: {"schema": feed_schemas.WebhookBody.model_json_schema()}},
        }
    },
)
def create_webhook(services: ServicesDep, caller: CallerDep, body: Annotated[Any, Depends(read_json)]) -> Response:
    """Send events from now on to this URL, signed by Standard Webhooks 1.0. The answer shows the secret, once.

    A message is `{"type", "timestamp", "data"}`; any 2xx within 15 s takes it. Else it is sent again, with the same
    `webhook-id`, after 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h, and is then dead.
    """
    wanted = schemas.checked(feed_schemas.WebhookBody, body)
    require_target(wanted.url, loopback=services.settings.webhooks_to_loopback)
    secret = sending.new_secret()
    with services.database.transaction() as connection:
        made = webhooks.create(
            connection, url=wanted.url, secret=secret, types=wanted.types, scope=wanted.scope, actor=caller.actor
        )
    return answer({**_document(made), "secret": secret}, _CREATED, Location=f"/v1/webhooks/{made.id}")


@router.get("/v1/webhooks", responses={200: {"model": feed_schemas.WebhookPage}})
def list_webhooks(services: ServicesDep, cursor: CursorQuery = None, limit: LimitQuery = PAGE_DEFAULT) -> Response:
    """List the destinations in the order in which they were made."""
    with services.database.transaction() as connection:
        found = webhooks.list_webhooks(connection, after=position_of(cursor), limit=limit + 1)
    page = found[:limit]
    return answer(
        {
            "webhooks": [_document(each) for each in page],
            "next": cursor_of(page[-1].id) if len(found) > limit else None,
        }
    )


@router.get("/v1/webhooks/{webhook_id}", responses={200: {"model": feed_schemas.WebhookOut}})
def get_webhook(services: ServicesDep, webhook_id: str) -> Response:
    """Show one destination and how it does."""
    with services.database.transaction() as connection:
        return answer(_document(webhooks.get(connection, webhook_id)))


@router.delete("/v1/webhooks/{webhook_id}", status_code=204)
def remove_webhook(services: ServicesDep, caller: CallerDep, webhook_id: str) -> Response:
    """Send nothing more to this destination, and drop what waits for it."""
    with services.database.transaction() as connection:
        webhooks.remove(connection, webhook_id, actor=caller.actor)
    return Response(status_code=204)


@router.post("/v1/webhooks/{webhook_id}/secret", responses={200: {"model": feed_schemas.WebhookWithSecret}})
def rotate_secret(services: ServicesDep, caller: CallerDep, webhook_id: str) -> Response:
    """Make a new secret, shown this once; for 24 hours messages bear the signatures of both."""
    secret = sending.new_secret()
    with services.database.transaction() as connection:
        known = webhooks.rotate(connection, webhook_id, secret, actor=caller.actor)
    return answer({**_document(known), "secret": secret})


@router.post("/v1/webhooks/{webhook_id}/enable", responses={200: {"model": feed_schemas.WebhookOut}})
def enable_webhook(services: ServicesDep, caller: CallerDep, webhook_id: str) -> Response:
    """Send again to a destination that was disabled or paused, from where it stopped."""
    with services.database.transaction() as connection:
        return answer(_document(webhooks.enable(connection, webhook_id, actor=caller.actor)))


@router.get("/v1/webhooks/{webhook_id}/deliveries", responses={200: {"model": feed_schemas.DeliveryPage}})
def list_deliveries(
    services: ServicesDep,
    webhook_id: str,
    state: Annotated[
        Literal["waiting", "dead"] | None, Query(description="`dead` is what could not be delivered in ten attempts.")
    ] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = PAGE_DEFAULT,
) -> Response:
    """List what waits for a destination and what is dead, in order of the feed. What was delivered is not listed."""
    dead = None if state is None else state == "dead"
    with services.database.transaction() as connection:
        found = webhooks.deliveries(connection, webhook_id, dead=dead, after=position_of(cursor), limit=limit + 1)
    page = found[:limit]
    return answer(
        {
            "deliveries": [_delivery(each) for each in page],
            "next": cursor_of(str(page[-1].position)) if len(found) > limit else None,
        }
    )


@router.post(
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/retry", responses={200: {"model": feed_schemas.DeliveryOut}}
)
def retry_delivery(services: ServicesDep, caller: CallerDep, webhook_id: str, delivery_id: str) -> Response:
    """Try a delivery again now, dead or waiting, with the whole schedule before it."""
    with services.database.transaction() as connection:
        return answer(_delivery(webhooks.retry(connection, webhook_id, delivery_id, actor=caller.actor)))


def _document(value: Webhook) -> dict[str, Any]:
    return {
        "id": value.id,
        "url": value.url,
        "types": None if value.types is None else list(value.types),
        "scope": value.scope,
        "state": "disabled" if value.disabled else "failing" if value.failures else "active",
        "reason": value.disabled,
        "failures": value.failures,
        "failing_since": wire.instant(value.failing_since),
        "succeeded_at": wire.instant(value.succeeded_at),
        "created_at": wire.instant(value.created_at),
        "behind": value.behind,
    }


def _delivery(value: Delivery) -> dict[str, Any]:
    return {
        "id": str(value.position),
        "type": value.type,
        "state": "dead" if value.next_at is None else "waiting",
        "attempts": value.attempts,
        "next_at": wire.instant(value.next_at),
        "tried_at": wire.instant(value.tried_at),
        "status": value.status,
        "fault": value.fault,
    }
