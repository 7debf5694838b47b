"""`/v1/plans/{id}/edits`, `/undo`, `/redo`: a draft edited by hand, and its journal.

Room: the front door on the wire. In: operations, with the revision that the caller has read. Out: what changed.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BeforeValidator
from starlette.concurrency import run_in_threadpool

from api import edit_documents, edit_schemas
from api.access import CallerDep, guarded_router
from api.bodies import JSON_TYPE, read_json
from api.deps import PAGE_LIMIT, LimitQuery, ServicesDep, SheetsDep, answer, whole
from api.errors import BadRequest
from gisgrid import workflow
from gisgrid.editing import EditedPlan

router = guarded_router("plans 网格方案")

WAIT_LIMIT_S: Final = 25
_LOOK_EVERY_S: Final = 0.3
_TAG: Final = re.compile(r'(?:W/)?("?)([0-9]{1,9})\1', re.ASCII)

IfMatchHeader = Annotated[
    str | None,
    Header(alias="If-Match", description="The revision that the edit is about, as `ETag` gave it; required."),
]


def revision_of(if_match: IfMatchHeader = None) -> int:
    """Return the revision that the caller has read (a dependency for routes).

    Raises
    ------
    BadRequest
        428: there is none, or none that can be read; an edit of what one has not seen is never meant.
    """
    found = _TAG.fullmatch((if_match or "").strip())
    if found is None:
        raise BadRequest(
            428, "revision_required", 'Send the revision that you have read as If-Match, such as "7"; ETag gives it.'
        )
    return int(found.group(2))


RevisionDep = Annotated[int, Depends(revision_of)]
AfterQuery = Annotated[
    int, BeforeValidator(whole), Query(ge=0, le=999_999_999, description="The revision that the caller has.")
]
WaitQuery = Annotated[
    int,
    BeforeValidator(whole),
    Query(ge=0, le=WAIT_LIMIT_S, description="Seconds to wait for an edit, or another state, where there is none yet."),
]
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {200: {"model": edit_schemas.EditedPlanOut}}


@router.post(
    "/v1/plans/{plan_id}/edits",
    responses=_ANSWERS,
    openapi_extra={
        "requestBody": {"required": True, "content": {JSON_TYPE: {"schema": edit_schemas.edit_schema()}}},
    },
)
def edit_plan(
    services: ServicesDep,
    sheets: SheetsDep,
    caller: CallerDep,
    plan_id: str,
    revision: RevisionDep,
    body: Annotated[Any, Depends(read_json)],
) -> Response:
    """Edit a draft: one step of undo. Stale revisions are refused with 412 and the plan's `revision`.

    What is locked does not move (409 `locked`). An edit that would change nothing is refused (409 `nothing_changes`).
    """
    operation = edit_schemas.operation_of(body)
    return _answer(
        workflow.edit_plan(services.database, plan_id, operation, actor=caller.actor, revision=revision, sheets=sheets)
    )


@router.post("/v1/plans/{plan_id}/undo", responses=_ANSWERS)
def undo_edit(
    services: ServicesDep, sheets: SheetsDep, caller: CallerDep, plan_id: str, revision: RevisionDep
) -> Response:
    """Take back the last edit of a draft that is not taken back yet, whoever made it; there is no limit."""
    return _answer(workflow.undo_edit(services.database, plan_id, actor=caller.actor, revision=revision, sheets=sheets))


@router.post("/v1/plans/{plan_id}/redo", responses=_ANSWERS)
def redo_edit(
    services: ServicesDep, sheets: SheetsDep, caller: CallerDep, plan_id: str, revision: RevisionDep
) -> Response:
    """Make the edit again that was taken back last; a new edit leaves nothing to redo."""
    return _answer(workflow.redo_edit(services.database, plan_id, actor=caller.actor, revision=revision, sheets=sheets))


@router.get("/v1/plans/{plan_id}/edits", responses={200: {"model": edit_schemas.PlanEditsOut}})
async def list_edits(
    request: Request,
    services: ServicesDep,
    plan_id: str,
    after: AfterQuery = 0,
    wait: WaitQuery = 0,
    limit: LimitQuery = PAGE_LIMIT,
) -> Response:
    """Give what was done to a plan behind a revision, in order: to follow others, and as its history.

    Ask again with the last `revision` of `edits` while that is below the plan's. A state that changes ends the wait.
    """
    deadline, state = time.monotonic() + wait, None
    while True:
        found = await run_in_threadpool(workflow.edits_since, services.database, plan_id, after, limit)
        state = state or found.state
        if found.edits or found.state != state or time.monotonic() >= deadline or await request.is_disconnected():
            break
        await asyncio.sleep(_LOOK_EVERY_S)
    return answer(edit_documents.plan_edits(found), ETag=edit_documents.entity_tag(found.revision))


def _answer(done: EditedPlan) -> Response:
    """Return what an edit changed."""
    return answer(edit_documents.edited_plan(done), ETag=edit_documents.entity_tag(done.revision.revision))
