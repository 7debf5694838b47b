"""Comments on a plan over a real server: pinned, answered, resolved; they survive every edit and keep no persons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import shapely
from served_town import EAST, WEST, Service
from shapely.geometry import shape

from gisgrid import workflow
from gisgrid.store import plan_comments

Problem = Callable[[httpx.Response, int, str], dict[str, object]]
HOSTILE = "<img src=x onerror=alert(1)>\n第二行 \u202e\U0001f600"


@pytest.fixture(scope="module")
def address(shared_service: Service) -> str:
    """A draft with the grids in force; the tests of this module comment on it."""
    return f"/v1/plans/{workflow.draft_plan(shared_service.database, WEST, 'edition').id}"


def say(client: httpx.Client, address: str, **body: object) -> dict[str, Any]:
    answer = client.post(f"{address}/comments", json=body)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_a_comment_is_answered_resolved_and_opened_again(shared_service: Service, address: str) -> None:
    planner, reviewer = shared_service.client("planner"), shared_service.client("reviewer")
    grids = planner.get(f"{address}/grids").json()["features"]
    key, ground = grids[0]["properties"]["key"], shape(grids[0]["geometry"])
    begun = say(reviewer, address, words=f" {HOSTILE} ", grid=key)
    assert (begun["pin"], begun["code"], begun["present"], begun["resolved"]) == ("grid", key, True, False)
    assert ground.contains(shapely.Point(begun["place"]))
    assert begun["lines"][0]["words"] == HOSTILE
    building = say(reviewer, address, words="这栋归哪边？", building=f"{WEST}-05")
    assert building["pin"] == "building"
    whole = say(planner, address, words="整体可以")
    assert (whole["pin"], whole["code"], whole["place"]) == ("plan", None, None)
    assert not say(planner, address, thread=begun["id"], words="已改")["resolved"]
    assert say(reviewer, address, thread=begun["id"], resolve=True)["resolved"]
    assert not say(planner, address, thread=begun["id"], words="又改了一次")["resolved"]
    listed = shared_service.client("viewer").get(f"{address}/comments").json()["comments"]
    assert [each["id"] for each in listed] == [begun["id"], building["id"], whole["id"]]
    assert [line["action"] for line in listed[0]["lines"]] == ["comment", "answer", "resolve", "answer"]
    assert [line["words"] for line in listed[0]["lines"]] == [HOSTILE, "已改", None, "又改了一次"]


def test_a_pin_outlives_its_grid_and_finds_it_again(shared_service: Service, problem: Problem) -> None:
    planner = shared_service.client("planner")
    address = f"/v1/plans/{workflow.draft_plan(shared_service.database, WEST, 'edition').id}"
    keys = [grid["key"] for grid in planner.get(address).json()["grids"]]
    pinned = {key: say(planner, address, words="看这里", grid=key) for key in keys[:2]}
    merged = planner.post(
        f"{address}/edits", json={"op": "merge", "grids": keys[:2]}, headers={"If-Match": '"1"'}
    ).json()
    assert len(merged["gone"]) == 1

    def present() -> dict[str, bool]:
        return {each["code"]: each["present"] for each in planner.get(f"{address}/comments").json()["comments"]}

    assert present() == {key: key not in merged["gone"] for key in keys[:2]}
    gone = pinned[merged["gone"][0]]
    assert say(planner, address, thread=gone["id"], words="合并了")["place"] == gone["place"]
    problem(planner.post(f"{address}/comments", json={"words": "x", "grid": merged["gone"][0]}), 422, "usage")
    planner.post(f"{address}/undo", headers={"If-Match": f'"{merged["revision"]}"'})
    assert present() == dict.fromkeys(keys[:2], True)
    for verb in ("submit",):
        planner.post(f"{address}/{verb}")
    assert say(planner, address, words="提交后也能说")["pin"] == "plan"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid_body"),
        ({"words": "  "}, 422, "invalid_body"),
        ({"words": "字" * 2001}, 422, "invalid_body"),
        ({"words": "a\x00"}, 422, "invalid_body"),
        ({"words": "王女士 13800138000 不同意"}, 422, "invalid_body"),
        ({"words": "身份证15010519900101123X"}, 422, "invalid_body"),
        ({"words": "x", "grid": "1", "building": f"{WEST}-05"}, 422, "usage"),
        ({"words": "x", "building": f"{EAST}-05"}, 422, "usage"),
        ({"words": "x", "grid": "nobody\x00"}, 422, "usage"),
        ({"words": "x", "thread": "1", "grid": "1"}, 422, "invalid_body"),
        ({"words": "x", "thread": "999"}, 404, "not_found"),
        ({"words": "x", "thread": "９"}, 422, "invalid_body"),
        ({"resolve": True}, 422, "invalid_body"),
        ({"words": "x", "color": "red"}, 422, "invalid_body"),
    ],
)
def test_a_wrong_comment_is_a_problem(
    shared_service: Service, address: str, problem: Problem, body: dict[str, object], status: int, code: str
) -> None:
    client = shared_service.client("reviewer")
    before = client.get(f"{address}/comments").json()
    problem(client.post(f"{address}/comments", json=body), status, code)
    assert client.get(f"{address}/comments").json() == before


def test_codes_of_grids_are_no_telephone_numbers(shared_service: Service, address: str) -> None:
    words = "150105001001003 与 138001380001 相邻"
    assert say(shared_service.client("planner"), address, words=words)["lines"][0]["words"] == words


def test_who_has_said_too_much_is_told_so(
    shared_service: Service, problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/v1/plans/{workflow.draft_plan(shared_service.database, WEST, 'blank').id}"
    monkeypatch.setattr(plan_comments, "LINES_LIMIT", 2)
    client = shared_service.client("planner")
    thread = say(client, address, words="一")["id"]
    assert say(client, address, thread=thread, resolve=True)["resolved"]
    problem(client.post(f"{address}/comments", json={"words": "三"}), 409, "conflict")
    monkeypatch.undo()
    problem(client.post(f"{address}/comments", json={"thread": thread, "resolve": True}), 409, "conflict")
