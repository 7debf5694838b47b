"""Lookups from memory: in step with the database within a second, and answered while it is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import databases
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served_town import EAST, WEST, Service, plan_id
from sqlalchemy import text

from gisgrid import workflow
from gisgrid.directory import GridDirectory
from gisgrid.in_force import Answer
from gisgrid.model import DrawSettings
from gisgrid.store import keys

WITHIN_S = 1.0
POINT = {"lon": 111.7012, "lat": 40.8012, "crs": "wgs84"}


def told_within_a_second(ask: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        if ask():
            return True
        time.sleep(0.01)
    return ask()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lon=st.floats(111.698, 111.71).map(lambda degrees: round(degrees, 6)),
    lat=st.floats(40.798, 40.805).map(lambda degrees: round(degrees, 6)),
    crs=st.sampled_from(["wgs84", "cgcs2000", "gcj02", "bd09"]),
    order=st.permutations(["lon", "lat", "crs"]),
)
def test_the_front_answers_as_the_route_does(
    shared_service: Service, lon: float, lat: float, crs: str, order: list[str]
) -> None:
    client = _kept_client(shared_service)
    given_parameters = {"lon": str(lon), "lat": str(lat), "crs": crs}
    plain = client.get("/v1/locate", params={name: given_parameters[name] for name in order})
    # An accuracy of nothing changes no answer, but it is not the plain question: this one passes by the route.
    routed = client.get("/v1/locate", params=given_parameters | {"accuracy_m": "0"})
    assert plain.status_code == routed.status_code == 200
    assert plain.content == routed.content
    told = {name: value for name, value in plain.headers.items() if name != "date"}
    assert told == {name: value for name, value in routed.headers.items() if name != "date"}


def _kept_client(service: Service) -> httpx.Client:
    return service.clients[0] if service.clients else service.client("viewer")


def test_the_front_answers_on_the_event_loop_and_hands_on_what_is_not_plain(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_on: list[str] = []
    locate = GridDirectory.locate

    def noting(self: GridDirectory, *arguments: Any, **options: Any) -> Answer:
        asked_on.append(threading.current_thread().name)
        return locate(self, *arguments, **options)

    monkeypatch.setattr(GridDirectory, "locate", noting)
    client = service.client("viewer")
    for query in ("lon=111.7012&lat=40.8012&crs=wgs84",) * 2 + ("crs=WGS-84&lon=111.7012&lat=40.8012",):
        assert client.get(f"/v1/locate?{query}").json()["method"] == "inside"
    first, second, spelled_otherwise = asked_on
    assert first.startswith("AnyIO")  # the key is new: the guard asks the database
    assert not second.startswith("AnyIO")
    assert spelled_otherwise.startswith("AnyIO")


def test_a_revoked_key_opens_nothing_after_a_second(service: Service) -> None:
    client = service.client("viewer")
    assert [client.get("/v1/locate", params=POINT).status_code for _ in range(3)] == [200] * 3
    with service.database.transaction() as connection:
        newest = keys.list_keys(connection)[-1]
        keys.revoke_key(connection, newest.id, actor="test")
    assert told_within_a_second(lambda: client.get("/v1/locate", params=POINT).status_code == 401)


def test_a_publication_elsewhere_is_told_within_a_second_and_no_answer_is_a_mixture(service: Service) -> None:
    client = service.client("viewer")
    before = client.get("/v1/locate", params=POINT).json()["edition"]["id"]
    drawn = workflow.draw_plans(service.database, [WEST], DrawSettings(seed=1))[0]
    seen: list[str] = []
    failed: list[httpx.Response] = []
    over = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=service.url, headers=client.headers) as asking:
            while not over.is_set():
                answer = asking.get("/v1/locate", params=POINT)
                if answer.status_code != 200:
                    failed.append(answer)
                else:
                    seen.append(answer.json()["edition"]["id"])

    thread = threading.Thread(target=ask)
    thread.start()
    published = workflow.publish_plan(service.database, plan_id(drawn), actor="test", from_draft=True)
    assert told_within_a_second(lambda: bool(seen) and seen[-1] == published.id)
    over.set()
    thread.join()
    assert not failed
    assert set(seen) <= {before, published.id}
    assert seen == sorted(seen, key=lambda edition: edition == published.id)  # never back to the old one


def test_a_changed_post_and_a_renamed_division_are_told_within_a_second(service: Service) -> None:
    client = service.client("viewer")
    found = client.get("/v1/locate", params=POINT).json()
    with service.database.transaction() as connection:
        connection.execute(text("UPDATE gisgrid.divisions SET name = '新名社区' WHERE code = :code"), {"code": WEST})
        connection.execute(
            text("INSERT INTO gisgrid.posts (grid_code, role, name) VALUES (:grid, '网格长', '网格长乙')"),
            {"grid": found["grid"]["code"]},
        )

    def told() -> bool:
        now = client.get("/v1/locate", params=POINT).json()
        return now["grid"]["community"]["name"] == "新名社区" and any(p["role"] == "网格长" for p in now["posts"])

    assert told_within_a_second(told)


def test_a_post_that_ended_or_has_not_begun_is_not_told(service: Service) -> None:
    client = service.client("viewer")
    grid = client.get("/v1/locate", params=POINT).json()["grid"]["code"]
    insert = text(
        "INSERT INTO gisgrid.posts (grid_code, role, name, valid) VALUES (:grid, '值班', :name,"
        " tstzrange(now() + CAST(:begin AS interval), now() + CAST(:end AS interval)))"
    )
    held = (("昨日", "-2 days", "-1 day"), ("明日", "1 day", "2 days"), ("今日", "-1 day", "1 day"))
    with service.database.transaction() as connection:
        for name, begin, end in held:
            connection.execute(insert, {"grid": grid, "name": name, "begin": begin, "end": end})

    def names() -> list[str]:
        return [
            post["name"] for post in client.get("/v1/locate", params=POINT).json()["posts"] if post["role"] == "值班"
        ]

    assert told_within_a_second(lambda: names() != [])
    assert names() == ["今日"]


def test_while_the_database_is_away_known_callers_get_their_lookups_from_memory(service: Service) -> None:
    known, stranger, hotline = service.client("viewer"), service.client("viewer"), service.client("dispatch")
    expected = known.get("/v1/locate", params=POINT)
    assert hotline.get("/v1/reports").status_code == 200
    assert "age" not in expected.headers
    many = {"crs": "wgs84", "points": [[111.7012, 40.8012], [111.7062, 40.8012]]}
    service.database.close()
    with databases.taken_away(service.database.url):
        for _ in range(30):  # also while the service has not noticed yet
            assert known.get("/v1/locate", params=POINT).content == expected.content
            assert known.get("/v1/locate", params={**POINT, "accuracy_m": 0}).content == expected.content
        codes = known.post("/v1/locate", json=many).json()["codes"]
        assert [code[:12] for code in codes] == [WEST, EAST]
        assert told_within_a_second(lambda: "database" in known.get("/health/ready").json()["checks"])
        time.sleep(2.0)
        aged = known.get("/v1/locate", params=POINT)
        assert (aged.status_code, int(aged.headers["age"]) >= 2) == (200, True)
        assert int(known.post("/v1/locate", json=many).headers["age"]) >= 2
        unknown = stranger.get("/v1/locate", params=POINT)
        assert (unknown.status_code, unknown.json()["code"]) == (503, "database_unavailable")
        past = known.get("/v1/locate", params={**POINT, "at": datetime.now(UTC).isoformat()})
        assert past.status_code == 503
        assert hotline.post("/v1/reports", json={"source": "a", "external_id": "1"}).status_code == 503
        everything, lookup = (known.get("/health/ready", params={"for": each}) for each in ("everything", "lookup"))
        assert (everything.status_code, lookup.status_code) == (503, 200)
        assert everything.json()["checks"]["database"] == "database_unavailable"
        assert everything.json()["checks"]["grids_confirmed_s_ago"] >= 2
    assert told_within_a_second(lambda: "age" not in known.get("/v1/locate", params=POINT).headers)
    assert stranger.get("/v1/locate", params=POINT).status_code == 200
