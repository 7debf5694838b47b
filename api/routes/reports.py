"""`/v1/reports`: what citizens and inspectors report, filed once and assigned with evidence.

Room: the front door on the wire. In: reports, one or many. Out: what was kept, only after it is durable.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import Depends, Query, Request, Response

from api import documents, schemas
from api.access import CallerDep, guarded_router
from api.bodies import JSON_TYPE, LINES_TYPE, parse_lines, read_bytes, read_json, require_type
from api.callers import Caller
from api.deps import (
    PAGE_DEFAULT,
    CursorQuery,
    Instant,
    LimitQuery,
    Services,
    ServicesDep,
    answer,
    cursor_of,
    position_of,
)
from api.errors import BadRequest, document_of
from gisgrid import filing, handling
from gisgrid.errors import DifferentReport, GisgridError
from gisgrid.filing import FiledReport, Submission
from gisgrid.model import Report, ReportState
from gisgrid.responsible import responsible_for
from gisgrid.store import reports as kept

router = guarded_router("reports 诉求")

_CREATED: Final = 201
_REPEATED: Final = 200


@router.post(
    "/v1/reports",
    status_code=_CREATED,
    responses={201: {"model": schemas.ReportAnswer}, 200: {"model": schemas.ReportAnswer}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON_TYPE: {"schema": schemas.ReportBody.model_json_schema()}},
        }
    },
)
async def file_report(services: ServicesDep, caller: CallerDep, body: Annotated[Any, Depends(read_json)]) -> Response:
    """File one report. The same again answers 200 with the first answer, another content under its id 409."""
    report = schemas.checked(schemas.ReportBody, body).report()
    try:
        filed = await services.intake.file(report, actor=caller.actor)
    except DifferentReport:
        services.metrics.reports.labels("different").inc()
        raise
    services.metrics.reports.labels(filed.outcome).inc()
    return report_answer(filed)


def report_answer(filed: FiledReport) -> Response:
    """Return the answer to a report that was kept, now or before."""
    status = _CREATED if filed.outcome == "created" else _REPEATED
    return answer(documents.report(filed.record), status, Location=f"/v1/reports/{filed.record.id}")


@router.post(
    "/v1/reports/batch",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                JSON_TYPE: {"schema": {"type": "array", "items": schemas.ReportBody.model_json_schema()}},
                LINES_TYPE: {"schema": {"type": "string"}},
            },
        }
    },
)
async def file_reports(request: Request, services: ServicesDep, caller: CallerDep) -> Response:
    """File up to 10,000 reports in one commit: a result for each in order, with the status it would have had alone.

    A line that is wrong takes no other with it. JSON in, JSON out; lines in, lines out.
    """
    media_type = require_type(request, JSON_TYPE, LINES_TYPE)
    return await file_batch(services, caller, await read_bytes(request), media_type)


async def file_batch(services: Services, caller: Caller, body: bytes, media_type: str) -> Response:
    """Return the answer to a batch in one of the two media types, after the commit that holds it."""
    return await services.intake.file_batch(body, partial(_batch_answer, services, caller, media_type))


def _batch_answer(services: Services, caller: Caller, media_type: str, body: bytes) -> Response:
    values = parse_lines(body, media_type)
    if len(values) > schemas.BATCH_LIMIT:
        raise BadRequest(
            413, "too_large", f"The batch has {len(values):,} reports; send at most {schemas.BATCH_LIMIT:,}."
        )
    read = [_read(value) for value in values]
    sound = [each for each in read if isinstance(each, Report)]
    submissions = [Submission(report, caller.actor) for report in sound]
    filed = iter(filing.file_reports(services.database, services.directory, submissions))
    results = [_result(next(filed)) if isinstance(each, Report) else each for each in read]
    for outcome, number in Counter(result.get("outcome", "refused") for result in results).items():
        services.metrics.reports.labels(outcome).inc(number)
    if media_type == LINES_TYPE:
        return Response(b"".join(orjson.dumps(result) + b"\n" for result in results), media_type=LINES_TYPE)
    return answer(results)


@router.get("/v1/reports", responses={200: {"model": schemas.ReportPage}})
def list_reports(  # noqa: PLR0913, PLR0917  one parameter of the address each
    services: ServicesDep,
    caller: CallerDep,
    grid: Annotated[str | None, Query(pattern=r"^[0-9]{15}$", description="15-digit code of a grid.")] = None,
    state: Annotated[
        ReportState | None, Query(description="`unplaced` and `returned` are the work list of who assigns.")
    ] = None,
    is_open: Annotated[
        Literal["true", "false"] | None, Query(alias="open", description="Whether it is not closed yet.")
    ] = None,
    since: Annotated[Instant | None, Query(description="Received at this instant or later.")] = None,
    overdue: Annotated[
        Literal["true", "false"] | None,
        Query(description="Whether it is open and was not accepted, or not closed, within its time limit."),
    ] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = PAGE_DEFAULT,
) -> Response:
    """List reports in the order in which they were filed: in grids within the caller's scope, and its own."""
    wanted = kept.ReportFilter(grid, state, since, caller.sight(), is_open=_yes(is_open), overdue=_yes(overdue))
    with services.database.transaction() as connection:
        found = kept.list_reports(connection, wanted, after=position_of(cursor), limit=limit + 1)
    page = found[:limit]
    return answer(
        {
            "reports": [documents.report(record) for record in page],
            "next": cursor_of(page[-1].id) if len(found) > limit else None,
        }
    )


@router.get("/v1/reports/{report_id}", responses={200: {"model": schemas.ReportWithHistory}})
def get_report(services: ServicesDep, caller: CallerDep, report_id: str) -> Response:
    """Show one report with its newest assignment, who is to deal with it, and its history."""
    with services.database.transaction() as connection:
        record = kept.get(connection, report_id)
        events = kept.history(connection, report_id)
        responsible = responsible_for(connection, record, caller.reaches)
    return answer(documents.report_with_history(record, events, responsible))


@router.post(
    "/v1/reports/{report_id}/events",
    status_code=_CREATED,
    responses={201: {"model": schemas.ReportWithHistory}, 200: {"model": schemas.ReportWithHistory}},
    openapi_extra={
        "requestBody": {"required": True, "content": {JSON_TYPE: {"schema": schemas.EventBody.model_json_schema()}}}
    },
)
def add_event(
    services: ServicesDep, caller: CallerDep, report_id: str, body: Annotated[Any, Depends(read_json)]
) -> Response:
    """Accept 接单, return 退单, reassign 改派, escalate 上报, close 办结, reopen or note; the report with its history.

    What the state does not allow answers 409 `report_state`. An `event_id` sent again answers 200 and changes nothing;
    with another content under it 409. A caller with a scope reassigns within it, and returns what belongs elsewhere.
    """
    request = schemas.checked(schemas.EventBody, body).event()
    handled = handling.handle_report(
        services.database, services.directory, report_id, request, actor=caller.actor, reaches=caller.reaches
    )
    document = documents.report_with_history(handled.record, handled.history, handled.responsible)
    return answer(document, _CREATED if handled.outcome == "recorded" else _REPEATED)


def _yes(text: str | None) -> bool | None:
    return None if text is None else text == "true"


def _read(value: Any) -> Report | dict[str, Any]:
    """Return the report that one line of a batch holds, or the result that says why it is none."""
    if isinstance(value, BadRequest):
        return _refused(value)
    try:
        return schemas.checked(schemas.ReportBody, value).report()
    except BadRequest as error:
        return _refused(error)
    except GisgridError as error:
        return document_of(error)


def _refused(error: BadRequest) -> dict[str, Any]:
    document = {"status": error.status_code, "code": error.code, "detail": str(error.detail)}
    return {**document, "errors": error.faults} if error.faults else document


def _result(filed: FiledReport) -> dict[str, Any]:
    if filed.outcome == "different":
        return {
            "status": 409,
            "code": DifferentReport.code,
            "outcome": filed.outcome,
            "detail": f"This source and external_id came before with another content; it is kept as {filed.record.id}.",
        }
    status = _CREATED if filed.outcome == "created" else _REPEATED
    return {"status": status, "outcome": filed.outcome, "report": documents.report(filed.record)}
