"""The shapes of the feed and of webhooks on the wire.

Room: the front door on the wire, beside `schemas`; nothing of `gisgrid` imports it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from annotated_types import Len
from pydantic import BaseModel, Field

from api.schemas import Strict


class FeedEventOut(BaseModel):
    """One event of the feed; what does not apply to its subject is left out."""

    id: str
    type: str = Field(examples=["report.received", "edition.published"])
    at: datetime
    report: str | None = None
    source: str | None = None
    external_id: str | None = None
    grid: str | None = Field(default=None, description="The grid that the report had then.")
    state: str | None = Field(default=None, description="The state that the report had then.")
    details: dict[str, Any] | None = None
    edition: str | None = None
    community: str | None = None
    plan: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


class FeedPageOut(BaseModel):
    """Events in order, and where to go on."""

    events: list[FeedEventOut]
    next: str
    more: bool = Field(description="Whether there is more behind `next` right now.")


class WebhookBody(Strict):
    """Where events are to be sent."""

    url: Annotated[str, Len(1, 2000)] = Field(description="An https URL at a public address.")
    types: Annotated[list[Annotated[str, Field(pattern=r"^(report|edition)\.[a-z_]{1,50}$")]], Len(1, 50)] | None = (
        Field(default=None, description="Which types of events, all by default.", examples=[["report.received"]])
    )
    scope: Annotated[str, Len(1, 15)] | None = Field(
        default=None, description="Code of the division whose events are told, all by default."
    )


class WebhookOut(BaseModel):
    """A destination of events."""

    id: str
    url: str
    types: list[str] | None
    scope: str | None
    state: Literal["active", "failing", "disabled"]
    reason: Literal["gone", "failing"] | None
    failures: int = Field(description="Attempts that failed in a row.")
    failing_since: datetime | None
    succeeded_at: datetime | None
    created_at: datetime
    behind: int = Field(description="Events of the feed that are not laid out for it yet.")


class WebhookWithSecret(WebhookOut):
    """A destination with its secret, which is shown this once."""

    secret: str


class WebhookPage(BaseModel):
    """Destinations in the order in which they were made."""

    webhooks: list[WebhookOut]
    next: str | None


class DeliveryOut(BaseModel):
    """An event that waits to be delivered, or is dead."""

    id: str
    type: str
    state: Literal["waiting", "dead"]
    attempts: int
    next_at: datetime | None
    tried_at: datetime | None
    status: int | None
    fault: str | None


class DeliveryPage(BaseModel):
    """Deliveries in order of the feed."""

    deliveries: list[DeliveryOut]
    next: str | None
