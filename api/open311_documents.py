"""Open311 GeoReport v2 as documents: services, requests and errors, in JSON and in XML.

Room: the front door on the wire. In: categories and reports of the store. Out: answers in the shapes of
http://wiki.open311.org/GeoReport_v2, which are not those of `/v1`: errors are a list of code and description, and the
format is the ending of the address. XML is what the standard requires, JSON what it allows; one value is written both
ways by the standard's rule (a list's items are elements named in the singular), so that the two cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Literal
from xml.etree import ElementTree as ET

import orjson
from fastapi import Response

from gisgrid import wire
from gisgrid.model import REPORT_STATES
from gisgrid.store.categories import Category
from gisgrid.store.report_search import CLOSED, FoundReport
from gisgrid.store.reports import ReportRecord

Format = Literal["json", "xml"]
Root = Literal["discovery", "services", "service_definition", "service_requests", "errors"]

BASE: Final = "/open311/v2/"
SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"
MEDIA_TYPES: Final[Mapping[Format, str]] = MappingProxyType({"json": "application/json", "xml": "text/xml"})
_ITEM_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "services": "service",
        "attributes": "attribute",
        "service_requests": "request",
        "errors": "error",
        "endpoints": "endpoint",
        "formats": "format",
    }
)
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold in any spelling (section 2.2): most control characters, halves of surrogate pairs."""
_MEDIA_LINE: Final = "media_url: "
_MEDIA_URL: Final = re.compile(r"https?://[!-~]{1,1900}")
_FIRST_CHANGESET: Final = datetime(2026, 11, 27, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ServiceType:
    """A type of request that people can choose: a category with nothing below it, or the only one where there is none.

    `category` is what the report holds, None for reports without one.
    """

    code: str
    name: str
    group: str
    category: str | None


OTHER: Final = ServiceType("other", "其他 Other", "", None)


def service_types(categories: Sequence[Category]) -> list[ServiceType]:
    """Return the types of request in order of their codes; without categories the only one is `other`."""
    names = {each.code: each.name for each in categories}
    groups = {each.parent for each in categories}
    leaves = [
        ServiceType(each.code, each.name, names.get(each.parent or "", ""), each.code)
        for each in categories
        if each.code not in groups
    ]
    return leaves or [OTHER]


def render(
    root: Root, value: Any, form: Format, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a document in the format that was asked for."""
    content = orjson.dumps(value) if form == "json" else as_xml(root, value)
    return Response(content, status, dict(headers or {}), f"{MEDIA_TYPES[form]}; charset=utf-8")


def as_xml(root: str, value: Any) -> bytes:
    """Return plain values as XML; characters that XML cannot hold become U+FFFD."""
    content: bytes = ET.tostring(_element(root, value), encoding="utf-8", xml_declaration=True)
    return content


def fault(path: str, status: int, description: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error in the format of the address; where that names none, in XML, which every client reads.

    The standard knows 404, 403 for a missing, wrong or insufficient key, and 400 for every other fault of the caller.
    A wrong method and faults of the service keep their own status.
    """
    code = status if status in (403, 404, 405) or status >= 500 else 403 if status == 401 else 400
    kept = {name: text for name, text in (headers or {}).items() if name != "WWW-Authenticate"}
    form: Format = "json" if path.endswith(".json") else "xml"
    return render("errors", [{"code": code, "description": description}], form, code, kept)


def discovery(address: str, changed_at: datetime | None) -> dict[str, Any]:
    """Return what there is at which address, and when the services last changed."""
    changeset = wire.instant(changed_at or _FIRST_CHANGESET)
    return {
        "changeset": changeset,
        "contact": "请联系本服务管理员。 Ask the administrator of this service.",
        "key_service": "密钥由管理员发放。 The administrator makes keys: gisgrid key create --role dispatch --name APP",
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": address,
                "changeset": changeset,
                "type": "production",
                "formats": list(MEDIA_TYPES.values()),
            }
        ],
    }


def services(types: Iterable[ServiceType]) -> list[dict[str, Any]]:
    """Return the list of services; each answers with an id at once and asks for no attributes."""
    return [
        {
            "service_code": each.code,
            "service_name": each.name,
            "description": f"{each.group}：{each.name}" if each.group else each.name,
            "metadata": False,
            "type": "realtime",
            "keywords": each.group,
            "group": each.group,
        }
        for each in types
    ]


def definition(service: ServiceType) -> dict[str, Any]:
    """Return the definition of a service: it asks for no attributes."""
    return {"service_code": service.code, "attributes": []}


def created(record: ReportRecord) -> list[dict[str, Any]]:
    """Return the answer to a request that was just kept."""
    grid = record.assignment.grid
    zh, en = (
        (f"由网格 {grid} 办理", f"grid {grid} answers for it") if grid else ("位置待核实", "its place is being found")
    )
    notice = (
        f"已受理，{zh}。姓名、电话、邮箱、账号和设备号不予保存；重复提交会成为另一件。 "
        f"Received: {en}. Name, phone, email, account and device are not kept; the same sent again is another request."
    )
    return [{"service_request_id": record.id, "service_notice": notice, "account_id": None}]


def token(report_id: str) -> list[dict[str, Any]]:
    """Return the id that a token stands for: itself, as every request has its id at once."""
    return [{"service_request_id": report_id, "token": report_id}]


def requests(found: Iterable[FoundReport], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return reports as service requests.

    Parameters
    ----------
    names
        Names of categories by code; a category that is no longer among them is told by its code.
    """
    return [_request(each, names) for each in found]


def with_media(text: str | None, media_url: str | None) -> str | None:
    """Return the text of a report with the address of a picture as its last line, which `without_media` finds again.

    Raises
    ------
    ValueError
        The address is none that a browser could open.
    """
    if media_url is None:
        return text
    if not _MEDIA_URL.fullmatch(media_url):
        raise ValueError("media_url must be an address with http:// or https:// of at most 1,900 characters")
    line = f"{_MEDIA_LINE}{media_url}"
    return f"{text}\n{line}" if text else line


def without_media(text: str | None) -> tuple[str | None, str | None]:
    """Return the text without its last line where that is the address of a picture, and the address."""
    before, _, last = (text or "").rpartition("\n")
    address = last.removeprefix(_MEDIA_LINE)
    if last.startswith(_MEDIA_LINE) and _MEDIA_URL.fullmatch(address):
        return before or None, address
    return text, None


def _request(found: FoundReport, names: Mapping[str, str]) -> dict[str, Any]:
    record, sent = found.record, found.record.report
    lon, lat = record.point or (None, None)
    text, media_url = without_media(sent.text)
    grid = record.assignment.grid
    return {
        "service_request_id": record.id,
        "status": "closed" if record.state == CLOSED else "open",
        "status_notes": f"{REPORT_STATES[record.state]} {record.state}",
        "service_name": OTHER.name if sent.category is None else names.get(sent.category, sent.category),
        "service_code": OTHER.code if sent.category is None else sent.category,
        "description": text,
        "agency_responsible": None if grid is None else f"网格 {grid}",
        "service_notice": None,
        "requested_datetime": wire.instant(record.received_at),
        "updated_datetime": wire.instant(found.updated_at),
        "expected_datetime": wire.instant(record.due.close),
        "address": sent.address,
        "address_id": sent.building_code,
        "zipcode": None,
        "lat": lat,
        "long": lon,
        "media_url": media_url,
    }


def _element(name: str, value: Any) -> ET.Element:
    element = ET.Element(name)
    if isinstance(value, Mapping):
        element.extend(_element(key, member) for key, member in value.items())
    elif isinstance(value, list):
        element.extend(_element(_ITEM_NAMES[name], item) for item in value)
    elif value is not None:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        element.text = _NOT_IN_XML.sub("\ufffd", text)
    return element
