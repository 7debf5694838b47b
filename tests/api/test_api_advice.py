"""Advice over a real server and at the keyboard: explanations, previews, suggestions; none of it changes anything."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import httpx
import orjson
import pytest
from served_town import EAST, STREETS, WEST, Service

from gisgrid import advising, cli
from gisgrid.advising import PlanBoards
from gisgrid.store.database import Database
from gisgrid.store.tables import BUILDINGS, IMPORT_RUNS, PLANS

Problem = Callable[[httpx.Response, int, str], dict[str, object]]


@pytest.fixture(scope="module")
def address(shared_service: Service) -> str:
    """Where the plan of WEST is: 24 buildings of 40 households in two grids."""
    found = shared_service.client("admin").get("/v1/plans", params={"community": WEST}).json()["plans"]
    return f"/v1/plans/{found[0]['plan']}"


def plan_of(service: Service, community: str = WEST) -> dict[str, object]:
    client = service.client("admin")
    found = client.get("/v1/plans", params={"community": community}).json()["plans"]
    return client.get(f"/v1/plans/{found[0]['plan']}").json()  # type: ignore[no-any-return]


def homes(client: httpx.Client, address: str) -> dict[str, str]:
    features = client.get(f"{address}/buildings").json()["features"]
    return {each["properties"]["code"]: each["properties"]["grid"] for each in features}


def test_explanations_tell_each_grid_in_two_languages(shared_service: Service, address: str) -> None:
    answer = shared_service.client("reviewer").get(f"{address}/explanations")
    assert answer.status_code == 200
    document = answer.json()
    assert (document["community"], document["revision"]) == (WEST, 1)
    found = [each for each in document["findings"] if each["rule"] == "grid_explained"]
    assert [each["codes"][0] for each in found] == [grid["key"] for grid in plan_of(shared_service)["grids"]]  # type: ignore[attr-defined]
    assert all(each["severity"] == "info" and "households" in each["message"] for each in found)
    assert all("户" in each["message_zh"] for each in found)


def test_a_preview_tells_before_and_after_and_changes_nothing(shared_service: Service, address: str) -> None:
    client = shared_service.client("planner")
    before = client.get(address).json()
    building, key = next(iter(homes(client, address).items()))
    other = next(grid for grid in before["grids"] if grid["key"] != key)
    answer = client.post(f"{address}/preview", json={"buildings": [building], "to": other["key"]})
    assert answer.status_code == 200, answer.text
    document = answer.json()
    changed = {each["key"]: each for each in document["grids"]}
    assert changed[other["key"]]["before"]["households"] == other["households"]
    assert changed[other["key"]]["after"]["households"] == other["households"] + 40
    assert document["households_moved"] == 40
    assert (document["plan"], document["revision"]) == (before["plan"], 1)
    assert {"in_band", "cost_change", "ties_change", "estates_cut", "findings"} <= document.keys()
    begun = client.post(f"{address}/preview", json={"buildings": [building], "to": "new"}).json()
    assert begun["to"] == "3"
    assert begun["grids"][-1]["before"] is None
    assert client.get(address).json() == before


def test_suggestions_are_choices_or_the_rule_in_the_way(shared_service: Service, address: str) -> None:
    client = shared_service.client("planner")
    key = plan_of(shared_service)["grids"][0]["key"]  # type: ignore[index]
    for body in ({"op": "split", "grid": key}, {"op": "merge", "grid": key}, {"op": "balance", "most_households": 80}):
        answer = client.post(f"{address}/suggestions", json=body)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        assert document["op"] == body["op"]
        assert document["choices"] or document["findings"]
        assert client.post(f"{address}/suggestions", json=body).json() == document  # the same seed, the same answer
    choices = client.post(f"{address}/suggestions", json={"op": "merge", "grid": key}).json()["choices"]
    assert all(
        {"to", "begins", "buildings", "cells", "households"} == set(move) for c in choices for move in c["moves"]
    )


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("preview", {"buildings": [], "to": "1"}, 422, "invalid_body"),
        ("preview", {"buildings": ["x"], "to": "1"}, 404, "not_found"),
        ("preview", {"buildings": [f"{WEST}-00"], "to": "\ud83d"}, 400, "bad_json"),
        ("preview", {"buildings": [f"{WEST}-00"], "to": "nowhere"}, 404, "not_found"),
        ("preview", {"buildings": [f"{EAST}-00"], "to": "1"}, 404, "not_found"),
        ("preview", {"buildings": f"{WEST}-00", "to": "1"}, 422, "invalid_body"),
        ("preview", {"buildings": [1], "to": 1}, 422, "invalid_body"),
        ("preview", {"buildings": ["x" * 1000], "to": "1"}, 422, "invalid_body"),
        ("preview", {"buildings": ["\x00"], "to": "1"}, 404, "not_found"),
        ("preview", {"buildings": [f"{WEST}-00"], "to": "1", "force": True}, 422, "invalid_body"),
        ("preview", ["a"], 422, "invalid_body"),
        ("suggestions", {"op": "explode"}, 422, "invalid_body"),
        ("suggestions", {"op": "split"}, 422, "usage"),
        ("suggestions", {"op": "merge", "grids": ["1", "2"]}, 422, "usage"),
        ("suggestions", {"op": "split", "grid": "nowhere"}, 404, "not_found"),
        ("suggestions", {"op": "balance", "most_households": 0}, 422, "invalid_body"),
        ("suggestions", {"op": "balance", "most_households": True}, 422, "invalid_body"),
        ("suggestions", {"op": "balance", "seed": -1}, 422, "invalid_body"),
        ("suggestions", {"op": "balance", "seed": 10**30}, 422, "invalid_body"),
        ("suggestions", {"op": "balance", "grids": ["1"] * 2000}, 422, "invalid_body"),
    ],
)
def test_a_hostile_body_is_a_problem(
    shared_service: Service, address: str, problem: Problem, path: str, body: object, status: int, code: str
) -> None:
    client = shared_service.client("planner")
    answer = client.post(f"{address}/{path}", content=json.dumps(body), headers={"Content-Type": "application/json"})
    problem(answer, status, code)


def test_who_may_ask(shared_service: Service, address: str, problem: Problem) -> None:
    body = {"buildings": [f"{WEST}-00"], "to": "1"}
    for role in ("viewer", "dispatch"):
        client = shared_service.client(role)  # type: ignore[arg-type]  # both are roles
        problem(client.get(f"{address}/explanations"), 403, "forbidden")
        problem(client.post(f"{address}/preview", json=body), 403, "forbidden")
        problem(client.post(f"{address}/suggestions", json={"op": "balance"}), 403, "forbidden")
    elsewhere = shared_service.client("planner", STREETS[1])
    problem(elsewhere.get(f"{address}/explanations"), 403, "forbidden")
    problem(elsewhere.post(f"{address}/preview", json=body), 403, "forbidden")
    problem(elsewhere.post(f"{address}/suggestions", json={"op": "balance"}), 403, "forbidden")
    assert shared_service.client("planner", STREETS[0]).post(f"{address}/preview", json=body).status_code == 200
    problem(shared_service.client("admin").get("/v1/plans/999999/explanations"), 404, "not_found")
    problem(shared_service.client("admin").post("/v1/plans/x/preview", json=body), 404, "not_found")


def test_a_preview_never_looks_at_an_older_state(town: Database) -> None:
    plan = plan_number(town)
    boards = PlanBoards(town)
    code = f"{WEST}-00"
    first = boards.preview(plan, [code], "new")
    assert first.preview.effect.households_moved == 40
    assert boards.board(plan)[1] is boards.board(f"0{plan}")[1]  # built once
    with town.transaction() as connection:
        connection.execute(PLANS.update().where(PLANS.c.id == int(plan)).values(revision=PLANS.c.revision + 1))
    assert boards.preview(plan, [code], "new").revision == first.revision + 1
    kept = boards.board(plan)[1]
    with town.transaction() as connection:
        connection.execute(BUILDINGS.update().where(BUILDINGS.c.code == code).values(households=55))
        connection.execute(
            IMPORT_RUNS.insert().values(layer="buildings", file_name="b.csv", sha256=b"0" * 32, inserted=0, updated=1,
                                        unchanged=0, rejected=0)
        )  # fmt: skip
    assert boards.board(plan)[1] is not kept
    assert boards.preview(plan, [code], "new").preview.effect.households_moved == 55


def test_boards_are_bounded_and_built_once_by_many_threads(town: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    built = []
    original = advising.PlanBoard.of
    monkeypatch.setattr(advising.PlanBoard, "of", lambda sheet: built.append(1) or original(sheet))
    boards = PlanBoards(town, most=1)
    plan, other = plan_number(town), plan_number(town, EAST)
    threads = [threading.Thread(target=boards.board, args=(plan,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    boards.board(other)
    boards.board(plan)
    assert len(built) == 3  # the other one took its place


def plan_number(database: Database, community: str = WEST) -> str:
    with database.transaction() as connection:
        rows = connection.execute(PLANS.select().where(PLANS.c.community_code == community)).all()
    return str(max(row.id for row in rows))


def test_the_command_line_explains_and_suggests(
    town: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GISGRID_DATABASE_URL", town.url)
    plan = plan_number(town)

    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(arguments))
        return int(end.value.code or 0), capsys.readouterr().out

    status, out = run("explain", plan, "--json")
    assert (status, orjson.loads(out)["community"]) == (0, WEST)
    status, out = run("explain", plan)
    assert status == 0
    assert out.split()[:3] == ["subject", "explanation", "说明"]
    assert len(out.splitlines()) == 3
    status, out = run("suggest", plan, "balance", "--households", "80", "--json")
    assert (status, orjson.loads(out)["op"]) == (0, "balance")
    status, out = run("suggest", plan, "merge", "--grid", "1")
    assert status == 0
    assert out.split()[:4] == ["choice", "grid", "before", "after"]
    assert run("suggest", plan, "split")[0] == 2
    assert run("suggest", plan, "explode")[0] == 2
    assert run("explain", "999999")[0] == 1
