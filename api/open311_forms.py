"""What an Open311 client sends: a form with a report, or the parameters of a search.

Room: the front door on the wire. In: fields. Out: a `Report`, a range of time, or the fault as a sentence. By the
standard an empty field is the same as none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, Field

from api.deps import decimal, instant
from api.errors import BadRequest
from api.open311_documents import OTHER, ServiceType, with_media
from gisgrid.dispatch.intake import field_faults
from gisgrid.model import Report
from gisgrid.store.report_search import ReportSearch
from gisgrid.store.reports import Sight

FORM_TYPE: Final = "application/x-www-form-urlencoded"
FORM_LIMIT: Final = 64 * 1024
"""Far above a description of 4,000 characters, each written as up to twelve bytes."""
DESCRIPTION_LIMIT: Final = 4_000
LONGEST_RANGE: Final = timedelta(days=90)
NAMES_LIMIT: Final = 1_000
_FIELDS_LIMIT: Final = 300
_STATUSES: Final[Mapping[str, bool]] = MappingProxyType({"open": False, "closed": True})

Jurisdiction = Annotated[
    str | None, Query(description="Code of a division 行政区划; none means all that the key reaches.")
]
W3cInstant = Annotated[datetime | None, BeforeValidator(lambda text: instant(text or None))]

PERSONAL: Final = ("email", "device_id", "account_id", "first_name", "last_name", "phone")
"""Fields of the standard about the person who reports: taken from clients that send them, and dropped at the door."""


def parse_form(body: bytes) -> dict[str, str]:
    """Return the fields of a form that have a value; those about a person and attributes are left out.

    Raises
    ------
    BadRequest
        No form in UTF-8, too many fields, or a field twice.
    """
    try:
        pairs = parse_qsl(body.decode("utf-8"), max_num_fields=_FIELDS_LIMIT, errors="strict")
    except ValueError as error:
        raise BadRequest(
            400, "bad_form", f"The body is not a form of at most {_FIELDS_LIMIT} fields in UTF-8."
        ) from error
    fields: dict[str, str] = {}
    for name, value in pairs:
        # Services ask for no attributes, and what people type into foreign ones may be about persons.
        if name in PERSONAL or name.startswith("attribute["):
            continue
        if name in fields:
            raise BadRequest(400, "bad_form", f"The field {name[:50]!r} stands twice; send it once.")
        fields[name] = value
    return fields


def report_of(fields: Mapping[str, str], service: ServiceType, *, source: str, external_id: str) -> Report:
    """Return the report that a form holds, at its WGS-84 place.

    Raises
    ------
    BadRequest
        No place at all, half of one, or a field that cannot be kept.
    """
    description = fields.get("description")
    if description is not None and len(description) > DESCRIPTION_LIMIT:
        raise _bad(f"description has {len(description):,} characters; send at most {DESCRIPTION_LIMIT:,}.")
    lat, lon = _degrees(fields, "lat"), _degrees(fields, "long")
    if (lat is None) != (lon is None):
        raise _bad("lat and long belong together; send both, or neither.")
    address, building = fields.get("address_string"), fields.get("address_id")
    if lat is None and address is None and building is None:
        raise _bad("There is no place; send lat and long, address_string or address_id (the code of a building).")
    try:
        text = with_media(description, fields.get("media_url"))
    except ValueError as error:
        raise _bad(f"{error}.") from error
    report = Report(
        source,
        external_id,
        category=service.category,
        text=text,
        lon=lon,
        lat=lat,
        crs=None if lat is None else "wgs84",
        address=address,
        building_code=building,
    )
    faults = field_faults(report)
    if faults:
        raise _bad(faults[0].message)
    return report


class SearchParameters(BaseModel):
    """The parameters of a search for requests, as the standard has them."""

    jurisdiction_id: Jurisdiction = None
    service_request_id: list[str] = Field([], description="Ids, by commas; overrides all others.")
    service_code: list[str] = Field([], description="Codes, by commas.")
    start_date: W3cInstant = Field(None, description="With zone; the last 90 days by default.")
    end_date: W3cInstant = Field(None, description="With zone, at most 90 days after start_date.")
    status: list[str] = Field([], description="open, closed, or both by a comma.")

    def search(self, communities: Collection[str] | None, sight: Sight | None, now: datetime) -> ReportSearch:
        """Return what is looked for, within the jurisdiction's communities and the caller's sight.

        Raises
        ------
        BadRequest
            Too many names, an unknown status, or a range that is too long.
        """
        ids = _listed(self.service_request_id)
        if ids:
            return ReportSearch(ids=ids, sight=sight)
        codes: list[str | None] = [*_listed(self.service_code)]
        if OTHER.code in codes:
            codes.append(OTHER.category)
        start, end = received_between(self.start_date, self.end_date, now)
        return ReportSearch(None, codes or None, start, end, _closed(_listed(self.status)), communities, sight)


def received_between(start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """Return the range of a search: 90 days from its start or up to its end, the last 90 days where neither is given.

    Raises
    ------
    BadRequest
        Start and end are more than 90 days apart, or in the wrong order.
    """
    if start is None:
        last = now if end is None else end
        return last - LONGEST_RANGE, last
    last = start + LONGEST_RANGE if end is None else end
    if not start <= last <= start + LONGEST_RANGE:
        raise _bad("start_date must lie before end_date, by at most 90 days; ask for longer times in several requests.")
    return start, last


def _listed(values: Iterable[str]) -> list[str]:
    """Return the names in parameters that may stand several times and hold several, by commas."""
    names = [name.strip() for value in values for name in value.split(",") if name.strip()]
    if len(names) > NAMES_LIMIT:
        raise _bad(f"{len(names):,} names are too many for one search; send at most {NAMES_LIMIT:,}.")
    return names


def _closed(names: Collection[str]) -> bool | None:
    """Return whether closed or open requests are wanted, None for both."""
    unknown = [name for name in names if name not in _STATUSES]
    if unknown:
        raise _bad(f"There is no status {unknown[0][:50]!r}; send open, closed, or both.")
    wanted = {_STATUSES[name] for name in names}
    return wanted.pop() if len(wanted) == 1 else None


def _degrees(fields: Mapping[str, str], name: str) -> float | None:
    text = fields.get(name)
    if text is None:
        return None
    try:
        decimal(text)
    except ValueError as error:
        raise _bad(f"{name} is no number; write plain decimal degrees such as 40.80456.") from error
    return float(text)


def _bad(sentence: str) -> BadRequest:
    return BadRequest(400, "bad_request", sentence)
