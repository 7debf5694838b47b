"""Edits over a real server: one revision each, undo and redo without limit, several planners at once, who may edit."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from served_town import EAST, STREETS, WEST, Service

from gisgrid import cli, workflow
from gisgrid.model import DrawSettings
from gisgrid.plan.operations import Rename

Problem = Callable[[httpx.Response, int, str], dict[str, object]]
Document = dict[str, Any]


@dataclass
class Planner:
    """A client that edits a plan and keeps its own copy of it, as the page does."""

    client: httpx.Client
    address: str
    revision: int
    cells: dict[int, str | None]
    labels: dict[str, Document]

    @classmethod
    def of(cls, client: httpx.Client, address: str) -> Planner:
        """Who has read the plan from its beginning."""
        planner = cls(client, address, 1, {}, {})
        planner.follow()
        return planner

    def post(self, verb: str, body: object = None, **headers: str) -> httpx.Response:
        headers = {"If-Match": f'"{self.revision}"', **headers}
        content = None if body is None else json.dumps(body)
        sent = {"Content-Type": "application/json", **headers}
        return self.client.post(f"{self.address}/{verb}", content=content, headers=sent)

    def does(self, verb: str, body: object = None) -> Document:
        """What an edit, undo or redo answers; taken over into the copy."""
        answer = self.post(verb, body)
        assert answer.status_code == 200, answer.text
        document: Document = answer.json()
        assert answer.headers["etag"] == f'"{document["revision"]}"'
        assert document["revision"] == self.revision + 1
        self._take(document)
        return document

    def edit(self, **body: object) -> Document:
        return self.does("edits", body)

    def follow(self, **query: object) -> Document:
        """What others did since, taken over into the copy."""
        answer = self.client.get(f"{self.address}/edits", params={"after": self.revision, **query})
        assert answer.status_code == 200, answer.text
        document: Document = answer.json()
        for line in document["edits"]:
            self._take(line)
        return document

    def _take(self, line: Document) -> None:
        assert line["revision"] == self.revision + 1
        self.revision = line["revision"]
        self.cells.update(dict(line["cells"]))
        for key in line["gone"]:
            self.labels.pop(key)
        for label in line["grids"]:
            self.labels[label["key"]] = {name: label[name] for name in ("key", "name", "kind", "code", "locked")}


@pytest.fixture(scope="module")
def address(shared_service: Service) -> str:
    """Where a draft of WEST is: 24 buildings of 40 households in two grids; the tests of this module edit it."""
    drawn = workflow.draw_plans(shared_service.database, [WEST], DrawSettings(effort="draft"))
    return f"/v1/plans/{drawn[0].plan.id}"


@pytest.fixture
def planner(shared_service: Service, address: str) -> Iterator[Planner]:
    """A planner at the draft, which is as it was drawn again afterwards."""
    planner = Planner.of(shared_service.client("planner"), address)
    yield planner
    planner.follow()
    while planner.client.get(address).json()["undo"] is not None:
        planner.does("undo")


def buildings_of(planner: Planner) -> dict[str, list[str]]:
    """The buildings of each grid."""
    found: dict[str, list[str]] = {}
    for each in planner.client.get(f"{planner.address}/buildings").json()["features"]:
        found.setdefault(each["properties"]["grid"], []).append(each["properties"]["code"])
    return found


def falls_apart(planner: Planner, code: str, to: str) -> bool:
    """Whether a grid would lie in pieces with this building in another."""
    seen = planner.client.post(f"{planner.address}/preview", json={"buildings": [code], "to": to}).json()
    return "would_fall_apart" in [each["rule"] for each in seen["findings"]]


def state_of(planner: Planner) -> Document:
    """The plan as everybody reads it: polygons to the last digit, tallies, locks."""
    plan = planner.client.get(planner.address).json()
    return {
        "grids": planner.client.get(f"{planner.address}/grids").json(),
        "buildings": buildings_of(planner),
        "locked": plan["locked"],
        "errors": [each["message"] for each in plan["findings"] if each["severity"] == "error"],
    }


def test_an_edit_tells_what_changed_and_nothing_else(planner: Planner) -> None:
    before = {grid["key"]: grid for grid in planner.client.get(planner.address).json()["grids"]}
    homes = buildings_of(planner)
    one, two = sorted(homes)
    code = homes[one][0]
    document = planner.edit(op="assign", buildings=[code], to=two)
    grids = {grid["key"]: grid for grid in document["grids"]}
    assert {key: grid["households"] - before[key]["households"] for key, grid in grids.items()} == {one: -40, two: 40}
    assert [grid["geometry"]["type"] for grid in document["grids"]]
    assert [key for _, key in document["cells"]] == [two]
    assert document["gone"] == []
    assert document["edit"]["op"] == {"op": "assign", "to": two, "buildings": [code]}
    assert document["undo"] == {
        "revision": document["revision"], "actor": document["edit"]["actor"], "op": document["edit"]["op"],
        "cells": [[cell, one] for cell, _ in document["cells"]],
    }  # fmt: skip
    assert document["redo"] is None
    plan = planner.client.get(planner.address)
    assert plan.headers["etag"] == f'"{document["revision"]}"'
    assert plan.json()["findings"] == document["findings"]
    assert {grid["key"]: grid["households"] for grid in plan.json()["grids"]} == {
        key: grid["households"] for key, grid in grids.items()
    }
    assert code in buildings_of(planner)[two]


def test_every_operation_is_one_step_and_undo_brings_back_the_very_same_plan(planner: Planner) -> None:
    homes = buildings_of(planner)
    one, two = sorted(homes)
    first, second, *_ = homes[one]
    states = [state_of(planner)]
    for body in (
        {"op": "assign", "buildings": [first], "to": "new"},
        {"op": "rename", "grid": one, "name": "榕树网格"},
        {"op": "kind", "grid": two, "kind": "dedicated"},
        {"op": "lock", "grids": [two], "buildings": [second], "locked": True},
        {"op": "lock", "grids": [two], "buildings": [second], "locked": False},
        {"op": "arrange", "moves": [
            {"buildings": [second], "to": "new-1"}, {"buildings": [homes[two][0]], "to": "new-2"},
            {"buildings": [homes[two][1]], "to": "new-1"}, {"buildings": [first], "to": two},
        ]},
        {"op": "merge", "grids": [two, one]},
        {"op": "split", "grid": two, "auto": True, "seed": 3},
    ):  # fmt: skip
        planner.edit(**body)
        states.append(state_of(planner))
    told = planner.follow()["undo"]["cells"]
    for state in reversed(states[:-1]):
        document = planner.does("undo")
        assert document["cells"] == told, "a page may paint a step before the server has done it"
        assert state_of(planner) == state
        told = (document["undo"] or {"cells": None})["cells"]
    assert document["undo"] is None
    for state in states[1:]:
        told = document["redo"]["cells"]
        document = planner.does("redo")
        assert document["cells"] == told
        assert state_of(planner) == state
    assert document["redo"] is None


def test_borders_drawn_by_hand_are_steps_too_and_undo_brings_back_the_very_same_polygons(
    planner: Planner, problem: Problem
) -> None:
    one, two = sorted(buildings_of(planner))
    states, grounds = [state_of(planner)], []
    outline = states[0]["grids"]["features"][0]["geometry"]["coordinates"][0]
    west, east = min(x for x, _ in outline), max(x for x, _ in outline)
    south, north = min(y for _, y in outline), max(y for _, y in outline)
    across = [[(west + east) / 2 + 0.00003, south - 0.001], [(west + east) / 2, north + 0.001]]
    over = [[111.7012, 40.8004], [111.7031, 40.8004], [111.7031, 40.8027], [111.7012, 40.8027], [111.7012, 40.8004]]
    for body in (
        {"op": "split", "grid": one, "line": {"type": "LineString", "coordinates": across}},
        {"op": "annex", "grid": two, "area": {"type": "Polygon", "coordinates": [over]}},
    ):
        document = planner.edit(**body)
        grounds.append(document["tessellation"])
        states.append(state_of(planner))
        plan = planner.client.get(planner.address).json()
        assert sum(grid["households"] for grid in plan["grids"]) == 24 * 40
        assert not {each["rule"] for each in plan["findings"]} & {
            "grids_overlap",
            "ground_without_grid",
            "building_cut",
        }
    assert len({*grounds}) == 2
    assert document["edit"]["op"]["area"]["coordinates"] == [over]
    for verb, wanted in (("undo", states[-2::-1]), ("redo", states[1:])):
        for state in wanted:
            planner.does(verb)
            assert state_of(planner) == state
    fresh = planner.edit(op="assign", cells=[document["cells"][-1][0]], to="new")
    assert fresh["tessellation"] == grounds[-1]
    short = {"type": "LineString", "coordinates": [[111.7021, 40.8011], [111.7022, 40.8011]]}
    problem(planner.post("edits", {"op": "split", "grid": two, "line": short}), 422, "usage")


def test_a_new_edit_leaves_nothing_to_redo(planner: Planner, problem: Problem) -> None:
    one = min(buildings_of(planner))
    planner.edit(op="rename", grid=one, name="甲")
    planner.edit(op="rename", grid=one, name="乙")
    assert planner.does("undo")["redo"]["op"]["name"] == "乙"
    assert planner.edit(op="rename", grid=one, name="丙")["redo"] is None
    problem(planner.post("redo"), 409, "nothing_to_redo")
    assert planner.does("undo")["undo"]["op"]["name"] == "甲"
    planner.does("undo")
    problem(planner.post("undo"), 409, "nothing_to_undo")
    assert planner.does("redo")["edit"]["op"]["name"] == "甲"
    assert planner.does("redo")["edit"]["op"]["name"] == "丙"


def test_two_planners_at_once_end_with_the_same_plan(
    shared_service: Service, address: str, planner: Planner, problem: Problem
) -> None:
    other = Planner.of(shared_service.client("admin"), address)
    homes = buildings_of(planner)
    one, two = sorted(homes)
    planner.edit(op="assign", buildings=[homes[one][0]], to=two)
    refused = problem(
        other.post("edits", {"op": "assign", "buildings": [homes[two][0]], "to": one}), 412, "stale_revision"
    )
    assert refused["revision"] == planner.revision
    assert [line["actor"] for line in other.follow()["edits"]] == [planner.follow()["undo"]["actor"]]
    other.edit(op="assign", buildings=[homes[two][0]], to=one)
    planner.follow()
    planner.edit(op="assign", buildings=[homes[one][1]], to="new")
    other.follow()
    document = other.does("undo")  # what the other did last
    assert document["edit"]["op"] == {"op": "assign", "to": "new", "buildings": [homes[one][1]]}
    planner.follow()
    assert (planner.cells, planner.labels, planner.revision) == (other.cells, other.labels, other.revision)
    assert {number for number, key in planner.cells.items() if key == two}
    history = planner.client.get(f"{address}/edits").json()
    assert [line["action"] for line in history["edits"]][-4:] == ["edit", "edit", "edit", "undo"]
    assert history["edits"][-1]["of"] == history["edits"][-2]["revision"]
    page = planner.client.get(f"{address}/edits", params={"limit": 2}).json()
    assert (len(page["edits"]), page["revision"]) == (2, planner.revision)


def test_of_edits_at_the_same_time_one_is_made(planner: Planner) -> None:
    one, answers = min(buildings_of(planner)), list[httpx.Response]()

    def rename(number: int) -> None:
        answers.append(planner.post("edits", {"op": "rename", "grid": one, "name": f"同时{number}"}))

    threads = [threading.Thread(target=rename, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    made = next(answer.json() for answer in answers if answer.status_code == 200)
    assert [line["op"] for line in planner.follow()["edits"]] == [made["edit"]["op"]]


def test_who_waits_for_an_edit_is_told_of_it(shared_service: Service, address: str, planner: Planner) -> None:
    waiting = Planner.of(shared_service.client("reviewer"), address)
    told: list[Document] = []
    thread = threading.Thread(target=lambda: told.append(waiting.follow(wait=20)))
    thread.start()
    planner.edit(op="rename", grid=min(buildings_of(planner)), name="等来的")
    thread.join(15)
    assert [line["op"]["name"] for line in told[0]["edits"]] == ["等来的"]
    assert told[0]["state"] == "draft"


def test_what_is_locked_does_not_move(planner: Planner, problem: Problem) -> None:
    homes = buildings_of(planner)
    one, two = sorted(homes)
    held, free = homes[one][:2]
    planner.edit(op="lock", buildings=[held], locked=True)
    move = {"op": "assign", "buildings": [held, free], "to": two}
    assert problem(planner.post("edits", move), 409, "locked")["buildings"] == [held]
    planner.edit(op="assign", buildings=[free], to=two)
    planner.edit(op="lock", grids=[two], locked=True)
    assert planner.client.get(planner.address).json()["locked"] == {"grids": [two], "buildings": [held]}
    for body in (
        {**move, "buildings": [free], "to": one},
        {"op": "merge", "grids": [one, two]},
        {"op": "split", "grid": two, "auto": True},
    ):
        assert problem(planner.post("edits", body), 409, "locked")["grids"] == [two]
    preview = planner.client.post(f"{planner.address}/preview", json={"buildings": [free], "to": one}).json()
    assert "would_move_locked" in [each["rule"] for each in preview["findings"]]


def test_a_revision_is_required_and_read_in_three_forms(planner: Planner, problem: Problem) -> None:
    one = min(buildings_of(planner))
    body = {"op": "rename", "grid": one, "name": "甲"}
    for unreadable in ("", "*", '"x"', '"1', "-1", "1, 2", '"' + "9" * 30 + '"'):
        problem(planner.post("edits", body, **{"If-Match": unreadable}), 428, "revision_required")
    missing = planner.client.post(f"{planner.address}/undo")
    problem(missing, 428, "revision_required")
    for number, form in enumerate(('"{}"', "{}", 'W/"{}"')):
        answer = planner.post("edits", {**body, "name": f"名{number}"}, **{"If-Match": form.format(planner.revision)})
        assert answer.status_code == 200
        planner.follow()
    problem(planner.post("edits", {**body, "name": "名2"}), 409, "nothing_changes")
    problem(planner.post("undo", **{"If-Match": "999999"}), 412, "stale_revision")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"op": "explode"}, 422, "invalid_body"),
        ({"op": ["assign"]}, 422, "invalid_body"),
        ([], 422, "invalid_body"),
        ({"op": "assign", "to": "1"}, 422, "usage"),
        ({"op": "assign", "to": "1", "buildings": ["x"]}, 404, "not_found"),
        ({"op": "assign", "to": "1", "buildings": ["\x00"]}, 404, "not_found"),
        ({"op": "assign", "to": "nowhere", "cells": [0]}, 404, "not_found"),
        ({"op": "assign", "to": "new-0", "cells": [0]}, 404, "not_found"),
        ({"op": "assign", "to": "new", "cells": [10**6]}, 404, "not_found"),
        ({"op": "assign", "to": "new", "cells": [-1]}, 422, "invalid_body"),
        ({"op": "assign", "to": "new", "cells": [True]}, 422, "invalid_body"),
        ({"op": "arrange", "moves": []}, 422, "invalid_body"),
        ({"op": "arrange", "moves": [{"cells": [0], "to": "1"}, {"cells": [0], "to": "2"}]}, 422, "usage"),
        ({"op": "merge", "grids": ["1"]}, 422, "invalid_body"),
        ({"op": "merge", "grids": ["1", "1"]}, 422, "usage"),
        ({"op": "split", "grid": "1"}, 422, "invalid_body"),
        ({"op": "split", "grid": "1", "auto": False}, 422, "invalid_body"),
        ({"op": "split", "grid": "1", "line": {"type": "LineString", "coordinates": [[0, 0], [200, 0]]}}, 422,
         "invalid_body"),
        ({"op": "annex", "grid": "1", "area": {"type": "Polygon", "coordinates": [[[0, 0]] * 3]}}, 422, "invalid_body"),
        ({"op": "rename", "grid": "1", "name": "a\nb"}, 422, "usage"),
        ({"op": "rename", "grid": "1", "name": " "}, 422, "usage"),
        ({"op": "kind", "grid": "1", "kind": "park"}, 422, "invalid_body"),
        ({"op": "lock", "locked": True}, 422, "usage"),
        ({"op": "lock", "locked": "yes", "grids": ["1"]}, 422, "invalid_body"),
        ({"op": "rename", "grid": "1", "name": "甲", "force": True}, 422, "invalid_body"),
    ],
)  # fmt: skip
def test_a_hostile_operation_is_a_problem_and_changes_nothing(
    planner: Planner, problem: Problem, body: object, status: int, code: str
) -> None:
    problem(planner.post("edits", body), status, code)
    assert planner.follow()["edits"] == []


def test_who_may_edit(shared_service: Service, address: str, planner: Planner, problem: Problem) -> None:
    body = {"op": "rename", "grid": min(buildings_of(planner)), "name": "甲"}
    for role in ("viewer", "dispatch", "reviewer"):
        other = Planner(shared_service.client(role), address, planner.revision, {}, {})  # type: ignore[arg-type]  # all are roles
        for verb in ("edits", "undo", "redo"):
            problem(other.post(verb, body), 403, "forbidden")
    problem(shared_service.client("viewer").get(f"{address}/edits"), 403, "forbidden")
    assert shared_service.client("reviewer").get(f"{address}/edits").status_code == 200
    elsewhere = Planner(shared_service.client("planner", STREETS[1]), address, planner.revision, {}, {})
    problem(elsewhere.post("edits", body), 403, "forbidden")
    problem(planner.client.get("/v1/plans/999999/edits"), 404, "not_found")
    published = Planner(shared_service.client("admin"), "/v1/plans/1", 1, {}, {})
    for verb in ("edits", "undo", "redo"):
        problem(published.post(verb, body), 409, "conflict")


def test_edits_of_the_command_line_are_followed(shared_service: Service, address: str, planner: Planner) -> None:
    one = min(buildings_of(planner))
    planner.edit(op="rename", grid=one, name="甲")
    number = address.rpartition("/")[2]
    done = workflow.edit_plan(shared_service.database, number, Rename(one, "乙"), actor="command line")
    assert planner.follow()["undo"]["actor"] == "command line"
    code = buildings_of(planner)[one][0]
    planner.edit(op="assign", buildings=[code], to="new")  # by the sheet that was brought up to date
    assert planner.labels[one]["name"] == "乙"
    assert planner.revision == done.revision.revision + 1


def test_a_draft_from_the_edition_in_force_or_an_old_one(service: Service, problem: Problem) -> None:
    client, admin = service.client("planner"), service.client("admin")
    answer = client.post("/v1/plans", json={"community": WEST, "from": "edition"})
    assert answer.status_code == 201, answer.text
    planner = Planner.of(client, answer.headers["location"])
    in_force = client.get("/v1/grids", params={"community": WEST}).json()["features"]
    drafted = client.get(f"{planner.address}/grids").json()["features"]
    assert [each["geometry"] for each in drafted] == [each["geometry"] for each in in_force]
    assert [each["properties"]["code"] for each in drafted] == [each["properties"]["code"] for each in in_force]
    moved = next(code for code in buildings_of(planner)["1"] if not falls_apart(planner, code, "2"))
    planner.edit(op="assign", buildings=[moved], to="2")
    assert client.post(f"{planner.address}/submit").status_code == 200
    problem(planner.post("undo"), 409, "conflict")  # only drafts are edited
    assert admin.post(f"{planner.address}/approve").status_code == 200
    published = admin.post(f"{planner.address}/publish", json={"accept": ["all"]})
    assert published.status_code == 200, published.text
    assert [grid["code"] for grid in published.json()["grids"]] == [f"{WEST}001", f"{WEST}002"]
    old = admin.get("/v1/editions", params={"community": WEST}).json()["editions"][-1]["id"]
    restored = client.post("/v1/plans", json={"community": WEST, "from": "edition", "edition": old})
    again = client.get(f"{restored.headers['location']}/grids").json()["features"]
    assert [each["geometry"] for each in again] == [each["geometry"] for each in in_force]
    assert client.get(restored.headers["location"]).json()["base_edition"] != old
    for body in (
        {"community": EAST, "from": "edition", "edition": old},
        {"community": WEST, "from": "blank", "edition": old},
        {"community": WEST, "from": "edition", "choices": True},
    ):
        assert client.post("/v1/plans", json=body).status_code == 422
    problem(client.post("/v1/plans", json={"community": WEST, "from": "edition", "edition": "999"}), 404, "not_found")


def test_a_blank_draft_is_filled_by_hand(shared_service: Service) -> None:
    client = shared_service.client("planner")
    answer = client.post("/v1/plans", json={"community": EAST, "from": "blank"})
    assert answer.status_code == 201, answer.text
    assert [each["rule"] for each in answer.json()["findings"]] == ["plan_empty"]
    planner = Planner.of(client, answer.headers["location"])
    codes = [f"{EAST}-{number:02}" for number in range(24)]
    document = planner.edit(op="assign", buildings=codes[:12], to="new")
    assert [(grid["key"], grid["households"]) for grid in document["grids"]] == [("1", 480)]
    document = planner.edit(op="assign", buildings=codes[12:], to="new")
    assert "building_without_grid" not in [each["rule"] for each in document["findings"]]
    planner.does("undo")
    document = planner.does("undo")
    assert (document["gone"], {key for _, key in document["cells"]}) == (["1"], {None})
    assert client.get(planner.address).json()["grids"] == []


def test_a_suggestion_that_is_taken_is_one_step_and_keeps_its_promise(shared_service: Service) -> None:
    client = shared_service.client("planner")
    address = client.post("/v1/plans", json={"community": EAST, "from": "blank"}).headers["location"]
    planner = Planner.of(client, address)
    planner.edit(op="assign", buildings=[f"{EAST}-{number:02}" for number in range(24)], to="new")
    choice = client.post(f"{address}/suggestions", json={"op": "split", "grid": "1"}).json()["choices"][0]
    moves = [
        {"cells": move["cells"], "to": f"new-{number}" if move["begins"] else move["to"]}
        for number, move in enumerate(choice["moves"], start=1)
    ]
    taken = planner.edit(op="arrange", moves=moves)
    promised = sorted(change["after"]["households"] for change in choice["grids"])
    assert sorted(grid["households"] for grid in taken["grids"]) == promised == [480, 480]
    assert planner.does("undo")["gone"] == ["2"]


def test_the_command_line_edits_undoes_and_redoes(
    shared_service: Service, planner: Planner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GISGRID_DATABASE_URL", shared_service.database.url)
    plan, one = planner.address.rpartition("/")[2], min(buildings_of(planner))

    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(list(arguments))
        return int(end.value.code or 0), capsys.readouterr().out

    status, out = run("edit", plan, json.dumps({"op": "rename", "grid": one, "name": "甲"}), "--json")
    assert (status, json.loads(out)["grids"][0]["name"]) == (0, "甲")
    assert run("undo", plan)[0] == 0
    status, out = run("redo", plan, "--json")
    assert json.loads(out)["edit"]["action"] == "redo"
    for wrong in ("{", '{"op": "explode"}', '{"op": "rename"}'):
        assert run("edit", plan, wrong)[0] == 2
    assert run("redo", plan)[0] == 1
    assert [line["action"] for line in planner.follow()["edits"]] == ["edit", "undo", "redo"]
