"""`POST /v1/reports` and its batches, answered ahead of the router: what is sound and from a known caller.

Room: the front door on the wire. In: an ASGI request. Out: the very bytes that the route would have sent. As in
`api.front` only the success is here: whatever is not plainly sound goes on to the app, the body with it as it came.
Filing waits for the database, so unlike the lookups it is a layer of ASGI.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api import schemas
from api.access import ACCESS
from api.bodies import BODY_LIMIT, JSON_TYPE, LINES_TYPE, parse_json
from api.callers import Caller
from api.deps import Services
from api.errors import problem_of
from api.front import key_of, known_caller
from api.metrics import Metrics
from api.replay import body_of, from_the_start, whole
from api.routes.reports import file_batch, report_answer
from gisgrid.errors import GisgridError, Overloaded

_METHOD, _ONE, _BATCH = "POST", "/v1/reports", "/v1/reports/batch"
_ROLES: Final = {path: ACCESS[_METHOD, path].roles or frozenset() for path in (_ONE, _BATCH)}
_TYPES: Final = {_ONE: {JSON_TYPE}, _BATCH: {JSON_TYPE, LINES_TYPE}}
_LIMITS: Final = {_ONE: 64 * 1024, _BATCH: BODY_LIMIT}
"""A single report is read on the event loop; a larger one by the route, in a thread, where batches always are."""


class ReportFront:
    """Files reports itself and hands everything else on.

    Parameters
    ----------
    headers
        Those that every answer of the service carries.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on as it came."""
        path = scope.get("path", "")
        media_type = _media_type(scope, path) if path in _ROLES and scope["method"] == _METHOD else None
        if media_type is None:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        services: Services = scope["app"].state.services
        key = key_of(scope["headers"])
        caller = None if key is None else known_caller(services, key, _ROLES[path])
        if caller is None or services.watch.fault is not None:
            await self._app(scope, receive, send)
            return
        messages = await whole(receive)
        try:
            answer = await (
                self._answer(services, caller, body_of(messages))
                if path == _ONE
                else file_batch(services, caller, body_of(messages), media_type)
            )
        except Overloaded as fault:  # handed on it would only wait for a thread
            answer = problem_of(fault)
        except (GisgridError, HTTPException):  # tried again by the route it fails again, or is a repeat
            await self._app(scope, from_the_start(messages, receive), send)
            return
        answer.raw_headers += self._headers
        await answer(scope, receive, send)
        self._metrics.requests.of(_METHOD, path).count(answer.status_code, time.perf_counter() - started)

    async def _answer(self, services: Services, caller: Caller, body: bytes) -> Response:
        report = schemas.checked(schemas.ReportBody, parse_json(body)).report()
        filed = await services.intake.file(report, actor=caller.actor)
        self._metrics.reports.labels(filed.outcome).inc()
        return report_answer(filed)


def _media_type(scope: Scope, path: str) -> str | None:
    """Return the media type of a body that is plainly one of ours and of bounded length; None for all else."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    length = headers.get(b"content-length", b"")
    if scope["query_string"] or not (length.isdigit() and len(length) < 9 and int(length) <= _LIMITS[path]):
        return None
    declared = headers.get(b"content-type", b"").decode("latin-1")
    return declared if declared in _TYPES[path] else None
