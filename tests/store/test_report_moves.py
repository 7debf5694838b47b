"""Open reports follow the grids: all of them, once, whatever is going on while an edition is published."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from test_report_life import IN_FIRST, split_into_rows
from town import build, code, drawing, publish, save_plan

from gisgrid import filing, handling, moving
from gisgrid.directory import GridDirectory
from gisgrid.model import Report, ReportEventRequest
from gisgrid.store import reports as kept
from gisgrid.store.database import Database
from gisgrid.store.reports import ReportRecord

IN_SECOND, IN_NORTH = {"lon": 111.003, "lat": 40.001, "crs": "wgs84"}, {"lon": 111.001, "lat": 40.003, "crs": "wgs84"}


@pytest.fixture
def town(database: Database) -> Database:
    """The town before its first edition."""
    with database.transaction() as connection:
        build(connection)
    return database


@pytest.fixture
def directory(town: Database) -> GridDirectory:
    return GridDirectory(town, nearest_tolerance_m=0.0)


@pytest.fixture
def file(town: Database, directory: GridDirectory) -> Callable[..., str]:
    """Files one more report and returns its id."""
    numbers = iter(range(10_000))

    def file_one(**place: object) -> str:
        report = Report("12345", f"A-{next(numbers)}", **place)
        return filing.file_report(town, directory, report, actor="hotline").record.id

    return file_one


def publish_columns(database: Database, replaces: str | None = None) -> str:
    """Publish the three columns as grids 1, 2 and 3."""
    with database.transaction() as connection:
        return publish(connection, save_plan(connection, drawing(base_edition=replaces)), replaces=replaces).id


def read(database: Database, report_id: str) -> tuple[ReportRecord, list[tuple[str, dict[str, object]]]]:
    """The report, and what its history tells of its moves."""
    with database.transaction() as connection:
        history = kept.history(connection, report_id)
        moves = [(event.actor, dict(event.details)) for event in history if event.type == "moved"]
        return kept.get(connection, report_id), moves  # type: ignore[return-value]


def test_a_report_that_is_placed_while_an_edition_is_published_is_placed_by_the_new_one(
    town: Database, directory: GridDirectory, file: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish_columns(town)
    file(**IN_SECOND)  # the first edition is in memory now
    placed: list[str] = []
    write = kept.file_reports

    def writing(*given: Any) -> Any:
        if not placed:
            split_into_rows(town, first)
        placed.append(given[1][0].assignment.grid)
        return write(*given)

    monkeypatch.setattr(kept, "file_reports", writing)
    report = file(**IN_FIRST)
    assert placed == [code(1), code(4)]
    assert read(town, report)[0].assignment.grid == code(4)
    assert len(read(town, report)[1]) == 0


def test_open_reports_move_and_closed_ones_keep_the_grid_of_their_time(
    town: Database, directory: GridDirectory, file: Callable[..., str]
) -> None:
    def ask(report: str, event: str, **more: object) -> None:
        request = ReportEventRequest(event, "因故", **more)  # type: ignore[arg-type]
        handling.handle_report(town, directory, report, request, actor="clerk")

    first = publish_columns(town)
    south, north, building, by_hand, accepted, closed, lost = (
        file(**place) for place in (IN_FIRST, IN_NORTH, {"building_code": "n3"}, IN_SECOND, IN_FIRST, IN_FIRST, {})
    )
    ask(by_hand, "reassign", grid=code(3))
    ask(accepted, "accept")
    ask(closed, "close")
    assert moving.move_reports(town, directory) == 0
    split_into_rows(town, first)
    assert moving.move_reports(town, directory) == 5
    expected = {
        south: (code(4), "inside", "assigned"),
        north: (code(5), "inside", "assigned"),
        building: (code(5), "building", "assigned"),
        by_hand: (code(5), "successor", "assigned"),
        accepted: (code(4), "inside", "accepted"),
        closed: (code(1), "inside", "closed"),
        lost: (None, "unplaced", "unplaced"),
    }
    for report, (grid, method, state) in expected.items():
        record, moves = read(town, report)
        assert (record.assignment.grid, record.assignment.method, record.state) == (grid, method, state)
        assert len(moves) == (report not in (closed, lost))
    assert read(town, south)[1] == [
        ("gisgrid", {"state": "assigned", "from": code(1), "to": code(4), "method": "inside", "edition": "2",
                     "plan": "2"})
    ]  # fmt: skip
    assert moving.move_reports(town, directory) == 0
    ask(closed, "reopen")
    assert read(town, closed)[0].assignment.grid == code(4)


def test_a_first_edition_empties_the_work_list(
    town: Database, directory: GridDirectory, file: Callable[..., str]
) -> None:
    placed, building, nowhere = file(**IN_FIRST), file(building_code="n3"), file()
    assert moving.move_reports(town, directory) == 0  # looked at, and not again until there is another edition
    with town.transaction() as connection:
        sought = connection.execute(text("SELECT DISTINCT sought_editions FROM gisgrid.reports")).scalars().all()
    assert sought == [0]
    publish_columns(town)
    assert moving.move_reports(town, directory) == 2
    assert read(town, placed)[0].state == read(town, building)[0].state == "assigned"
    assert read(town, nowhere)[0].state == "unplaced"


def test_a_report_filed_by_the_old_grids_while_the_new_ones_are_published_is_not_missed(
    town: Database, directory: GridDirectory
) -> None:
    first = publish_columns(town)
    report = Report("12345", "late", **IN_FIRST)
    with town.transaction() as late:
        filed = filing.file_reports_in(late, directory, [filing.Submission(report, "hotline")])[0].record
        split_into_rows(town, first)
        assert moving.move_reports(town, directory) == 0  # not committed: nobody sees it yet
    assert filed.assignment.grid == code(1)
    assert moving.move_reports(town, directory) == 1
    assert read(town, filed.id)[0].assignment.grid == code(4)


def test_it_goes_on_after_a_crash_and_many_at_once_move_each_report_once(
    town: Database, directory: GridDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "MOVED_AT_ONCE", 20)
    first = publish_columns(town)
    batch = [filing.Submission(Report("12345", f"B-{number}", **IN_FIRST), "hotline") for number in range(150)]
    filed = filing.file_reports(town, directory, batch)
    split_into_rows(town, first)

    def interrupted() -> None:
        with town.transaction() as connection:
            assert len(moving.confirm_reports(connection, directory)) == 20
            raise RuntimeError("the plug was pulled")

    with pytest.raises(RuntimeError, match="pulled"):
        interrupted()
    moved: list[int] = []
    threads = [threading.Thread(target=lambda: moved.append(moving.move_reports(town, directory))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(moved) == 150
    with town.transaction() as connection:
        counted = "SELECT count(*), count(DISTINCT report_id) FROM gisgrid.report_events WHERE type = 'moved'"
        assert tuple(connection.execute(text(counted)).one()) == (150, 150)
    assert {read(town, each.record.id)[0].assignment.grid for each in filed[:5]} == {code(4)}


def test_a_grid_that_goes_on_is_confirmed_without_an_event(
    town: Database, directory: GridDirectory, file: Callable[..., str]
) -> None:
    first = publish_columns(town)
    report = file(**IN_FIRST)
    publish_columns(town, first)
    assert moving.move_reports(town, directory) == 0
    record, moves = read(town, report)
    assert (record.assignment.grid, moves) == (code(1), [])
    with town.transaction() as connection:
        assert moving.confirm_reports(connection, directory) == []


def test_the_mover_of_a_service_moves_soon(town: Database, directory: GridDirectory, file: Callable[..., str]) -> None:
    first = publish_columns(town)
    report = file(**IN_FIRST)
    mover = moving.ReportMover(town, directory)
    mover.start()
    split_into_rows(town, first)
    waited = threading.Event()
    for _ in range(100):
        if read(town, report)[0].assignment.grid == code(4):
            break
        waited.wait(0.2)
    mover.stop()
    assert read(town, report)[0].assignment.grid == code(4)
