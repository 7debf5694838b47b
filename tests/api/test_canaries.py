"""Fifty texts that nobody may read, planted where they are kept; all that the public gets is opened and searched."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pypdfium2
import pytest
from maps.unpacking import block, numbers, texts
from served_town import STREETS, WEST, Service
from test_api_access import SOUND, address

from api.access import ACCESS
from gisgrid import ledgers, wall_sheets, workflow
from gisgrid.store.database import Database, copy_rows
from gisgrid.store.tables import CATEGORIES, HOUSEHOLDS, POSTS

PUBLIC_NAME = "公示网格员"
"""On duty: stands in every file, which proves that the search can find a name in it."""
Written = list[tuple[str, str, set[str]]]
"""Name, all that can be read, and which canaries may be in it."""
HOUSEHOLD, REPORT, FORMER, PHONE = "household", "report", "former post", "duty phone"


@pytest.fixture(scope="module")
def planted(shared_service: Service) -> dict[str, str]:
    """The canaries with what each is: 15 in households, 22 in reports, 8 in posts of the past, 5 duty phones."""
    found: dict[str, str] = {}
    numbered = count(1)

    def canary(kind: str) -> str:
        text = f"canary{next(numbered):02}金丝雀"
        found[text] = kind
        return text

    now = datetime.now(UTC)
    with shared_service.database.transaction() as connection:
        rows: list[tuple[Any, ...]] = [(canary(HOUSEHOLD), f"{WEST}-{number:02}", 3) for number in range(15)]
        copy_rows(connection, HOUSEHOLDS, ("code", "building_code", "size"), rows)
        copy_rows(connection, CATEGORIES, ("code", "name"), [("01", "市容")])
        period = f"[,{(now - timedelta(days=1)).isoformat()})"
        rows = [(f"{WEST}{n % 2 + 1:03}", "网格员", canary(FORMER), canary(FORMER), period) for n in range(4)]
        rows += [(f"{WEST}{n % 2 + 1:03}", "网格长", f"{PUBLIC_NAME}{n}", canary(PHONE), "(,)") for n in range(5)]
        copy_rows(connection, POSTS, ("grid_code", "role", "name", "duty_phone", "valid"), rows)
    hotline = shared_service.client("dispatch")
    for number in range(6):
        place: dict[str, object] = {"lon": 111.7012, "lat": 40.8012, "crs": "wgs84"} if number % 2 else {}
        told = {
            "source": "12345", "external_id": canary(REPORT), "text": canary(REPORT), "address": canary(REPORT),
            "category": "01", "building_code": None if number % 2 else f"{WEST}-0{number}",
        }  # fmt: skip
        filed = hotline.post("/v1/reports", json={**told, **place})
        assert filed.status_code == 201, filed.text
        if number < 4:
            event = {"type": "note", "note": canary(REPORT)}
            assert hotline.post(f"/v1/reports/{filed.json()['id']}/events", json=event).status_code == 201
    assert len(found) == 50
    return found


@pytest.fixture(scope="module")
def written(shared_service: Service, planted: dict[str, str]) -> Written:
    return list(files(shared_service.database))


def test_no_canary_leaves_the_house(shared_service: Service, planted: dict[str, str], written: Written) -> None:
    leaks = {
        f"{name}: {planted[canary]} {canary}"
        for name, content, allowed in (*written, *answers(shared_service))
        for canary in planted
        if canary in content and planted[canary] not in allowed
    }
    assert leaks == set()


def test_the_search_finds_what_is_there(shared_service: Service, planted: dict[str, str], written: Written) -> None:
    """Else a file that could not be read would pass for a clean one."""
    for name, content, allowed in written:
        if not name.endswith(".png"):
            assert PUBLIC_NAME in content, f"{name} was not read: a name that stands in it is not found"
        assert PHONE not in allowed or any(each in content for each, kind in planted.items() if kind == PHONE), name
    reports = shared_service.client("dispatch").get("/v1/reports").text
    assert {kind for canary, kind in planted.items() if canary in reports} == {REPORT}


def files(database: Database) -> Iterator[tuple[str, str, set[str]]]:
    """Every file that leaves the house: its name, all that can be read of it, and which canaries may be in it."""
    for phones in (False, True):
        page = workflow.draw_map(database, STREETS[0], audience="public", phones=phones)
        yield f"phones={phones} map.html", read_page(page), {PHONE} if phones else set()
    for form, read in (("pdf", read_pdf), ("png", read_bytes), ("svg", read_bytes)):
        yield f"sheet.{form}", read(wall_sheets.draw_sheet(database, WEST, form)), set()  # type: ignore[arg-type]  # a form
    yield "ledger.xlsx", read_archive(ledgers.draw_ledger(database, STREETS[0])), {PHONE}


def answers(service: Service) -> Iterator[tuple[str, str, set[str]]]:
    """Every answer that a viewer or nobody in particular gets; a lookup names who is on duty with the phone."""
    client = service.client("viewer")
    known = {"plan_id": "1", "name": "editor.js", "version": "1", "service_code": "01"}
    for (method, path), rule in sorted(ACCESS.items()):
        if (rule.roles is None or "viewer" in rule.roles) and path not in {"/login", "/logout"}:
            assert set(re.findall(r"{(\w+)}", path)) <= {"code", *SOUND, *known}, f"say what fills {path}"
            for answer in ask(client, method, address(method, path, WEST, **known)):
                assert answer.status_code in {200, 404}, (path, answer.text)
                content = answer.content.decode("utf-8", "replace")
                page = read_page(content) if path.endswith(".html") else read_text(content)
                yield f"{method} {path}", page, {PHONE} if "locate" in path or "point" in path else set()


def ask(client: httpx.Client, method: str, where: str) -> Iterator[httpx.Response]:
    """Ask a route, and a map in each way that a viewer may ask for it, but for phones."""
    yield client.request(
        method, where, json={"crs": "wgs84", "points": [[111.7012, 40.8012]]} if method == "POST" else None
    )
    if where.endswith(".html"):
        yield client.get(f"{where}?audience=public")


# ---- reading -------------------------------------------------------------------------------------------------------


def read_text(content: str) -> str:
    """Whatever way a text is written in: as it stands, unescaped, and of JSON without its escapes."""
    plain = [content, html.unescape(content)]
    if content[:1] in "{[":
        plain.append(json.dumps(json.loads(content), ensure_ascii=False))
    return "\n".join(plain)


def read_page(content: str) -> str:
    """A map: its text, its data as JSON, and the columns of texts in them unpacked."""
    document = block(content)
    return "\n".join([read_text(content), json.dumps(document, ensure_ascii=False), *unpacked(document)])


def unpacked(part: object) -> Iterator[str]:
    if isinstance(part, dict) and part.keys() == {"text", "head", "tail", "added"}:
        yield from (text for text in texts(part, len(numbers(part["head"]))) if text is not None)
    elif isinstance(part, dict | list):
        for each in part.values() if isinstance(part, dict) else part:
            yield from unpacked(each)


def read_bytes(content: bytes) -> str:
    return read_text(content.decode("utf-8", "replace"))


def read_archive(content: bytes) -> str:
    archive = zipfile.ZipFile(io.BytesIO(content))
    return "\n".join(read_bytes(archive.read(name)) for name in archive.namelist())


def read_pdf(content: bytes) -> str:
    """What pdfium reads of every page, the file itself, and its streams inflated."""
    document = pypdfium2.PdfDocument(content)
    pages = [page.get_textpage().get_text_range() for page in document]
    document.close()
    streams: list[str] = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            streams.append(zlib.decompress(stream).decode("utf-8", "replace"))
        except zlib.error:  # a stream that is not packed stands in the file as it is
            continue
    return "\n".join([*pages, content.decode("utf-8", "replace"), *streams])
