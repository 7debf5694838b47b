"""Every route has a rule, and every rule holds: each role, each scope, with and without a key."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter
from served_town import EAST, STREETS, WEST, Service, serving

from api import access
from api.main import create_app
from api.server import run
from gisgrid.errors import UsageError
from gisgrid.model import ROLES, Role
from gisgrid.settings import Settings
from gisgrid.store import keys
from gisgrid.store.database import Database

Problem = Callable[[httpx.Response, int, str], dict[str, object]]
RULED = sorted(access.ACCESS.items())
CLOSED = [(route, rule) for route, rule in RULED if rule.roles is not None]
NAMES = [" ".join(route) for route, _ in CLOSED]

WHO_MAY: dict[str, str] = {
    # method and path: the roles that may, spelled out a second time by hand, so that a slip in the table shows.
    "GET /": "viewer dispatch planner reviewer admin",
    "GET /maps/{code}.pdf": "planner reviewer admin",
    "GET /maps/{code}.html": "viewer dispatch planner reviewer admin",
    "GET /maps/{code}.xlsx": "planner reviewer admin",
    "GET /planner/": "planner reviewer admin",
    "GET /planner/{plan_id}": "planner reviewer admin",
    "GET /metrics": "viewer dispatch planner reviewer admin",
    "GET /v1/locate": "viewer dispatch planner reviewer admin",
    "POST /v1/locate": "viewer dispatch planner reviewer admin",
    "GET /v1/divisions": "viewer dispatch planner reviewer admin",
    "GET /v1/grids": "viewer dispatch planner reviewer admin",
    "GET /v1/editions": "viewer dispatch planner reviewer admin",
    "GET /v1/buildings": "planner reviewer admin",
    "POST /v1/reports": "dispatch admin",
    "POST /v1/reports/batch": "dispatch admin",
    "GET /v1/reports": "dispatch admin",
    "GET /v1/reports/{report_id}": "dispatch admin",
    "GET /v1/sources": "dispatch admin",
    "GET /v1/feed": "dispatch admin",
    "POST /v1/reports/{report_id}/events": "dispatch admin",
    "GET /v1/webhooks": "admin",
    "POST /v1/webhooks": "admin",
    "GET /v1/webhooks/{webhook_id}": "admin",
    "DELETE /v1/webhooks/{webhook_id}": "admin",
    "POST /v1/webhooks/{webhook_id}/secret": "admin",
    "POST /v1/webhooks/{webhook_id}/enable": "admin",
    "GET /v1/webhooks/{webhook_id}/deliveries": "admin",
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/retry": "admin",
    "GET /v1/plans": "planner reviewer admin",
    "POST /v1/plans": "planner admin",
    "POST /v1/plans/import": "planner admin",
    "GET /v1/plans/{plan_id}": "planner reviewer admin",
    "GET /v1/plans/{plan_id}/grids": "planner reviewer admin",
    "GET /v1/plans/{plan_id}/buildings": "planner reviewer admin",
    "GET /v1/plans/{plan_id}/compare": "planner reviewer admin",
    "GET /v1/plans/{plan_id}/comments": "viewer dispatch planner reviewer admin",
    "POST /v1/plans/{plan_id}/comments": "planner reviewer admin",
    "GET /v1/plans/{plan_id}/history": "planner reviewer admin",
    "GET /v1/plans/{plan_id}/micro-grids": "planner reviewer admin",
    "POST /v1/plans/{plan_id}/micro-grids": "planner admin",
    "GET /v1/plans/{plan_id}/board": "planner reviewer admin",
    "GET /v1/plans/{plan_id}/changes.csv": "planner reviewer admin",
    "GET /v1/plans/{plan_id}/changes.xlsx": "planner reviewer admin",
    "GET /v1/plans/{plan_id}/explanations": "planner reviewer admin",
    "POST /v1/plans/{plan_id}/preview": "planner reviewer admin",
    "POST /v1/plans/{plan_id}/suggestions": "planner reviewer admin",
    "GET /v1/plans/{plan_id}/edits": "planner reviewer admin",
    "POST /v1/plans/{plan_id}/edits": "planner admin",
    "POST /v1/plans/{plan_id}/repair": "planner admin",
    "POST /v1/plans/{plan_id}/undo": "planner admin",
    "POST /v1/plans/{plan_id}/redo": "planner admin",
    "POST /v1/plans/{plan_id}/submit": "planner admin",
    "POST /v1/plans/{plan_id}/reopen": "planner admin",
    "POST /v1/plans/{plan_id}/approve": "reviewer admin",
    "POST /v1/plans/{plan_id}/reject": "reviewer admin",
    "POST /v1/plans/{plan_id}/publish": "reviewer admin",
    "POST /v1/plans/{plan_id}/withdraw": "reviewer admin",
    "POST /open311/v2/requests.{format}": "dispatch admin",
    "GET /open311/v2/requests.{format}": "dispatch admin",
    "GET /open311/v2/requests/{report_id}.{format}": "dispatch admin",
    "GET /open311/v2/tokens/{report_id}.{format}": "dispatch admin",
    "GET /point/4326/{lon},{lat}": "viewer dispatch planner reviewer admin",
    "GET /point/4326/{lon},{lat}.json": "viewer dispatch planner reviewer admin",
}
OPEN311 = "/open311/v2/"


SOUND = {"format": "json", "lon": "111.7012", "lat": "40.8012", "webhook_id": "1", "delivery_id": "1"}
"""Members of paths that are about no community; there is no webhook 1."""


def address(method: str, path: str, community: str, **ids: str) -> str:
    """An address of the route that is about this community."""
    filled = re.sub(r"{(\w+)}", lambda found: {"code": community, **SOUND, **ids}[found.group(1)], path)
    if path in ("/v1/grids", "/v1/editions", "/v1/buildings"):
        filled += f"?community={community}"
    if path == "/v1/plans/import":
        filled += f"?community={community}&name=none.geojson&dry_run=true"
    if path == "/v1/locate":
        filled += "?lon=111.7012&lat=40.8012&crs=wgs84" if method == "GET" else ""
    if path.endswith("/compare"):
        filled += f"?with={ids['plan_id']}"
    return filled


def ask(client: httpx.Client, method: str, path: str, community: str, **ids: str) -> httpx.Response:
    """Ask the route with a body that is well formed where it takes one, and empty lists that change nothing."""
    bodies: dict[str, object] = {
        "POST /v1/locate": {"crs": "wgs84", "points": []},
        "POST /v1/reports": {"source": "sweep", "external_id": "1"},
        "POST /v1/reports/batch": [],
        "POST /v1/reports/{report_id}/events": {"type": "reopen"},  # an open report: 409
        "POST /v1/webhooks": {},  # refused after the door: sends nothing
        "POST /v1/plans/{plan_id}/comments": {"words": "sweep"},
        "POST /v1/plans/{plan_id}/reject": {"reason": "sweep"},  # a published plan: 409
        "POST /v1/plans/{plan_id}/preview": {"buildings": [f"{community}-00"], "to": "1"},
        "POST /v1/plans/{plan_id}/suggestions": {"op": "merge", "grid": "1"},
        "POST /v1/plans": {"community": community, "from": "nothing"},  # refused after the door: draws nothing
    }
    filled = address(method, path, community, **ids)
    if (method, path) == ("POST", f"{OPEN311}requests.{{format}}"):
        return client.post(filled, data={"service_code": "other", "address_string": "sweep"})
    if path == "/v1/plans/import":  # a file without a polygon: refused after the door
        empty = b'{"type": "FeatureCollection", "features": []}'
        return client.post(filled, content=empty, headers={"Content-Type": "application/octet-stream"})
    return client.request(method, filled, json=bodies.get(f"{method} {path}"))


def check_refusal(problem: Problem, answer: httpx.Response, status: int, code: str) -> None:
    """Check a refusal in the shape of its address: GeoReport knows 403 only, and no code but the status."""
    if answer.url.path.startswith(OPEN311):
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert (answer.status_code, [each["code"] for each in answer.json()]) == (403, [403])
    else:
        problem(answer, status, code)


@pytest.fixture(scope="module")
def plan_ids(shared_service: Service) -> dict[str, str]:
    """The published plan of each community."""
    found = shared_service.client("admin").get("/v1/plans").json()["plans"]
    return {each["community"]: each["plan"] for each in found}


@pytest.fixture(scope="module")
def report_ids(shared_service: Service) -> dict[str, str]:
    """A report in each community, filed by nobody who asks below."""
    client = shared_service.client("admin")
    return {
        community: client.post(
            "/v1/reports", json={"source": "s", "external_id": community, "building_code": f"{community}-00"}
        ).json()["id"]
        for community in (WEST, EAST)
    }


def test_the_table_says_what_the_list_by_hand_says() -> None:
    table = {" ".join(route): set(rule.roles or ()) for route, rule in CLOSED}
    assert table == {name: set(roles.split()) for name, roles in WHO_MAY.items()}
    assert {" ".join(route) for route, rule in RULED if rule.roles is None} == {
        "GET /health/live", "GET /health/ready", "GET /planner/assets/{version}/{name}", "GET /docs",
        "GET /openapi.json", "GET /login", "POST /login", "POST /logout", "GET /open311/v2/discovery.{format}",
        "GET /open311/v2/services.{format}", "GET /open311/v2/services/{service_code}.{format}",
    }  # fmt: skip


def test_a_route_without_a_rule_or_beside_the_guard_keeps_the_app_from_starting(tmp_path: Path) -> None:
    app = create_app(Settings(None, tmp_path))
    access.require_rules(app)
    unruled = access.guarded_router()
    unruled.get("/v1/secrets")(nothing)
    app.router.routes.extend(unruled.routes)
    with pytest.raises(RuntimeError, match="/v1/secrets"):
        access.require_rules(app)
    app = create_app(Settings(None, tmp_path))
    beside = APIRouter()
    beside.get("/v1/locate")(nothing)
    app.router.routes.extend(beside.routes)
    with pytest.raises(RuntimeError, match="beside the guard"):
        access.require_rules(app)
    app = create_app(Settings(None, tmp_path))
    app.mount("/files", app)
    with pytest.raises(RuntimeError, match="beside the guard"):
        access.require_rules(app)
    app = create_app(Settings(None, tmp_path))
    app.router.routes.pop()
    with pytest.raises(RuntimeError, match="without a route"):
        access.require_rules(app)


def nothing() -> None:
    """A route that does nothing."""


@pytest.mark.parametrize(("route", "rule"), CLOSED, ids=NAMES)
def test_without_a_key_nobody_comes_in(
    shared_service: Service, problem: Problem, plan_ids: dict[str, str], report_ids: dict[str, str],
    route: tuple[str, str], rule: access.Rule,
) -> None:  # fmt: skip
    method, path = route
    ids = {"plan_id": plan_ids[WEST], "report_id": report_ids[WEST]}
    answer = ask(shared_service.client(), method, path, WEST, **ids)
    if rule.page:
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/login?next=%2F")
    else:
        check_refusal(problem, answer, 401, "unauthenticated")
        assert answer.headers.get("www-authenticate", "Bearer").startswith("Bearer")
        assert ("www-authenticate" in answer.headers) == (answer.status_code == 401)
    for secret in ("x", "gg_wrong", "é" * 2000):
        stranger = shared_service.client()
        stranger.headers["Authorization"] = f"Bearer {secret}"
        check_refusal(problem, ask(stranger, method, path, WEST, **ids), 401, "unauthenticated")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("route", "rule"), CLOSED, ids=NAMES)
def test_each_role_may_do_what_its_rule_says_and_nothing_else(
    shared_service: Service, problem: Problem, plan_ids: dict[str, str], report_ids: dict[str, str],
    route: tuple[str, str], rule: access.Rule, role: Role,
) -> None:  # fmt: skip
    method, path = route
    answer = ask(shared_service.client(role), method, path, WEST, plan_id=plan_ids[WEST], report_id=report_ids[WEST])
    if role in (rule.roles or ()):
        # A published plan stays as it is (409), a plan cannot begin from nothing (422): past the door all the same.
        # 428: an edit that does not say which revision it is of got past the door, too.
        assert answer.status_code in (200, 201, 409, 422, 428, *((404,) if "{webhook_id}" in path else ())), answer.text
    else:
        check_refusal(problem, answer, 403, "forbidden")


@pytest.mark.parametrize(("route", "rule"), CLOSED, ids=NAMES)
def test_a_key_of_one_street_does_not_reach_the_other(
    shared_service: Service, problem: Problem, plan_ids: dict[str, str], report_ids: dict[str, str],
    route: tuple[str, str], rule: access.Rule,
) -> None:  # fmt: skip
    method, path = route
    role: Role = "admin"
    client = shared_service.client(role, STREETS[0])

    def asked(community: str) -> httpx.Response:
        return ask(client, method, path, community, plan_id=plan_ids[community], report_id=report_ids[community])

    inside, outside = asked(WEST), asked(EAST)
    match rule.reach:
        case access.Reach.ANYWHERE:
            assert inside.status_code in (200, 201)
            assert outside.status_code in (200, 201)
        case access.Reach.EVERYWHERE:
            problem(inside, 403, "forbidden")
        case access.Reach.FILTERED:
            assert inside.status_code == 200
            assert "990101002" not in inside.text
            assert EAST not in inside.text
        case access.Reach.BODY:
            draw = {"community": EAST, "from": "draw"}
            problem(client.post(path, json=draw), 403, "forbidden")
        case _:
            # 428: an edit that does not say which revision it is of.
            assert inside.status_code in (200, 201, 409, 428), inside.text
            check_refusal(problem, outside, 403, "forbidden")


def test_a_district_key_reaches_its_streets_and_a_community_key_itself_only(shared_service: Service) -> None:
    district, community = shared_service.client("viewer", "990101"), shared_service.client("viewer", WEST)
    assert [district.get(address("GET", "/v1/grids", code)).status_code for code in (WEST, EAST)] == [200, 200]
    assert [community.get(address("GET", "/v1/grids", code)).status_code for code in (WEST, EAST)] == [200, 403]
    assert [each["code"] for each in community.get("/v1/divisions").json()["divisions"]] == [WEST]
    listed = [each["code"] for each in district.get("/v1/divisions").json()["divisions"]]
    assert listed == ["990101", STREETS[0], WEST, STREETS[1], EAST]
    street_map = shared_service.client("viewer", STREETS[0])
    assert street_map.get("/maps/990101.html").status_code == 403
    assert community.get(f"/maps/{STREETS[0]}.html").status_code == 403


def test_a_revoked_key_is_refused_at_the_next_request(service: Service, problem: Problem) -> None:
    client = service.client("viewer")
    assert client.get("/v1/divisions").status_code == 200
    with service.database.transaction() as connection:
        keys.revoke_key(connection, keys.list_keys(connection)[0].id, actor="test")
    problem(client.get("/v1/divisions"), 401, "unauthenticated")


def test_the_answer_to_nowhere_and_to_a_wrong_method_is_a_problem(shared_service: Service, problem: Problem) -> None:
    client = shared_service.client("admin")
    problem(client.get("/v1/nothing"), 404, "not_found")
    problem(client.get("/v1/locate/"), 404, "not_found")
    problem(client.delete("/v1/reports"), 405, "method_not_allowed")
    problem(client.get("/v1/divisions?x=1"), 422, "invalid_parameters")


def test_the_demonstration_asks_no_keys_of_its_own_machine_alone(
    town: Database, tmp_path: Path, problem: Problem
) -> None:
    with serving(Settings(town.url, tmp_path, require_keys=False), town) as demo:
        client = demo.client()
        start = client.get("/")
        assert start.status_code == 200
        assert "演示模式" in start.text
        assert start.headers["x-gisgrid-access"] == "demonstration without keys"
        assert client.get("/v1/plans").status_code == 200
        for host in ("evil.example", "evil.example:8000", "192.168.1.2", ""):
            problem(client.get("/v1/plans", headers={"Host": host}), 403, "forbidden")
        body = {"source": "s", "external_id": "1"}
        problem(client.post("/v1/reports", json=body, headers={"Origin": "http://evil.example"}), 403, "forbidden")
        problem(client.post("/v1/reports", json=body, headers={"Origin": "null"}), 403, "forbidden")
        assert client.post("/v1/reports", json=body, headers={"Origin": demo.url}).status_code == 201


@pytest.mark.parametrize(("host", "workers"), [("0.0.0.0", 1), ("example.org", 1), ("::", 1), ("127.0.0.1", 2)])
def test_nothing_but_this_machine_is_served_without_keys(tmp_path: Path, host: str, workers: int) -> None:
    with pytest.raises(UsageError, match="Without keys"):
        run(Settings(None, tmp_path, require_keys=False), host=host, workers=workers)
