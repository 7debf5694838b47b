"""What is published or happened is frozen: nobody removes, changes or adds to it, the owner included."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from town import (
    COMMUNITY,
    broken,
    build,
    clone,
    code,
    columns,
    drawing,
    insert_raw,
    publish,
    save_plan,
)

from gisgrid import editing
from gisgrid.errors import Conflict, RefusedData
from gisgrid.model import Lineage
from gisgrid.plan.operations import Rename
from gisgrid.store import backup, editions
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Connection, Database

FROZEN = (
    "audit",
    "edition_acceptances",
    "edition_buildings",
    "edition_grids",
    "editions",
    "feed",
    "grid_codes",
    "grid_lineage",
    "plan_comments",
    "plan_revisions",
    "report_assignments",
    "report_events",
    "reports",
    "scheduled_publications",
)


@pytest.fixture(scope="module")
def published(cluster: Cluster, template_database: str) -> Iterator[Database]:
    """The town with two editions, a report and its history; tests leave it as they found it."""
    with clone(cluster, template_database) as url:
        database = Database(url)
        with database.transaction() as connection:
            build(connection)
            first = publish(connection, save_plan(connection))
        with database.transaction() as connection:
            again = save_plan(connection)
            links = [Lineage(code(3), code(4), 400)]
            publish(connection, again, {"A": 1, "B": 2, "C": 4}, replaces=first.id, lineage=links)
            insert_report(connection, first.id)
            draft = save_plan(connection)
        editing.edit_plan(database, draft.id, Rename("A", "榕树网格"), actor="tester")
        yield database
        database.close()


def insert_report(connection: Connection, edition: str) -> None:
    report = connection.execute(
        text(
            "INSERT INTO gisgrid.reports (source, external_id, body_sha256, state, geom)"
            " VALUES ('12345', '1', sha256(''), 'assigned', ST_Point(111.001, 40.001, 4326)) RETURNING id"
        )
    ).scalar_one()
    connection.execute(
        text(
            "INSERT INTO gisgrid.report_assignments (report_id, sequence, grid_code, edition_id, method)"
            " VALUES (:report, 1, :grid, :edition, 'inside')"
        ),
        {"report": report, "grid": code(1), "edition": int(edition)},
    )
    connection.execute(
        text("INSERT INTO gisgrid.report_events (report_id, type) VALUES (:report, 'received')"), {"report": report}
    )


@pytest.fixture
def lord(published: Database) -> Iterator[psycopg.Connection]:
    """A connection as the owner of everything; what it does is undone."""
    with psycopg.connect(published.url) as connection:
        yield connection
        connection.rollback()


# Rows that would be right but for coming after the edition was judged.
LATE_ROWS = {
    "edition_grids": """
        SELECT max(edition_id), '990101001001003', 'x', 'dedicated', 0, 0, 1, (array_agg(geom))[1]
        FROM gisgrid.edition_grids""",
    "edition_buildings": "SELECT id, 'late', '990101001001001', 0 FROM gisgrid.editions",
    "edition_acceptances": """
        (edition_id, rule, accepted_by, finding)
        SELECT id, 'x', 'r', '{}' FROM gisgrid.editions""",
    "grid_lineage": "SELECT id, '990101001001001', '990101001001002', 0 FROM gisgrid.editions",
    "grid_codes": "SELECT '990101001001009', '990101001001', 9, max(id), NULL FROM gisgrid.editions",
}


class TestFrozen:
    @pytest.mark.parametrize("table", FROZEN)
    @pytest.mark.parametrize("deed", ["DELETE FROM gisgrid.{}", "TRUNCATE gisgrid.{} CASCADE"])
    def test_nobody_removes_rows(self, published: Database, lord: psycopg.Connection, table: str, deed: str) -> None:
        with pytest.raises(psycopg.Error) as refusal:
            lord.execute(deed.format(table))
        assert refusal.value.sqlstate == "GG002"
        assert "append-only" in str(refusal.value)
        with pytest.raises((DBAPIError, Conflict)), published.transaction() as connection:
            connection.execute(text(deed.format(table)))

    @pytest.mark.parametrize(
        ("table", "change"),
        [
            ("audit", "actor = 'somebody else'"),
            ("edition_acceptances", "rule = 'x'"),
            ("edition_buildings", "grid_code = '990101001001002'"),
            ("edition_grids", "name = 'x'"),
            ("edition_grids", "geom = geom"),
            ("editions", "published_by = 'x'"),
            ("editions", "sealed = false"),
            ("editions", "valid = tstzrange('2020-01-01', NULL)"),
            ("grid_codes", "first_edition_id = first_edition_id + 1"),
            ("grid_lineage", "households = 0"),
            ("plan_comments", "words = 'x'"),
            ("plan_revisions", "actor = 'somebody else'"),
            ("report_assignments", "grid_code = '990101001001002'"),
            ("report_events", "note = 'x'"),
            ("reports", "text = 'x'"),
            ("reports", "geom = ST_Point(111.002, 40.001, 4326)"),
        ],
    )
    def test_nobody_changes_rows(self, published: Database, lord: psycopg.Connection, table: str, change: str) -> None:
        with pytest.raises(psycopg.Error) as refusal:
            lord.execute(f"UPDATE gisgrid.{table} SET {change}")
        assert refusal.value.sqlstate == "GG002"
        with pytest.raises((DBAPIError, Conflict)), published.transaction() as connection:
            connection.execute(text(f"UPDATE gisgrid.{table} SET {change}"))

    def test_the_state_of_a_report_may_change(self, published: Database) -> None:
        with published.transaction() as connection:
            changed = connection.execute(text("UPDATE gisgrid.reports SET state = 'closed'"))
            assert changed.rowcount == 1
            connection.rollback()

    @pytest.mark.parametrize("table", LATE_ROWS)
    def test_nothing_is_added_to_a_sealed_edition(
        self, published: Database, lord: psycopg.Connection, table: str
    ) -> None:
        row = f"{table} {LATE_ROWS[table]}"
        with pytest.raises(psycopg.Error) as refusal:
            lord.execute(f"INSERT INTO gisgrid.{row}")
        assert refusal.value.sqlstate == "GG002"
        assert "sealed" in str(refusal.value)
        with pytest.raises((Conflict, DBAPIError)), published.transaction() as connection:
            connection.execute(text(f"INSERT INTO gisgrid.{row}"))

    def test_the_seal_cannot_be_set_beforehand(self, town: Database) -> None:
        def deed(connection: Connection) -> None:
            plan = save_plan(connection)
            connection.execute(
                text(
                    "INSERT INTO gisgrid.editions (community_code, plan_id, valid, published_by, sealed)"
                    " VALUES (:community, :plan, tstzrange(now(), NULL), 'x', true)"
                ),
                {"community": COMMUNITY, "plan": int(plan.id)},
            )

        assert "edition_without_ground" in broken(town, deed)

    def test_an_edition_is_not_ended_without_another(self, published: Database) -> None:
        end = text(
            "UPDATE gisgrid.editions SET valid = tstzrange(lower(valid), clock_timestamp()) WHERE upper_inf(valid)"
        )
        assert broken(published, lambda connection: connection.execute(end)) == {"edition_without_successor"}

    def test_an_edition_that_has_ended_stays_so(self, lord: psycopg.Connection) -> None:
        with pytest.raises(psycopg.Error, match="only once"):
            lord.execute(
                "UPDATE gisgrid.editions SET valid = tstzrange(lower(valid), upper(valid) - interval '1 microsecond')"
                " WHERE NOT upper_inf(valid)"
            )

    def test_a_sealed_edition_retires_no_more_codes(self, lord: psycopg.Connection) -> None:
        with pytest.raises(psycopg.Error, match="retires no more codes"):
            lord.execute(
                "UPDATE gisgrid.grid_codes SET retired_edition_id = (SELECT max(id) FROM gisgrid.editions)"
                " WHERE number = 1"
            )

    def test_a_retired_code_stays_retired(self, lord: psycopg.Connection) -> None:
        with pytest.raises(psycopg.Error, match="was retired"):
            lord.execute("UPDATE gisgrid.grid_codes SET retired_edition_id = NULL WHERE number = 3")


PERIODS = {
    "NULL": "NULL",
    "empty": "'empty'",
    "endless past": "tstzrange(NULL, now())",
    "minus infinity": "tstzrange('-infinity', NULL)",
    "infinity": "tstzrange(now(), 'infinity')",
    "closed": "tstzrange(now(), now() + interval '1 day', '[]')",
    "open": "tstzrange(now(), NULL, '()')",
}


class TestPeriods:
    @pytest.mark.parametrize("what", PERIODS)
    def test_a_period_that_could_hide_an_overlap_is_refused(self, town: Database, what: str) -> None:
        with town.transaction() as connection:
            plan = save_plan(connection)
            with pytest.raises(DBAPIError) as refusal:
                connection.execute(
                    text(
                        "INSERT INTO gisgrid.editions (community_code, plan_id, valid, published_by)"
                        f" VALUES (:community, :plan, {PERIODS[what]}, 'x')"
                    ),
                    {"community": COMMUNITY, "plan": int(plan.id)},
                )
            connection.rollback()
        assert "valid" in str(refusal.value.orig)

    def test_two_editions_at_one_instant_are_a_conflict(self, published: Database) -> None:
        with pytest.raises(Conflict, match="Another edition"), published.transaction() as connection:
            insert_raw(connection, {n + 4: g for n, g in columns().items()})


def test_a_restored_database_keeps_every_law(published: Database, empty_database_url: str, tmp_path: Path) -> None:
    backup.backup(published.url, tmp_path / "town.dump")
    backup.restore(empty_database_url, tmp_path / "town.dump")
    with psycopg.connect(empty_database_url) as owner, pytest.raises(psycopg.Error) as refusal:
        owner.execute("DELETE FROM gisgrid.edition_grids")
    assert refusal.value.sqlstate == "GG002"
    with closing(Database(empty_database_url)) as restored:
        check_restored(restored)


def check_restored(restored: Database) -> None:
    with restored.transaction() as connection:
        assert [row.code for row in editions.coverage(connection)] == [code(1), code(2), code(4)]
        assert editions.grid_of_building(connection, "n3") == (code(4), "2")
    with restored.transaction() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text("UPDATE gisgrid.audit SET actor = 'x'"))
    with restored.transaction() as connection:
        plan = save_plan(connection, drawing({"A": (0, 2, 4), "B": (1, 3, 5)}))
        with pytest.raises(RefusedData, match="600"):
            publish(connection, plan, {"A": 5, "B": 6}, replaces="2", lineage=heirs())
        connection.rollback()


def heirs() -> list[Lineage]:
    return [Lineage(code(old), code(5), 200) for old in (1, 2, 4)]
