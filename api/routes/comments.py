"""`/v1/plans/{id}/comments`: what people say of a plan, pinned to a grid or a building.

Room: the front door on the wire. In: a plan's id, words. Out: threads. Whoever may see a plan may comment on it, in
whichever state it is, from a desk or a phone.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Response

from api import documents, plan_schemas, schemas
from api.access import CallerDep, guarded_router
from api.bodies import JSON_TYPE, read_json
from api.deps import ServicesDep, answer
from gisgrid import commenting

router = guarded_router("plans 网格方案")


@router.get("/v1/plans/{plan_id}/comments")
def list_comments(services: ServicesDep, plan_id: str) -> Response:
    """List the comments on a plan with their answers, the oldest first; `present` says whether the pin still holds."""
    threads = commenting.list_comments(services.database, plan_id)
    return answer({"plan": plan_id, "comments": [documents.comment_thread(each) for each in threads]})


@router.post(
    "/v1/plans/{plan_id}/comments",
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON_TYPE: {"schema": plan_schemas.CommentBody.model_json_schema()}},
        }
    },
)
def comment_on_plan(
    services: ServicesDep, caller: CallerDep, plan_id: str, body: Annotated[Any, Depends(read_json)]
) -> Response:
    """Comment on a plan, one of its grids or buildings; or answer or resolve a comment (`thread`)."""
    wanted = schemas.checked(plan_schemas.CommentBody, body)
    wanted.require_one_purpose()
    database, actor = services.database, caller.actor
    if wanted.thread is not None:
        thread = commenting.answer_comment(
            database, plan_id, wanted.thread, wanted.words, actor=actor, resolve=wanted.resolve
        )
    else:
        thread = commenting.comment_on_plan(
            database, plan_id, wanted.words or "", actor=actor, grid=wanted.grid, building=wanted.building
        )
    return answer(documents.comment_thread(thread), 201)
