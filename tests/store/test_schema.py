"""The migrations make the very schema that the tables describe, once, forward, whatever happens at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from gisgrid.errors import Conflict, DatabaseUnavailable
from gisgrid.store import migrations, schema
from gisgrid.store.database import Database, named_query, owner_connection, run_script
from gisgrid.store.tables import METADATA, SCHEMA

FUNCTIONS = migrations._FOLDER / "versions" / "schema_0001" / "functions.sql"

CATALOG = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
          a.attcollation::regcollation::text, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute AS a
        JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind = 'r'
        LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'gisgrid'::regnamespace AND a.attnum > 0 AND c.relname <> 'alembic_version'
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), condeferrable, condeferred
        FROM pg_constraint
        WHERE connamespace = 'gisgrid'::regnamespace AND conrelid <> 'gisgrid.alembic_version'::regclass
          AND contype <> 't'
    """,
    "indexes": """
        SELECT tablename, indexname, indexdef
        FROM pg_indexes
        WHERE schemaname = 'gisgrid' AND tablename <> 'alembic_version'
    """,
    "comments": """
        SELECT objoid::regclass::text, objsubid, description
        FROM pg_description
        JOIN pg_class ON pg_class.oid = objoid
        WHERE relnamespace = 'gisgrid'::regnamespace AND classoid = 'pg_class'::regclass
    """,
}

TRIGGERS = {
    **{
        f"{table}_append_only": table
        for table in (
            "audit",
            "edition_acceptances",
            "edition_buildings",
            "edition_grids",
            "editions",
            "grid_codes",
            "grid_lineage",
            "plan_comments",
            "plan_revisions",
            "report_assignments",
            "report_events",
            "reports",
            "scheduled_publications",
        )
    },
    **{
        f"{table}_open": table
        for table in (
            "edition_acceptances",
            "edition_buildings",
            "edition_grids",
            "editions",
            "grid_codes",
            "grid_lineage",
        )
    },
    "editions_change": "editions",
    "editions_end": "editions",
    "editions_law": "editions",
    "grid_codes_change": "grid_codes",
    "grid_codes_retire": "grid_codes",
    "reports_change": "reports",
    "scheduled_publications_change": "scheduled_publications",
    "scheduled_publications_end": "scheduled_publications",
    "report_events_feed": "report_events",
    "editions_feed_published": "editions",
    "editions_feed_ended": "editions",
    "feed_append_only": "feed",
    "feed_pending_kept": "feed_pending",
    "plan_cells_added": "plan_cells",
    "plan_cells_changed": "plan_cells",
    "plan_cells_removed": "plan_cells",
    **{f"{table}_frozen": table for table in ("micro_drawings", "micro_grids", "micro_grid_cells")},
    **{f"{table}_not_truncated": table for table in ("micro_drawings", "micro_grids", "micro_grid_cells")},
}


def catalog(url: str) -> dict[str, set[tuple[Any, ...]]]:
    with psycopg.connect(url) as connection:
        return {name: set(connection.execute(query).fetchall()) for name, query in CATALOG.items()}


@pytest.fixture
def described_url(empty_database_url: str) -> str:
    """A database whose tables SQLAlchemy made from their description, without any migration."""
    with owner_connection(empty_database_url) as connection:
        migrations._prepare(connection)
        run_script(connection, FUNCTIONS)
        METADATA.create_all(connection)
        connection.execute(text("CREATE TABLE gisgrid.alembic_version (version_num text)"))
    return empty_database_url


class TestUpgrade:
    def test_equals_the_tables(self, database_url: str, described_url: str) -> None:
        migrated, described = catalog(database_url), catalog(described_url)
        for what, rows in described.items():
            assert rows, what
            assert migrated[what] == rows, what

    def test_leaves_alembic_nothing_to_do(self, database_url: str) -> None:
        with owner_connection(database_url) as connection:
            context = MigrationContext.configure(
                connection,
                opts={
                    "include_schemas": True,
                    "version_table_schema": SCHEMA,
                    "include_name": lambda name, kind, _: kind != "schema" or name == SCHEMA,
                },
            )
            assert compare_metadata(context, METADATA) == []

    def test_makes_every_trigger(self, database_url: str) -> None:
        with psycopg.connect(database_url) as connection:
            found = connection.execute(
                "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
                " WHERE relnamespace = 'gisgrid'::regnamespace AND NOT tgisinternal AND tgenabled = 'O'"
            ).fetchall()
        assert dict(found) == TRIGGERS

    def test_every_geometry_is_checked_and_indexed_where_it_is_searched(self, database_url: str) -> None:
        tables = {table.name for table in METADATA.tables.values() if "geom" in table.columns}
        with psycopg.connect(database_url) as connection:
            checked = connection.execute(
                "SELECT conrelid::regclass::text FROM pg_constraint"
                " WHERE contype = 'c' AND pg_get_constraintdef(oid) LIKE '%is_sound(geom%'"
            ).fetchall()
            indexed = connection.execute(
                "SELECT tablename FROM pg_indexes WHERE schemaname = 'gisgrid' AND indexdef LIKE '%gist (geom)%'"
            ).fetchall()
        assert {name.removeprefix("gisgrid.") for (name,) in checked} == tables
        read_by_owner = {"cells", "plan_grids", "plan_findings", "plan_comments", "import_findings", "micro_grids"}
        assert {name for (name,) in indexed} == tables - read_by_owner

    def test_changes_nothing_the_second_time(self, database_url: str) -> None:
        before = catalog(database_url)
        migrations.upgrade(database_url)
        assert catalog(database_url) == before
        with owner_connection(database_url) as connection:
            assert migrations.current(connection) == migrations.head()

    def test_the_newest_number_is_known_without_alembic(self, database: Database) -> None:
        assert migrations.head() == schema.NEWEST
        assert schema.is_newest(database)

    def test_two_at_once_take_turns(self, empty_database_url: str) -> None:
        failures: list[BaseException] = []
        start = threading.Barrier(3)

        def run() -> None:
            start.wait()
            try:
                migrations.upgrade(empty_database_url)
            except BaseException as error:  # noqa: BLE001  whatever it is, the test shows it
                failures.append(error)

        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        with owner_connection(empty_database_url) as connection:
            assert migrations.current(connection) == migrations.head()

    def test_is_whole_or_not_at_all(self, empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise RuntimeError("the power went")

        monkeypatch.setattr(migrations, "run_script", fail)  # the last step, after all migrations
        with pytest.raises(RuntimeError):
            migrations.upgrade(empty_database_url)
        with psycopg.connect(empty_database_url) as connection:
            assert connection.execute("SELECT to_regnamespace('gisgrid')").fetchone() == (None,)

    def test_refuses_a_newer_schema(self, database_url: str) -> None:
        with psycopg.connect(database_url) as connection:
            connection.execute("UPDATE gisgrid.alembic_version SET version_num = '9999'")
        with pytest.raises(Conflict, match="newer"):
            migrations.upgrade(database_url)

    def test_says_what_to_do_where_postgis_may_not_be_installed(
        self, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Stands in for a server without PostGIS: an extension that no server has."""
        monkeypatch.setattr(migrations, "text", lambda sql: text(str(sql).replace("EXISTS postgis ", "EXISTS nogis ")))
        with pytest.raises(Conflict, match="administrator install PostGIS"):
            migrations.upgrade(empty_database_url)


class TestRole:
    def test_the_app_owns_nothing_and_is_not_the_owner(self, database: Database) -> None:
        with database.transaction() as connection:
            row = connection.execute(
                text(
                    "SELECT current_user, session_user, (SELECT count(*) FROM pg_class"
                    " WHERE relowner = 'gisgrid_app'::regrole)"
                )
            ).one()
        assert row[0] == "gisgrid_app"
        assert row[1] != "gisgrid_app"
        assert row[2] == 0

    def test_may_change_only_what_may_change(self, database: Database) -> None:
        frozen = {
            "audit",
            "cell_borders",
            "cell_buildings",
            "cells",
            "edition_acceptances",
            "edition_buildings",
            "edition_grids",
            "editions",
            "grid_codes",
            "grid_lineage",
            "import_findings",
            "import_runs",
            "plan_comments",
            "plan_revisions",
            "report_assignments",
            "report_events",
            "reports",
            "scheduled_publications",
            "tessellations",
        }
        query = text(
            "SELECT relname, has_table_privilege(pg_class.oid, 'UPDATE'), has_table_privilege(pg_class.oid, 'DELETE'),"
            " has_table_privilege(pg_class.oid, 'TRUNCATE'), has_table_privilege(pg_class.oid, 'INSERT'),"
            " has_table_privilege(pg_class.oid, 'TRIGGER') FROM pg_class"
            " WHERE relnamespace = 'gisgrid'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'"
        )
        with database.transaction() as connection:
            rows = {row[0]: tuple(row[1:]) for row in connection.execute(query)}
        assert set(rows) == {table.name for table in METADATA.tables.values()}
        for table in ("feed", "feed_pending"):  # written by the database's own functions alone
            assert rows.pop(table) == (False, False, False, False, False), table
        for table, privileges in rows.items():
            changes = table not in frozen
            assert privileges == (changes, changes, False, True, False), table

    def test_a_fresh_connection_after_an_error_is_still_the_app(self, database: Database) -> None:
        def fail() -> None:
            with database.transaction() as connection:
                connection.execute(text("INSERT INTO gisgrid.divisions VALUES ('990101', '区', 'district')"))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        with database.transaction() as connection:
            row = connection.execute(text("SELECT current_user, count(*) FROM gisgrid.divisions GROUP BY 1")).first()
            user = connection.execute(text("SELECT current_user")).scalar_one()
        assert row is None, "the failed transaction left its row behind"
        assert user == "gisgrid_app"


class TestDatabase:
    def test_no_server(self) -> None:
        database = Database("postgresql://nobody@127.0.0.1:1/none")
        with pytest.raises(DatabaseUnavailable, match="does not answer"), database.transaction():
            pass
        database.close()

    def test_no_such_database(self, database_url: str) -> None:
        database = Database(database_url.rpartition("/")[0] + "/no_such_database")
        with pytest.raises(DatabaseUnavailable, match="no_such_database"), database.transaction():
            pass
        database.close()

    def test_the_password_is_never_told(self, database_url: str) -> None:
        wrong = database_url.rpartition("@")[2]
        database = Database(f"postgresql://gisgrid_nobody:s3cret-word@{wrong}")
        with pytest.raises(DatabaseUnavailable) as refusal, database.transaction():
            pass
        database.close()
        assert "s3cret-word" not in str(refusal.value)

    def test_a_connection_that_died_in_the_pool_is_replaced(self, database: Database, database_url: str) -> None:
        with database.transaction() as connection:
            process = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with psycopg.connect(database_url, autocommit=True) as owner:
            owner.execute("SELECT pg_terminate_backend(%s, 5000)", (process,))
        with database.transaction() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1

    def test_a_connection_that_dies_in_the_midst_is_told(self, database: Database, database_url: str) -> None:
        def lose_the_connection() -> None:
            with database.transaction() as connection:
                process = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
                with psycopg.connect(database_url, autocommit=True) as owner:
                    owner.execute("SELECT pg_terminate_backend(%s, 5000)", (process,))
                connection.execute(text("SELECT 1"))

        with pytest.raises(DatabaseUnavailable):
            lose_the_connection()

    def test_a_deadlock_is_a_conflict(self, database: Database) -> None:
        with database.transaction() as connection:
            connection.execute(text("INSERT INTO gisgrid.estates (code, name) VALUES ('a', '甲'), ('b', '乙')"))
        met, outcomes = threading.Barrier(2), []

        def change(first: str, second: str) -> None:
            try:
                with database.transaction() as connection:
                    update = text("UPDATE gisgrid.estates SET name = name WHERE code = :code")
                    connection.execute(update, {"code": first})
                    met.wait()
                    connection.execute(update, {"code": second})
                outcomes.append(None)
            except Conflict as conflict:
                outcomes.append(conflict)

        threads = [threading.Thread(target=change, args=pair) for pair in (("a", "b"), ("b", "a"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcome is None for outcome in outcomes) == [False, True]


INDEX_OF_QUERY = {
    "foreign_footprints": ("buildings_geom_idx", {"community": "990101001001"}),
    "community_barriers": ("barriers_geom_idx", {"community": "990101001001"}),
    "community_sites": ("sites_geom_idx", {"community": "990101001001"}),
    "community_buildings": ("buildings_community_code_idx", {"community": "990101001001"}),
    "grid_of_building": ("edition_buildings_building_code_idx", {"building": "b1", "at": None}),
    "outdated_reports": ("reports_sought_editions_idx", {"editions": 1, "limit": 10}),
    "circle_lines": ("barriers_geom_idx", {"west": 115, "south": 37, "east": 115.1, "north": 37.1}),
    "net_areas": ("net_areas_geom_idx", {"communities": ["990101001001"]}),
    "net_shares": ("net_areas_geom_idx", {"communities": ["990101001001"]}),
    "communities_under": ("divisions_parent_code_idx", {"code": "990101"}),
}


@pytest.mark.parametrize("query", INDEX_OF_QUERY)
def test_a_named_query_uses_its_index(database: Database, query: str) -> None:
    index, parameters = INDEX_OF_QUERY[query]
    with database.transaction() as connection:
        for setting in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin"):
            connection.execute(text(f"SET LOCAL {setting} = off"))  # on tables this small the planner reads all rows
        plan = connection.execute(text(f"EXPLAIN {named_query(query).text}"), parameters).scalars().all()
    assert any(index in line for line in plan), "\n".join(plan)


@pytest.fixture(autouse=True)
def _no_stray_threads() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() <= before
