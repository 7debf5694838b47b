"""What routes depend on: the opened services, and parameters read strictly.

Room: the front door on the wire. In: a request. Out: values for routes. A number is a plain decimal, an instant is RFC
3339 with its zone: what Python would also read (`113_5`, `nan`, ` 7 `, seconds since 1970) is refused.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BeforeValidator, WithJsonSchema

from api.attempts import FailedAttempts
from api.callers import KnownCallers
from api.intake import ReportIntake
from api.metrics import Metrics
from gisgrid.directory import GridDirectory
from gisgrid.errors import UsageError
from gisgrid.settings import Settings
from gisgrid.sheets import PlanSheets
from gisgrid.store.database import Database
from gisgrid.watching import GridWatch

PAGE_LIMIT: Final = 1_000
_STALE_S: Final = 2.0
"""The watch looks twice a second: what was not confirmed for longer is answered from memory alone."""
PAGE_DEFAULT: Final = 100
NUMBER: Final = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Services:
    """What the app opened at its start."""

    settings: Settings
    database: Database
    directory: GridDirectory
    watch: GridWatch
    metrics: Metrics
    callers: KnownCallers
    intake: ReportIntake
    failed_by_name: FailedAttempts
    failed_by_address: FailedAttempts

    def age(self) -> str | None:
        """Return the header `Age` of an answer from memory (RFC 9111, 5.1); None while memory is up to date."""
        age_s = self.watch.age_s()
        return str(int(age_s)) if age_s >= _STALE_S else None


def services_of(request: Request) -> Services:
    """Return the services of the app that serves the request (a dependency for routes)."""
    services: Services = request.app.state.services
    return services


async def sheets_of(request: Request) -> PlanSheets:
    """Return the plans that the app keeps in memory (a dependency); async, so that it waits for no thread."""
    sheets: PlanSheets = request.app.state.sheets
    return sheets


ServicesDep = Annotated[Services, Depends(services_of)]
SheetsDep = Annotated[PlanSheets, Depends(sheets_of)]


def decimal(value: object) -> object:
    """Return the number that a decimal text names.

    Raises
    ------
    ValueError
        Anything but a plain decimal: no underscores, blanks, `nan` or `inf`.
    """
    if isinstance(value, str):
        if not NUMBER.fullmatch(value):
            raise ValueError("write a plain decimal number such as 111.70123")
        return float(value)
    return value


def whole(value: object) -> object:
    """Return the whole number that a text of digits names.

    Raises
    ------
    ValueError
        Anything but digits: no underscores, blanks or signs.
    """
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) <= 9):
            raise ValueError("write a whole number such as 100")
        return int(value)
    return value


def instant(value: object) -> object:
    """Return the instant that an RFC 3339 text names.

    Raises
    ------
    ValueError
        Anything else, an instant without its zone, or one before 1900 or after 2199.
    """
    if value is None or isinstance(value, datetime):
        return value
    # In a query an unescaped + arrives as a blank.
    text = re.sub(r" (\d\d:\d\d)$", r"+\1", value) if isinstance(value, str) else ""
    wrong = "write an instant with its zone, from 1900 to 2199, such as 2026-05-04T08:30:00+08:00"
    if not _INSTANT.fullmatch(text):
        raise ValueError(wrong)
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise ValueError(wrong) from error
    if not _EARLIEST <= moment < _LATEST:
        raise ValueError(wrong)
    return moment


Decimal = Annotated[float, BeforeValidator(decimal), WithJsonSchema({"type": "number"})]
Instant = Annotated[datetime, BeforeValidator(instant), WithJsonSchema({"type": "string", "format": "date-time"})]
CommunityQuery = Annotated[str, Query(pattern=r"^[0-9]{12}$", description="12-digit code of a community 社区.")]
LimitQuery = Annotated[int, BeforeValidator(whole), Query(ge=1, le=PAGE_LIMIT, description="Most items on a page.")]
CursorQuery = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]


def cursor_of(position: str) -> str:
    """Return the cursor that stands for a position; callers pass it back unread."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def position_of(cursor: str | None, *, pattern: str = r"[0-9]{1,18}") -> str | None:
    """Return the position that a cursor stands for, None for the first page.

    Raises
    ------
    UsageError
        The cursor is none of ours.
    """
    if cursor is None:
        return None
    try:
        position = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        position = ""
    if not re.fullmatch(pattern, position, re.ASCII):
        raise UsageError("cursor is none that this service gave; pass `next` of the page before, or leave it out.")
    return position


class GeoJson(JSONResponse):
    """The response class that routes of features name, so that the documentation has their media type."""

    media_type = "application/geo+json"


def answer(
    document: Any, status: int = 200, *, media_type: str = "application/json", **headers: str | None
) -> Response:
    """Return a document as JSON; header names are given with underscores for hyphens, None is left out."""
    named = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
    return Response(orjson.dumps(document), status, named, media_type)
