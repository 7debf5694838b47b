"""`/v1/webhooks` over a real server: what happens reaches a real destination, signed, by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families
from receiver import Receiver, receiving, verify
from served_town import EAST, Service, serving
from test_api_reports import IN_EAST, IN_WEST, body

from api import feed_schemas
from gisgrid.settings import Settings
from gisgrid.store.database import Database

Problem = Callable[[httpx.Response, int, str], dict[str, object]]
Answer = TypeVar("Answer")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def trial(town: Database, tmp_path: Path) -> Iterator[Service]:
    """The town, served with webhooks that may go to this machine."""
    with serving(Settings(town.url, tmp_path, webhooks_to_loopback=True), town) as running:
        yield running


def test_what_happens_is_sent_within_the_scope_and_what_fails_waits_to_be_sent_again(
    trial: Service, receiver: Receiver, problem: Problem
) -> None:
    admin, hotline = trial.client("admin"), trial.client("dispatch")
    made = admin.post("/v1/webhooks", json={"url": receiver.url, "scope": "990101002", "types": ["report.received"]})
    assert made.status_code == 201, made.text
    feed_schemas.WebhookWithSecret.model_validate_json(made.content)
    document = made.json()
    secret, address = document.pop("secret"), made.headers["location"]
    assert (document["state"], document["scope"], document["behind"]) == ("active", "990101002", 0)
    assert admin.get(address).json() | {"behind": 0} == document
    (listed,) = admin.get("/v1/webhooks").json()["webhooks"]
    assert listed | {"behind": 0} == document  # what happens meanwhile may be on its way

    hotline.post("/v1/reports/batch", json=[body(1, **IN_WEST), body(2, **IN_EAST), body(3)])
    receiver.wait_for(1)
    message = receiver.messages[0]
    assert verify(message, secret)
    (event,) = [
        each for each in hotline.get("/v1/feed").json()["events"] if each.get("external_id") == "A-2"
    ]  # fmt: skip
    assert message.document == {"type": event.pop("type"), "timestamp": event.pop("at"), "data": event}
    assert str(event["grid"]).startswith(EAST)

    receiver.answers = lambda _: 500
    hotline.post("/v1/reports", json=body(4, **IN_EAST))
    receiver.wait_for(2)
    waiting = until(lambda: [each for each in deliveries(admin, address) if each["attempts"] == 1])
    assert (waiting[0]["state"], waiting[0]["status"], waiting[0]["type"]) == ("waiting", 500, "report.received")
    assert deliveries(admin, address, state="dead") == []
    assert admin.get(address).json()["state"] == "failing"
    receiver.answers = lambda _: 204
    retried = admin.post(f"{address}/deliveries/{waiting[0]['id']}/retry")
    assert (retried.status_code, retried.json()["attempts"]) == (200, 0)
    receiver.wait_for(3)
    assert receiver.messages[1].id == receiver.messages[2].id
    until(lambda: deliveries(admin, address) == [])
    until(lambda: figure(admin, "gisgrid_webhook_attempts_total", outcome="delivered") == 2)
    assert figure(admin, "gisgrid_webhook_attempts_total", outcome="failed") == 1
    names = ("deliveries_waiting", "deliveries_dead", "events_behind")
    assert [figure(admin, f"gisgrid_webhook_{name}", webhook=str(document["id"])) for name in names] == [0, 0, 0]
    newest = int(hotline.get("/v1/feed").json()["events"][-1]["id"])
    assert figure(admin, "gisgrid_feed_position") == newest
    assert figure(admin, "gisgrid_feed_unnumbered_events") == 0

    rotated = admin.post(f"{address}/secret").json()["secret"]
    hotline.post("/v1/reports", json=body(5, **IN_EAST))
    receiver.wait_for(4)
    assert rotated != secret
    assert verify(receiver.messages[3], secret)
    assert verify(receiver.messages[3], rotated)
    assert all(secret not in admin.get(path).text for path in ("/v1/webhooks", address))

    assert admin.delete(address).status_code == 204
    problem(admin.get(address), 404, "not_found")
    hotline.post("/v1/reports", json=body(6, **IN_EAST))
    time.sleep(2)
    assert len(receiver.messages) == 4


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"url": "http://example.com/"}, "usage"),
        ({"url": "https://127.0.0.1/"}, "usage"),
        ({"url": "https://user:hunter2@example.com/"}, "usage"),
        ({"url": ""}, "invalid_body"),
        ({}, "invalid_body"),
        ({"url": "https://example.com/", "secret": "mine"}, "invalid_body"),
        ({"url": "https://example.com/", "types": []}, "invalid_body"),
        ({"url": "https://example.com/", "types": ["anything"]}, "invalid_body"),
        ({"url": "https://example.com/", "scope": 990101}, "invalid_body"),
    ],
)
def test_a_wrong_destination_is_refused(
    shared_service: Service, problem: Problem, wrong: dict[str, object], code: str
) -> None:
    refused = problem(shared_service.client("admin").post("/v1/webhooks", json=wrong), 422, code)
    assert "hunter2" not in orjson.dumps(refused).decode()


def test_a_scope_or_an_id_that_is_none_is_not_found(shared_service: Service, problem: Problem) -> None:
    admin = shared_service.client("admin")
    unknown = {"url": "https://example.com/", "scope": "110101"}
    problem(admin.post("/v1/webhooks", json=unknown), 404, "not_found")
    for path in ("7", "x", "9" * 40):
        problem(admin.get(f"/v1/webhooks/{path}"), 404, "not_found")
        problem(admin.delete(f"/v1/webhooks/{path}"), 404, "not_found")
        problem(admin.post(f"/v1/webhooks/{path}/secret"), 404, "not_found")
        problem(admin.post(f"/v1/webhooks/{path}/enable"), 404, "not_found")
        problem(admin.get(f"/v1/webhooks/{path}/deliveries"), 404, "not_found")
        problem(admin.post(f"/v1/webhooks/{path}/deliveries/1/retry"), 404, "not_found")


def test_only_who_may_see_everything_decides_where_it_goes(shared_service: Service, problem: Problem) -> None:
    for client in (shared_service.client("dispatch"), shared_service.client("admin", "990101002")):
        problem(client.get("/v1/webhooks"), 403, "forbidden")


def deliveries(client: httpx.Client, address: str, **query: str) -> list[dict[str, object]]:
    answer = client.get(f"{address}/deliveries", params=query)
    feed_schemas.DeliveryPage.model_validate_json(answer.content)
    return list(answer.json()["deliveries"])


def figure(client: httpx.Client, name: str, **labels: str) -> float:
    """Return one figure of those that Prometheus reads."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = [each for family in families for each in family.samples]
    (value,) = [each.value for each in samples if each.name == name and each.labels == labels]
    return value


def until(found: Callable[[], Answer], within_s: float = 20) -> Answer:
    """What a question answers as soon as it is not empty or false."""
    end = time.monotonic() + within_s
    while not (answer := found()) and time.monotonic() < end:
        time.sleep(0.1)
    assert answer
    return answer
