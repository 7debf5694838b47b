"""`/v1/plans` and what is in force, over a real server: from drawn to published, with four eyes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import httpx
import pytest
import shapely
from served_town import EAST, WEST, Service
from shapely.geometry import shape

Problem = Callable[[httpx.Response, int, str], dict[str, object]]
DRAW = {"community": WEST, "from": "draw", "seed": 3, "effort": "draft"}


def test_a_plan_is_drawn_submitted_approved_published_and_in_force(service: Service, problem: Problem) -> None:
    planner, reviewer = service.client("planner"), service.client("reviewer")
    drawn = planner.post("/v1/plans", json=DRAW)
    assert drawn.status_code == 201
    plan = drawn.json()
    assert (plan["state"], plan["community"], plan["settings"]["seed"]) == ("draft", WEST, 3)
    assert sum(grid["households"] for grid in plan["grids"]) == 24 * 40
    address = drawn.headers["location"]
    assert planner.get(address).json() == plan

    problem(reviewer.post(f"{address}/approve"), 409, "conflict")  # a draft is not to be approved yet
    problem(reviewer.post(f"{address}/publish"), 409, "conflict")  # nor published, as the command line may
    assert planner.post(f"{address}/submit").json()["state"] == "submitted"
    assert reviewer.post(f"{address}/approve").json()["state"] == "approved"
    before = planner.get("/v1/editions", params={"community": WEST}).json()["editions"]
    published = reviewer.post(f"{address}/publish", json={"accept": ["all"]})
    assert published.status_code == 200, published.text
    edition = published.json()["edition"]
    after = planner.get("/v1/editions", params={"community": WEST}).json()["editions"]
    assert [each["id"] for each in after] == [edition["id"], before[0]["id"]]
    assert datetime.fromisoformat(after[1]["valid_to"]) == datetime.fromisoformat(edition["valid_from"])
    located = planner.get("/v1/locate", params={"lon": 111.7012, "lat": 40.8012, "crs": "wgs84"}).json()
    assert located["edition"]["id"] == edition["id"]  # at once, not some time later
    old = planner.get("/v1/locate", params={"lon": 111.7012, "lat": 40.8012, "crs": "wgs84",
                                            "at": before[0]["valid_from"]}).json()  # fmt: skip
    assert old["edition"]["id"] == before[0]["id"]
    problem(reviewer.post(f"{address}/publish"), 409, "conflict")


def test_who_submitted_a_plan_may_not_approve_it(service: Service, problem: Problem) -> None:
    admin = service.client("admin")
    address = admin.post("/v1/plans", json=DRAW).headers["location"]
    admin.post(f"{address}/submit")
    problem(admin.post(f"{address}/approve"), 409, "conflict")
    rejected = service.client("reviewer").post(f"{address}/reject", json={"reason": "北门归属不清"})
    assert rejected.json()["state"] == "rejected"
    # Sent back, it is taken up again as a draft with all its revisions, and submitted anew.
    reopened = admin.post(f"{address}/reopen").json()
    assert (reopened["state"], reopened["revision"]) == ("draft", 1)
    problem(admin.post(f"{address}/reopen"), 409, "conflict")
    body = {"op": "rename", "grid": reopened["grids"][0]["key"], "name": "榕树网格"}
    assert admin.post(f"{address}/edits", json=body, headers={"If-Match": '"1"'}).status_code == 200
    assert admin.post(f"{address}/submit").json()["state"] == "submitted"


def test_who_sends_a_plan_back_says_why_and_its_planner_reads_it(service: Service, problem: Problem) -> None:
    planner, reviewer = service.client("planner"), service.client("reviewer")
    address = planner.post("/v1/plans", json={**DRAW, "from": "blank"}).headers["location"]
    assert planner.get(f"{address}/history").json()["moves"] == []
    planner.post(f"{address}/submit")
    for body in ({}, {"reason": " \n"}, {"reason": "a\x00"}, {"reason": 1}, {"reason": "字" * 2001}, {"why": "x"}):
        problem(reviewer.post(f"{address}/reject", json=body), 422, "invalid_body")
    assert planner.get(address).json()["state"] == "submitted", "nothing half done"
    why = "<b>北门</b>应归03网格；\n请再改"
    assert reviewer.post(f"{address}/reject", json={"reason": f"  {why}\n"}).json()["state"] == "rejected"
    planner.post(f"{address}/reopen")
    moves = planner.get(f"{address}/history").json()["moves"]
    assert [(each["move"], each["reason"]) for each in moves] == [
        ("submitted", None), ("rejected", why), ("draft", None),
    ]  # fmt: skip
    assert [each["actor"].startswith(("planner", "reviewer")) for each in moves] == [True] * 3
    assert moves[0]["at"] < moves[1]["at"] < moves[2]["at"]
    published = next(each for each in planner.get("/v1/plans").json()["plans"] if each["state"] == "published")
    ended = planner.get(f"/v1/plans/{published['plan']}/history").json()["moves"]
    assert [each["move"] for each in ended] == ["published"]


def test_errors_stand_against_publishing_until_they_are_accepted(service: Service, problem: Problem) -> None:
    planner, reviewer = service.client("planner"), service.client("reviewer")
    impossible = {**DRAW, "min": 900, "target": 920, "max": 950}  # 960 households: one grid is too large, two too small
    address = planner.post("/v1/plans", json=impossible).headers["location"]
    planner.post(f"{address}/submit")
    reviewer.post(f"{address}/approve")
    refused = problem(reviewer.post(f"{address}/publish"), 409, "refused_data")
    rules = {finding["rule"] for finding in refused["findings"]}  # type: ignore[attr-defined]
    assert rules & {"grid_above_band", "grid_below_band"}
    assert reviewer.post(f"{address}/publish", json={"accept": ["all"]}).status_code == 200


def test_the_grids_in_force_tile_the_community_and_hold_its_buildings(shared_service: Service) -> None:
    client = shared_service.client("planner")
    answer = client.get("/v1/grids", params={"community": WEST})
    assert answer.headers["content-type"] == "application/geo+json"
    features = answer.json()["features"]
    assert {frozenset(each["properties"]) for each in features} == {
        frozenset({"code", "name", "kind", "households", "buildings", "edition"})
    }
    shapes = [shape(each["geometry"]) for each in features]
    assert shapely.coverage_is_valid(shapes)
    edge = shapely.box(111.700, 40.800, 111.704, 40.803).boundary
    assert shapely.hausdorff_distance(shapely.coverage_union_all(shapes).boundary, edge) < 2e-8  # 2 mm
    buildings = client.get("/v1/buildings", params={"community": WEST}).json()["features"]
    assert len(buildings) == sum(each["properties"]["buildings"] for each in features) == 24
    by_code = {each["properties"]["code"]: shape(each["geometry"]) for each in features}
    for building in buildings:
        assert set(building["properties"]) == {"code", "households", "grid", "estate"}
        assert by_code[building["properties"]["grid"]].contains(shape(building["geometry"]).buffer(-1e-6))
    assert client.get("/v1/grids", params={"community": WEST, "at": "2020-01-01T00:00:00Z"}).json()["features"] == []


def test_the_grids_and_buildings_of_a_plan_agree(shared_service: Service) -> None:
    client = shared_service.client("planner")
    plan = next(each for each in client.get("/v1/plans").json()["plans"] if each["community"] == WEST)["plan"]
    grids = client.get(f"/v1/plans/{plan}/grids").json()["features"]
    buildings = client.get(f"/v1/plans/{plan}/buildings").json()["features"]
    held = {grid["properties"]["key"]: grid["properties"]["buildings"] for grid in grids}
    counted = {key: sum(each["properties"]["grid"] == key for each in buildings) for key in held}
    assert counted == held


def test_a_comparison_tells_who_moves(service: Service, problem: Problem) -> None:
    client = service.client("planner")
    current = next(each for each in client.get("/v1/plans").json()["plans"] if each["community"] == WEST)["plan"]
    same = client.get(f"/v1/plans/{current}/compare", params={"with": current}).json()
    assert (same["households_moved"], same["moves"], same["households"]) == (0, [], 960)
    smaller = client.post("/v1/plans", json={**DRAW, "min": 100, "target": 160, "max": 200}).json()["plan"]
    moved = client.get(f"/v1/plans/{smaller}/compare", params={"with": current}).json()
    assert moved["households_moved"] == sum(move["households"] for move in moved["moves"]) > 0
    assert (moved["community"], moved["plan"], moved["with"]) == (WEST, smaller, current)
    edition = client.get("/v1/editions", params={"community": WEST}).json()["editions"][0]["id"]
    with_edition = client.get(f"/v1/plans/{smaller}/compare", params={"with": f"edition:{edition}"}).json()
    assert with_edition == {**moved, "with": f"edition:{edition}"}
    published = client.get("/v1/grids", params={"community": WEST}).json()["features"]
    codes = {grid["properties"]["code"] for grid in published}
    assert {move["to"] for move in with_edition["moves"]} <= codes
    assert {pair["to"] for pair in with_edition["matched"]} | set(with_edition["begun"]) == codes
    other = next(each for each in client.get("/v1/plans").json()["plans"] if each["community"] == EAST)["plan"]
    problem(client.get(f"/v1/plans/{current}/compare", params={"with": other}), 422, "usage")
    problem(client.get(f"/v1/plans/{current}/compare", params={"with": "edition:999"}), 404, "not_found")
    problem(client.get(f"/v1/plans/{current}/compare", params={"with": "x"}), 422, "invalid_parameters")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"from": "nothing"}, 422, "invalid_body"),
        ({"from": "blank", "choices": True}, 422, "invalid_body"),  # nothing is searched for in it
        ({"from": None}, 422, "invalid_body"),
        ({"community": "990101"}, 422, "invalid_body"),
        ({"community": "990101009009"}, 404, "not_found"),
        ({"min": 500, "max": 300}, 422, "invalid_body"),
        ({"min": "300"}, 422, "invalid_body"),
        ({"min": 0}, 422, "invalid_body"),
        ({"seed": 1.5}, 422, "invalid_body"),
        ({"sed": 1}, 422, "invalid_body"),
        ({"effort": "heroic"}, 422, "invalid_body"),
        ({"grids": 0}, 422, "invalid_body"),
        ({"grids": "most"}, 422, "invalid_body"),
        ({"weights": {"tie": -1.0}}, 422, "invalid_body"),
        ({"weights": {"street": 1.5}}, 422, "invalid_body"),
        ({"weights": {"ties": 1.0}}, 422, "invalid_body"),
        ({"seconds": 0.0}, 422, "invalid_body"),
        ({"locked_grids": [""]}, 422, "invalid_body"),
        ({"locked_grids": [f"{WEST}999"]}, 422, "usage"),
        ({"locked_buildings": ["nobody"]}, 422, "usage"),
        ({"choices": True}, 422, "usage"),
    ],
)
def test_a_wrong_draw_is_a_problem(
    shared_service: Service, problem: Problem, change: dict[str, object], status: int, code: str
) -> None:
    problem(shared_service.client("planner").post("/v1/plans", json={**DRAW, **change}), status, code)


def test_every_setting_of_a_draw_reaches_the_plan_and_comes_back(service: Service) -> None:
    asked = {
        "grids": "fewest",
        "weights": {"tie": 20.0, "street": 0.0},
        "prove": True,
        "locked_grids": [f"{WEST}001"],
        "locked_buildings": [f"{WEST}-05"],
        "villages": False,
        "seconds": 20.0,
    }
    drawn = service.client("planner").post("/v1/plans", json={**DRAW, **asked})
    assert drawn.status_code == 201, drawn.text
    settings = drawn.json()["settings"]
    assert {name: settings[name] for name in asked if name not in {"weights", "seconds"}} == {
        name: value for name, value in asked.items() if name not in {"weights", "seconds"}
    }
    assert settings["weights"] == {
        "estate": 200.0, "tie": 20.0, "move": 3.5, "border": 0.125, "street": 0.0, "balance": 0.015625
    }  # fmt: skip
    assert settings["effort"] == "draft"


def test_a_redraw_offers_three_plans_along_the_line(service: Service) -> None:
    client = service.client("planner")
    drawn = client.post("/v1/plans", json={**DRAW, "keep_current": True, "choices": True})
    assert drawn.status_code == 201, drawn.text
    offered = drawn.json()["plans"]
    assert [each["choice"] for each in offered] == ["fewest moves", "middle", "best cut"]
    for each in offered:
        choice = each.pop("choice")
        assert client.get(f"/v1/plans/{each['plan']}").json() == each, choice


def test_micro_grids_are_drawn_read_and_frozen_with_the_plan(service: Service, problem: Problem) -> None:
    planner, reviewer = service.client("planner"), service.client("reviewer")
    address = planner.post("/v1/plans", json=DRAW).headers["location"]
    none = planner.get(f"{address}/micro-grids").json()
    assert (none["features"], none["band"]) == ([], None)
    problem(reviewer.post(f"{address}/micro-grids"), 403, "forbidden")
    problem(planner.post(f"{address}/micro-grids", json={"min": 90, "max": 80}), 422, "invalid_body")
    drawn = planner.post(f"{address}/micro-grids")
    assert drawn.status_code == 201, drawn.text
    assert drawn.headers["content-type"] == "application/geo+json"
    document = drawn.json()
    assert document["band"] == {"min": 50, "max": 80, "target": 65, "measure": "resident"}
    assert planner.get(f"{address}/micro-grids").json() == document
    grids = planner.get(f"{address}/grids").json()["features"]
    for grid in grids:
        own = [each for each in document["features"] if each["properties"]["grid"] == grid["properties"]["key"]]
        assert [each["properties"]["number"] for each in own] == list(range(1, len(own) + 1))
        assert sum(each["properties"]["households"] for each in own) == grid["properties"]["households"]
        whole = shapely.coverage_union_all([shape(each["geometry"]) for each in own])
        assert whole.equals(shape(grid["geometry"]))
    larger = planner.post(f"{address}/micro-grids", json={"min": 100, "target": 120, "max": 160}).json()
    assert len(larger["features"]) < len(document["features"])
    planner.post(f"{address}/submit")
    reviewer.post(f"{address}/approve")
    assert reviewer.post(f"{address}/publish", json={"accept": ["all"]}).status_code == 200
    problem(planner.post(f"{address}/micro-grids"), 409, "conflict")
    assert planner.get(f"{address}/micro-grids").json() == larger


@pytest.mark.parametrize("body", [[1], 1, "draw"])
def test_a_body_that_is_no_object_is_told_so_in_words_of_json(
    shared_service: Service, problem: Problem, body: object
) -> None:
    refused = problem(shared_service.client("planner").post("/v1/plans", json=body), 422, "invalid_body")
    assert refused["detail"].startswith("This must be a JSON object")


@pytest.mark.parametrize("plan_id", ["0", "999", "x", "-1", "9" * 30, "%00", "1e3"])
def test_a_plan_that_is_none_is_not_found(shared_service: Service, problem: Problem, plan_id: str) -> None:
    client = shared_service.client("admin")
    for path in ("", "/grids", "/buildings", "/micro-grids", "/history"):
        problem(client.get(f"/v1/plans/{plan_id}{path}"), 404, "not_found")
    for verb in ("submit", "approve", "reject", "publish", "micro-grids"):
        body = {"reason": "r"} if verb == "reject" else None
        problem(client.post(f"/v1/plans/{plan_id}/{verb}", json=body), 404, "not_found")


def test_divisions_are_listed_by_level_and_parent_page_by_page(shared_service: Service, problem: Problem) -> None:
    client = shared_service.client("viewer")
    listed = client.get("/v1/divisions", params={"level": "community"}).json()
    assert [(each["code"], each["parent"]) for each in listed["divisions"]] == [
        (WEST, "990101001"),
        (EAST, "990101002"),
    ]
    assert listed["next"] is None
    assert [each["code"] for each in client.get("/v1/divisions?parent=990101002").json()["divisions"]] == [EAST]
    seen, cursor = [], None
    while True:
        page = client.get("/v1/divisions", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [each["code"] for each in page["divisions"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == sorted(seen)
    assert len(seen) == 5
    for query in ("level=city", "parent=1", "cursor=%FF"):
        problem(client.get(f"/v1/divisions?{query}"), 422, "usage" if "cursor" in query else "invalid_parameters")


@pytest.mark.parametrize("path", ["/v1/grids", "/v1/editions", "/v1/buildings"])
@pytest.mark.parametrize(
    ("community", "status", "code"),
    [
        ("", 422, "invalid_parameters"),
        ("990101", 422, "invalid_parameters"),
        ("990101001001%0A", 422, "invalid_parameters"),
        ("%D9%A1" * 12, 422, "invalid_parameters"),
        ("990101009009", 404, "not_found"),
    ],
)
def test_a_community_that_is_none_is_a_problem(
    shared_service: Service, problem: Problem, path: str, community: str, status: int, code: str
) -> None:
    problem(shared_service.client("planner").get(f"{path}?community={community}"), status, code)
