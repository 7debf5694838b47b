"""Whatever is sent to whichever route, the answer is never a 5xx and every refusal is a problem detail."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from refusals import check
from served_town import WEST, Service

from api.access import ACCESS
from api.bodies import BODY_LIMIT

NASTY = (
    "", " ", "0", "-1", "1e999", "nan", "113_5", "9" * 400, "\x00", "\ud800", "١٢٣", "null", "true", "[]", "{}",
    "' OR 1=1 --",
    "../../etc/passwd", "%s%n", "{{7*7}}", "<script>", "2026-02-30T00:00:00Z", "9999-12-31T23:59:60+14:00", "a" * 5_000,
    "\r\nX-Evil: 1", "😀" * 50, "edition:99999999999999999999",
)  # fmt: skip
VALUES: tuple[object, ...] = (
    *NASTY, None, True, 0, -1, 1.5, 1e308, 10**30, [], [[]], {}, {"a": {"b": []}}, [None] * 3, "a" * 100_000,
)  # fmt: skip


def encoded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def operations(service: Service) -> Iterator[tuple[str, str, dict[str, object]]]:
    document = service.client().get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_every_parameter_of_every_route_with_every_nasty_text(shared_service: Service) -> None:
    client = shared_service.client("admin")
    asked = 0
    for method, path, operation in operations(shared_service):
        parameters = operation.get("parameters", [])
        sound = {"lon": "111.7", "lat": "40.8", "crs": "wgs84", "community": WEST, "with": "1"}
        for tried in parameters:  # type: ignore[attr-defined]
            for text in NASTY:
                filled, query = path, []
                for each in parameters:  # type: ignore[attr-defined]
                    name = each["name"]
                    value = text if each is tried else sound.get(name)
                    if each["in"] == "path":
                        sound_name = {"format": "json"}.get(name, "1")
                        filled = filled.replace(f"{{{name}}}", encoded(text if each is tried else sound_name))
                    elif value is not None:
                        query.append(f"{name}={encoded(value)}")
                check(client.request(method, f"{filled}?{'&'.join(query)}"), path)
                asked += 1
    assert asked > 500


@pytest.mark.parametrize(
    ("path", "sound"),
    [
        ("/v1/locate", {"crs": "wgs84", "points": [[111.7, 40.8]], "at": None}),
        ("/v1/reports", {"source": "s", "external_id": "1", "text": "t", "lon": 111.7, "lat": 40.8, "crs": "wgs84",
                         "accuracy_m": 1.0, "address": "a", "building_code": "b", "target": "grid", "category": "c",
                         "reported_at": "2026-05-04T08:30:00+08:00", "urgency": "u",
                         "grid_code": "990101009009001"}),
        ("/v1/reports/1/events", {"type": "reassign", "note": "n", "grid": "990101009009001", "event_id": "e"}),
        ("/v1/reports/1/events", {"type": "reassign", "note": "n", "building_code": "b"}),
        ("/v1/plans", {"community": "990101009009", "from": "draw", "min": 300, "max": 500, "target": 400, "seed": 0,
                       "cross_barriers": True, "dedicated_area_m2": 1.0, "keep_current": False}),
        ("/v1/plans/1/publish", {"accept": [], "valid_from": "2199-01-01T00:00:00Z"}),
        ("/v1/plans/1/comments", {"words": "w", "grid": "1", "building": None}),
        ("/v1/plans/1/comments", {"words": "w", "thread": "1", "resolve": True}),
        ("/v1/plans/1/reject", {"reason": "r"}),
        ("/v1/plans/1/preview", {"buildings": ["x"], "to": "1"}),
        ("/v1/plans/1/edits", {"op": "assign", "buildings": ["x"], "cells": [0], "to": "1"}),
        ("/v1/plans/1/edits", {"op": "arrange", "moves": [{"buildings": ["x"], "to": "new-1"}]}),
        ("/v1/plans/1/edits", {"op": "split", "grid": "1", "auto": True, "seed": 0}),
        ("/v1/plans/1/edits", {"op": "annex", "grid": "1", "area": {"type": "Polygon", "coordinates": []}}),
        ("/v1/plans/1/edits", {"op": "lock", "grids": ["1"], "buildings": ["x"], "locked": True}),
        ("/v1/plans/1/suggestions", {"op": "balance", "grid": None, "grids": [], "most_households": 50, "seed": 0}),
    ],
)  # fmt: skip
def test_every_member_of_every_body_with_every_nasty_value(
    service: Service, path: str, sound: dict[str, object]
) -> None:
    client = service.client("admin")
    json_type = {"Content-Type": "application/json", "If-Match": '"1"'}
    for name in sound:
        for value in VALUES:
            body = as_json({**sound, name: value})
            check(client.post(path, content=body, headers=json_type), path)
            if path == "/v1/reports":
                answer = client.post(f"{path}/batch", content=b"[" + body + b"]", headers=json_type)
                check(answer, path)
                if answer.status_code == 200:
                    assert all(result["status"] < 500 for result in answer.json())
    for value in VALUES:
        check(client.post(path, content=as_json(value), headers=json_type), path)


POSTS = sorted(path for method, path in ACCESS if method == "POST")
HOSTILE: dict[str, bytes] = {
    "NaN": b'{"lon": NaN}',
    "Infinity": b'{"lon": -Infinity}',
    "beyond a double": b'{"lon": 1e999}',
    "NUL escaped": b'{"text": "a\\u0000b"}',
    "NUL": b'{"text": "a\x00b"}',
    "half a surrogate pair": b'{"text": "\\ud800"}',
    "no UTF-8": b'{"text": "\xff\xfe"}',
    "a name twice": b'{"source": "a", "source": "b"}',
    "deep arrays": b"[" * 100_000,
    "deep arrays, closed": b"[" * 50_000 + b"]" * 50_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a long number": b'{"lon": ' + b"9" * 100_000 + b"}",
    "many names": b"{" + b",".join(b'"%d":1' % n for n in range(20_000)) + b"}",
    "byte order mark": b'\xef\xbb\xbf{"source": "a"}',
    "empty": b"",
    "blanks": b" \n\t" * 100,
    "no JSON": b"<report/>",
    "a form": b"a=1&a=2&%00=%ED%A0%80",
    "fields": b"&".join(b"a%d=%%ff" % n for n in range(5_000)),
}
MEDIA_TYPES = (
    "application/json", "application/x-ndjson", "application/x-www-form-urlencoded", "text/csv",
    "application/vnd.apache.arrow.stream", "multipart/form-data; boundary=x", "text/xml", "\u00e9", "",
)  # fmt: skip
SOUND = {"plan_id": "1", "report_id": "1", "format": "json", "code": WEST, "lon": "111.7", "lat": "40.8"}


def filled(path: str) -> str:
    """The path with sound members; one that this table lacks becomes 1."""
    return re.sub(r"{(\w+)}", lambda found: SOUND.get(found.group(1), "1"), path)


@pytest.mark.parametrize("path", POSTS)
def test_every_hostile_body_of_every_media_type_at_every_route(shared_service: Service, path: str) -> None:
    client = shared_service.client("admin")
    for number, media_type in enumerate(MEDIA_TYPES):
        # As JSON every body; under another name, where most are refused for their type, a quarter of them each.
        for name, body in list(HOSTILE.items())[number % 4 if number else 0 :: 4 if number else 1]:
            answer = client.post(filled(path), content=body, headers={"Content-Type": media_type.encode("latin-1")})
            if path == "/login" and answer.headers["content-type"].startswith("text/html"):
                assert answer.status_code in (401, 429)  # a page for people, with its own sentence
            else:
                check(answer, path)
            assert answer.status_code != 201, (media_type, name)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("chunked", [False, True], ids=["length declared", "in chunks"])
def test_a_body_that_is_too_large_is_refused_at_every_route(shared_service: Service, path: str, chunked: bool) -> None:
    client = shared_service.client("admin")
    part, parts = b" " * 1024 * 1024, BODY_LIMIT // (1024 * 1024) + 1
    for media_type in ("application/json", "application/x-www-form-urlencoded")[: 1 if chunked else 2]:
        content = (part for _ in range(parts)) if chunked else part * parts
        answer = client.post(filled(path), content=content, headers={"Content-Type": media_type})
        check(answer, path)
        assert answer.status_code != 201


def as_json(value: object) -> bytes:
    """The value as JSON; what strict JSON cannot hold (half a surrogate pair, huge numbers) is spelled out anyhow."""
    return json.dumps(value).encode()
