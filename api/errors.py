"""Every fault as a problem detail (RFC 9457) with a `code` that a program can switch on: one table, four handlers.

Room: the front door on the wire. In: exceptions. Out: `application/problem+json`; under the address of another body's
standard, the shape which that standard asks for. A fault is never answered with what was sent: an echo of NaN or of
half a surrogate pair would break the answer itself.
"""

from __future__ import annotations

import http
import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api import open311_documents
from gisgrid import errors, wire

STATUS: Final[Mapping[type[errors.GisgridError], int]] = MappingProxyType(
    {
        errors.GisgridError: 500,
        errors.UsageError: 422,
        errors.UnreadableFile: 422,
        errors.RefusedData: 409,
        errors.NotFound: 404,
        errors.Conflict: 409,
        errors.StaleRevision: 412,
        errors.Forbidden: 403,
        errors.Unauthenticated: 401,
        errors.Unavailable: 503,
    }
)
"""Error class → status; a class that is not listed has the status of its nearest listed ancestor."""

FRAMEWORK_CODES: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "bad_request",
        404: "not_found",
        405: "method_not_allowed",
        406: "not_acceptable",
        413: "too_large",
        415: "unsupported_media_type",
        422: "invalid_parameters",
        429: "too_many_attempts",
        500: "internal",
    }
)
"""The code of faults that the framework or the door itself finds, by status."""

_NOTHING_HERE: Final = "There is nothing at this address; the documentation at /docs lists them all."
_FRAMEWORK_SENTENCES: Final[Mapping[int, str]] = MappingProxyType(
    {404: _NOTHING_HERE, 405: "This address does not take that method; the documentation at /docs says which it takes."}
)
PROBLEM_TYPE: Final = "application/problem+json"
_RETRY_AFTER_S: Final = "1"
_log = logging.getLogger("gisgrid.api")


class BadRequest(HTTPException):
    """What was sent cannot be read; `code` says what kind of fault it is.

    Parameters
    ----------
    status_code
        400 for a body that is not what it says to be, 406 for an answer in a form that there is not, 413 for a body
        too large, 415 for one of another media type, 422 for wrong content.
    detail
        The sentence with the remedy.
    faults
        `{"pointer", "message"}` for each field that is wrong.
    """

    def __init__(self, status_code: int, code: str, detail: str, faults: list[dict[str, str]] | None = None) -> None:
        super().__init__(status_code, detail)
        self.code = code
        self.faults = faults or []


def status_of(error: errors.GisgridError) -> int:
    """Return the HTTP status of an error: that of its class, or of the nearest ancestor in the table."""
    return next(STATUS[ancestor] for ancestor in type(error).__mro__ if ancestor in STATUS)


def problem(status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """Return a problem detail; members of `more` that are empty are left out."""
    document = {
        "type": "about:blank",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **{name: value for name, value in more.items() if value},
    }
    return Response(orjson.dumps(document), status, dict(headers or {}), PROBLEM_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Make every fault of the app a problem detail."""
    app.add_exception_handler(errors.GisgridError, _own)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(ClientDisconnect, _left)
    app.add_exception_handler(Exception, _unexpected)


def document_of(error: errors.GisgridError) -> dict[str, Any]:
    """Return an error as a member of a longer answer, such as one line of a batch."""
    return {"status": status_of(error), "code": error.code, "detail": readable(str(error))}


def readable(text: str) -> str:
    """Return a sentence that UTF-8 can carry, whatever piece of a caller's text it quotes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _told(
    request: Request, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """Return a fault in the shape that the readers of this address expect."""
    path: str = request.scope["path"]
    if path.startswith(open311_documents.BASE):
        return open311_documents.fault(path, status, detail, headers)
    return problem(status, code, detail, headers=headers, **more)


def problem_of(error: errors.GisgridError) -> Response:
    """Return an error as a problem detail; what the service itself lacks is also logged."""
    found = wire.findings(error.findings) if isinstance(error, errors.RefusedData) else []
    return problem(*_read(error), headers=_headers(error), findings=found, **_members(error))


def _read(error: errors.GisgridError) -> tuple[int, str, str]:
    """Return status, code and sentence of an error; what the service itself lacks is also logged."""
    status = status_of(error)
    if status >= 500:
        _log.warning("%s: %s", error.code, error)
    return status, error.code, readable(str(error))


def _members(error: errors.GisgridError) -> dict[str, Any]:
    """Return what a program needs to go on after this error."""
    match error:
        case errors.StaleRevision():
            return {"revision": error.revision}
        case errors.LockedGround():
            return {"grids": list(error.grids), "buildings": list(error.buildings)}
        case _:
            return {}


def _headers(error: errors.GisgridError) -> dict[str, str]:
    headers = {401: {"WWW-Authenticate": 'Bearer realm="gisgrid"'}, 503: {"Retry-After": _RETRY_AFTER_S}}
    return headers.get(status_of(error), {})


async def _own(request: Request, error: Exception) -> Response:
    if not isinstance(error, errors.GisgridError):
        raise error
    if not request.scope["path"].startswith(open311_documents.BASE):
        return problem_of(error)
    return _told(request, *_read(error), headers=_headers(error))


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = error.errors()
    if all(fault["loc"][:1] == ("path",) for fault in faults):
        return _told(request, 404, "not_found", _NOTHING_HERE)
    named = [{"pointer": "/".join(map(str, fault["loc"])), "message": fault["msg"]} for fault in faults]
    first = named[0]
    detail = f"{first['pointer']}: {first['message']}; the documentation at /docs says what is expected."
    return _told(request, 422, "invalid_parameters", readable(detail), errors=[
        {name: readable(value) for name, value in fault.items()} for fault in named
    ])  # fmt: skip


async def _framework(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers or {})
    if error.status_code < 400:
        return Response(status_code=error.status_code, headers=headers)
    code = error.code if isinstance(error, BadRequest) else FRAMEWORK_CODES.get(error.status_code, "error")
    faults = error.faults if isinstance(error, BadRequest) else []
    detail = _FRAMEWORK_SENTENCES.get(error.status_code) if not isinstance(error, BadRequest) else None
    return _told(
        request, error.status_code, code, detail or readable(str(error.detail)), headers=headers, errors=faults
    )  # fmt: skip


async def _left(request: Request, _: Exception) -> Response:
    """Count who left before its body was whole as what it is: no fault of the service, and nobody reads the answer."""
    return _told(request, 400, "bad_request", "The body ended before it was whole; send it again.")


async def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("unexpected fault", exc_info=error)
    return _told(
        request,
        500,
        "internal",
        "The service failed in a way nobody foresaw; nothing was changed. Its log has the reason.",
    )
