"""Whatever happens to a report, in whatever order: the table of states holds, and its history only grows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, text
from town import COMMUNITY, build, code, drawing, publish, save_plan

from gisgrid import filing, handling
from gisgrid.directory import GridDirectory
from gisgrid.dispatch.states import TRANSITIONS
from gisgrid.errors import DifferentEvent, Forbidden, NotFound, RefusedData, UsageError, WrongReportState
from gisgrid.handling import HandledReport
from gisgrid.model import Finding, Lineage, Report, ReportEventRequest, ReportEventType
from gisgrid.store.database import Database
from gisgrid.store.tables import REPORT_ASSIGNMENTS

Handle = Callable[..., HandledReport]
ROWS = {"A": (0, 2, 4), "B": (1, 3, 5)}
IN_FIRST = {"lon": 111.001, "lat": 40.001, "crs": "wgs84"}
PLACES: tuple[dict[str, object], ...] = (IN_FIRST, {"building_code": "n3"}, {})
"""A point in grid 1, a building in grid 3, and no place at all."""


@pytest.fixture
def town(database: Database) -> Database:
    """The town with its three columns as grids 1, 2 and 3 in force."""
    with database.transaction() as connection:
        build(connection)
        publish(connection, save_plan(connection))
    return database


@pytest.fixture
def directory(town: Database) -> GridDirectory:
    return GridDirectory(town, nearest_tolerance_m=0.0)


@pytest.fixture
def handle(town: Database, directory: GridDirectory) -> Handle:
    """Asks for an event, as `clerk` unless told otherwise."""

    def ask(report_id: str, type_: ReportEventType, note: str | None = None, **more: object) -> HandledReport:
        options = {"actor": "clerk"} | {name: more.pop(name) for name in ("actor", "reaches") if name in more}
        request = ReportEventRequest(type_, note, **more)
        return handling.handle_report(town, directory, report_id, request, **options)

    return ask


@pytest.fixture
def file(town: Database, directory: GridDirectory) -> Iterator[Callable[..., str]]:
    """Files one more report and returns its id."""
    numbers = iter(range(10_000))

    def file_one(**place: object) -> str:
        report = Report("12345", f"A-{next(numbers)}", text="路灯不亮", **place)
        return filing.file_report(town, directory, report, actor="hotline").record.id

    return file_one


def assignments(database: Database, report_id: str) -> list[tuple[object, ...]]:
    """Every assignment of the report, in sequence."""
    query = select(REPORT_ASSIGNMENTS).where(REPORT_ASSIGNMENTS.c.report_id == int(report_id)).order_by("sequence")
    with database.transaction() as connection:
        return [tuple(row) for row in connection.execute(query)]


def split_into_rows(database: Database, replaces: str) -> None:
    """Publish an edition whose grids 4 and 5 are the rows, so that 1, 2 and 3 end."""
    lineage = [Lineage(code(old), code(new), 200 + new) for old in (1, 2, 3) for new in (4, 5)]
    large = [Finding("grid_above_band", "error", "600 households.", "600户。", (key,)) for key in ROWS]
    with database.transaction() as connection:
        plan = save_plan(connection, drawing(ROWS, findings=large))
        publish(connection, plan, {"A": 4, "B": 5}, lineage=lineage, accepted=large, replaces=replaces)


def test_a_report_lives_its_life(handle: Handle, file: Callable[..., str], town: Database) -> None:
    report = file(**IN_FIRST)
    assert handle(report, "accept").record.state == "accepted"
    returned = handle(report, "return", "不是本网格")
    assert (returned.record.state, returned.record.assignment.grid) == ("returned", code(1))
    given = handle(report, "reassign", "经核实属于三网格", grid=code(3))
    assert (given.record.state, given.record.assignment.grid, given.record.assignment.method) == (
        "assigned", code(3), "manual",
    )  # fmt: skip
    assert [found.rule for found in given.record.assignment.findings] == ["report_point_disagrees_with_grid"]
    assert handle(report, "escalate").record.state == "escalated"
    assert handle(report, "close", "已修复").record.state == "closed"
    last = handle(report, "reopen", "仍不亮")
    assert (last.record.state, last.record.assignment.grid) == ("assigned", code(3))
    assert [(event.type, event.actor, event.note) for event in last.history] == [
        ("received", "hotline", None),
        ("accept", "clerk", None),
        ("return", "clerk", "不是本网格"),
        ("reassign", "clerk", "经核实属于三网格"),
        ("escalate", "clerk", None),
        ("close", "clerk", "已修复"),
        ("reopen", "clerk", "仍不亮"),
    ]
    assert last.history[3].details == {"state": "assigned", "from": code(1), "to": code(3), "method": "manual"}
    assert [row[2] for row in assignments(town, report)] == [code(1), code(3)]


def test_a_report_goes_to_a_building_or_is_located_anew(handle: Handle, file: Callable[..., str]) -> None:
    report = file()
    by_building = handle(report, "reassign", "电话核实", building_code="n2").record.assignment
    assert (by_building.grid, by_building.method, by_building.building) == (code(2), "building", "n2")
    placed = file(**IN_FIRST)
    handle(placed, "reassign", "改派", grid=code(3))
    anew = handle(placed, "reassign", "按坐标重新落格").record.assignment
    assert (anew.grid, anew.method) == (code(1), "inside")


@pytest.mark.parametrize(
    ("place", "asked", "rules"),
    [
        ({}, {}, ["report_without_place"]),
        (IN_FIRST, {"building_code": "nowhere"}, ["report_building_unknown"]),
        (IN_FIRST, {"grid": f"{COMMUNITY}099"}, ["reassign_grid_unknown"]),
    ],
)
def test_a_grid_is_never_guessed(
    handle: Handle, file: Callable[..., str], town: Database, place: dict, asked: dict, rules: list[str]
) -> None:
    report = file(**place)
    before = assignments(town, report)
    with pytest.raises(RefusedData) as refusal:
        handle(report, "reassign", "请重新核实", **asked)
    assert [finding.rule for finding in refusal.value.findings] == rules
    assert assignments(town, report) == before
    assert len(handle(report, "note", "看").history) == 2  # received, note: nothing of the refused one


def test_an_ended_grid_names_its_heirs(handle: Handle, file: Callable[..., str], town: Database) -> None:
    report = file(**IN_FIRST)
    with town.transaction() as connection:
        edition = connection.execute(text("SELECT id FROM gisgrid.editions")).scalar_one()
    split_into_rows(town, str(edition))
    with pytest.raises(RefusedData, match=f"{code(5)} holds most"):
        handle(report, "reassign", "改派", grid=code(2))


def test_a_scope_ends_at_its_edge(handle: Handle, file: Callable[..., str]) -> None:
    report = file(**IN_FIRST)
    with pytest.raises(Forbidden, match="return the report"):
        handle(report, "reassign", "改派", grid=code(3), reaches=lambda community: community != COMMUNITY)
    assert handle(report, "return", "不是本街道", reaches=lambda _: False).record.state == "returned"


def test_a_repeat_happens_once_and_another_content_not_at_all(
    handle: Handle, file: Callable[..., str], town: Database
) -> None:
    report, other = file(**IN_FIRST), file(**IN_FIRST)
    first = handle(report, "reassign", "改派", grid=code(2), event_id="e-1")
    handle(report, "accept")
    again = handle(report, "reassign", "改派", grid=code(2), event_id="e-1", actor="another key")
    assert (first.outcome, again.outcome, again.record.state) == ("recorded", "repeated", "accepted")
    assert [event.event_id for event in again.history] == [None, "e-1", None]
    for changed in ({"note": "别的"}, {"grid": code(3)}):
        with pytest.raises(DifferentEvent):
            handle(report, "reassign", **{"note": "改派", "grid": code(2), "event_id": "e-1"} | changed)
    assert len(assignments(town, report)) == 2
    assert handle(other, "accept", event_id="e-1").outcome == "recorded"  # unique in its report only


def test_of_many_who_accept_at_once_one_does(handle: Handle, file: Callable[..., str]) -> None:
    report = file(**IN_FIRST)
    gate, outcomes = threading.Barrier(8), []

    def accept() -> None:
        gate.wait()
        try:
            outcomes.append(handle(report, "accept").outcome)
        except WrongReportState:
            outcomes.append("refused")

    threads = [threading.Thread(target=accept) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["recorded"] + ["refused"] * 7
    assert [event.type for event in handle(report, "note", "看").history] == ["received", "accept", "note"]


@pytest.mark.parametrize("report_id", ["0", "999999", "x", "9" * 40])
def test_an_id_that_is_none_is_not_found(handle: Handle, report_id: str) -> None:
    with pytest.raises(NotFound):
        handle(report_id, "accept")


def test_an_event_with_a_fault_is_refused(handle: Handle, file: Callable[..., str]) -> None:
    with pytest.raises(UsageError, match="note"):
        handle(file(**IN_FIRST), "return")


def test_random_lives_keep_the_table_and_only_grow(town: Database, handle: Handle, file: Callable[..., str]) -> None:
    class Lives(RuleBasedStateMachine):
        """One report, and a model of it: the state by the table of transitions, the number of assignments."""

        @initialize(place=st.sampled_from(PLACES))
        def begin(self, place: dict[str, object]) -> None:
            self.report = file(**place)
            self.handled = handle(self.report, "note", "开始")
            self.placed = bool(place)
            self.state = "assigned" if self.placed else "unplaced"
            self.history: tuple[object, ...] = ()
            self.given: list[tuple[object, ...]] = []

        @rule(event=st.sampled_from(sorted(TRANSITIONS)), to=st.sampled_from([code(1), code(2), code(3)]))
        def ask(self, event: ReportEventType, to: str) -> None:
            more = {"grid": to} if event == "reassign" else {}
            after = TRANSITIONS[event].get(self.state)  # type: ignore[call-overload]
            if after is None:
                with pytest.raises(WrongReportState):
                    handle(self.report, event, "原因", **more)
                return
            self.handled = handle(self.report, event, "原因", **more)
            self.placed |= event == "reassign"
            self.state = "unplaced" if after == "assigned" and not self.placed else after
            assert self.handled.history[-1].type == event

        @invariant()
        def agrees(self) -> None:
            record, history = self.handled.record, self.handled.history
            given = assignments(town, self.report)
            assert record.state == self.state == history[-1].details["state"]
            assert history[: len(self.history)] == self.history
            assert given[: len(self.given)] == self.given
            assert len(given) == 1 + sum(event.type == "reassign" for event in history)
            assert record.assignment.grid == given[-1][2]
            self.history, self.given = history, given

    options = settings(max_examples=25, stateful_step_count=20, deadline=None)
    run_state_machine_as_test(Lives, settings=options)
