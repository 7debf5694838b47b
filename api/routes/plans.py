"""`/v1/plans`: the life of a plan, from drawn to published.

Room: the front door on the wire. In: codes, plan ids, decisions. Out: plans with their findings, editions.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends, Query, Response

from api import documents, edit_documents, plan_schemas, schemas
from api.access import CallerDep, guarded_router
from api.bodies import JSON_TYPE, read_json, read_optional_json
from api.deps import PAGE_DEFAULT, CursorQuery, GeoJson, LimitQuery, ServicesDep, answer, cursor_of, position_of
from api.routes.places import building_features
from gisgrid import wire, workflow
from gisgrid.store import editions, inputs, plan_history, plan_revisions, plans, schedules

router = guarded_router("plans 网格方案")

_EDITION_PREFIX: Final = "edition:"


@router.get("/v1/plans")
def list_plans(
    services: ServicesDep,
    caller: CallerDep,
    community: Annotated[str | None, Query(pattern=r"^[0-9]{12}$")] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = PAGE_DEFAULT,
) -> Response:
    """List plans, the newest first, within the caller's scope."""
    before = position_of(cursor)
    with services.database.transaction() as connection:
        found = plans.list_plans(connection, community)
    wanted = [
        each for each in found if caller.reaches(each.community) and (before is None or int(each.id) < int(before))
    ]
    page = wanted[:limit]
    return answer(
        {
            "plans": [
                {
                    "plan": each.id,
                    "community": each.community,
                    "state": each.state,
                    "revision": each.revision,
                    "grids": each.grids,
                    "households": each.households,
                    "errors": each.errors,
                    "warnings": each.warnings,
                    "base_edition": each.base_edition,
                    "created_at": wire.instant(each.created_at),
                    "scheduled_for": wire.instant(each.scheduled_for),
                }
                for each in page
            ],
            "next": cursor_of(page[-1].id) if len(wanted) > limit else None,
        }
    )


@router.post(
    "/v1/plans",
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON_TYPE: {"schema": plan_schemas.DrawBody.model_json_schema()}},
        }
    },
)
def draw_plan(services: ServicesDep, caller: CallerDep, body: Annotated[Any, Depends(read_json)]) -> Response:
    """Make a new draft plan of a community: drawn, from an edition (also an old one), or blank.

    A draw with `choices` gives three, as `plans`, each with its `choice`.
    """
    wanted = schemas.checked(plan_schemas.DrawBody, body)
    caller.require(wanted.community)
    settings = wanted.settings()
    if wanted.origin != "draw":
        plan = workflow.draft_plan(services.database, wanted.community, wanted.origin, settings, edition=wanted.edition)
        return answer(edit_documents.plan(plan), 201, Location=f"/v1/plans/{plan.id}")
    drawn = workflow.draw_plans(
        services.database,
        [wanted.community],
        settings,
        spread=workflow.Spread(seconds=wanted.seconds),
        choices=wanted.choices,
    )
    if wanted.choices:
        return answer({"plans": [{"choice": each.choice, **edit_documents.plan(each.plan)} for each in drawn]}, 201)
    plan = drawn[0].plan
    return answer(edit_documents.plan(plan), 201, Location=f"/v1/plans/{plan.id}")


@router.get("/v1/plans/{plan_id}")
def get_plan(services: ServicesDep, plan_id: str) -> Response:
    """Show a plan with the tallies of its grids, its findings, its locks, and what can be undone and redone."""
    with services.database.transaction() as connection:
        plan = plans.get(connection, plan_id)
        undo, redo = plan_revisions.steps(connection, plan_id, plan.revision)
    return answer(edit_documents.plan(plan, undo, redo), ETag=edit_documents.entity_tag(plan.revision))


@router.get("/v1/plans/{plan_id}/grids", response_class=GeoJson)
def get_plan_grids(services: ServicesDep, plan_id: str) -> Response:
    """Give the grids of a plan as GeoJSON."""
    with services.database.transaction() as connection:
        plan = plans.get(connection, plan_id)
    return answer(
        wire.feature_collection((grid.geometry, wire.grid(grid)) for grid in plan.grids), media_type=GeoJson.media_type
    )


@router.get("/v1/plans/{plan_id}/buildings", response_class=GeoJson)
def get_plan_buildings(services: ServicesDep, plan_id: str) -> Response:
    """Give the buildings of the plan's community as GeoJSON, each with the key of its grid in the plan."""
    with services.database.transaction() as connection:
        plan = plans.get(connection, plan_id)
        material = inputs.read_community(connection, plan.community)
    return building_features(material.buildings, {code: grid.key for grid in plan.grids for code in grid.buildings})


@router.get("/v1/plans/{plan_id}/micro-grids", response_class=GeoJson)
def get_micro_grids(services: ServicesDep, plan_id: str) -> Response:
    """Give the micro grids 微网格 of a plan as GeoJSON, with their band and findings; none where none are drawn."""
    drawn = workflow.micro_grids_of(services.database, plan_id)
    return answer(documents.micro_drawing(drawn), media_type=GeoJson.media_type)


@router.post(
    "/v1/plans/{plan_id}/micro-grids",
    status_code=201,
    response_class=GeoJson,
    openapi_extra={
        "requestBody": {
            "required": False,
            "content": {JSON_TYPE: {"schema": plan_schemas.MicroGridsBody.model_json_schema()}},
        }
    },
)
def draw_micro_grids(
    services: ServicesDep, plan_id: str, body: Annotated[Any, Depends(read_optional_json)]
) -> Response:
    """Divide the residential grids of a plan into micro grids, in place of those that it had."""
    band = schemas.checked(plan_schemas.MicroGridsBody, {} if body is None else body).band()
    drawn = workflow.draw_micro_grids(services.database, plan_id, band)
    return answer(documents.micro_drawing(drawn), 201, media_type=GeoJson.media_type)


@router.post("/v1/plans/{plan_id}/submit")
def submit_plan(services: ServicesDep, caller: CallerDep, plan_id: str) -> Response:
    """Submit a draft for approval."""
    return answer(wire.plan(workflow.submit_plan(services.database, plan_id, actor=caller.actor)))


@router.post("/v1/plans/{plan_id}/approve")
def approve_plan(services: ServicesDep, caller: CallerDep, plan_id: str) -> Response:
    """Approve a submitted plan; who submitted it may not."""
    return answer(wire.plan(workflow.approve_plan(services.database, plan_id, actor=caller.actor)))


@router.post(
    "/v1/plans/{plan_id}/reject",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON_TYPE: {"schema": plan_schemas.RejectBody.model_json_schema()}},
        }
    },
)
def reject_plan(
    services: ServicesDep, caller: CallerDep, plan_id: str, body: Annotated[Any, Depends(read_json)]
) -> Response:
    """Send a submitted or approved plan back, with the reason."""
    wanted = schemas.checked(plan_schemas.RejectBody, body)
    plan = workflow.reject_plan(services.database, plan_id, actor=caller.actor, reason=wanted.reason)
    return answer(wire.plan(plan))


@router.get("/v1/plans/{plan_id}/history")
def get_plan_history(services: ServicesDep, plan_id: str) -> Response:
    """Tell what became of a plan, the oldest first: when, by whom and why; and when it is to come into force."""
    with services.database.transaction() as connection:
        moves = plan_history.moves(connection, plan_id)
        waiting = schedules.of_plan(connection, plans.number(plan_id))
    told = {"moves": [documents.plan_move(each) for each in moves]}
    return answer({"plan": plan_id, **told, "scheduled": documents.scheduled_publication(waiting)})


@router.post("/v1/plans/{plan_id}/reopen")
def reopen_plan(services: ServicesDep, caller: CallerDep, plan_id: str) -> Response:
    """Take a plan that was sent back up again: it is a draft, with its journal, and undo goes on where it was."""
    return answer(wire.plan(workflow.reopen_plan(services.database, plan_id, actor=caller.actor)))


@router.post(
    "/v1/plans/{plan_id}/publish",
    openapi_extra={
        "requestBody": {
            "required": False,
            "content": {JSON_TYPE: {"schema": schemas.PublishBody.model_json_schema()}},
        }
    },
)
def publish_plan(
    services: ServicesDep, caller: CallerDep, plan_id: str, body: Annotated[Any, Depends(read_optional_json)]
) -> Response:
    """Put an approved plan in force, now or at a future `valid_from` (202); the old edition ends at the very instant.

    At that instant everything is checked again; what stands against it then is a finding, and the plan stays approved.
    """
    wanted = schemas.checked(schemas.PublishBody, {} if body is None else body)
    if wanted.valid_from is not None:
        scheduled = workflow.schedule_plan(
            services.database, plan_id, valid_from=wanted.valid_from, accept=tuple(wanted.accept), actor=caller.actor
        )
        return answer({"scheduled": documents.scheduled_publication(scheduled)}, 202)
    edition = workflow.publish_plan(services.database, plan_id, accept=tuple(wanted.accept), actor=caller.actor)
    services.watch.confirm()  # the next request to this process already sees it
    return answer({"edition": wire.edition(edition), "grids": [wire.grid(grid) for grid in edition.grids]})


@router.post("/v1/plans/{plan_id}/withdraw")
def withdraw_plan(services: ServicesDep, caller: CallerDep, plan_id: str) -> Response:
    """Withdraw a plan that is scheduled, before its instant: it is approved as before."""
    withdrawn = workflow.withdraw_plan(services.database, plan_id, actor=caller.actor)
    return answer({"withdrawn": documents.scheduled_publication(withdrawn)})


@router.get("/v1/plans/{plan_id}/compare")
def compare_plans(
    services: ServicesDep,
    plan_id: str,
    other: Annotated[
        str,
        Query(
            alias="with",
            pattern=r"^(edition:)?[0-9]{1,18}$",
            description="A plan's id, or `edition:` and an edition's id.",
        ),
    ],
) -> Response:
    """Tell who moves from this plan to another plan or edition: buildings, households, grids."""
    with services.database.transaction() as connection:
        community = plans.community_of(connection, plan_id)
        other_plan = (
            editions.get(connection, other.removeprefix(_EDITION_PREFIX)).plan
            if other.startswith(_EDITION_PREFIX)
            else other
        )
    comparison = workflow.compare_plans(services.database, plan_id, other_plan)
    return answer({"community": community, "plan": plan_id, "with": other, **documents.comparison(comparison)})
