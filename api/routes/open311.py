"""`/open311/v2/`: reports come in and are followed by any program that speaks Open311 GeoReport v2.

Room: the front door on the wire. In: forms and parameters of the standard. Out: its documents, JSON or XML. A key may
do here what it may do at `/v1/reports`. Parameters that are not ours are ignored: clients send the extensions of other
servers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api import open311_documents as documents
from api.access import CallerDep, foreign_router
from api.bodies import read_bytes, require_type
from api.deps import ServicesDep
from api.errors import BadRequest
from api.open311_documents import Format, ServiceType
from api.open311_forms import FORM_LIMIT, FORM_TYPE, PERSONAL, Jurisdiction, SearchParameters, parse_form, report_of
from gisgrid.errors import NotFound
from gisgrid.store import categories, divisions, report_search
from gisgrid.store import reports as kept
from gisgrid.store.database import Connection, Database
from gisgrid.store.report_search import ReportSearch

ROWS_LIMIT: Final = 1_000
"""The standard's: 90 days or 1,000 requests, whichever is less."""
_SOURCE: Final = "open311:{}"
_SOURCE_LIMIT: Final = 100


def _shape(root: str) -> dict[int | str, dict[str, Any]]:
    """Return the answers of an operation for the documentation."""

    def either(name: str, of_json: dict[str, Any]) -> dict[str, Any]:
        as_text = {"type": "string", "description": f"XML: <{name}>"}
        return {"application/json": {"schema": of_json}, "text/xml": {"schema": as_text}}

    shape = {"type": "object"} if root in ("discovery", "service_definition") else {"type": "array"}
    fault = {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["code", "description"],
            "properties": {"code": {"type": "integer"}, "description": {"type": "string"}},
        },
    }
    return {
        200: {"description": f"GeoReport v2: {root}", "content": either(root, shape)},
        "default": {"description": "GeoReport v2: errors", "content": either("errors", fault)},
    }


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of the form, none for a request without one; the key in it goes to where the guard looks."""
    if request.method != "POST":
        return {}
    require_type(request, FORM_TYPE)
    fields = parse_form(await read_bytes(request, FORM_LIMIT))
    request.state.plain_key = fields.pop("api_key", None)
    return fields


router = foreign_router("open311", before=read_form)


@router.get("/open311/v2/discovery.{format}", responses=_shape("discovery"))
def discover(request: Request, services: ServicesDep, format: Format) -> Response:  # noqa: A002  # the address's word
    """Tell where the interface is and which formats it has."""
    with services.database.transaction() as connection:
        changed_at = categories.imported_at(connection)
    address = str(request.base_url.replace(path=documents.BASE.rstrip("/")))
    return documents.render("discovery", documents.discovery(address, changed_at), format)


@router.get("/open311/v2/services.{format}", responses=_shape("services"))
def list_services(services: ServicesDep, format: Format, jurisdiction_id: Jurisdiction = None) -> Response:  # noqa: A002
    """List what can be reported: the imported categories that have none below them, or `other`."""
    with services.database.transaction() as connection:
        _communities(connection, jurisdiction_id)
        types = documents.service_types(categories.list_categories(connection))
    return documents.render("services", documents.services(types), format)


@router.get("/open311/v2/services/{service_code}.{format}", responses=_shape("service_definition"))
def define_service(
    services: ServicesDep, service_code: str, format: Format, jurisdiction_id: Jurisdiction = None  # noqa: A002
) -> Response:  # fmt: skip
    """Give the definition of a service: none asks for attributes."""
    with services.database.transaction() as connection:
        _communities(connection, jurisdiction_id)
        service = _service(connection, service_code)
    return documents.render("service_definition", documents.definition(service), format)


@router.post(
    "/open311/v2/requests.{format}",
    responses=_shape("service_requests"),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                FORM_TYPE: {
                    "schema": {
                        "type": "object",
                        "required": ["service_code"],
                        "properties": {
                            "api_key": {"type": "string", "description": "Or as `Authorization: Bearer KEY`."},
                            "jurisdiction_id": {"type": "string", "description": "Code of a division."},
                            "service_code": {"type": "string"},
                            "lat": {"type": "number", "description": "WGS-84; with `long`."},
                            "long": {"type": "number", "description": "WGS-84; with `lat`."},
                            "address_string": {"type": "string", "maxLength": 500},
                            "address_id": {"type": "string", "description": "Code of a building."},
                            "description": {"type": "string", "maxLength": 4000},
                            "media_url": {"type": "string", "format": "uri"},
                            **{name: {"type": "string", "description": "Accepted, not kept."} for name in PERSONAL},
                        },
                    }
                }
            },
        }
    },
)
async def create_request(
    services: ServicesDep,
    caller: CallerDep,
    form: Annotated[dict[str, str], Depends(read_form)],
    format: Format,  # noqa: A002
) -> Response:
    """File a report. Who must send again after a lost answer uses `/v1/reports`, which knows a repeat; this cannot.

    Fields about the person who reports are accepted and not kept. `media_url` becomes the last line of the text.
    """
    if "service_code" not in form:
        raise BadRequest(400, "bad_request", f"service_code is missing; {documents.BASE}services.{format} lists them.")
    service = await run_in_threadpool(_wanted_service, services.database, form)
    source = _SOURCE.format(caller.name)[:_SOURCE_LIMIT]
    report = report_of(form, service, source=source, external_id=uuid4().hex)
    filed = await services.intake.file(report, actor=caller.actor)
    services.metrics.reports.labels(filed.outcome).inc()
    return documents.render("service_requests", documents.created(filed.record), format)


@router.get("/open311/v2/requests.{format}", responses=_shape("service_requests"))
def list_requests(
    services: ServicesDep,
    caller: CallerDep,
    parameters: Annotated[SearchParameters, Query()],
    format: Format,  # noqa: A002
) -> Response:
    """List requests, the newest first: 90 days and 1,000 at most, those that the key may see.

    The standard lets anybody read them; here it takes a key, because the texts are what citizens wrote.
    """
    with services.database.transaction() as connection:
        communities = _communities(connection, parameters.jurisdiction_id)
        wanted = parameters.search(communities, caller.sight(), datetime.now(UTC))
        found = report_search.newest_reports(connection, wanted, limit=ROWS_LIMIT)
        names = {each.code: each.name for each in categories.list_categories(connection)}
    return documents.render("service_requests", documents.requests(found, names), format)


@router.get("/open311/v2/requests/{report_id}.{format}", responses=_shape("service_requests"))
def get_request(services: ServicesDep, report_id: str, format: Format) -> Response:  # noqa: A002
    """Show one request."""
    with services.database.transaction() as connection:
        found = report_search.newest_reports(connection, ReportSearch(ids=[report_id]), limit=1)
        names = {each.code: each.name for each in categories.list_categories(connection)}
    if not found:
        raise NotFound(f"There is no request {report_id[:50]!r}; take the id from the answer to the POST that made it.")
    return documents.render("service_requests", documents.requests(found, names), format)


@router.get("/open311/v2/tokens/{report_id}.{format}", responses=_shape("service_requests"))
def get_request_of_token(services: ServicesDep, report_id: str, format: Format) -> Response:  # noqa: A002
    """Tell which request a token stands for: every request has its id at once, and that is its token too."""
    with services.database.transaction() as connection:
        record = kept.get(connection, report_id)
    return documents.render("service_requests", documents.token(record.id), format)


def _communities(connection: Connection, jurisdiction: str | None) -> list[str] | None:
    """Return the communities of a jurisdiction, None where none was named; an unknown one is not found."""
    if not jurisdiction:
        return None
    return [each.code for each in divisions.communities_under(connection, jurisdiction.replace("\x00", "\ufffd"))]


def _wanted_service(database: Database, form: Mapping[str, str]) -> ServiceType:
    """Return the service that a form names, within a jurisdiction that there is."""
    with database.transaction() as connection:
        _communities(connection, form.get("jurisdiction_id"))
        return _service(connection, form["service_code"])


def _service(connection: Connection, code: str) -> ServiceType:
    for each in documents.service_types(categories.list_categories(connection)):
        if each.code == code:
            return each
    raise NotFound(f"There is no service {code[:50]!r}; {documents.BASE}services.xml lists them.")
