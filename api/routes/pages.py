"""`/`, `/login`, `/logout`, `/maps/…`, `/docs`: what people open in a browser.

Room: the front door on the wire. In: requests of browsers. Out: HTML, a session cookie.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qs

from fastapi import Depends, Query, Request, Response

from api import pages
from api.access import SESSION_COOKIE, CallerDep, guarded_router
from api.bodies import FORM_LIMIT, read_bytes, require_type
from api.deps import Services, ServicesDep, answer, decimal
from api.errors import BadRequest, readable
from api.origins import same_origin
from api.schemas import declared_system
from gisgrid import ledgers, wall_sheets, workflow
from gisgrid.errors import Forbidden, GisgridError
from gisgrid.maps.base_map import BaseMap
from gisgrid.model import CoverageRow
from gisgrid.store import keys

router = guarded_router(in_schema=False)

_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_INTERNAL_ROLES: Final = frozenset({"planner", "reviewer", "admin"})
_FIELD_LIMIT: Final = 1_000
_hashing = threading.BoundedSemaphore(2)
"""So many passwords are hashed at a time: each takes 32 MB."""


@router.get("/")
def start(
    services: ServicesDep,
    caller: CallerDep,
    lon: Annotated[str, Query(max_length=50)] = "",
    lat: Annotated[str, Query(max_length=50)] = "",
    crs: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show the maps in force within the caller's scope, and answer a lookup."""
    with services.database.transaction() as connection:
        grids = services.directory.grids(connection)
    rows: dict[str, list[CoverageRow]] = defaultdict(list)
    for row in grids.rows.values():
        if caller.reaches(row.community):
            rows[row.community].append(row)
    lines = []
    for community, members in sorted(rows.items()):
        names = {division.level: division.name for division in grids.chains[community]}
        households = sum(row.households for row in members)
        lines.append(
            pages.CommunityLine(community, names["community"], names.get("street", ""), len(members), households)
        )
    asked = _asked(services, lon, lat, crs, with_posts=caller.reaches)
    return pages.start_page(
        lines,
        asked,
        actor=caller.actor,
        keyless=not services.settings.require_keys,
        papers=caller.role in _INTERNAL_ROLES,
    )


@router.get("/maps/{code}.html")
def show_map(
    services: ServicesDep,
    caller: CallerDep,
    code: str,
    audience: Annotated[Literal["public", "internal"] | None, Query()] = None,
    phones: Annotated[bool, Query()] = False,
) -> Response:
    """Show the staff map of a division; with buildings' households for those who plan, else the public one.

    Duty phones are shown when asked for.
    """
    may_see_households = caller.role in _INTERNAL_ROLES
    if audience == "internal" and not may_see_households:
        raise Forbidden(f"The role {caller.role} sees the public map; leave audience out.")
    chosen = audience or ("internal" if may_see_households else "public")
    settings = services.settings
    html = workflow.draw_map(
        services.database,
        code,
        audience=chosen,
        phones=phones,
        approval_number=settings.approval_number,
        base_map=BaseMap.configured(settings.tiles_url, settings.tiles_system, settings.tiles_credit),
        actor=caller.actor,
    )
    return Response(html, 200, {"Content-Security-Policy": "frame-ancestors 'none'"}, "text/html; charset=utf-8")


@router.get("/maps/{code}.pdf")
def show_sheet(services: ServicesDep, code: str) -> Response:
    """Give the wall sheet 挂图 of a community as a PDF of A3; of a street or district the atlas."""
    return Response(wall_sheets.draw_sheet(services.database, code), 200, media_type="application/pdf")


@router.get("/maps/{code}.xlsx")
def show_ledger(services: ServicesDep, code: str) -> Response:
    """Give the ledger 一账 of a division as a workbook."""
    book = ledgers.draw_ledger(services.database, code)
    return Response(book, 200, {"Content-Disposition": f'attachment; filename="{code}.xlsx"'}, _XLSX_TYPE)


@router.get("/login")
def show_login(next_: Annotated[str, Query(alias="next", max_length=2_000)] = "/") -> Response:
    """Show the sign-in page."""
    return pages.login_page(_local(next_))


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of a form (a dependency): few, short, each once."""
    require_type(request, _FORM_TYPE)
    body = (await read_bytes(request, FORM_LIMIT)).decode("utf-8", "replace")
    try:
        fields = parse_qs(body, keep_blank_values=True, max_num_fields=10)
    except ValueError as error:
        raise BadRequest(400, "bad_form", "The form has more fields than this page; send name and password.") from error
    return {name: values[0][:_FIELD_LIMIT] for name, values in fields.items()}


@router.post("/login")
def login(request: Request, services: ServicesDep, form: Annotated[dict[str, str], Depends(_form)]) -> Response:
    """Open a session for a right name and password; too many wrong ones have to wait."""
    if not same_origin(request):
        raise Forbidden("Another site's page sent this form; sign in from /login of this service.")
    name, password, wanted = form.get("name", ""), form.get("password", ""), _local(form.get("next", "/"))
    address = request.client.host if request.client is not None else ""
    counted = ((services.failed_by_name, f"{name}@{address}"), (services.failed_by_address, address))
    wait_s = max(attempts.wait_s(who) for attempts, who in counted)
    if wait_s > 0:
        refused = pages.login_page(
            wanted, fault=f"失败次数过多，请 {wait_s:.0f} 秒后再试。 Too many attempts; try again later.", status=429
        )
        refused.headers["Retry-After"] = f"{wait_s + 1:.0f}"
        return refused
    with _hashing, services.database.transaction() as connection:
        opened = keys.open_session(connection, name=name.replace("\x00", ""), password=password)
    if opened is None:
        for attempts, who in counted:
            attempts.count(who)
        return pages.login_page(wanted, fault="用户名或密码不正确。 The name or the password is wrong.", status=401)
    services.failed_by_name.forget(counted[0][1])
    response = Response(status_code=303, headers={"Location": wanted})
    response.set_cookie(
        SESSION_COOKIE,
        opened[0],
        max_age=int(keys.SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/logout")
def logout(request: Request, services: ServicesDep) -> Response:
    """End the session of this browser."""
    if not same_origin(request):
        raise Forbidden("Another site's page sent this form; sign out from a page of this service.")
    cookie = request.cookies.get(SESSION_COOKIE)
    if cookie is not None:
        with services.database.transaction() as connection:
            keys.close_session(connection, cookie)
    response = Response(status_code=303, headers={"Location": "/login"})
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
    return response


@router.get("/openapi.json")
def openapi_document(request: Request) -> Response:
    """Give the OpenAPI document."""
    return answer(request.app.openapi())


@router.get("/docs")
def documentation(request: Request) -> Response:
    """Show the interface as a page that needs no network."""
    document: dict[str, Any] = request.app.openapi()
    return pages.documentation_page(document)


def _asked(services: Services, lon: str, lat: str, crs: str, *, with_posts: Any) -> pages.Asked:
    """Return the lookup that the start page was asked for, with its answer or what is wrong."""
    if not (lon or lat):
        return pages.Asked()
    try:
        found = services.directory.locate(_number(lon), _number(lat), declared_system(crs))
    except (ValueError, GisgridError) as error:
        return pages.Asked(lon, lat, crs, fault=readable(f"无法查询：{error}"))
    document = found.document()
    if found.row is not None and not with_posts(found.row.community):
        document["posts"] = []
    return pages.Asked(lon, lat, crs, answer=document)


def _number(text: str) -> float:
    value = decimal(text.strip())
    if not isinstance(value, float):
        raise TypeError(f"{value!r} is no number")
    return value


def _local(address: str) -> str:
    """Return the address where it leads to this very service, else the start page: no open redirect."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if plain and address.isascii() else "/"
