"""`POST /v1/reports`, answered ahead of the router: one sound report from a known caller, and nothing else.

Room: the front door on the wire. In: an ASGI request. Out: the very bytes that the route would have sent. As in
`api.front` only the success is here: whatever is not plainly sound goes on to the app, the body with it as it came.
Filing waits for the database, so unlike the lookups it is a layer of ASGI.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from api import schemas
from api.access import ACCESS
from api.bodies import JSON_TYPE, parse_json
from api.deps import Services
from api.errors import problem_of
from api.front import known_caller
from api.metrics import Metrics
from api.replay import body_of, from_the_start, whole
from api.routes.reports import report_answer
from gisgrid.errors import GisgridError, Overloaded
from gisgrid.model import Report

_METHOD, _PATH = "POST", "/v1/reports"
_ROLES: Final = ACCESS[_METHOD, _PATH].roles or frozenset()
_AT_ONCE: Final = 64 * 1024
"""Larger bodies are read in a thread, by the route."""


class ReportFront:
    """Files single reports itself and hands everything else on.

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
        if scope["type"] != "http" or scope["method"] != _METHOD or scope["path"] != _PATH or not _plain(scope):
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        services: Services = scope["app"].state.services
        caller = known_caller(services, scope["headers"], _ROLES)
        if caller is None or services.watch.fault is not None:
            await self._app(scope, receive, send)
            return
        messages = await whole(receive)
        report = _report(body_of(messages))
        if report is None:
            await self._app(scope, from_the_start(messages, receive), send)
            return
        try:
            filed = await services.intake.file(report, actor=caller.actor)
        except Overloaded as fault:  # handed on it would only wait for a thread
            answer = problem_of(fault)
        except GisgridError:  # filed again by the route it fails again, or is a repeat: nothing is doubled
            await self._app(scope, from_the_start(messages, receive), send)
            return
        else:
            self._metrics.reports.labels(filed.outcome).inc()
            answer = report_answer(filed)
        answer.raw_headers += self._headers
        await answer(scope, receive, send)
        self._metrics.requests.count(_METHOD, _PATH, answer.status_code, time.perf_counter() - started)


def _plain(scope: Scope) -> bool:
    headers: dict[bytes, bytes] = dict(scope["headers"])
    length = headers.get(b"content-length", b"")
    return (
        not scope["query_string"]
        and headers.get(b"content-type") == JSON_TYPE.encode()
        and length.isdigit()
        and len(length) < 8
        and int(length) <= _AT_ONCE
    )


def _report(body: bytes) -> Report | None:
    """Return the report that a body holds; None where the route will say what is wrong with it."""
    try:
        return schemas.checked(schemas.ReportBody, parse_json(body)).report()
    except (GisgridError, HTTPException):
        return None
