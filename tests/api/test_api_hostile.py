"""Whatever is sent to whichever route, the answer is never a 5xx and every refusal is a problem detail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote
from xml.etree import ElementTree as ET

import httpx
import orjson
import pytest
from served_town import WEST, Service

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


def check(answer: httpx.Response, path: str) -> None:
    """Check that an answer is no failure and that a refusal has the shape that this route's readers expect."""
    assert answer.status_code < 500, answer.text
    if answer.status_code < 400:
        return
    if path.startswith("/open311/v2/"):
        # A nasty text in the place of the format leaves none: such an address is told so in XML.
        if answer.headers["content-type"] == "application/json; charset=utf-8":
            told = [(each["code"], each["description"]) for each in orjson.loads(answer.content)]
        else:
            root = ET.fromstring(answer.content)
            told = [(int(each.findtext("code") or 0), each.findtext("description") or "") for each in root]
        assert [code for code, _ in told] == [answer.status_code]
        assert len(told[0][1]) > 20
        return
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document = orjson.loads(answer.content)
    assert document["code"] not in ("internal", "error")
    assert len(document["detail"]) > 20


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
        ("/v1/plans/1/publish", {"accept": []}),
        ("/v1/plans/1/preview", {"buildings": ["x"], "to": "1"}),
        ("/v1/plans/1/suggestions", {"op": "balance", "grid": None, "grids": [], "most_households": 50, "seed": 0}),
    ],
)  # fmt: skip
def test_every_member_of_every_body_with_every_nasty_value(
    service: Service, path: str, sound: dict[str, object]
) -> None:
    client = service.client("admin")
    json_type = {"Content-Type": "application/json"}
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


def as_json(value: object) -> bytes:
    """The value as JSON; what strict JSON cannot hold (half a surrogate pair, huge numbers) is spelled out anyhow."""
    return json.dumps(value).encode()
