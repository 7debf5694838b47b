"""The feed skips nothing and doubles nothing, tells what was then, and shows each reader its own, in a real PostGIS."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from test_reports import filing
from town import build, code, file_now, publish, save_plan

from gisgrid.errors import Conflict, DatabaseUnavailable
from gisgrid.feeding import Feed
from gisgrid.model import Assignment
from gisgrid.store import feed, migrations
from gisgrid.store.database import Connection, Database, owner_connection
from gisgrid.store.reports import Sight

ADD_EVENT = text(
    "INSERT INTO gisgrid.report_events (report_id, type, actor, details)"
    " VALUES (:report, :type, 'tester', CAST(:details AS jsonb)) RETURNING id"
)


def file(connection: Connection, number: int, **changes: object) -> str:
    return file_now(connection, [dataclasses.replace(filing(number), **changes)])[0].report_id


def add_event(connection: Connection, report: str, kind: str = "note", details: str = "{}") -> int:
    identifier: int = connection.execute(
        ADD_EVENT, {"report": int(report), "type": kind, "details": details}
    ).scalar_one()
    return identifier


def everything(database: Database, **wanted: object) -> list[feed.FeedEvent]:
    """The whole feed, read page by page."""
    read, position, found = Feed(database).read, 0, []
    while True:
        page = read(position, limit=7, **wanted)  # type: ignore[arg-type]
        found += page.events
        position = page.next
        if not page.more:
            return found


def event_ids(database: Database) -> list[int]:
    """The report events as the feed has them, in order of their positions."""
    with database.transaction() as connection:
        query = "SELECT report_event_id FROM gisgrid.feed WHERE report_event_id IS NOT NULL ORDER BY position"
        return list(connection.execute(text(query)).scalars())


class TestOrder:
    def test_an_event_is_told_with_the_grid_and_the_state_that_the_report_had_then(self, database: Database) -> None:
        with database.transaction() as connection:
            build(connection)
            edition = publish(connection, save_plan(connection))
        here = Assignment(grid=code(1), method="inside", edition=edition.id)
        with database.transaction() as connection:
            report = file(connection, 1, assignment=here, state="assigned")
        with database.transaction() as connection:
            add_event(connection, report)
        with database.transaction() as connection:
            connection.execute(
                text(
                    "INSERT INTO gisgrid.report_assignments (report_id, sequence, grid_code, edition_id, method, at)"
                    " VALUES (:report, 2, :grid, :edition, 'inside', clock_timestamp() + interval '1 second')"
                ),
                {"report": int(report), "grid": code(2), "edition": int(edition.id)},
            )
            add_event(connection, report, "moved", f'{{"from": "{code(1)}", "to": "{code(2)}", "state": "accepted"}}')
        published, received, noted, moved = everything(database)
        assert (published.type, received.type, noted.type, moved.type) == (
            "edition.published", "report.received", "report.note", "report.moved",
        )  # fmt: skip
        assert [each.position for each in (published, received, noted, moved)] == [1, 2, 3, 4]
        assert published.subject == feed.EditionSubject(
            edition.id, edition.community, edition.plan, edition.valid_from, None
        )
        subjects = [each.subject for each in (received, noted, moved)]
        assert [each.grid for each in subjects] == [code(1), code(1), code(2)]  # type: ignore[union-attr]
        assert [each.state for each in subjects] == ["assigned", "assigned", "accepted"]  # type: ignore[union-attr]
        assert {(each.source, each.external_id) for each in subjects} == {("12345", "A-1")}  # type: ignore[union-attr]

    def test_an_edition_ends_before_the_next_is_published(self, database: Database) -> None:
        with database.transaction() as connection:
            build(connection)
            first = publish(connection, save_plan(connection))
        with database.transaction() as connection:
            second = publish(connection, save_plan(connection), replaces=first.id)
        found = everything(database)
        assert [(each.type, each.subject.edition) for each in found] == [  # type: ignore[union-attr]
            ("edition.published", first.id),
            ("edition.ended", first.id),
            ("edition.published", second.id),
        ]
        assert found[1].subject.valid_to == second.valid_from  # type: ignore[union-attr]

    def test_a_transaction_that_commits_late_comes_later_and_is_not_skipped(self, database: Database) -> None:
        with database.transaction() as connection:
            report = file(connection, 1)
        with database.transaction() as late:
            early_id = add_event(late, report)
            with database.transaction() as connection:
                other_id = add_event(connection, report)
            before = everything(database)
            assert [each.position for each in before] == [1, 2]
        assert early_id < other_id
        assert event_ids(database)[1:] == [other_id]
        page = Feed(database).read(before[-1].position, limit=10)
        assert [each.position for each in page.events] == [3]
        assert event_ids(database)[1:] == [other_id, early_id]

    def test_what_is_undone_leaves_no_gap(self, database: Database) -> None:
        with database.transaction() as connection:
            file(connection, 1)
        with database.transaction(keep=False) as connection:
            file(connection, 2)
        with database.transaction() as connection:
            file(connection, 3)
        assert [each.position for each in everything(database)] == [1, 2]

    def test_a_position_beyond_the_end_is_told(self, database: Database) -> None:
        with pytest.raises(Conflict, match="ends at 0 and was read up to 5"):
            Feed(database).read(5, limit=1)

    def test_types_that_are_not_wanted_are_passed_over(self, database: Database) -> None:
        with database.transaction() as connection:
            report = file(connection, 1)
            add_event(connection, report)
        page = Feed(database).read(0, limit=10, types={"report.note"})
        assert [each.type for each in page.events] == ["report.note"]
        assert (page.next, page.more) == (2, False)


class TestSight:
    def test_the_position_goes_past_what_may_not_be_seen(self, database: Database) -> None:
        with database.transaction() as connection:
            build(connection)
            edition = publish(connection, save_plan(connection))
            here = Assignment(grid=code(1), method="inside", edition=edition.id)
            for number in range(20):
                file(connection, number, assignment=here, state="assigned", actor="hotline")
            file(connection, 20, actor="app")
        nothing = Sight(frozenset(), "somebody else")
        page = Feed(database).read(0, limit=5, sight=nothing)
        assert (page.events, page.next, page.more) == ((), 22, False)
        own = everything(database, sight=Sight(frozenset(), "app"))
        assert [each.subject.external_id for each in own] == ["A-20"]  # type: ignore[union-attr]
        local = everything(database, sight=Sight(frozenset({edition.community}), "somebody else"))
        assert [each.position for each in local] == list(range(1, 22))

    def test_a_window_without_anything_to_see_does_not_stall(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(feed, "SCANNED_AT_ONCE", 4)
        with database.transaction() as connection:
            for number in range(10):
                file(connection, number, actor="hotline")
            file(connection, 10, actor="app")
        steps, position, found = 0, 0, []
        while True:
            page = Feed(database).read(position, limit=5, sight=Sight(frozenset(), "app"))
            found += page.events
            assert page.next > position
            position, steps = page.next, steps + 1
            if not page.more:
                break
        assert [each.position for each in found] == [11]
        assert steps == 3


class TestNumbering:
    def test_one_numbers_and_the_others_pass_without_waiting(self, database: Database) -> None:
        with database.transaction() as connection:
            file(connection, 1)
        with database.transaction() as first:
            assert feed.number(first) == 1
            with database.transaction() as second:
                assert feed.number(second) == 0
                assert feed.last_position(second) == 0
        assert len(everything(database)) == 1

    def test_it_refuses_a_snapshot_that_may_be_older_than_the_lock(self, database: Database) -> None:
        with database.transaction() as connection:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            with pytest.raises(DBAPIError, match="READ COMMITTED"):
                feed.number(connection)
            connection.rollback()

    def test_nothing_is_lost_when_the_numberer_is_killed(self, database: Database) -> None:
        with database.transaction() as connection:
            report = file(connection, 1)
            written = [add_event(connection, report) for _ in range(50)]

        def killed_in_the_midst() -> None:
            with database.transaction() as connection:
                assert feed.number(connection) == 51
                backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
                with psycopg.connect(database.url, autocommit=True) as owner:
                    owner.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))

        with pytest.raises(DatabaseUnavailable):
            killed_in_the_midst()
        assert [each.position for each in everything(database)] == list(range(1, 52))
        assert event_ids(database)[1:] == written

    def test_portions_follow_each_other(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(feed, "NUMBERED_AT_ONCE", 3)
        with database.transaction() as connection:
            for number in range(10):
                file(connection, number)
        assert Feed(database).advance() == 10

    def test_what_happened_before_there_was_a_feed_begins_it(self, empty_database_url: str) -> None:
        with owner_connection(empty_database_url) as connection:
            migrations._prepare(connection)
            configuration = migrations._configuration()
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, before_the_feed())
            connection.execute(
                text(
                    "INSERT INTO gisgrid.reports (source, external_id, body_sha256, state)"
                    " SELECT 's', n::text, sha256(''), 'unplaced' FROM generate_series(1, 3) AS n"
                )
            )
            connection.execute(
                text(
                    "INSERT INTO gisgrid.report_assignments (report_id, sequence, method)"
                    " SELECT id, 1, 'unplaced' FROM gisgrid.reports"
                )
            )
            connection.execute(
                text("INSERT INTO gisgrid.report_events (report_id, type) SELECT id, 'received' FROM gisgrid.reports")
            )
        migrations.upgrade(empty_database_url)
        database = Database(empty_database_url)
        found = everything(database)
        database.close()
        assert [(each.position, each.type) for each in found] == [(n, "report.received") for n in (1, 2, 3)]


def before_the_feed() -> str:
    """The number of the migration that came before the feed."""
    script = ScriptDirectory.from_config(migrations._configuration())
    return next(str(each.down_revision) for each in script.walk_revisions() if "feed" in Path(each.path).stem)
