"""`/v1/locate` over a real server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pyarrow as pa
import pytest
from served_town import EAST, WEST, Service

from api import callers, schemas
from gisgrid.directory import GridDirectory
from gisgrid.geometry.crs import from_wgs84
from gisgrid.in_force import GridsInForce, LocatedPoints

Problem = Callable[[httpx.Response, int, str], dict[str, object]]
POINT = (111.7012, 40.8012)


def test_the_index_is_ready_before_the_first_question(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def unread(*_: object) -> GridsInForce:
        pytest.fail("the grids were read at the first question, not at the start")

    monkeypatch.setattr(GridsInForce, "read", unread)
    answer = service.client("viewer").get("/v1/locate", params={"lon": POINT[0], "lat": POINT[1], "crs": "wgs84"})
    assert answer.status_code == 200
    assert answer.json()["method"] == "inside"


def test_a_point_is_answered_with_its_grid_and_the_evidence(shared_service: Service) -> None:
    answer = shared_service.client("viewer").get(
        "/v1/locate", params={"lon": POINT[0], "lat": POINT[1], "crs": "wgs84"}
    )
    assert answer.status_code == 200
    document = answer.json()
    schemas.LocateAnswer.model_validate(document)
    assert document["method"] == "inside"
    assert document["grid"]["code"].startswith(WEST)
    assert document["grid"]["community"] == {"code": WEST, "name": "西社区"}
    assert document["grid"]["street"] == {"code": "990101001", "name": "西街道"}
    assert document["grid"]["district"] == {"code": "990101", "name": "合成区"}
    assert document["wgs84"] == list(POINT)
    assert document["border_distance_m"] > 0
    assert datetime.fromisoformat(document["edition"]["valid_from"]) < datetime.now(UTC)


@pytest.mark.parametrize("crs", ["wgs84", "cgcs2000", "gcj02", "bd09", "GCJ-02", "EPSG:4490"])
def test_every_declared_system_leads_to_the_same_grid(shared_service: Service, crs: str) -> None:
    x, y = from_wgs84([POINT[0]], [POINT[1]], crs)
    client = shared_service.client("viewer")
    document = client.get("/v1/locate", params={"lon": x[0], "lat": y[0], "crs": crs}).json()
    plain = client.get("/v1/locate", params={"lon": POINT[0], "lat": POINT[1], "crs": "wgs84"}).json()
    assert document["grid"] == plain["grid"]
    assert document["wgs84"] == pytest.approx(plain["wgs84"], abs=1e-8)


def test_outside_and_before_the_first_edition_there_is_no_grid(shared_service: Service) -> None:
    client = shared_service.client("viewer")
    far = client.get("/v1/locate", params={"lon": 112, "lat": 41, "crs": "wgs84"}).json()
    assert (far["grid"], far["method"], far["edition"], far["posts"]) == (None, "outside", None, [])
    long_ago = {"lon": POINT[0], "lat": POINT[1], "crs": "wgs84", "at": "2020-01-01T00:00:00+08:00"}
    assert client.get("/v1/locate", params=long_ago).json()["grid"] is None
    now = {**long_ago, "at": (datetime.now(UTC) - timedelta(milliseconds=1)).isoformat()}
    assert client.get("/v1/locate", params=now).json()["grid"] is not None


def test_an_unescaped_plus_in_an_instant_is_understood(shared_service: Service) -> None:
    query = f"/v1/locate?lon={POINT[0]}&lat={POINT[1]}&crs=wgs84&at=2020-01-01T00:00:00+08:00"
    assert shared_service.client("viewer").get(query).status_code == 200


def test_just_outside_the_edge_the_nearest_is_taken(shared_service: Service) -> None:
    document = shared_service.client("viewer").get(
        "/v1/locate", params={"lon": 111.69995, "lat": 40.8012, "crs": "wgs84"}
    )
    assert document.json()["method"] == "nearest"
    assert document.json()["grid"]["code"].startswith(WEST)


def test_accuracy_names_every_grid_that_it_may_be(shared_service: Service) -> None:
    client = shared_service.client("viewer")
    query = {"lon": 111.7020, "lat": 40.8015, "crs": "wgs84"}
    near = {each["code"] for each in client.get("/v1/locate", params=query).json()["neighbours"]}
    far = {each["code"] for each in client.get("/v1/locate", params={**query, "accuracy_m": 400}).json()["neighbours"]}
    assert near < far
    assert any(code.startswith(EAST) for code in far)


def test_contacts_are_told_within_the_scope_only(shared_service: Service) -> None:
    everywhere, east_only = shared_service.client("viewer"), shared_service.client("viewer", "990101002")
    for lon in (111.7005, 111.7045):
        for lat in (40.8002, 40.8028):
            query = {"lon": lon, "lat": lat, "crs": "wgs84"}
            whole, limited = (c.get("/v1/locate", params=query).json() for c in (everywhere, east_only))
            assert limited["grid"] == whole["grid"]
            assert limited["posts"] == (whole["posts"] if whole["grid"]["code"].startswith(EAST) else [])
    found = [everywhere.get("/v1/locate", params={"lon": POINT[0] + k * 1e-3, "lat": 40.8012, "crs": "wgs84"}).json()
             for k in range(-1, 3)]  # fmt: skip
    assert any(document["posts"] for document in found)


def test_many_points_are_answered_in_their_order_as_one_by_one(shared_service: Service) -> None:
    client = shared_service.client("viewer")
    points = [[111.6990 + k * 0.0005, 40.8012] for k in range(22)]
    answer = client.post("/v1/locate", json={"crs": "wgs84", "points": points})
    assert answer.status_code == 200
    document = answer.json()
    schemas.LocateManyAnswer.model_validate(document)
    single = [client.get("/v1/locate", params={"lon": x, "lat": y, "crs": "wgs84"}).json() for x, y in points]
    assert document["codes"] == [None if each["grid"] is None else each["grid"]["code"] for each in single]
    assert document["methods"] == [each["method"] for each in single]
    assert set(document["editions"]) == {WEST, EAST}
    assert client.post("/v1/locate", json={"crs": "bd09", "points": []}).json()["codes"] == []


ARROW, CSV, JSON = "application/vnd.apache.arrow.stream", "text/csv", "application/json"
IN_A_ROW = [(111.6990 + k * 0.0005, 40.8012) for k in range(22)]


def as_arrow(lon: list[float], lat: list[float]) -> bytes:
    batch = pa.record_batch({"lat": pa.array(lat, pa.float64()), "lon": pa.array(lon, pa.float64())})
    written = pa.BufferOutputStream()
    with pa.ipc.new_stream(written, batch.schema) as out:
        out.write_batch(batch)
    return written.getvalue().to_pybytes()  # type: ignore[no-any-return]


def send(service: Service, body: bytes, form: str, query: str = "?crs=wgs84", **headers: str) -> httpx.Response:
    return service.client("viewer").post(
        f"/v1/locate{query}", content=body, headers={"Content-Type": form, **headers}
    )  # fmt: skip


@pytest.mark.parametrize("given", [JSON, CSV, ARROW])
@pytest.mark.parametrize("wanted", [JSON, CSV, ARROW])
def test_every_form_is_answered_in_every_form_alike(shared_service: Service, given: str, wanted: str) -> None:
    lon, lat = ([pair[axis] for pair in IN_A_ROW] for axis in (0, 1))
    bodies = {
        JSON: orjson.dumps({"crs": "wgs84", "points": IN_A_ROW}),
        CSV: ("id,lon,lat\n" + "".join(f"{k:04},{x},{y}\n" for k, (x, y) in enumerate(IN_A_ROW))).encode(),
        ARROW: as_arrow(lon, lat),
    }
    expected = send(shared_service, bodies[JSON], JSON, "").json()
    ids = {community: edition["id"] for community, edition in expected["editions"].items()}
    query = "" if given == JSON else "?crs=wgs84"
    answer = send(shared_service, bodies[given], given, query, Accept=wanted)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, wanted), answer.text
    if wanted == JSON:
        assert answer.json() == expected
    elif wanted == CSV:
        rows = [line.split(",") for line in answer.text.splitlines()]
        place = ["id", "lon", "lat"] if given == CSV else ["lon", "lat"]
        assert rows[0] == [*place, "grid_code", "method", "edition"]
        assert [tuple(map(float, row[-5:-3])) for row in rows[1:]] == IN_A_ROW
        assert [row[-3] or None for row in rows[1:]] == expected["codes"]
        assert [row[-2] for row in rows[1:]] == expected["methods"]
        assert [row[-1] or None for row in rows[1:]] == [code and ids[code[:12]] for code in expected["codes"]]
        assert given != CSV or [row[0] for row in rows[1:]] == [f"{k:04}" for k in range(22)]
    else:
        table = pa.ipc.open_stream(answer.content).read_all()
        assert table["grid_code"].to_pylist() == expected["codes"]
        assert table["method"].to_pylist() == expected["methods"]
        assert orjson.loads(table.schema.metadata[b"editions"]) == expected["editions"]


@pytest.mark.parametrize("form", [CSV, ARROW])
def test_tables_are_answered_as_of_an_instant_and_in_a_declared_system(shared_service: Service, form: str) -> None:
    x, y = from_wgs84([POINT[0]], [POINT[1]], "gcj02")
    body = as_arrow([x[0]], [y[0]]) if form == ARROW else f"y,x\n{y[0]},{x[0]}\n".encode()
    now = send(shared_service, body, form, "?crs=gcj02", Accept=JSON).json()
    assert [code[:12] for code in now["codes"]] == [WEST]
    then = send(shared_service, body, form, "?crs=gcj02&at=2020-01-01T00:00:00%2B08:00", Accept=JSON).json()
    assert then == {"codes": [None], "methods": ["outside"], "editions": {}}


@pytest.mark.parametrize("given", [JSON, CSV, ARROW])
def test_a_small_body_of_a_known_caller_is_answered_ahead_of_the_route_with_the_same_bytes(
    service: Service, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    asked_on: list[str] = []
    locate_many = GridDirectory.locate_many

    def noting(self: GridDirectory, *arguments: Any, **options: Any) -> LocatedPoints:
        asked_on.append(threading.current_thread().name)
        return locate_many(self, *arguments, **options)

    monkeypatch.setattr(GridDirectory, "locate_many", noting)
    lon, lat = ([pair[axis] for pair in IN_A_ROW] for axis in (0, 1))
    body = {
        JSON: orjson.dumps({"crs": "wgs84", "points": IN_A_ROW}),
        CSV: ("lon,lat\n" + "".join(f"{x},{y}\n" for x, y in IN_A_ROW)).encode(),
        ARROW: as_arrow(lon, lat),
    }[given]
    monkeypatch.setattr(callers, "TRUSTED_S", 60.0)  # however slow the machine is
    client = service.client("viewer")
    client.headers["Content-Type"] = given
    query = "" if given == JSON else "?crs=wgs84"
    new_key, ahead = (client.post(f"/v1/locate{query}", content=body) for _ in range(2))
    routed = client.post(f"/v1/locate{query}", content=body, headers={"Accept": f"{given}, text/html;q=0.1"})
    whole = client.post(f"/v1/locate{query}", content=iter([body[:9], body[9:]]))  # no Content-Length
    assert [thread.startswith("AnyIO") for thread in asked_on] == [True, False, True, True]
    assert new_key.content == ahead.content == routed.content == whole.content
    told = [{name: value for name, value in each.headers.items() if name != "date"} for each in (ahead, routed)]
    assert told[0] == told[1]
    # Refusals are the route's, whatever part of the body was read before.
    for broken in (body[:-9], body + body, b""):
        direct, other = (
            client.post(f"/v1/locate{query}", content=broken, headers={"Accept": accept})
            for accept in ("*/*", f"{given}, text/html;q=0.1")
        )
        assert direct.content == other.content
        assert direct.status_code == other.status_code


def test_points_of_a_past_instant_are_asked_of_the_database_in_a_thread(service: Service) -> None:
    client = service.client("viewer")
    asked = {"crs": "wgs84", "points": [POINT], "at": "2020-01-01T00:00:00+08:00"}
    assert [client.post("/v1/locate", json=asked).json()["methods"] for _ in range(2)] == [["outside"]] * 2


@pytest.mark.parametrize(
    ("body", "form", "query", "status", "code"),
    [
        (b"lon,lat\n111.7,40.8\n", CSV, "", 422, "missing_crs"),
        (b"lon,lat\n111.7,40.8\n", CSV, "?crs=mars", 422, "unknown_crs"),
        (b"lon,lat\n111.7,40.8\n40.8,111.7\n", CSV, "?crs=wgs84", 422, "bad_coordinate"),
        (b"lon,lat\n111.7,x\n", CSV, "?crs=wgs84", 422, "invalid_body"),
        (b"\xff\xfe", CSV, "?crs=wgs84", 400, "bad_csv"),
        (b"lon,lat\n", ARROW, "?crs=wgs84", 400, "bad_arrow"),
        (as_arrow([111.7], [float("nan")]), ARROW, "?crs=wgs84", 422, "bad_coordinate"),
        (as_arrow([111.7], [40.8])[:-60], ARROW, "?crs=wgs84", 400, "bad_arrow"),
        (b'{"crs":"wgs84","points":[]}', JSON, "?crs=wgs84", 422, "invalid_parameters"),
        (b"lon,lat\n", CSV, "?crs=wgs84&lon=lon", 422, "invalid_parameters"),
    ],
)
def test_a_table_that_cannot_be_answered_is_a_problem(
    shared_service: Service, problem: Problem, body: bytes, form: str, query: str, status: int, code: str
) -> None:
    problem(send(shared_service, body, form, query), status, code)


def test_every_point_that_is_none_is_named(shared_service: Service, problem: Problem) -> None:
    body = b"lon,lat\n111.7,40.8\n40.8,111.7\n111.7,40.8\n500000,4000000\n"
    document = problem(send(shared_service, body, CSV), 422, "bad_coordinate")
    assert [each["pointer"] for each in document["errors"]] == ["/rows/1", "/rows/3"]  # type: ignore[attr-defined]
    points = b'{"crs":"wgs84","points":[[40.8,111.7],[111.7,40.8],[1e300,1]]}'
    document = problem(send(shared_service, points, JSON, ""), 422, "bad_coordinate")
    assert [each["pointer"] for each in document["errors"]] == ["/points/0", "/points/2"]  # type: ignore[attr-defined]
    problem(send(shared_service, body, CSV, Accept="text/html"), 406, "not_acceptable")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("lon=111.7&lat=40.8", "missing_crs"),
        ("lon=111.7&lat=40.8&crs=", "missing_crs"),
        ("lon=111.7&lat=40.8&crs=mars", "unknown_crs"),
        ("lon=111.7&lat=40.8&crs=EPSG:4547", "unknown_crs"),
        ("lon=111.7&lat=40.8&crs=" + "GEOGCS[" * 100, "unknown_crs"),
        ("lon=40.8&lat=111.7&crs=wgs84", "bad_coordinate"),
        ("lon=500000&lat=40.8&crs=wgs84", "bad_coordinate"),
        ("lat=40.8&crs=wgs84", "invalid_parameters"),
        ("lon=nan&lat=40.8&crs=wgs84", "invalid_parameters"),
        ("lon=inf&lat=40.8&crs=wgs84", "invalid_parameters"),
        ("lon=1e999&lat=40.8&crs=wgs84", "invalid_parameters"),
        ("lon=113_5&lat=40.8&crs=wgs84", "invalid_parameters"),
        ("lon=%201&lat=40.8&crs=wgs84", "invalid_parameters"),
        ("lon=%D9%A1&lat=40.8&crs=wgs84", "invalid_parameters"),
        ("lon=%00&lat=40.8&crs=wgs84", "invalid_parameters"),
        ("lon=%ED%A0%80&lat=40.8&crs=wgs84", "invalid_parameters"),
        ("lon=1&lon=2&lat=40.8&crs=wgs84", "invalid_parameters"),
        ("lon=111.7&lat=40.8&crs=wgs84&At=2020-01-01T00:00:00Z", "invalid_parameters"),
        ("lon=111.7&lat=40.8&crs=wgs84&at=2020-01-01", "invalid_parameters"),
        ("lon=111.7&lat=40.8&crs=wgs84&at=1700000000", "invalid_parameters"),
        ("lon=111.7&lat=40.8&crs=wgs84&at=2020-01-01T00:00:00", "invalid_parameters"),
        ("lon=111.7&lat=40.8&crs=wgs84&at=2020-13-01T00:00:00Z", "invalid_parameters"),
        ("lon=111.7&lat=40.8&crs=wgs84&at=0001-01-01T00:00:00%2B14:00", "invalid_parameters"),
        ("lon=111.7&lat=40.8&crs=wgs84&accuracy_m=-1", "invalid_parameters"),
        ("lon=111.7&lat=40.8&crs=wgs84&accuracy_m=nan", "invalid_parameters"),
    ],
)
def test_what_is_no_point_is_a_problem(shared_service: Service, problem: Problem, query: str, code: str) -> None:
    problem(shared_service.client("viewer").get(f"/v1/locate?{query}"), 422, code)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad_json"),
        (b"{", 400, "bad_json"),
        (b"\xff\xfe", 400, "bad_json"),
        (b'{"crs":"wgs84","points":[[NaN,1]]}', 400, "bad_json"),
        (b'{"crs":"wgs84","points":[[Infinity,1]]}', 400, "bad_json"),
        (b'{"crs":"wgs84","points":[[1e999,1]]}', 400, "bad_json"),
        (b'{"crs":"wgs84","crs":"gcj02","points":[]}', 400, "bad_json"),
        (b'{"crs":"\\ud800","points":[]}', 400, "bad_json"),
        (b"[" * 100_000, 400, "bad_json"),
        (b'{"a":' * 990 + b"1" + b"}" * 990, 422, "invalid_body"),
        (b"[]", 422, "invalid_body"),
        (b"null", 422, "invalid_body"),
        (b'{"crs":"wgs84"}', 422, "invalid_body"),
        (b'{"crs":"wgs84","points":[[1]]}', 422, "invalid_body"),
        (b'{"crs":"wgs84","points":[[1,2,3]]}', 422, "invalid_body"),
        (b'{"crs":"wgs84","points":[["1","2"]]}', 422, "invalid_body"),
        (b'{"crs":"wgs84","points":[[true,2]]}', 422, "invalid_body"),
        (b'{"crs":"wgs84","points":[],"speed":1}', 422, "invalid_body"),
        (b'{"points":[[111.7,40.8]]}', 422, "missing_crs"),
        (b'{"crs":"\\u0000","points":[]}', 422, "unknown_crs"),
        (b'{"crs":"wgs84","points":[[40.8,111.7]]}', 422, "bad_coordinate"),
        (b'{"crs":"wgs84","points":[[1e300,1]]}', 422, "bad_coordinate"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_list_of_points_is_a_problem(
    shared_service: Service, problem: Problem, body: bytes, status: int, code: str
) -> None:
    client = shared_service.client("viewer")
    problem(client.post("/v1/locate", content=body, headers={"Content-Type": "application/json"}), status, code)


def test_too_many_points_too_large_a_body_and_another_type_are_problems(
    shared_service: Service, problem: Problem
) -> None:
    client = shared_service.client("viewer")
    many = {"crs": "wgs84", "points": [[111.7, 40.8]] * 100_001}
    problem(client.post("/v1/locate", json=many), 422, "invalid_body")
    json_type = {"Content-Type": "application/json"}
    problem(client.post("/v1/locate", content=b" " * (20 * 1024 * 1024 + 1), headers=json_type), 413, "too_large")
    chunks = (b" " * 1024 * 1024 for _ in range(21))  # no Content-Length: counted while it comes in
    problem(client.post("/v1/locate", content=chunks, headers=json_type), 413, "too_large")
    problem(client.post("/v1/locate", data={"crs": "wgs84"}), 415, "unsupported_media_type")


def test_a_hundred_thousand_points_are_answered(shared_service: Service) -> None:
    many = {"crs": "gcj02", "points": [[111.70 + k * 1e-7, 40.8012] for k in range(100_000)]}
    answer = shared_service.client("viewer").post("/v1/locate", json=many)
    assert answer.status_code == 200
    assert len(answer.json()["codes"]) == 100_000
