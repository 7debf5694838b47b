"""`/health/…`, `/metrics`: is it alive, can it answer, what has it done.

Room: the front door on the wire. In: nothing. Out: small documents for whoever keeps the service running.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query, Response

from api.access import guarded_router
from api.deps import ServicesDep, answer
from api.metrics import CONTENT_TYPE
from gisgrid.errors import GisgridError
from gisgrid.store import migrations

router = guarded_router("service 运行")


@router.get("/health/live")
def live() -> Response:
    """Tell that the process answers; says nothing about the database."""
    return answer({"live": True})


@router.get("/health/ready")
def ready(
    services: ServicesDep,
    purpose: Annotated[
        Literal["everything", "lookup"],
        Query(alias="for", description="`lookup`: ready as long as lookups are answered, from memory too."),
    ] = "everything",
) -> Response:
    """Tell whether lookups and reports can be answered; 503 with the reason where not.

    While the database is away lookups are still answered, from memory, and reports are not.
    """
    state = services.directory.state()
    checks: dict[str, Any] = {
        "database": None,
        "schema": None,
        "grids": len(state.grids.index),
        "grids_confirmed_s_ago": round(services.watch.age_s(), 1),
    }
    try:
        with services.database.transaction() as connection:
            checks["database"] = "ok"
            found, head = migrations.current(connection), migrations.head()
            checks["schema"] = "ok" if found == head else f"at {found}, expected {head}; run: gisgrid db upgrade"
    except GisgridError as error:
        checks["database"] = error.code
    is_ready = purpose == "lookup" or (checks["database"] == "ok" and checks["schema"] == "ok")
    return answer({"ready": is_ready, "checks": checks}, 200 if is_ready else 503)


@router.get("/metrics", include_in_schema=False)
def metrics(services: ServicesDep) -> Response:
    """Give the counters of this process in the text format of Prometheus."""
    return Response(services.metrics.exposition(), media_type=CONTENT_TYPE)
