"""`/v1/locate`: which grid a point is in.

Room: the front door on the wire. In: points with their declared system. Out: grids with evidence.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Response

from api import schemas
from api.access import CallerDep, guarded_router
from api.bodies import read_json
from api.deps import Decimal, Instant, ServicesDep, answer

router = guarded_router("locate 落格查询")

_REACH_LIMIT_M: Final = 1_000.0
"""Neighbours are named up to this distance, however vague the position is."""


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
    services.metrics.located.labels(found.location.method).inc()
    document = found.document()
    if found.row is not None and not caller.reaches(found.row.community):
        document["posts"] = []
    return answer(document)


@router.post(
    "/v1/locate",
    responses={200: {"model": schemas.LocateManyAnswer}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schemas.LocateBody.model_json_schema()}},
        }
    },
)
def locate_many(services: ServicesDep, body: Annotated[Any, Depends(read_json)]) -> Response:
    """Tell which grids many points are in, in their order; up to 100,000 points."""
    wanted = schemas.checked(schemas.LocateBody, body)
    system = schemas.declared_system(wanted.crs)
    lon, lat = ([point[axis] for point in wanted.points] for axis in (0, 1))
    document = services.directory.locate_many(lon, lat, system, at=wanted.at)
    for method, count in Counter(document["methods"]).items():
        services.metrics.located.labels(method).inc(count)
    return answer(document)
