"""`/v1/reports` over a real server: durable, once, assigned with evidence, within sight."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import orjson
import pytest
from served_town import EAST, WEST, Service
from sqlalchemy import text

from api import schemas
from gisgrid import workflow
from gisgrid.importing import ImportRequest

Problem = Callable[[httpx.Response, int, str], dict[str, object]]
IN_WEST = {"lon": 111.7012, "lat": 40.8012, "crs": "wgs84"}
IN_EAST = {"lon": 111.7062, "lat": 40.8012, "crs": "wgs84"}


def body(number: int = 1, **more: object) -> dict[str, object]:
    return {"source": "12345", "external_id": f"A-{number}", "text": "路灯不亮", **more}


def test_a_report_is_filed_with_its_grid_and_read_back_with_its_history(service: Service) -> None:
    client = service.client("dispatch")
    sent = body(**IN_WEST, accuracy_m=5, category="0103", reported_at="2026-05-04T08:30:00+08:00")
    answer = client.post("/v1/reports", json=sent)
    assert answer.status_code == 201
    document = answer.json()
    schemas.ReportAnswer.model_validate_json(answer.content)
    assert {name: document[name] for name in sent if name != "reported_at"} == {
        name: value for name, value in sent.items() if name != "reported_at"
    }
    assert datetime.fromisoformat(document["reported_at"]) == datetime(2026, 5, 4, 0, 30, tzinfo=UTC)
    located = client.get("/v1/locate", params=IN_WEST).json()
    assert document["assignment"]["grid"] == located["grid"]["code"]
    assert document["assignment"]["edition"] == located["edition"]["id"]
    assert document["assignment"]["border_distance_m"] == located["border_distance_m"]
    assert document["assignment"]["findings"] == []
    assert (document["state"], document["wgs84"]) == ("assigned", [111.7012, 40.8012])
    read = client.get(answer.headers["location"])
    schemas.ReportWithHistory.model_validate_json(read.content)
    history = read.json()["history"]
    assert {**document, "posts": located["posts"], "property_company": None, "history": history} == read.json()
    assert [event["type"] for event in history] == ["received"]
    assert history[0]["actor"].startswith("dispatch")


def test_the_same_again_is_the_first_answer_and_another_content_a_conflict(service: Service, problem: Problem) -> None:
    client = service.client("dispatch")
    first = client.post("/v1/reports", json=body(**IN_WEST))
    respelled = orjson.dumps(body(**IN_WEST), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    again = client.post("/v1/reports", content=respelled, headers={"Content-Type": "application/json"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    refused = problem(client.post("/v1/reports", json=body(**IN_EAST)), 409, "different_report")
    assert first.json()["id"] in str(refused["detail"])


def test_simultaneous_repeats_over_the_wire_make_one_report(service: Service) -> None:
    client = service.client("dispatch")
    answers: list[httpx.Response] = []
    gate = threading.Barrier(8)

    def send() -> None:
        gate.wait()
        answers.append(client.post("/v1/reports", json=body(**IN_WEST)))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


@pytest.mark.parametrize(
    ("place", "rules"),
    [
        ({}, ["report_without_place"]),
        ({"lon": 113.0, "lat": 40.0, "crs": "wgs84"}, ["report_outside"]),
        ({"lon": 40.8012, "lat": 111.7012, "crs": "wgs84"},
         ["report_coordinates_unusable", "report_coordinates_swapped"]),
        ({"building_code": "nowhere"}, ["report_building_unknown"]),
    ],
)  # fmt: skip
def test_without_a_place_in_a_grid_it_is_kept_and_stands_on_the_work_list(
    service: Service, place: dict[str, object], rules: list[str]
) -> None:
    client = service.client("dispatch")
    answer = client.post("/v1/reports", json=body(**place))
    assert answer.status_code == 201
    assignment = answer.json()["assignment"]
    assert (assignment["grid"], assignment["method"]) == (None, "unplaced")
    assert [finding["rule"] for finding in assignment["findings"]] == rules
    listed = client.get("/v1/reports", params={"state": "unplaced"}).json()["reports"]
    assert [each["id"] for each in listed] == [answer.json()["id"]]


def test_a_named_building_decides_and_a_point_elsewhere_is_a_finding(service: Service) -> None:
    client = service.client("dispatch")
    alone = client.post("/v1/reports", json=body(1, building_code=f"{WEST}-00")).json()["assignment"]
    assert (alone["method"], alone["grid"][:12]) == ("building", WEST)
    elsewhere = client.post("/v1/reports", json=body(2, building_code=f"{WEST}-00", **IN_EAST)).json()["assignment"]
    assert elsewhere["grid"] == alone["grid"]
    assert [finding["rule"] for finding in elsewhere["findings"]] == ["report_point_disagrees_with_building"]


def test_a_claimed_grid_is_kept_compared_and_not_followed(service: Service) -> None:
    client = service.client("dispatch")
    west, east = (client.get("/v1/locate", params=place).json()["grid"]["code"] for place in (IN_WEST, IN_EAST))
    sent = body(1, **IN_WEST, grid_code=east, urgency="特急")
    answer = client.post("/v1/reports", json=sent).json()
    assert (answer["grid_code"], answer["urgency"], answer["assignment"]["grid"]) == (east, "特急", west)
    assert [finding["rule"] for finding in answer["assignment"]["findings"]] == ["report_grid_disagrees"]
    assert client.get(f"/v1/reports/{answer['id']}").json()["grid_code"] == east
    agreeing = client.post("/v1/reports", json=body(2, **IN_WEST, grid_code=west)).json()
    assert agreeing["assignment"]["findings"] == []
    alone = client.post("/v1/reports", json=body(3, grid_code=west)).json()["assignment"]
    assert (alone["grid"], alone["method"]) == (None, "unplaced")
    assert [finding["rule"] for finding in alone["findings"]] == ["report_without_place", "report_grid_claimed"]
    unknown = client.post("/v1/reports", json=body(4, grid_code=f"{WEST}999", **IN_WEST)).json()["assignment"]
    assert [finding["rule"] for finding in unknown["findings"]] == ["report_grid_unknown"]


def import_table(service: Service, folder: Path, layer: str, table: str) -> None:
    path = folder / f"{layer}.csv"
    path.write_text(table, encoding="utf-8")
    workflow.import_layer(service.database, ImportRequest(layer, path))


def test_words_alone_give_candidates_with_their_grids_and_no_assignment(service: Service, tmp_path: Path) -> None:
    client = service.client("dispatch")
    with service.database.transaction() as connection:
        connection.execute(text("INSERT INTO gisgrid.estates (code, name) VALUES ('E1', 'E1')"))
        named = "UPDATE gisgrid.buildings SET estate_code = 'E1', name = right(code, 2) || '幢' WHERE code LIKE :west"
        connection.execute(text(named), {"west": f"{WEST}-%"})
    assert client.post("/v1/reports", json=body(0, address="龙凤嘉苑五号楼")).json()["assignment"]["candidates"] == []
    import_table(service, tmp_path, "estates", "code,name\nE1,龙凤嘉苑\n")
    answer = client.post("/v1/reports", json=body(1, text="龙凤嘉苑小区五号楼二单元的灯坏了"))
    schemas.ReportAnswer.model_validate_json(answer.content)
    document = answer.json()
    assignment = document["assignment"]
    assert (document["state"], assignment["grid"], assignment["method"]) == ("unplaced", None, "unplaced")
    best, estate = assignment["candidates"]
    home = client.post("/v1/reports", json=body(2, building_code=f"{WEST}-05")).json()["assignment"]["grid"]
    assert (best["kind"], best["code"], best["name"]) == ("building", f"{WEST}-05", "龙凤嘉苑05幢")
    assert (best["grids"], best["score"], best["field"]) == ([home], 0.9, "text")
    assert (estate["kind"], estate["code"], estate["name"]) == ("estate", "E1", "龙凤嘉苑")
    assert home in estate["grids"]
    assert [finding["rule"] for finding in assignment["findings"]] == [
        "report_without_place",
        "report_place_candidates",
    ]
    listed = client.get("/v1/reports", params={"state": "unplaced"}).json()["reports"]
    assert listed[-1]["assignment"]["candidates"] == assignment["candidates"]
    assert client.post("/v1/reports", json=body(1, text="龙凤嘉苑小区五号楼二单元的灯坏了")).json() == document


def test_an_imported_alias_is_found_at_once(service: Service, tmp_path: Path) -> None:
    client = service.client("dispatch")
    import_table(service, tmp_path, "estates", "code,name\nE1,龙凤嘉苑\n")
    lines = [body(number, address="老纺织厂家属院门口") for number in (1, 2)]
    assert client.post("/v1/reports", json=lines[0]).json()["assignment"]["candidates"] == []
    import_table(service, tmp_path, "aliases", "别名,编码\n老纺织厂家属院,E1\n")
    results = client.post("/v1/reports/batch", json=[lines[1], body(3, **IN_WEST), body(4, text="灯坏了")]).json()
    candidates = [result["report"]["assignment"]["candidates"] for result in results]
    assert [[each["code"] for each in found] for found in candidates] == [["E1"], [], []]
    assert (candidates[0][0]["matched"], candidates[0][0]["name"]) == ("老纺织厂家属院", "龙凤嘉苑")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"source": None}, "/source"),
        ({"source": ""}, "/source"),
        ({"external_id": 7}, "/external_id"),
        ({"text": "a\u0000b"}, "/text"),
        ({"text": "x" * 20_001}, "/text"),
        ({"lon": "111.7", "lat": 40.8, "crs": "wgs84"}, "/lon"),
        ({"lon": 111.7, "crs": "wgs84"}, "/lat"),
        ({"lng": 111.7, "lat": 40.8, "crs": "wgs84"}, "/lng"),
        ({**IN_WEST, "accuracy_m": -1}, "/accuracy_m"),
        ({"urgency": "x" * 51}, "/urgency"),
        ({"grid_code": "99010100100100"}, "/grid_code"),
        ({"reported_at": "yesterday"}, "/reported_at"),
        ({"reported_at": 1777854600}, "/reported_at"),
        ({"target": "street"}, "/target"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_kept(
    service: Service, problem: Problem, change: dict[str, object], pointer: str
) -> None:
    client = service.client("dispatch")
    refused = problem(client.post("/v1/reports", json={**body(), **change}), 422, "invalid_body")
    assert pointer in [fault["pointer"] for fault in refused["errors"]]  # type: ignore[attr-defined]
    assert client.get("/v1/reports").json()["reports"] == []


def test_coordinates_without_a_system_or_with_a_strange_one_are_refused(service: Service, problem: Problem) -> None:
    client = service.client("dispatch")
    problem(client.post("/v1/reports", json=body(lon=111.7, lat=40.8)), 422, "missing_crs")
    problem(client.post("/v1/reports", json=body(lon=111.7, lat=40.8, crs="EPSG:4547")), 422, "unknown_crs")


def test_a_batch_answers_each_line_in_order_and_a_bad_one_takes_no_other_with_it(service: Service) -> None:
    client = service.client("dispatch")
    client.post("/v1/reports", json=body(2, **IN_EAST))
    lines = [
        orjson.dumps(body(1, **IN_WEST)),
        b"{broken",
        orjson.dumps(body(2, **IN_EAST)),
        orjson.dumps(body(2, **IN_WEST)),
        orjson.dumps({**body(3), "lng": 1}),
        orjson.dumps(body(4, lon=111.7, lat=40.8)),
        b'"\\ud800"',
        orjson.dumps(body(1, **IN_WEST)),
    ]
    answer = client.post(
        "/v1/reports/batch", content=b"\n".join(lines) + b"\n\n", headers={"Content-Type": "application/x-ndjson"}
    )
    assert answer.status_code == 200
    results = [orjson.loads(line) for line in answer.content.splitlines()]
    assert [result["status"] for result in results] == [201, 400, 200, 409, 422, 422, 400, 200]
    assert [result.get("code") for result in results] == [
        None, "bad_json", None, "different_report", "invalid_body", "missing_crs", "bad_json", None,
    ]  # fmt: skip
    assert results[0]["report"]["assignment"]["grid"].startswith(WEST)
    assert results[7]["report"] == results[0]["report"]
    array = client.post("/v1/reports/batch", json=[body(1, **IN_WEST), 7, body(5)])
    assert [result["status"] for result in array.json()] == [200, 422, 201]
    assert len(client.get("/v1/reports").json()["reports"]) == 3


def test_ten_thousand_in_one_batch_and_no_more(service: Service, problem: Problem) -> None:
    client = service.client("dispatch")
    batch = [body(number, lon=111.700 + number * 8e-7, lat=40.8012, crs="wgs84") for number in range(10_000)]
    answer = client.post("/v1/reports/batch", json=batch)
    results = answer.json()
    assert [result["report"]["external_id"] for result in results] == [each["external_id"] for each in batch]
    points = {"crs": "wgs84", "points": [[each["lon"], each["lat"]] for each in batch]}
    codes = client.post("/v1/locate", json=points).json()["codes"]
    assert [result["report"]["assignment"]["grid"] for result in results] == codes
    problem(client.post("/v1/reports/batch", json=[*batch, body(10_000)]), 413, "too_large")
    problem(client.post("/v1/reports/batch", json={"reports": []}), 422, "invalid_body")


def test_pages_follow_each_other_and_filters_hold(service: Service, problem: Problem) -> None:
    client = service.client("dispatch")
    batch = [body(number, **(IN_WEST if number % 2 else {})) for number in range(25)]
    client.post("/v1/reports/batch", json=batch)
    seen, cursor = [], None
    while True:
        query = {"limit": 10, **({"cursor": cursor} if cursor else {})}
        page = client.get("/v1/reports", params=query).json()
        schemas.ReportPage.model_validate_json(orjson.dumps(page))
        seen += [each["external_id"] for each in page["reports"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == sorted(str(each["external_id"]) for each in batch)  # one batch: in order of its keys
    grid = client.get("/v1/locate", params=IN_WEST).json()["grid"]["code"]
    assert len(client.get("/v1/reports", params={"grid": grid}).json()["reports"]) == 12
    assert len(client.get("/v1/reports", params={"state": "unplaced"}).json()["reports"]) == 13
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert client.get("/v1/reports", params={"since": later}).json() == {"reports": [], "next": None}
    for query in ("grid=1", "state=lost", "since=now", "limit=0", "limit=1001", "limit=1_0"):
        problem(client.get(f"/v1/reports?{query}"), 422, "invalid_parameters")
    for cursor in ("x", "%00", "LTE", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA"):
        problem(client.get(f"/v1/reports?cursor={cursor}"), 422, "usage")


def test_a_scoped_key_sees_its_grids_and_what_it_filed(service: Service, problem: Problem) -> None:
    whole, east = service.client("dispatch"), service.client("dispatch", "990101002")
    ids = {
        name: whole.post("/v1/reports", json=body(number, **place)).json()["id"]
        for number, (name, place) in enumerate({"west": IN_WEST, "east": IN_EAST, "nowhere": {}}.items())
    }
    own = east.post("/v1/reports", json=body(9, **IN_WEST))
    assert own.status_code == 201  # whose it is is said to whoever takes the call
    seen = {each["id"] for each in east.get("/v1/reports").json()["reports"]}
    assert seen == {ids["east"], own.json()["id"]}
    assert east.get(f"/v1/reports/{ids['east']}").status_code == 200
    assert east.get(f"/v1/reports/{own.json()['id']}").status_code == 200
    problem(east.get(f"/v1/reports/{ids['west']}"), 403, "forbidden")
    problem(east.get(f"/v1/reports/{ids['nowhere']}"), 403, "forbidden")
    problem(east.get("/v1/reports/999999"), 404, "not_found")
    assert {each["assignment"]["grid"][:12] for each in east.get("/v1/reports").json()["reports"]} == {WEST, EAST}


@pytest.mark.parametrize("report_id", ["0", "x", "-1", "9" * 40, "%00", "1%0A", "1.0"])
def test_an_id_that_is_none_is_not_found(service: Service, problem: Problem, report_id: str) -> None:
    problem(service.client("dispatch").get(f"/v1/reports/{report_id}"), 404, "not_found")
