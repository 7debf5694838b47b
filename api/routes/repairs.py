"""`/v1/plans/{id}/repair`: a plan as somebody drew it becomes a draft that lies on cells.

Room: the front door on the wire. In: a plan's id. Out: every change, and the grids.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Response

from api import documents, plan_schemas, schemas
from api.access import guarded_router
from api.bodies import JSON_TYPE, read_optional_json
from api.deps import ServicesDep, answer
from gisgrid import repairing

router = guarded_router("plans 网格方案")


@router.post(
    "/v1/plans/{plan_id}/repair",
    status_code=201,
    responses={200: {"description": "Looked at only: every change, nothing written."}},
    openapi_extra={
        "requestBody": {
            "required": False,
            "content": {JSON_TYPE: {"schema": plan_schemas.RepairBody.model_json_schema()}},
        }
    },
)
def repair_plan(services: ServicesDep, plan_id: str, body: Annotated[Any, Depends(read_optional_json)]) -> Response:
    """Lay a drawn plan on cells as a new draft, and tell every change; with `dry_run` nothing is written."""
    wanted = schemas.checked(plan_schemas.RepairBody, {} if body is None else body)
    repaired = repairing.repair_plan(services.database, plan_id, dry_run=wanted.dry_run)
    document = documents.repaired_plan(repaired)
    if repaired.plan is None:
        return answer(document)
    return answer(document, 201, Location=f"/v1/plans/{repaired.plan.id}")
