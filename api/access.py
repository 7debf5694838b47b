"""Who may do what: one table of all routes, and the guard that asks it before anything else happens.

Room: the front door on the wire. In: a request. Out: the `Caller`, or 401 or 403. A route that is not in the table
cannot exist: `require_rules` stops the app from starting.

The roles are not a ladder. `viewer` sees what hangs on the wall: divisions, grids, editions, the public map, the
lookup. `dispatch` also files and reads reports, which hold what citizens wrote. `planner` also sees buildings and
draws, submits and compares plans, but no reports. `reviewer` reads what a planner reads and decides: approve, reject,
publish; it draws nothing, so that four eyes see every plan. `admin` may do everything.

The scope of a key is a division: it reaches the communities in it and no others. The lookup alone answers everywhere,
because whoever takes a call must be able to say whose it is; outside the scope it names the grid without its contacts.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api.callers import Caller, beyond_scope, digest_of
from api.deps import Services, services_of
from api.origins import require_loopback, same_origin
from api.parameters import known_parameters
from gisgrid.errors import DatabaseUnavailable, Forbidden, NotFound, Unauthenticated
from gisgrid.model import ROLES, Role
from gisgrid.store import divisions, keys, plans, reports
from gisgrid.store.database import Connection

SESSION_COOKIE: Final = "gisgrid_session"
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})


class Reach(enum.Enum):
    """How a route's place is found, to be compared with the caller's scope."""

    ANYWHERE = "what it tells is public knowledge; contacts are left out beyond the scope"
    COMMUNITY = "the query parameter `community`"
    DIVISION = "the division in the path"
    PLAN = "the community of the plan in the path"
    REPORT = "the grid of the report in the path, or that the caller filed it"
    BODY = "the community in the body; the route asks `Caller.require`"
    FILTERED = "a list, of which the route gives only what `Caller.reaches`"
    EVERYWHERE = "the whole service: no caller with a scope"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may use a route: these roles, within their scope; nobody's role is asked where `roles` is None.

    `page` says that people open it in a browser: who is not signed in is led to the sign-in page. `from_memory` says
    that it answers while the database is away, to those whose keys were good before. `plain_key` says that the key may
    also come as `api_key`, as programs written for another standard send it.
    """

    roles: frozenset[Role] | None
    reach: Reach
    page: bool = False
    from_memory: bool = False
    plain_key: bool = False


OPEN: Final = Rule(None, Reach.ANYWHERE)
_ALL: Final[frozenset[Role]] = frozenset(ROLES)
_INTAKE: Final[frozenset[Role]] = frozenset({"dispatch", "admin"})
_PLANNING: Final[frozenset[Role]] = frozenset({"planner", "reviewer", "admin"})
_DRAWING: Final[frozenset[Role]] = frozenset({"planner", "admin"})
_ADMIN: Final[frozenset[Role]] = frozenset({"admin"})
_DECIDING: Final[frozenset[Role]] = frozenset({"reviewer", "admin"})

ACCESS: Final[Mapping[tuple[str, str], Rule]] = MappingProxyType(
    {
        ("GET", "/health/live"): OPEN,
        ("GET", "/health/ready"): OPEN,
        ("GET", "/docs"): OPEN,
        ("GET", "/openapi.json"): OPEN,
        ("GET", "/login"): OPEN,
        ("POST", "/login"): OPEN,
        ("POST", "/logout"): OPEN,
        ("GET", "/metrics"): Rule(_ALL, Reach.EVERYWHERE),
        ("GET", "/"): Rule(_ALL, Reach.FILTERED, page=True),
        ("GET", "/maps/{code}.html"): Rule(_ALL, Reach.DIVISION, page=True),
        ("GET", "/maps/{code}.pdf"): Rule(_PLANNING, Reach.DIVISION, page=True),
        ("GET", "/maps/{code}.xlsx"): Rule(_PLANNING, Reach.DIVISION, page=True),
        ("GET", "/planner/"): Rule(_PLANNING, Reach.FILTERED, page=True),
        ("GET", "/planner/{plan_id}"): Rule(_PLANNING, Reach.PLAN, page=True),
        ("GET", "/planner/assets/{version}/{name}"): OPEN,
        ("GET", "/v1/locate"): Rule(_ALL, Reach.ANYWHERE, from_memory=True),
        ("POST", "/v1/locate"): Rule(_ALL, Reach.ANYWHERE, from_memory=True),
        ("GET", "/v1/divisions"): Rule(_ALL, Reach.FILTERED),
        ("GET", "/v1/grids"): Rule(_ALL, Reach.COMMUNITY),
        ("GET", "/v1/editions"): Rule(_ALL, Reach.COMMUNITY),
        ("GET", "/v1/buildings"): Rule(_PLANNING, Reach.COMMUNITY),
        ("POST", "/v1/reports"): Rule(_INTAKE, Reach.ANYWHERE),
        ("POST", "/v1/reports/batch"): Rule(_INTAKE, Reach.ANYWHERE),
        ("GET", "/v1/reports"): Rule(_INTAKE, Reach.FILTERED),
        ("GET", "/v1/reports/{report_id}"): Rule(_INTAKE, Reach.REPORT),
        ("GET", "/v1/sources"): Rule(_INTAKE, Reach.EVERYWHERE),
        ("GET", "/v1/feed"): Rule(_INTAKE, Reach.FILTERED),
        ("POST", "/v1/reports/{report_id}/events"): Rule(_INTAKE, Reach.REPORT),
        ("GET", "/v1/webhooks"): Rule(_ADMIN, Reach.EVERYWHERE),
        ("POST", "/v1/webhooks"): Rule(_ADMIN, Reach.EVERYWHERE),
        ("GET", "/v1/webhooks/{webhook_id}"): Rule(_ADMIN, Reach.EVERYWHERE),
        ("DELETE", "/v1/webhooks/{webhook_id}"): Rule(_ADMIN, Reach.EVERYWHERE),
        ("POST", "/v1/webhooks/{webhook_id}/secret"): Rule(_ADMIN, Reach.EVERYWHERE),
        ("POST", "/v1/webhooks/{webhook_id}/enable"): Rule(_ADMIN, Reach.EVERYWHERE),
        ("GET", "/v1/webhooks/{webhook_id}/deliveries"): Rule(_ADMIN, Reach.EVERYWHERE),
        ("POST", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/retry"): Rule(_ADMIN, Reach.EVERYWHERE),
        ("GET", "/v1/plans"): Rule(_PLANNING, Reach.FILTERED),
        ("POST", "/v1/plans"): Rule(_DRAWING, Reach.BODY),
        ("POST", "/v1/plans/import"): Rule(_DRAWING, Reach.COMMUNITY),
        ("GET", "/v1/plans/{plan_id}"): Rule(_PLANNING, Reach.PLAN),
        ("GET", "/v1/plans/{plan_id}/grids"): Rule(_PLANNING, Reach.PLAN),
        ("GET", "/v1/plans/{plan_id}/buildings"): Rule(_PLANNING, Reach.PLAN),
        ("GET", "/v1/plans/{plan_id}/compare"): Rule(_PLANNING, Reach.PLAN),
        ("GET", "/v1/plans/{plan_id}/comments"): Rule(_ALL, Reach.PLAN),
        ("POST", "/v1/plans/{plan_id}/comments"): Rule(_PLANNING, Reach.PLAN),
        ("GET", "/v1/plans/{plan_id}/history"): Rule(_PLANNING, Reach.PLAN),
        ("GET", "/v1/plans/{plan_id}/micro-grids"): Rule(_PLANNING, Reach.PLAN),
        ("POST", "/v1/plans/{plan_id}/micro-grids"): Rule(_DRAWING, Reach.PLAN),
        ("GET", "/v1/plans/{plan_id}/board"): Rule(_PLANNING, Reach.PLAN),
        ("POST", "/v1/plans/{plan_id}/repair"): Rule(_DRAWING, Reach.PLAN),
        ("GET", "/v1/plans/{plan_id}/changes.csv"): Rule(_PLANNING, Reach.PLAN),
        ("GET", "/v1/plans/{plan_id}/changes.xlsx"): Rule(_PLANNING, Reach.PLAN),
        ("GET", "/v1/plans/{plan_id}/explanations"): Rule(_PLANNING, Reach.PLAN),
        ("POST", "/v1/plans/{plan_id}/preview"): Rule(_PLANNING, Reach.PLAN),
        ("POST", "/v1/plans/{plan_id}/suggestions"): Rule(_PLANNING, Reach.PLAN),
        ("GET", "/v1/plans/{plan_id}/edits"): Rule(_PLANNING, Reach.PLAN),
        ("POST", "/v1/plans/{plan_id}/edits"): Rule(_DRAWING, Reach.PLAN),
        ("POST", "/v1/plans/{plan_id}/undo"): Rule(_DRAWING, Reach.PLAN),
        ("POST", "/v1/plans/{plan_id}/redo"): Rule(_DRAWING, Reach.PLAN),
        ("POST", "/v1/plans/{plan_id}/submit"): Rule(_DRAWING, Reach.PLAN),
        ("POST", "/v1/plans/{plan_id}/reopen"): Rule(_DRAWING, Reach.PLAN),
        ("POST", "/v1/plans/{plan_id}/approve"): Rule(_DECIDING, Reach.PLAN),
        ("POST", "/v1/plans/{plan_id}/reject"): Rule(_DECIDING, Reach.PLAN),
        ("POST", "/v1/plans/{plan_id}/publish"): Rule(_DECIDING, Reach.PLAN),
        ("POST", "/v1/plans/{plan_id}/withdraw"): Rule(_DECIDING, Reach.PLAN),
        ("GET", "/open311/v2/discovery.{format}"): OPEN,
        ("GET", "/open311/v2/services.{format}"): OPEN,
        ("GET", "/open311/v2/services/{service_code}.{format}"): OPEN,
        ("POST", "/open311/v2/requests.{format}"): Rule(_INTAKE, Reach.ANYWHERE, plain_key=True),
        ("GET", "/open311/v2/requests.{format}"): Rule(_INTAKE, Reach.FILTERED, plain_key=True),
        ("GET", "/open311/v2/requests/{report_id}.{format}"): Rule(_INTAKE, Reach.REPORT, plain_key=True),
        ("GET", "/open311/v2/tokens/{report_id}.{format}"): Rule(_INTAKE, Reach.REPORT, plain_key=True),
        ("GET", "/point/4326/{lon},{lat}.json"): Rule(_ALL, Reach.ANYWHERE, from_memory=True, plain_key=True),
        ("GET", "/point/4326/{lon},{lat}"): Rule(_ALL, Reach.ANYWHERE, from_memory=True, plain_key=True),
    }
)
"""Every route there is: (method, path) → who may use it."""


OPEN_DEMO: Final = Caller("demo", "admin", name="demo")
"""Everybody, while `gisgrid demo` serves its own machine without keys."""


def guard(request: Request) -> None:
    """Let a request pass by the rule of its route, or refuse it; every route depends on this first."""
    services = services_of(request)
    rule = ACCESS[request.method, request.scope["route"].path]
    if not services.settings.require_keys:
        require_loopback(request)
    if rule.roles is None:
        return
    away = services.watch.fault is not None
    remembered = _while_away(request, services, rule) if rule.from_memory else None
    if away and remembered is not None:
        caller = remembered
    else:
        try:
            with services.database.transaction() as connection:
                caller = _caller(connection, request, services, rule)
                _require_role(rule, caller)
                _require_reach(connection, request, rule.reach, caller)
        except DatabaseUnavailable:
            if remembered is None:
                raise
            caller = remembered
    _require_role(rule, caller)
    request.state.caller = caller


def caller_of(request: Request) -> Caller:
    """Return who is asking, as the guard found it (a dependency for routes)."""
    caller: Caller = request.state.caller
    return caller


CallerDep = Annotated[Caller, Depends(caller_of)]


def guarded_router(*tags: str, in_schema: bool = True) -> APIRouter:
    """Return a router whose every route passes the guard before anything else."""
    return APIRouter(
        tags=list(tags), dependencies=[Depends(guard), Depends(known_parameters)], include_in_schema=in_schema
    )


def foreign_router(*tags: str, before: Callable[..., Any]) -> APIRouter:
    """Return a router for another body's standard: guarded, but its clients send parameters that we do not know.

    Parameters
    ----------
    before
        A dependency that runs ahead of the guard, to find a key that the standard hides in the body
        (`request.state.plain_key`).
    """
    return APIRouter(tags=list(tags), dependencies=[Depends(before), Depends(guard)])


def require_rules(app: FastAPI) -> None:
    """Return nothing for an app whose routes and rules match one to one.

    Raises
    ------
    RuntimeError
        A route has no rule, a rule no route, or something is mounted that the guard cannot see.
    """
    routes: set[tuple[str, str]] = set()
    for route in app.routes:
        guarded = isinstance(route, APIRoute) and any(each.dependency is guard for each in route.dependencies)
        if not (isinstance(route, APIRoute) and guarded):
            raise RuntimeError(f"{route!r} stands beside the guard; make it a route of the guarded app.")
        routes |= {(method, route.path) for method in route.methods or ()}
    unruled, unused = routes - set(ACCESS), set(ACCESS) - routes
    if unruled or unused:
        raise RuntimeError(
            f"api.access.ACCESS and the routes differ: without a rule {unruled}, without a route {unused}."
        )


def _caller(connection: Connection, request: Request, services: Services, rule: Rule) -> Caller:
    key = _key(request, rule)
    if key is not None:
        holder = keys.find_key(connection, key)
        if holder is None:
            services.callers.forget(key)
            raise Unauthenticated("The key is unknown, revoked or expired; ask the administrator for a new one.")
        caller = _with_scope(connection, holder)
        services.callers.remember(key, caller, holder.expires_at)
        return caller
    if request.method not in _SAFE_METHODS and not same_origin(request):
        raise Forbidden("Another site's page sent this request; do it from a page of this service.")
    if not services.settings.require_keys:
        return OPEN_DEMO
    cookie = request.cookies.get(SESSION_COOKIE)
    holder = None if cookie is None else keys.find_session(connection, cookie)
    if holder is not None:
        return _with_scope(connection, holder)
    if rule.page:
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        raise HTTPException(303, headers={"Location": f"/login?next={quote(wanted, safe='')}"})
    raise Unauthenticated(
        "This needs a key: send `Authorization: Bearer KEY`. `gisgrid key create` makes one; people sign in at /login."
    )


def _key(request: Request, rule: Rule) -> str | None:
    """Return the key that the request brings; one in the header counts before one among the parameters."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if not rule.plain_key:
        return None
    in_body: str | None = getattr(request.state, "plain_key", None)
    return in_body or request.headers.get("x-api-key") or request.query_params.get("api_key") or None


def _while_away(request: Request, services: Services, rule: Rule) -> Caller | None:
    """Return who asks, as the database said when it last answered; None for one that it was not asked about."""
    key = _key(request, rule)
    if key is not None:
        return services.callers.while_away(digest_of(key))
    return None if services.settings.require_keys else OPEN_DEMO


def _require_role(rule: Rule, caller: Caller) -> None:
    if rule.roles is not None and caller.role not in rule.roles:
        raise Forbidden(
            f"The role {caller.role} may not do this; it takes {' or '.join(sorted(rule.roles))}. "
            "Ask the administrator for a key of that role."
        )


def _with_scope(connection: Connection, holder: keys.Holder) -> Caller:
    if holder.scope is None:
        return Caller(holder.actor, holder.role, name=holder.name)
    communities = frozenset(each.code for each in divisions.communities_under(connection, holder.scope))
    return Caller(holder.actor, holder.role, holder.scope, communities, holder.name)


def _require_reach(connection: Connection, request: Request, reach: Reach, caller: Caller) -> None:
    """Refuse a caller whose scope does not reach the place that the request is about."""
    if caller.scope is None:
        return
    match reach:
        case Reach.EVERYWHERE:
            raise Forbidden(beyond_scope(caller, "the whole service"))
        case Reach.COMMUNITY:
            caller.require(request.query_params.get("community", ""))
        case Reach.DIVISION:
            code = str(request.path_params["code"])
            if caller.scope not in _chain(connection, code):
                raise Forbidden(beyond_scope(caller, f"division {code[:20]}"))
        case Reach.PLAN:
            caller.require(plans.community_of(connection, str(request.path_params["plan_id"])))
        case Reach.REPORT:
            report_id = str(request.path_params["report_id"])
            sight = caller.sight()
            if sight is not None and not reports.may_see(connection, report_id, sight):
                raise Forbidden(beyond_scope(caller, f"report {report_id}"))
        case Reach.ANYWHERE | Reach.BODY | Reach.FILTERED:
            pass


def _chain(connection: Connection, code: str) -> Iterable[str]:
    try:
        return [division.code for division in divisions.chain(connection, code)]
    except NotFound:
        return []


def described(rule: Rule) -> dict[str, Any]:
    """Return the rule for the documentation: OpenAPI extension members."""
    return {
        "x-roles": sorted(rule.roles) if rule.roles is not None else "anybody",
        "x-scope": rule.reach.value,
    }


def security(rule: Rule) -> list[dict[str, list[str]]]:
    """Return the ways to present a key, for the documentation: none where everybody may come in."""
    if rule.roles is None:
        return []
    return [{"key": []}, {"plain_key": []}] if rule.plain_key else [{"key": []}]
