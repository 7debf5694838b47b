"""The app: services opened at the start, the guard before every route, every fault a problem detail.

Room: the front door on the wire. In: settings. Out: an ASGI app. A route calls one workflow verb or one store read.
"""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import gisgrid
from api import access, parameters, schemas
from api.attempts import FailedAttempts
from api.callers import KnownCallers
from api.deps import Services
from api.errors import add_handlers
from api.heads import Fronts
from api.intake import ReportIntake
from api.locate_front import LocateFront
from api.metrics import Metrics, MetricsMiddleware
from api.opening import opened, opened_patiently
from api.outgoing_metrics import OutgoingFigures
from api.points_front import PointsFront
from api.report_front import ReportFront
from api.routes import (
    advice,
    comments,
    edits,
    feed,
    locate,
    mapit,
    open311,
    pages,
    places,
    planner,
    plans,
    repairs,
    reports,
    service,
    sources,
    uploads,
    webhooks,
)
from gisgrid.advising import PlanBoards
from gisgrid.feeding import Feed
from gisgrid.moving import ReportMover
from gisgrid.publishing import DuePublisher
from gisgrid.sending import WebhookSender
from gisgrid.settings import Settings
from gisgrid.sheets import PlanSheets

FAILURES_PER_ADDRESS: Final = 30
"""More than for one name: a whole office may share an address."""
_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}
)
_KEYLESS: Final[Mapping[str, str]] = MappingProxyType({"X-Gisgrid-Access": "demonstration without keys"})
_DESCRIPTION: Final = (
    "Which grid is this point in, who serves it, what was reported there, and how the grids came about. "
    "Send `Authorization: Bearer KEY`. Coordinates declare their `crs`. Faults are RFC 9457 problem details."
)


def create_app(settings: Settings, *, own_process: bool = False, one_of_several: bool = False) -> FastAPI:
    """Return the app of these settings.

    Parameters
    ----------
    own_process
        The process does nothing else, and may be set up for that.
    one_of_several
        Other processes serve the same: this one waits for the database where that is away at its start.

    Raises
    ------
    RuntimeError
        A route has no rule in `api.access.ACCESS`.
    """
    metrics = Metrics()
    headers = {**_HEADERS, **({} if settings.require_keys else _KEYLESS)}

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        base = await run_in_threadpool(opened_patiently if one_of_several else opened, settings)
        database, directory, watch = base.database, base.directory, base.watch
        services = app.state.services = Services(
            settings=settings,
            database=database,
            directory=directory,
            watch=watch,
            callers=KnownCallers(),
            intake=ReportIntake(database, directory),
            metrics=metrics,
            failed_by_name=FailedAttempts(),
            failed_by_address=FailedAttempts(limit=FAILURES_PER_ADDRESS),
        )
        app.state.sheets = PlanSheets()
        app.state.boards = PlanBoards(database, sheets=app.state.sheets)
        publisher = DuePublisher(database, watch.confirm)
        await run_in_threadpool(publisher.start)
        mover = ReportMover(database, directory)
        mover.start()
        app.state.feed = Feed(database)
        app.state.feed.start()
        sender = WebhookSender(database, loopback=settings.webhooks_to_loopback)
        sender.start()
        metrics.add(OutgoingFigures(database, sender))
        if own_process:
            # What the service keeps for good is not looked through again: a body of points makes thousands of
            # short-lived lists, and each of them would pay for a walk over all modules.
            gc.collect()
            gc.freeze()
        try:
            yield {"fronts": Fronts([LocateFront(services, headers), PointsFront(services, headers)])}
        finally:
            await run_in_threadpool(sender.stop)
            await run_in_threadpool(app.state.feed.stop)
            await run_in_threadpool(mover.stop)
            await run_in_threadpool(publisher.stop)
            await services.intake.stop()
            await run_in_threadpool(watch.stop)
            database.close()

    app = FastAPI(
        title="gisgrid",
        version=gisgrid.__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    for module in (
        locate,
        reports,
        sources,
        feed,
        webhooks,
        places,
        plans,
        repairs,
        uploads,
        comments,
        edits,
        planner,
        advice,
        open311,
        mapit,
        service,
        pages,
    ):
        app.router.routes.extend(module.router.routes)
    app.router.routes.extend(planner.pages_router.routes)
    add_handlers(app)
    app.add_middleware(HeadersMiddleware, headers=headers)
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    app.add_middleware(ReportFront, metrics=metrics, headers=headers)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # the way that FastAPI documents
    access.require_rules(app)
    app.state.parameters = parameters.of_routes(app)
    return app


class HeadersMiddleware:
    """Adds to every answer what keeps browsers from guessing, framing, keeping and telling."""

    def __init__(self, app: ASGIApp, *, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers that the answer does not have."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document with roles, scopes and faults at each operation; made once."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = schemas.Problem.model_json_schema()
        document["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer"},
            "plain_key": {"type": "apiKey", "in": "query", "name": "api_key"},
        }
        for route in app.routes:
            if not isinstance(route, APIRoute) or not route.include_in_schema:
                continue
            for method in route.methods or ():
                rule = access.ACCESS[method, route.path]
                operation = document["paths"][route.path_format][method.lower()]
                operation |= access.described(rule)
                operation["security"] = access.security(rule)
                # FastAPI announces its own shape of a 422; ours is a problem like every other.
                operation["responses"].pop("422", None)
                problem = {
                    "description": "A problem detail",
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
                operation["responses"].setdefault("default", problem)
        app.openapi_schema = document
    return app.openapi_schema
