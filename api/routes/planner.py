"""`/planner/…`, `/v1/plans/{id}/board`, `/changes.csv`, `/changes.xlsx`: the planner's pages, what they show of a plan.

Room: the front door on the wire. In: requests of browsers. Out: pages, their files, one packed document a plan, lists.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from typing import Any, Final

import orjson
from fastapi import Request, Response

from api import access, edit_documents, planner_assets, planner_pages
from api.access import CallerDep, guarded_router
from api.callers import Caller
from api.deps import ServicesDep
from gisgrid import showing, wire
from gisgrid.errors import NotFound
from gisgrid.maps.workbook import csv_text, write_workbook
from gisgrid.store import divisions, plans

router = guarded_router("plans 网格方案")
pages_router = guarded_router(in_schema=False)

_SMALLEST_ZIPPED: Final = 2_000
_ZIP_LEVEL: Final = 3
"""Most of what level 9 saves, in a third of its time."""


class _Csv(Response):
    """A CSV file, marked as UTF-8 for spreadsheet programs."""

    media_type = "text/csv"


class _Workbook(Response):
    """An XLSX file."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pages_router.get("/planner/")
def list_communities(services: ServicesDep, caller: CallerDep) -> Response:
    """Show the communities within the caller's scope with their plans."""
    with services.database.transaction() as connection:
        known = {each.code: each for each in divisions.list_divisions(connection, with_geometry=False)}
        built = set(divisions.with_buildings(connection))
        drawn = plans.list_plans(connection)
        in_force = services.directory.grids(connection).rows.values()
    plans_of: dict[str, list[plans.PlanSummary]] = defaultdict(list)
    for plan in drawn:
        plans_of[plan.community].append(plan)
    grids: dict[str, int] = defaultdict(int)
    for row in in_force:
        grids[row.community] += 1
    lines = [
        planner_pages.CommunityPlans(
            code=each.code,
            name=each.name,
            street=known[each.parent].name if each.parent in known else "",
            buildings=each.code in built,
            grids_in_force=grids[each.code],
            plans=plans_of[each.code],
        )
        for each in known.values()
        if each.level == "community" and caller.reaches(each.code)
    ]
    return planner_pages.start_page(lines, may_draw=_may("POST", "/v1/plans", caller), actor=caller.actor)


@pages_router.get("/planner/{plan_id}")
def show_editor(services: ServicesDep, plan_id: str) -> Response:
    """Show the editor of a plan."""
    with services.database.transaction() as connection:
        plans.community_of(connection, plan_id)
    return planner_pages.editor_page(plan_id)


@pages_router.get("/planner/assets/{version}/{name}")
def send_asset(request: Request, version: str, name: str) -> Response:
    """Send a file of the planner's pages; of this version a browser keeps it for good, of another it asks each time."""
    asset = planner_assets.assets().get(name)
    if asset is None:
        raise NotFound("The planner's pages have no such file.")
    current = version == planner_assets.version()
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if current else "no-cache"}
    headers["Vary"] = "Accept-Encoding"
    if not _takes_gzip(request):
        return Response(asset.content, 200, headers, asset.media_type)
    return Response(asset.zipped, 200, headers | {"Content-Encoding": "gzip"}, asset.media_type)


@router.get("/v1/plans/{plan_id}/board")
def get_board(request: Request, services: ServicesDep, caller: CallerDep, plan_id: str) -> Response:
    """Give all that the planner's page draws of a plan, packed in columns; whole numbers of a ten-millionth degree."""
    shown = showing.show_plan(services.database, plan_id)
    community, *above = shown.path
    document: dict[str, Any] = {
        **wire.plan(shown.plan),
        "tessellation": shown.plan.tessellation,
        **edit_documents.steps(shown.undo, shown.redo),
        "name": community.name,
        "path": [division.name for division in reversed(above)],
        "caller": {
            "actor": caller.actor,
            "may_edit": _may("POST", "/v1/plans/{plan_id}/submit", caller),
            "may_comment": _may("POST", "/v1/plans/{plan_id}/comments", caller),
            "may_decide": _may("POST", "/v1/plans/{plan_id}/approve", caller),
        },
        "board": shown.board,
    }
    headers = {"ETag": edit_documents.entity_tag(shown.plan.revision)}
    return _zipped(request, orjson.dumps(document), "application/json", headers)


@router.get("/v1/plans/{plan_id}/changes.csv", response_class=_Csv)
def get_changes_as_csv(services: ServicesDep, plan_id: str) -> Response:
    """Give who changes grid against the edition in force as CSV, one line a building; texts never become formulas."""
    text = csv_text(showing.list_changes(services.database, plan_id))
    return _Csv(text.encode("utf-8-sig"), headers=_download(plan_id, "csv"))


@router.get("/v1/plans/{plan_id}/changes.xlsx", response_class=_Workbook)
def get_changes_as_workbook(services: ServicesDep, plan_id: str) -> Response:
    """Give who changes grid against the edition in force as a workbook, one line a building."""
    book = write_workbook([showing.list_changes(services.database, plan_id)], title=f"变动名单 {plan_id}")
    return _Workbook(book, headers=_download(plan_id, "xlsx"))


def _download(plan_id: str, form: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="changes-{plan_id}.{form}"'}


def _may(method: str, path: str, caller: Caller) -> bool:
    """Return whether the caller's role may use a route."""
    roles = access.ACCESS[method, path].roles
    return roles is None or caller.role in roles


def _zipped(request: Request, content: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """Return an answer, compressed where that is worth it and the browser takes it."""
    headers = {**headers, "Vary": "Accept-Encoding"}
    if len(content) >= _SMALLEST_ZIPPED and _takes_gzip(request):
        content = gzip.compress(content, _ZIP_LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(content, 200, headers, media_type)


def _takes_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")
