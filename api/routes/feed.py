"""`/v1/feed`: what happened to reports and editions, in order, for programs that follow.

Room: the front door on the wire. In: the position where a reader stopped. Out: the events behind it, nothing skipped.
"""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Final

from fastapi import Depends, Query, Request, Response
from pydantic import BeforeValidator
from starlette.concurrency import run_in_threadpool

from api import feed_schemas
from api.access import CallerDep, guarded_router
from api.deps import PAGE_DEFAULT, LimitQuery, answer, cursor_of, position_of, whole
from gisgrid import feeding
from gisgrid.feeding import Feed

router = guarded_router("feed 事件流")

WAIT_LIMIT_S: Final = 20
_LOOK_EVERY_S: Final = 0.1

AfterQuery = Annotated[
    str | None, Query(max_length=200, description="`next` of the page before; from the beginning without it.")
]
WaitQuery = Annotated[
    int,
    BeforeValidator(whole),
    Query(ge=0, le=WAIT_LIMIT_S, description="Seconds to wait for an event where there is none yet."),
]


def feed_of(request: Request) -> Feed:
    """Return the feed of the app that serves the request (a dependency for routes)."""
    feed: Feed = request.app.state.feed
    return feed


FeedDep = Annotated[Feed, Depends(feed_of)]


@router.get("/v1/feed", responses={200: {"model": feed_schemas.FeedPageOut}})
async def read_feed(
    request: Request,
    feed: FeedDep,
    caller: CallerDep,
    after: AfterQuery = None,
    limit: LimitQuery = PAGE_DEFAULT,
    wait: WaitQuery = 0,
) -> Response:
    """Give what happened behind a position: events of reports and editions within the caller's scope, in order.

    Ask again with `next`, at once while there is `more`. Nothing is skipped, also of transactions that commit late; an
    event may come twice after a fault of the reader's own, so keep its `id`. `details` is what the event itself says.
    """
    position, deadline = int(position_of(after) or 0), time.monotonic() + wait
    while True:
        page = await run_in_threadpool(feed.read, position, limit=limit, sight=caller.sight())
        position = page.next
        if page.events or time.monotonic() >= deadline or await request.is_disconnected():
            break
        while not page.more and feed.newest <= position and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_EVERY_S)
    return answer(
        {
            "events": [feeding.document(event) for event in page.events],
            "next": cursor_of(str(page.next)),
            "more": page.more,
        }
    )
