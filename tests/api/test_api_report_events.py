"""`POST /v1/reports/{id}/events` over a real server: who may do what to a report, once, and what it answers."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from served_town import EAST, WEST, Service
from sqlalchemy import text

from api import schemas

Problem = Callable[[httpx.Response, int, str], dict[str, object]]
IN_WEST = {"lon": 111.7012, "lat": 40.8012, "crs": "wgs84"}


def filed(client: httpx.Client, number: int = 1, **place: object) -> str:
    answer = client.post("/v1/reports", json={"source": "12345", "external_id": f"A-{number}", **place})
    assert answer.status_code == 201
    return f"/v1/reports/{answer.json()['id']}"


def test_an_event_answers_the_report_with_its_history(service: Service, problem: Problem) -> None:
    client = service.client("dispatch")
    report = filed(client, **IN_WEST)
    answer = client.post(f"{report}/events", json={"type": "accept", "event_id": "e-1"})
    assert answer.status_code == 201
    schemas.ReportWithHistory.model_validate_json(answer.content)
    assert answer.json() == client.get(report).json()
    assert answer.json()["state"] == "accepted"
    assert [event["type"] for event in answer.json()["history"]] == ["received", "accept"]
    assert client.post(f"{report}/events", json={"type": "accept", "event_id": "e-1"}).status_code == 200
    refused = problem(client.post(f"{report}/events", json={"type": "accept"}), 409, "report_state")
    assert "accepted 处理中" in str(refused["detail"])
    assert "close 办结" in str(refused["detail"])
    problem(client.post(f"{report}/events", json={"type": "close", "event_id": "e-1"}), 409, "different_event")
    problem(client.post("/v1/reports/999999/events", json={"type": "accept"}), 404, "not_found")


def test_the_work_list_empties_as_reports_find_their_grids(service: Service) -> None:
    client = service.client("dispatch")
    first, second = filed(client, 1), filed(client, 2, **IN_WEST)

    def listed(query: str) -> list[str]:
        return [f"/v1/reports/{each['id']}" for each in client.get(f"/v1/reports?{query}").json()["reports"]]

    assert (listed("state=unplaced"), listed("open=true")) == ([first], [first, second])
    answer = client.post(
        f"{first}/events", json={"type": "reassign", "note": "电话核实", "building_code": f"{WEST}-00"}
    )
    assert answer.json()["assignment"]["building"] == f"{WEST}-00"
    assert answer.json()["assignment"]["grid"].startswith(WEST)
    client.post(f"{second}/events", json={"type": "return", "note": "不在本网格"})
    assert (listed("state=unplaced"), listed("state=returned")) == ([], [second])
    client.post(f"{first}/events", json={"type": "close"})
    assert (listed("open=true"), listed("open=false"), listed("open=false&state=returned")) == ([second], [first], [])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/type"),
        ({"type": "lose"}, "/type"),
        ({"type": "received"}, "/type"),
        ({"type": "return"}, "/note"),
        ({"type": "reassign", "grid": f"{WEST}001"}, "/note"),
        ({"type": "note", "note": "x" * 2_001}, "/note"),
        ({"type": "note", "note": "a\u0000"}, "/note"),
        ({"type": "accept", "grid": f"{WEST}001"}, "/grid"),
        ({"type": "accept", "reason": "x"}, "/reason"),
        ({"type": "accept", "event_id": 7}, "/event_id"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_happens(
    service: Service, problem: Problem, body: dict[str, object], pointer: str
) -> None:
    client = service.client("dispatch")
    report = filed(client, **IN_WEST)
    refused = problem(client.post(f"{report}/events", json=body), 422, "invalid_body")
    assert pointer in [fault["pointer"] for fault in refused["errors"]]  # type: ignore[attr-defined]
    assert len(client.get(report).json()["history"]) == 1


def test_a_scope_handles_its_own_and_returns_what_belongs_elsewhere(service: Service, problem: Problem) -> None:
    whole, west, east = (service.client("dispatch", scope) for scope in (None, "990101001", "990101002"))
    report = filed(whole, **IN_WEST)
    problem(east.post(f"{report}/events", json={"type": "accept"}), 403, "forbidden")
    assert west.post(f"{report}/events", json={"type": "accept"}).status_code == 201
    away = {"type": "reassign", "note": "属东社区", "building_code": f"{EAST}-00"}
    refused = problem(west.post(f"{report}/events", json=away), 403, "forbidden")
    assert "return" in str(refused["detail"])
    assert west.post(f"{report}/events", json={"type": "return", "note": "属东社区"}).status_code == 201
    assert whole.post(f"{report}/events", json=away).json()["assignment"]["grid"].startswith(EAST)
    problem(west.get(report), 403, "forbidden")
    assert east.post(f"{report}/events", json={"type": "accept"}).status_code == 201


def test_a_reassignment_that_leads_nowhere_tells_the_findings(service: Service, problem: Problem) -> None:
    client = service.client("dispatch")
    report = filed(client, **IN_WEST)
    asked = {"type": "reassign", "note": "核实", "grid": f"{WEST}099"}
    refused = problem(client.post(f"{report}/events", json=asked), 409, "refused_data")
    assert [finding["rule"] for finding in refused["findings"]] == ["reassign_grid_unknown"]  # type: ignore[attr-defined]


def test_an_opened_report_names_who_deals_with_it_within_the_scope(service: Service) -> None:
    whole, east = service.client("dispatch"), service.client("dispatch", "990101002")
    with service.database.transaction() as connection:
        connection.execute(
            text("INSERT INTO gisgrid.estates (code, name, property_company) VALUES ('e1', '甲苑', '安居物业'),"
                 " ('e2', '乙苑', '乐业物业'), ('e3', '丙苑', NULL)")
        )  # fmt: skip
        connection.execute(
            text("UPDATE gisgrid.buildings SET estate_code = CASE code WHEN :first THEN 'e1' WHEN :second THEN 'e3'"
                 " ELSE 'e2' END WHERE community_code = :west"),
            {"first": f"{WEST}-00", "second": f"{WEST}-01", "west": WEST},
        )  # fmt: skip

    def opened(number: int, **more: object) -> dict[str, object]:
        return whole.get(filed(whole, number, **more)).json()  # type: ignore[no-any-return]

    first = opened(1, building_code=f"{WEST}-00", target="property")
    assert first["property_company"] == "安居物业"
    assert opened(2, building_code=f"{WEST}-00")["property_company"] is None  # the grid is to deal with it
    several = opened(3, building_code=f"{WEST}-01", target="property")
    shared = several["assignment"]["grid"] == first["assignment"]["grid"]  # type: ignore[index]
    assert several["property_company"] == (None if shared else "乐业物业")  # of two companies none is guessed
    on_duty = [{"role": "网格员", "name": "网格员甲一", "duty_phone": "000-0001"}]
    grid = service.client("dispatch").get(f"/v1/grids?community={WEST}").json()["features"][0]["properties"]["code"]
    report = filed(whole, 4, building_code=f"{WEST}-00")
    given = whole.post(f"{report}/events", json={"type": "reassign", "note": "改派", "grid": grid}).json()
    assert (grid, given["posts"]) == (f"{WEST}001", on_duty)
    own = filed(east, 5, **IN_WEST)
    assert east.get(own).json()["posts"] == []
