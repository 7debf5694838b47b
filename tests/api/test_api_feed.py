"""`/v1/feed` over a real server: in order, within scope, waiting when asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import httpx
import orjson
import pytest
from served_town import EAST, STREETS, WEST, Service
from test_api_reports import IN_EAST, IN_WEST, body

from api import feed_schemas

Problem = Callable[[httpx.Response, int, str], dict[str, object]]


def follow(client: httpx.Client, after: str | None = None, limit: int = 100) -> tuple[list[dict[str, object]], str]:
    """Everything behind a cursor, page by page, and the cursor to go on with."""
    found = []
    while True:
        answer = client.get("/v1/feed", params={"limit": limit, **({"after": after} if after else {})})
        assert answer.status_code == 200, answer.text
        feed_schemas.FeedPageOut.model_validate_json(answer.content)
        page = answer.json()
        found += page["events"]
        after = page["next"]
        if not page["more"]:
            return found, str(after)


def test_what_happened_is_told_in_order_and_reading_goes_on_where_it_stopped(service: Service) -> None:
    client = service.client("dispatch")
    published, cursor = follow(client)
    assert [(each["type"], each["community"]) for each in published] == [
        ("edition.published", WEST),
        ("edition.published", EAST),
    ]
    report = client.post("/v1/reports", json=body(**IN_WEST)).json()
    events, end = follow(client, cursor)
    assert len(events) == 1
    assert events[0] == {
        "id": "3",
        "type": "report.received",
        "at": events[0]["at"],
        "report": report["id"],
        "source": "12345",
        "external_id": "A-1",
        "grid": report["assignment"]["grid"],
        "state": "assigned",
        "details": {"state": "assigned", "grid": report["assignment"]["grid"], "method": "inside"},
    }
    assert "路灯" not in orjson.dumps(events).decode()
    assert follow(client, end) == ([], end)
    everything, _ = follow(client, limit=1)
    assert everything == published + events


def test_a_scoped_key_is_told_of_its_scope_and_the_cursor_goes_past_the_rest(service: Service) -> None:
    whole, east = service.client("dispatch"), service.client("dispatch", "990101002")
    batch = [body(number, **(IN_EAST if number == 3 else IN_WEST)) for number in range(8)]
    whole.post("/v1/reports/batch", json=batch)
    own = east.post("/v1/reports", json=body(9, **IN_WEST)).json()["id"]
    events, end = follow(east, limit=2)
    assert [(each["type"], each.get("community"), each.get("external_id")) for each in events] == [
        ("edition.published", EAST, None),
        ("report.received", None, "A-3"),
        ("report.received", None, "A-9"),
    ]
    assert events[-1]["report"] == own
    assert follow(whole, end) == ([], end)


def test_a_report_that_goes_elsewhere_is_told_where_it_left_and_where_it_went(service: Service) -> None:
    whole, west, east = (service.client("dispatch", scope) for scope in (None, *STREETS))
    report = whole.post("/v1/reports", json=body(**IN_WEST)).json()
    grid = whole.get("/v1/locate", params=IN_EAST).json()["grid"]["code"]
    steps = [
        {"type": "accept"},
        {"type": "reassign", "note": "不属本社区", "grid": grid},
        {"type": "note", "note": "已联系"},
    ]
    for step in steps:
        answer = whole.post(f"/v1/reports/{report['id']}/events", json=step)
        assert answer.status_code < 300, answer.text
    here = report["assignment"]["grid"]
    events = [
        ("report.received", here, "assigned"),
        ("report.accept", here, "accepted"),
        ("report.reassign", grid, "assigned"),
        ("report.note", grid, "assigned"),
    ]

    def told(client: httpx.Client) -> list[tuple[object, ...]]:
        return [(each["type"], each["grid"], each["state"]) for each in follow(client)[0] if "report" in each]

    assert told(whole) == events
    assert told(west) == events[:3]
    assert told(east) == events[2:]
    assert "已联系" not in whole.get("/v1/feed").text


def test_who_waits_is_answered_when_something_happens_and_else_when_the_time_is_over(service: Service) -> None:
    client = service.client("dispatch")
    _, cursor = follow(client)
    waiting = {"after": cursor, "wait": 15}
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(client.get("/v1/feed", params=waiting)))
    thread.start()
    time.sleep(1)
    assert answers == []
    service.client("dispatch").post("/v1/reports", json=body(**IN_WEST))
    thread.join(12)
    assert [event["type"] for event in answers[0].json()["events"]] == ["report.received"]
    page = client.get("/v1/feed", params={"after": answers[0].json()["next"], "wait": 1}).json()
    assert page == {"events": [], "next": answers[0].json()["next"], "more": False}


def test_who_waits_is_not_woken_by_what_it_may_not_see(service: Service) -> None:
    east = service.client("dispatch", "990101002")
    _, cursor = follow(east)
    answers: list[httpx.Response] = []
    waiting = {"after": cursor, "wait": 2}
    thread = threading.Thread(target=lambda: answers.append(east.get("/v1/feed", params=waiting)))
    thread.start()
    service.client("dispatch").post("/v1/reports", json=body(**IN_WEST))
    thread.join(20)
    page = answers[0].json()
    assert (page["events"], page["more"]) == ([], False)
    assert page["next"] != cursor


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "wait=21", "wait=-1", "wait=1.5", "since=1"])
def test_wrong_parameters_are_refused(service: Service, problem: Problem, query: str) -> None:
    problem(service.client("dispatch").get(f"/v1/feed?{query}"), 422, "invalid_parameters")


def test_a_cursor_that_is_none_or_of_another_database_is_refused(service: Service, problem: Problem) -> None:
    client = service.client("dispatch")
    problem(client.get("/v1/feed?after=x"), 422, "usage")
    refused = problem(client.get("/v1/feed?after=OTk5OQ"), 409, "conflict")
    assert "begin again" in str(refused["detail"])


def test_those_who_may_not_read_reports_may_not_follow_them(service: Service, problem: Problem) -> None:
    for role in ("viewer", "planner", "reviewer"):
        problem(service.client(role).get("/v1/feed"), 403, "forbidden")  # type: ignore[arg-type]
    problem(service.client().get("/v1/feed"), 401, "unauthenticated")
