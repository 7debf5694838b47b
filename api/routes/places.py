"""`/v1/divisions, /v1/grids, /v1/editions, /v1/buildings`: what is in force, as JSON and GeoJSON.

Room: the front door on the wire. In: codes. Out: lists and feature collections.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from fastapi import Query, Response

from api import documents, schemas
from api.access import ACCESS, CallerDep, guarded_router
from api.callers import Caller
from api.deps import (
    PAGE_DEFAULT,
    CommunityQuery,
    CursorQuery,
    GeoJson,
    Instant,
    LimitQuery,
    ServicesDep,
    answer,
    cursor_of,
    position_of,
)
from gisgrid import wire
from gisgrid.model import Building, Division, DivisionLevel
from gisgrid.store import divisions, editions, inputs, schedules

router = guarded_router("places 区划与网格")


@router.get("/v1/divisions", responses={200: {"model": schemas.DivisionPage}})
def list_divisions(
    services: ServicesDep,
    caller: CallerDep,
    level: DivisionLevel | None = None,
    parent: Annotated[str | None, Query(pattern=r"^[0-9]{6,9}$", description="Only those directly below it.")] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = PAGE_DEFAULT,
) -> Response:
    """List divisions in order of their codes, within the caller's scope."""
    after = position_of(cursor) or ""
    with services.database.transaction() as connection:
        known = divisions.list_divisions(connection, with_geometry=False)
    wanted = [
        each
        for each in within_scope(known, caller)
        if each.code > after and level in (None, each.level) and parent in (None, each.parent)
    ]
    page = wanted[:limit]
    return answer(
        {
            "divisions": [
                {"code": each.code, "name": each.name, "level": each.level, "parent": each.parent} for each in page
            ],
            "next": cursor_of(page[-1].code) if len(wanted) > limit else None,
        }
    )


@router.get("/v1/grids", response_class=GeoJson)
def list_grids(
    services: ServicesDep,
    community: CommunityQuery,
    at: Annotated[Instant | None, Query(description="As of this instant; now by default.")] = None,
) -> Response:
    """Give a community's grids in force as GeoJSON; empty before its first edition."""
    with services.database.transaction() as connection:
        divisions.get(connection, community)
        rows = editions.coverage(connection, at, [community])
    features = (
        (
            row.geometry,
            {
                "code": row.code,
                "name": row.name,
                "kind": row.kind,
                "households": row.households,
                "buildings": row.buildings,
                "edition": row.edition,
            },
        )
        for row in rows
    )
    return answer(wire.feature_collection(features), media_type=GeoJson.media_type)


@router.get("/v1/editions")
def list_editions(
    services: ServicesDep,
    caller: CallerDep,
    community: CommunityQuery,
    cursor: CursorQuery = None,
    limit: LimitQuery = PAGE_DEFAULT,
) -> Response:
    """List a community's editions, the newest first, and the plan that is scheduled to be the next.

    Who published or scheduled them is told to those who may read plans.
    """
    start = int(position_of(cursor, pattern=r"[0-9]{1,9}") or 0)
    with services.database.transaction() as connection:
        divisions.get(connection, community)
        found = editions.list_editions(connection, community)
        waiting = schedules.of_community(connection, community)
    # Editions are never removed, so the page's end counts from the oldest.
    begin = len(found) - start if start else 0
    page = found[begin : begin + limit]
    rest = len(found) - begin - len(page)
    told = [{**wire.edition(each), "published_by": each.published_by} for each in page]
    scheduled = documents.scheduled_publication(waiting)
    if caller.role not in (ACCESS["GET", "/v1/plans"].roles or ()):
        for document in [*told, *([] if scheduled is None else [scheduled])]:
            document.pop("published_by", None)
            document.pop("scheduled_by", None)
    return answer(
        {
            "editions": told,
            "scheduled": scheduled,
            "next": cursor_of(str(rest)) if rest > 0 else None,
        }
    )


@router.get("/v1/buildings", response_class=GeoJson)
def list_buildings(services: ServicesDep, community: CommunityQuery) -> Response:
    """Give a community's buildings as GeoJSON, each with the code of its grid in force."""
    with services.database.transaction() as connection:
        material = inputs.read_community(connection, community)
    current = material.current
    grids = {} if current is None else {code: grid.code for grid in current.grids for code in grid.buildings}
    return building_features(material.buildings, grids)


def building_features(buildings: Iterable[Building], grids: Mapping[str, str | None]) -> Response:
    """Return buildings as GeoJSON with the grid that each stands in."""
    features = (
        (
            building.geometry,
            {
                "code": building.code,
                "households": building.households,
                "grid": grids.get(building.code),
                "estate": building.estate,
            },
        )
        for building in buildings
    )
    return answer(wire.feature_collection(features), media_type=GeoJson.media_type)


def within_scope(known: Iterable[Division], caller: Caller) -> list[Division]:
    """Return the divisions that are the caller's scope or lie below it, in their order; all without a scope."""
    listed = list(known)
    if caller.scope is None:
        return listed
    parents = {each.code: each.parent for each in listed}
    return [each for each in listed if caller.scope in _upwards(each.code, parents)]


def _upwards(code: str, parents: Mapping[str, str | None]) -> list[str]:
    chain: list[str] = []
    step: str | None = code
    while step is not None and step not in chain:
        chain.append(step)
        step = parents.get(step)
    return chain
