"""Group commit and the way ahead of the router: the same answers, each report once, nobody waits without end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served_town import EAST, WEST, Service
from sqlalchemy import text

from api import intake
from gisgrid import filing
from gisgrid.store import reports

Problem = Callable[[httpx.Response, int, str], dict[str, object]]
BY_THE_ROUTE = {"Content-Type": "application/json; charset=utf-8"}
NUMBERS = count()
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
PLACES = st.one_of(
    st.just({}),
    st.builds(
        lambda lon, lat, crs: {"lon": lon, "lat": lat, "crs": crs},
        st.floats(111.69, 111.72) | st.floats(allow_nan=False, allow_infinity=False),
        st.floats(40.79, 40.81) | st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(["wgs84", "cgcs2000", "gcj02", "bd09"]),
    ),
)
BODIES = st.builds(
    lambda place, more: {name: value for name, value in {**place, **more}.items() if value is not None},
    PLACES,
    st.fixed_dictionaries(
        {
            "category": TEXTS,
            "text": TEXTS,
            "address": TEXTS,
            "accuracy_m": st.none() | st.floats(0, 1_000_000),
            "building_code": st.sampled_from([None, f"{WEST}-01", f"{EAST}-02", "unknown"]),
            "grid_code": st.sampled_from([None, f"{WEST}001", f"{EAST}001", f"{WEST}099"]),
            "urgency": TEXTS,
            "reported_at": st.none()
            | st.floats(-6e8, 4e9).map(lambda at: datetime.fromtimestamp(at, timezone(timedelta(hours=8))).isoformat()),
        }
    ),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
def test_what_is_answered_at_once_is_what_is_kept(shared_service: Service, body: dict[str, Any]) -> None:
    client = _dispatcher(shared_service)
    sent = {"source": "law", "external_id": str(next(NUMBERS)), **body}
    first = client.post("/v1/reports", json=sent)
    together = [client.post("/v1/reports/batch", json=[sent], headers=headers) for headers in ({}, BY_THE_ROUTE)]
    assert together[0].content == together[1].content
    assert {**together[0].headers, "date": ""} == {**together[1].headers, "date": ""}
    if first.status_code == 422:  # a made-up body with a fault of its own; all ways must say the same of it
        assert client.post("/v1/reports", json=sent, headers=BY_THE_ROUTE).content == first.content
        assert together[0].json()[0]["errors"] == first.json()["errors"]
        return
    again = client.post("/v1/reports", json=sent, headers=BY_THE_ROUTE)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert together[0].json() == [{"status": 200, "outcome": "repeated", "report": first.json()}]
    told, told_again = ({**each.headers, "date": ""} for each in (first, again))
    assert told == told_again


def _dispatcher(service: Service) -> httpx.Client:
    if not service.clients:
        service.client("dispatch").get("/v1/locate")  # the key is known from now on
    return service.clients[0]


def test_reports_that_come_together_share_commits_and_each_is_kept_once(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    together = filing.file_together

    def counting(database: Any, directory: Any, submissions: Any) -> Any:
        batches.append(len(submissions))
        return together(database, directory, submissions)

    monkeypatch.setattr(filing, "file_together", counting)
    client = service.client("dispatch")
    answers: dict[str, list[httpx.Response]] = {}

    def send(worker: int) -> None:
        with httpx.Client(base_url=service.url, headers=client.headers, timeout=60) as sending:
            for number in range(20):
                # Every key is sent by two workers at about the same time.
                key = f"{worker // 2}-{number}"
                body = {"source": "together", "external_id": key, "lon": 111.7012, "lat": 40.8012, "crs": "wgs84"}
                answers.setdefault(key, []).append(sending.post("/v1/reports", json=body))

    client.get("/v1/locate")
    threads = [threading.Thread(target=send, args=(worker,)) for worker in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 160
    for pair in answers.values():
        assert sorted(answer.status_code for answer in pair) == [200, 201]
        assert pair[0].content == pair[1].content
    assert max(batches) > 1
    with service.database.transaction() as connection:
        kept = reports.list_reports(connection, reports.ReportFilter(), limit=1000)
    assert sorted(record.report.external_id for record in kept) == sorted(answers)


def test_one_with_another_content_takes_no_other_with_it(service: Service, problem: Problem) -> None:
    client = service.client("dispatch")
    body = {"source": "a", "external_id": "1", "text": "路灯不亮"}
    assert client.post("/v1/reports", json=body).status_code == 201
    problem(client.post("/v1/reports", json={**body, "text": "另一件事"}), 409, "different_report")


def test_too_many_that_wait_are_told_to_come_again_and_those_that_wait_are_kept(
    service: Service, problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "WAITING_LIMIT", 3)
    monkeypatch.setattr(intake, "BATCH_LIMIT", 1)
    client = service.client("dispatch")
    client.get("/v1/locate")
    answers: list[httpx.Response] = []

    def send(number: int) -> None:
        answers.append(client.post("/v1/reports", json={"source": "flood", "external_id": str(number)}))

    with service.database.transaction() as connection:
        connection.execute(text("SET LOCAL ROLE NONE"))
        connection.execute(text("LOCK TABLE gisgrid.reports IN SHARE MODE"))  # nobody writes until this ends
        threads = [threading.Thread(target=send, args=(number,)) for number in range(5)]
        for thread in threads:
            thread.start()
            time.sleep(0.1)
        refused = client.post("/v1/reports", json={"source": "flood", "external_id": "9"})
    for thread in threads:
        thread.join()
    problem(refused, 503, "overloaded")
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert [answer.status_code for answer in answers] == [201] * 5
    assert client.post("/v1/reports", json={"source": "flood", "external_id": "9"}).status_code == 201


def test_batches_that_wait_are_bounded_by_their_bytes(
    service: Service, problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "BATCHES_LIMIT_BYTES", 150)
    client = service.client("dispatch")
    client.get("/v1/locate")
    answers: list[httpx.Response] = []

    def send(number: int) -> None:
        answers.append(client.post("/v1/reports/batch", json=[{"source": "flood", "external_id": f"{number}" * 50}]))

    with service.database.transaction() as connection:
        connection.execute(text("SET LOCAL ROLE NONE"))
        connection.execute(text("LOCK TABLE gisgrid.reports IN SHARE MODE"))  # nobody writes until this ends
        waiting = threading.Thread(target=send, args=(1,))
        waiting.start()
        time.sleep(0.3)
        refused = client.post("/v1/reports/batch", json=[{"source": "flood", "external_id": "2" * 50}])
    waiting.join()
    problem(refused, 503, "overloaded")
    assert answers[0].json()[0]["status"] == 201
    send(3)
    assert answers[1].json()[0]["status"] == 201


@pytest.mark.parametrize("path", ["/v1/reports", "/v1/reports/batch"])
def test_who_leaves_before_the_body_is_whole_is_no_fault_of_the_service(shared_service: Service, path: str) -> None:
    client, viewer = _dispatcher(shared_service), shared_service.client("viewer")
    address = urlsplit(shared_service.url)
    with socket.create_connection((address.hostname, address.port)) as leaving:
        key = client.headers["authorization"]
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Type: application/json\r\n"
        leaving.sendall(f'{head}Content-Length: 900\r\n\r\n{{"source":'.encode())
        time.sleep(0.1)
    expected = f'gisgrid_http_requests_total{{method="POST",route="{path}",status="400"}} 1.0'
    deadline = time.monotonic() + 10
    while expected not in viewer.get("/metrics").text:
        assert time.monotonic() < deadline, viewer.get("/metrics").text
        time.sleep(0.05)
