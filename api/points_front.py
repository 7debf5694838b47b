"""`POST /v1/locate`, answered ahead of the router: a small body of points from a known caller, and nothing else.

Room: the front door on the wire. In: an ASGI request. Out: the very bytes that the route would have sent. As in
`api.front` only the success is here: whatever is not plainly sound goes on to the app, the body with it as it came.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access import ACCESS
from api.bodies import JSON_TYPE
from api.bulk import READERS, answer_points
from api.deps import Services
from api.front import known_caller
from api.metrics import Metrics
from api.points import CSV_TYPE, POINT_TYPES
from api.replay import body_of, from_the_start, whole
from gisgrid.errors import GisgridError
from gisgrid.geometry.crs import NAMED

_METHOD, _PATH = "POST", "/v1/locate"
_ROLES: Final = ACCESS[_METHOD, _PATH].roles or frozenset()
_QUERY: Final = re.compile(b"crs=(" + "|".join(NAMED).encode() + b")")
_FORMS: Final = {form.encode(): form for form in POINT_TYPES}
_AT_ONCE: Final = 64 * 1024
"""A larger body would hold up the lookups behind it for more than a few milliseconds; the route takes a thread."""


class PointsFront:
    """Answers small bodies of points itself and hands everything else on.

    Parameters
    ----------
    headers
        Those that every answer of the service carries.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self._requests = metrics.requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on as it came."""
        if scope["type"] != "http" or scope["method"] != _METHOD or scope["path"] != _PATH:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        services: Services = scope["app"].state.services
        asked = _asked(scope)
        if asked is None or known_caller(services, scope, _ROLES) is None:
            await self._app(scope, receive, send)
            return
        messages = await whole(receive)
        given, wanted, crs = asked
        answered = _answered(services, body_of(messages), (given, wanted), crs)
        if answered is None:
            await self._app(scope, from_the_start(messages, receive), send)
            return
        body, age = answered
        form = f"{wanted}; charset=utf-8" if wanted == CSV_TYPE else wanted
        headers = [*self._headers, (b"content-length", b"%d" % len(body)), (b"content-type", form.encode())]
        if age is not None:
            headers.append((b"age", age.encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self._requests.count(_METHOD, _PATH, 200, time.perf_counter() - started)


def _asked(scope: Scope) -> tuple[str, str, str | None] | None:
    """Return the media types of question and answer and the system in the address; None where not all is plain."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    given = _FORMS.get(headers.get(b"content-type", b""))
    accepted = headers.get(b"accept", b"*/*")
    wanted = given if accepted == b"*/*" else _FORMS.get(accepted)
    length = headers.get(b"content-length", b"")
    if given is None or wanted is None or not (length.isdigit() and len(length) < 8 and int(length) <= _AT_ONCE):
        return None
    query: bytes = scope["query_string"]
    if given == JSON_TYPE:
        return None if query else (given, wanted, None)
    declared = _QUERY.fullmatch(query)
    return None if declared is None else (given, wanted, declared[1].decode())


def _answered(
    services: Services, body: bytes, forms: tuple[str, str], crs: str | None
) -> tuple[bytes, str | None] | None:
    """Return the answer and its age; None for points of a past instant, which the database knows, and for faults."""
    try:
        points = READERS[forms[0]](body, crs, None)
        return answer_points(services, points, forms) if points.at is None else None
    except (GisgridError, HTTPException):
        return None
