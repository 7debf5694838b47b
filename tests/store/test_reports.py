"""Reports are filed once, never lost and never doubled, in a real PostGIS."""

from __future__ import annotations

import dataclasses
import threading
from datetime import UTC, datetime

import pytest
from town import basis, file_now

from gisgrid.dispatch.intake import content_digest
from gisgrid.errors import NotFound
from gisgrid.model import Assignment, Finding, Neighbour, Report
from gisgrid.store import reports
from gisgrid.store.database import Database

UNPLACED = Assignment(
    grid=None,
    method="unplaced",
    neighbours=(Neighbour("990101001001001", 35.2),),
    findings=(Finding("report_outside", "warning", "Outside.", "不在网格内。", ("990101001001001",), values={"a": 1}),),
)


def filing(number: int = 1, **changes: object) -> reports.Filing:
    report = dataclasses.replace(
        Report("12345", f"A-{number}", text="路灯不亮", lon=111.7, lat=40.8, crs="gcj02",
               reported_at=datetime(2026, 5, 4, 8, tzinfo=UTC)),
        **changes,
    )  # fmt: skip
    return reports.Filing(report, content_digest(report), (111.694123456, 40.799), UNPLACED, "unplaced", "hotline")


def file_one(database: Database, one: reports.Filing) -> reports.Filed:
    with database.transaction() as connection:
        return file_now(connection, [one])[0]


def count(database: Database) -> int:
    with database.transaction() as connection:
        return len(reports.list_reports(connection, reports.ReportFilter(), limit=100_000))


def test_a_report_comes_back_as_it_was_filed_with_its_history(database: Database) -> None:
    filed = file_one(database, filing())
    assert filed.outcome == "created"
    with database.transaction() as connection:
        record = reports.get(connection, filed.report_id)
        events = reports.history(connection, filed.report_id)
    assert record.report == filing().report
    assert record.point == (111.694123456, 40.799)
    assert record.assignment == UNPLACED
    assert record.state == "unplaced"
    assert [(event.type, event.actor) for event in events] == [("received", "hotline")]
    assert events[0].details == {"state": "unplaced", "grid": None, "method": "unplaced"}


def test_the_same_again_is_the_first_and_another_body_is_kept_out(database: Database) -> None:
    first = file_one(database, filing())
    assert file_one(database, filing()) == reports.Filed(first.report_id, "repeated")
    assert file_one(database, filing(text="other")) == reports.Filed(first.report_id, "different")
    assert file_one(database, filing(source="city app")).outcome == "created"
    assert count(database) == 2
    with database.transaction() as connection:
        assert reports.get(connection, first.report_id).report.text == "路灯不亮"


def test_in_a_batch_the_first_of_a_key_counts_and_the_answers_keep_the_order(database: Database) -> None:
    before = file_one(database, filing(3))
    batch = [filing(5), filing(3), filing(1), filing(5), filing(1, text="other")]
    with database.transaction() as connection:
        results = file_now(connection, batch)
        answers = reports.first_answers(connection, [each.report_id for each in results])
    assert [each.outcome for each in results] == ["created", "repeated", "created", "repeated", "different"]
    assert results[1].report_id == before.report_id
    assert results[3].report_id == results[0].report_id
    assert answers[results[2].report_id].report.text == "路灯不亮"
    assert count(database) == 3


def test_nothing_is_kept_of_a_transaction_that_fails(database: Database) -> None:
    def interrupted() -> None:
        with database.transaction() as connection:
            file_now(connection, [filing(number) for number in range(20)])
            raise RuntimeError("the plug was pulled")

    with pytest.raises(RuntimeError, match="pulled"):
        interrupted()
    assert count(database) == 0
    assert file_one(database, filing(7)).outcome == "created"


@pytest.mark.parametrize("changed", ["editions", "limits"])
def test_what_was_made_by_what_holds_no_longer_is_not_written(database: Database, changed: str) -> None:
    with database.transaction() as connection:
        before = basis(connection)
        other = dataclasses.replace(before, **{changed: getattr(before, changed) + 1})
        assert reports.file_reports(connection, [filing()], other) is None
    assert count(database) == 0
    assert file_one(database, filing()).outcome == "created"


def test_a_single_statement_is_kept_without_more_ado(database: Database) -> None:
    with database.statements() as connection:
        filed = file_now(connection, [filing(1), filing(2)])
        assert count(database) == 2  # seen by another connection at once
    assert [each.outcome for each in filed] == ["created", "created"]


def test_simultaneous_repeats_make_one_report_each(database: Database) -> None:
    outcomes: list[str] = []
    gate = threading.Barrier(8)

    def send(order: int) -> None:
        gate.wait()
        batch = [filing(number) for number in range(40)]
        with database.transaction() as connection:
            results = file_now(connection, batch if order % 2 else batch[::-1])
        outcomes.extend(each.outcome for each in results)

    threads = [threading.Thread(target=send, args=(order,)) for order in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outcomes.count("created"), outcomes.count("repeated"), len(outcomes)) == (40, 280, 320)
    assert count(database) == 40


def test_pages_follow_each_other_without_gap_or_repeat(database: Database) -> None:
    with database.transaction() as connection:
        file_now(connection, [filing(number) for number in range(25)])
    seen: list[str] = []
    after = None
    with database.transaction() as connection:
        while page := reports.list_reports(connection, reports.ReportFilter(state="unplaced"), after=after, limit=10):
            assert len(page) in (10, 5)
            seen += [record.id for record in page]
            after = page[-1].id
    assert len(seen) == len(set(seen)) == 25
    assert seen == sorted(seen, key=int)


def test_filters_and_sight(database: Database) -> None:
    mine, other = filing(1), dataclasses.replace(filing(2), actor="city app")
    with database.transaction() as connection:
        first, second = file_now(connection, [mine, other])
    started = datetime.now(UTC)
    with database.transaction() as connection:

        def listed(**wanted: object) -> list[str]:
            return [r.id for r in reports.list_reports(connection, reports.ReportFilter(**wanted))]

        assert listed() == [first.report_id, second.report_id]
        assert listed(state="assigned") == []
        assert listed(grid="990101001001001") == []
        assert listed(since=started) == []
        sight = reports.Sight(communities=["990101001001"], actor="city app")
        assert listed(sight=sight) == [second.report_id]
        assert reports.may_see(connection, second.report_id, sight)
        assert not reports.may_see(connection, first.report_id, sight)


@pytest.mark.parametrize("report_id", ["0", "999", "-1", "1e3", "١", "9" * 40, "x"])
def test_an_id_that_is_none_is_not_found(database: Database, report_id: str) -> None:
    with database.transaction() as connection, pytest.raises(NotFound):
        reports.get(connection, report_id)


def test_thousands_of_reports_are_filed_in_one_statement_and_once(database: Database) -> None:
    batch = [filing(number) for number in range(2_500)]  # more than are asked for at a time
    with database.transaction() as connection:
        created = file_now(connection, batch)
    with database.transaction() as connection:
        again = file_now(connection, batch)
    assert {each.outcome for each in created} == {"created"}
    assert {each.outcome for each in again} == {"repeated"}
    assert [each.report_id for each in created] == [each.report_id for each in again]
