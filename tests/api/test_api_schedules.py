"""Publication at a future date: by itself at its instant, also after a pause, judged anew, one for each community."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from served_town import EAST, WEST, Service, box, serving

from gisgrid import cli, publishing, workflow
from gisgrid.errors import Conflict, RefusedData, UsageError
from gisgrid.plan.operations import Merge
from gisgrid.settings import Settings
from gisgrid.store import editions, plan_history, plans, schedules
from gisgrid.store.database import Database
from gisgrid.store.tables import BUILDINGS

Problem = Callable[[httpx.Response, int, str], dict[str, object]]
POINT = {"lon": 111.7012, "lat": 40.8012, "crs": "wgs84"}


def approved(database: Database, community: str = WEST) -> str:
    """A plan that is approved: the grids in force once more."""
    plan = workflow.draft_plan(database, community, "edition").id
    workflow.submit_plan(database, plan, actor="li")
    workflow.approve_plan(database, plan, actor="wang")
    return plan


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def announced(database: Database, *plan_ids: str) -> list[datetime]:
    """Schedule plans for instants that are as near as this machine allows, and wait until all have come."""
    instants = []
    for plan in plan_ids:
        for seconds in (0.3, 1.0, 4.0, 16.0, 64.0):  # a busy machine may need longer than the first
            begin = soon(seconds)
            try:
                workflow.schedule_plan(database, plan, valid_from=begin, actor="wang")
            except UsageError:
                continue
            instants.append(begin)
            break
    wait_for(max(instants))
    return instants


def in_force(database: Database, community: str = WEST) -> str:
    with database.transaction() as connection:
        edition = editions.in_force(connection, community)
    assert edition is not None
    return edition.plan


def wait_for(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()) + 0.01)


def test_a_plan_is_announced_withdrawn_and_comes_into_force_by_itself(service: Service, problem: Problem) -> None:
    reviewer, viewer = service.client("reviewer"), service.client("viewer")
    plan, other = approved(service.database), approved(service.database)
    address, later = f"/v1/plans/{plan}", soon(600)
    old = viewer.get("/v1/locate", params=POINT).json()["edition"]["id"]
    problem(reviewer.post(f"{address}/withdraw"), 409, "conflict")
    problem(reviewer.post(f"{address}/publish", json={"valid_from": "2020-01-01T00:00:00Z"}), 422, "usage")
    problem(reviewer.post(f"{address}/publish", json={"valid_from": "2199-01-01T00:00:00"}), 422, "invalid_body")
    body = {"valid_from": later.isoformat()}
    scheduled = reviewer.post(f"{address}/publish", json=body)
    assert scheduled.status_code == 202, scheduled.text
    refused = problem(reviewer.post(f"/v1/plans/{other}/publish", json=body), 409, "conflict")
    assert f"Plan {plan} of community {WEST} is scheduled" in str(refused["detail"])
    for verb, sent in (("reject", {"reason": "r"}), ("publish", {}), ("publish", body)):
        assert "scheduled" in str(problem(reviewer.post(f"{address}/{verb}", json=sent), 409, "conflict")["detail"])
    listed = viewer.get("/v1/editions", params={"community": WEST}).json()
    assert (listed["scheduled"]["plan"], len(listed["editions"])) == (plan, 1), "announced, not in force"
    assert not {"scheduled_by", "published_by"} & {*listed["scheduled"], *listed["editions"][0]}, "no names on the wall"
    assert datetime.fromisoformat(listed["scheduled"]["valid_from"]) == later
    summaries = reviewer.get("/v1/plans", params={"community": WEST}).json()["plans"]
    assert {each["plan"] for each in summaries if each["scheduled_for"]} == {plan}
    assert reviewer.post(f"{address}/withdraw").status_code == 200
    assert reviewer.get(f"{address}/history").json()["scheduled"] is None
    assert viewer.get("/v1/locate", params=POINT).json()["edition"]["id"] == old

    (begin,) = announced(service.database, plan)
    deadline = time.monotonic() + 20
    while (found := viewer.get("/v1/locate", params=POINT).json()["edition"])["id"] == old:
        assert time.monotonic() < deadline
    assert datetime.fromisoformat(found["valid_from"]) == begin, "the instant that was announced"
    for at, edition in ((begin - timedelta(milliseconds=1), old), (begin, found["id"])):
        assert viewer.get("/v1/locate", params={**POINT, "at": at.isoformat()}).json()["edition"]["id"] == edition
    listed = reviewer.get("/v1/editions", params={"community": WEST}).json()
    assert listed["scheduled"] is None
    assert [each["published_by"] for each in listed["editions"]] == ["wang", "test"]
    assert datetime.fromisoformat(listed["editions"][1]["valid_to"]) == begin
    moves = [each["move"] for each in reviewer.get(f"{address}/history").json()["moves"]]
    assert moves == ["submitted", "approved", "scheduled", "withdrawn", "scheduled", "published"]


def test_what_came_due_while_no_service_ran_is_in_force_before_the_first_answer(town: Database, tmp_path: Path) -> None:
    plan = approved(town)
    (begin,) = announced(town, plan)
    assert in_force(town) != plan
    with serving(Settings(town.url, tmp_path), town) as service:
        edition = service.client("viewer").get("/v1/locate", params=POINT).json()["edition"]
    assert in_force(town) == plan
    assert datetime.fromisoformat(edition["valid_from"]) == begin


def test_what_stands_against_it_at_its_instant_is_a_finding_and_nothing_half_done(town: Database) -> None:
    plan, before = approved(town), in_force(town)
    announced(town, plan)
    with town.transaction() as connection:  # a building that the plan knows nothing of
        ground = box(3.9, 2.9, 0.05, 0.05).wkt.replace("POLYGON ", "MULTIPOLYGON (") + ")"
        values = {"code": "new", "households": 9, "community_code": WEST, "geom": f"SRID=4326;{ground}"}
        connection.execute(BUILDINGS.insert().values(**values))
    assert [each.plan for each in publishing.publish_due(town)] == [plan]
    assert publishing.publish_due(town) == [], "once"
    with town.transaction() as connection:
        kept, moves = plans.get(connection, plan), plan_history.moves(connection, plan)
        assert schedules.of_community(connection, WEST) is None
    assert (kept.state, in_force(town)) == ("approved", before)
    assert all(grid.code is None or grid.code.startswith(WEST) for grid in kept.grids)
    told = kept.findings[0]
    assert (told.rule, told.severity) == ("publication_refused", "error")
    assert "new" in told.message + told.message_zh
    assert moves[-1].kind == "refused"
    assert moves[-1].reason
    with town.transaction() as connection:
        connection.execute(BUILDINGS.delete().where(BUILDINGS.c.code == "new"))
    workflow.publish_plan(town, plan, actor="wang")
    assert in_force(town) == plan, "solved, it is published all the same"


def test_another_edition_that_began_later_stands_against_it(town: Database) -> None:
    late, quick = approved(town), approved(town)
    announced(town, late)
    workflow.publish_plan(town, quick, actor="wang")
    publishing.publish_due(town)
    with town.transaction() as connection:
        assert plans.get(connection, late).findings[0].rule == "publication_refused"
    assert in_force(town) == quick


def test_what_is_accepted_is_kept_grid_by_grid(town: Database) -> None:
    plan = workflow.draft_plan(town, EAST, "edition")
    one, two = [grid.key for grid in plan.grids][:2]
    left = workflow.edit_plan(town, plan.id, Merge((one, two)), actor="li").changed[0].key
    workflow.submit_plan(town, plan.id, actor="li")
    workflow.approve_plan(town, plan.id, actor="wang")
    with pytest.raises(RefusedData, match="stand against publishing"):
        workflow.schedule_plan(town, plan.id, valid_from=soon(600), actor="wang")
    scheduled = workflow.schedule_plan(town, plan.id, valid_from=soon(600), accept=["all"], actor="wang")
    assert scheduled.accepted == (f"grid_above_band:{left}",), "not whatever else may come up by then"


def test_of_many_services_one_puts_it_in_force(town: Database) -> None:
    plans_due = [approved(town, community) for community in (WEST, EAST)]
    announced(town, *plans_due)
    start, done = threading.Barrier(3), []

    def run() -> None:
        start.wait()
        done.extend(each.plan for each in publishing.publish_due(town))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == sorted(plans_due)
    assert [in_force(town, community) for community in (WEST, EAST)] == plans_due


def test_the_command_line_schedules_lists_and_withdraws(
    town: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GISGRID_DATABASE_URL", town.url)
    plan = approved(town)

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as end:
            cli.main([*arguments, "--json"])
        assert end.value.code in (None, 0)
        return capsys.readouterr().out

    assert "2199-01-01T00:00:00" in run("publish", plan, "--valid-from", "2199-01-01T08:00:00+08:00")
    assert "2199-01-01T00:00:00" in run("plans", WEST)
    with pytest.raises(Conflict, match="withdraw that first"):
        workflow.reject_plan(town, plan, actor="wang", reason="r")
    assert plan in run("withdraw", plan)
    assert "2199" not in run("plans", WEST)
