"""`/v1/locate`: which grid a point is in.

Room: the front door on the wire. In: points with their declared system. Out: grids with evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api import schemas
from api.access import CallerDep, guarded_router
from api.bodies import JSON_TYPE, accepted_type, read_bytes, require_type
from api.bulk import READERS, answer_points
from api.deps import Decimal, Instant, ServicesDep, answer
from api.points import ARROW_TYPE, CSV_TYPE, POINT_TYPES

router = guarded_router("locate 落格查询")

_REACH_LIMIT_M: Final = 1_000.0
"""Neighbours are named up to this distance, however vague the position is."""

_TABLES: Final[Mapping[str, Any]] = {
    CSV_TYPE: {"schema": {"type": "string"}, "example": "id,lon,lat\n0017,111.70123,40.80456\n"},
    ARROW_TYPE: {"schema": {"type": "string", "format": "binary"}},
}


@router.get("/v1/locate", responses={200: {"model": schemas.LocateAnswer}})
def locate(
    services: ServicesDep,
    caller: CallerDep,
    lon: Annotated[Decimal, Query(description="Longitude (x) in the declared system.", examples=[111.70123])],
    lat: Annotated[Decimal, Query(description="Latitude (y) in the declared system.", examples=[40.80456])],
    crs: Annotated[str | None, Query(description="wgs84, cgcs2000, gcj02 or bd09; never guessed.")] = None,
    at: Annotated[Instant | None, Query(description="As of this instant; now by default.")] = None,
    accuracy_m: Annotated[
        Decimal | None, Query(ge=0, le=1e6, description="Error of the position: every grid within it is a neighbour.")
    ] = None,
) -> Response:
    """Tell which grid a point is in, and how that was decided."""
    reach_m = None if accuracy_m is None else min(accuracy_m, _REACH_LIMIT_M)
    found = services.directory.locate(lon, lat, schemas.declared_system(crs), at=at, accuracy_m=reach_m)
    services.metrics.located[found.location.method].inc()
    document = found.document()
    if found.row is not None and not caller.reaches(found.row.community):
        document["posts"] = []
    return answer(document, Age=services.age() if at is None else None)


@router.post(
    "/v1/locate",
    responses={200: {"model": schemas.LocateManyAnswer, "content": dict(_TABLES)}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON_TYPE: {"schema": schemas.LocateBody.model_json_schema()}, **_TABLES},
        }
    },
)
async def locate_many(
    request: Request,
    services: ServicesDep,
    crs: Annotated[str | None, Query(description="For CSV and Arrow; JSON declares it in its body.")] = None,
    at: Annotated[Instant | None, Query(description="For CSV and Arrow, as of this instant; now by default.")] = None,
) -> Response:
    """Tell which grids many points are in, in their order; up to 100,000 points and 20 MB.

    Sent as JSON, as CSV in UTF-8 with columns `lon` and `lat`, or as an uncompressed Arrow stream with these columns in
    float64; answered in the form that `Accept` names, otherwise in the same. CSV comes back with `grid_code`, `method`
    and `edition` added; Arrow with `grid_code` and `method`, the editions in the metadata of its schema. A point that
    cannot be looked up refuses the whole, and is named by `/points/N` or `/rows/N`, from 0.
    """
    given = require_type(request, *POINT_TYPES)
    wanted = accepted_type(request, POINT_TYPES, given)
    body = await read_bytes(request)

    def answered() -> tuple[bytes, str | None]:
        points = READERS[given](body, crs, at)
        return answer_points(services, points, (given, wanted)), services.age() if points.at is None else None

    found, age = await run_in_threadpool(answered)
    return Response(found, headers={} if age is None else {"Age": age}, media_type=wanted)
