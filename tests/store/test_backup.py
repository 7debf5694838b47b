"""Backups: what went in comes out, whole or not at all, and never over data that somebody still wants."""

from __future__ import annotations

import stat
from pathlib import Path

import psycopg
import pytest

from gisgrid.errors import Conflict, DatabaseUnavailable, UnreadableFile, UsageError
from gisgrid.store import migrations
from gisgrid.store.backup import backup, restore
from gisgrid.store.database import Database, copy_rows
from gisgrid.store.tables import METADATA


def tables_of(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'gisgrid' ORDER BY tablename")
        return [row[0] for row in rows]


def contents_of(url: str) -> dict[str, list[str]]:
    """Return every row of every table as text."""
    with psycopg.connect(url) as connection:
        return {
            table: [row[0] for row in connection.execute(f"SELECT t::text FROM gisgrid.{table} t ORDER BY 1")]
            for table in tables_of(url)
        }


def laws_of(url: str) -> list[tuple[str, ...]]:
    """Return triggers, checks, grants and indexes: what a database is besides its rows."""
    with psycopg.connect(url) as connection:
        return connection.execute("""
            SELECT 'trigger', c.relname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
            WHERE c.relnamespace = 'gisgrid'::regnamespace AND NOT tgisinternal
            UNION ALL
            SELECT 'constraint', conrelid::regclass::text, conname || pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'gisgrid'::regnamespace
            UNION ALL
            SELECT 'index', tablename, indexdef FROM pg_indexes WHERE schemaname = 'gisgrid'
            UNION ALL
            SELECT 'grant', table_name, privilege_type || ' to ' || grantee FROM information_schema.role_table_grants
            WHERE table_schema = 'gisgrid'
            ORDER BY 1, 2, 3
        """).fetchall()


def fill(url: str, name: str = "测试社区") -> None:
    """Write a division and a line of the log, which nobody may change."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO gisgrid.divisions (code, name, level, geom) VALUES "
            "('990105001001', %s, 'community', ST_Multi(ST_MakeEnvelope(111.7, 40.8, 111.71, 40.81, 4326)))",
            (name,),
        )
        connection.execute(
            "INSERT INTO gisgrid.audit (actor, action, subject) VALUES ('someone', 'test', 'a line that stays')"
        )


@pytest.fixture
def saved(database_url: str, tmp_path: Path) -> Path:
    fill(database_url)
    backup(database_url, tmp_path / "saved.dump")
    return tmp_path / "saved.dump"


def test_what_went_in_comes_out(database_url: str, empty_database_url: str, saved: Path) -> None:
    done = restore(empty_database_url, saved)
    assert done.revision == migrations.head()
    assert contents_of(empty_database_url) == contents_of(database_url)
    assert contents_of(empty_database_url)["divisions"] != []
    assert laws_of(empty_database_url) == laws_of(database_url)


def test_the_app_works_on_a_restored_database_and_its_laws_hold(empty_database_url: str, saved: Path) -> None:
    restore(empty_database_url, saved)
    database = Database(empty_database_url)
    try:
        with database.transaction() as connection:
            columns = ["code", "name", "level"]
            copy_rows(connection, METADATA.tables["gisgrid.divisions"], columns, [("990106", "另一个区", "district")])
    finally:
        database.close()
    with psycopg.connect(empty_database_url) as connection, pytest.raises(psycopg.Error):
        connection.execute("UPDATE gisgrid.audit SET action = 'changed'")


def test_a_schema_without_rows_is_empty_enough(database_url: str, saved: Path) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("DROP SCHEMA gisgrid CASCADE")
    migrations.upgrade(database_url)
    restore(database_url, saved)
    assert contents_of(database_url)["divisions"] != []


def test_data_is_never_written_over_unasked(database_url: str, saved: Path) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE gisgrid.divisions SET name = '后来'")
    before = contents_of(database_url)
    with pytest.raises(Conflict, match="--replace"):
        restore(database_url, saved)
    assert contents_of(database_url) == before
    restore(database_url, saved, replace=True)
    assert contents_of(database_url) != before
    assert "测试社区" in contents_of(database_url)["divisions"][0]


def test_a_damaged_backup_changes_nothing(database_url: str, saved: Path, tmp_path: Path) -> None:
    before = contents_of(database_url)
    whole = saved.read_bytes()
    damaged = tmp_path / "damaged.dump"
    for end in (0, 3, 200, len(whole) // 2, len(whole) - 2000, len(whole) - 10):
        damaged.write_bytes(whole[:end])
        with pytest.raises(UnreadableFile, match=r"damaged\.dump .*nothing was changed"):
            restore(database_url, damaged, replace=True)
        assert contents_of(database_url) == before, f"cut at {end} of {len(whole)}"


def test_a_restore_that_the_database_refuses_changes_nothing(
    database_url: str, saved: Path, empty_database_url: str
) -> None:
    name = empty_database_url.rpartition("/")[2]
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(DatabaseUnavailable, match=r"read-only.*nothing was changed"):
        restore(empty_database_url, saved)
    assert tables_of(empty_database_url) == []


def test_a_backup_of_a_newer_gisgrid_is_refused(database_url: str, empty_database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE gisgrid.alembic_version SET version_num = '9999'")
    backup(database_url, tmp_path / "newer.dump")
    with pytest.raises(Conflict, match="9999, newer than"):
        restore(empty_database_url, tmp_path / "newer.dump")
    assert tables_of(empty_database_url) == []


def test_somebody_else_s_archive_is_refused(empty_database_url: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no archive at all, but long enough to be looked at closely")
    with pytest.raises(UnreadableFile, match="take another"):
        restore(empty_database_url, tmp_path / "text")
    with pytest.raises(UsageError, match="There is no file"):
        restore(empty_database_url, tmp_path / "missing")


def test_a_backup_appears_whole_and_closed_to_others(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "b.dump"
    file.write_text("the backup of yesterday")
    with pytest.raises(Conflict, match="gisgrid db upgrade"):
        backup(database_url.rpartition("/")[0] + "/gisgrid", file)  # a database without the schema
    assert file.read_text() == "the backup of yesterday"
    done = backup(database_url, file)
    assert (done.file, done.size_bytes) == (file, file.stat().st_size)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_is_not_there_is_named(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a folder that exists"):
        backup(database_url, tmp_path / "missing" / "b.dump")


def test_no_database_no_backup(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        backup("postgresql://nobody@127.0.0.1:1/nothing", tmp_path / "b.dump")
    with pytest.raises(UsageError, match="address cannot be read"):
        backup("mysql://x y", tmp_path / "b.dump")
    assert list(tmp_path.iterdir()) == []
