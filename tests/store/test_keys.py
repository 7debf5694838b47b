"""Keys, users and sessions: what opens the door, and what no longer does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from gisgrid.errors import Conflict, NotFound, UsageError
from gisgrid.store import keys
from gisgrid.store.database import Connection, Database
from gisgrid.store.tables import AUDIT, DIVISIONS, KEYS, SESSIONS, USERS

PASSWORD = "correct horse battery"


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.transaction() as connection:
        connection.execute(DIVISIONS.insert().values(code="990101", name="合成区", level="district"))
        yield connection


def test_a_key_opens_until_it_is_revoked(connection: Connection) -> None:
    key_id, secret = keys.create_key(connection, name="hotline", role="dispatch", scope="990101", actor="command line")
    assert keys.find_key(connection, secret) == keys.Holder("hotline", "dispatch", "990101", f"hotline (key {key_id})")
    assert [(key.id, key.name, key.revoked_at) for key in keys.list_keys(connection)] == [(key_id, "hotline", None)]
    keys.revoke_key(connection, key_id, actor="command line")
    keys.revoke_key(connection, key_id, actor="command line")
    assert keys.find_key(connection, secret) is None
    assert keys.list_keys(connection)[0].revoked_at is not None
    done = connection.execute(select(AUDIT.c.action, AUDIT.c.actor).order_by(AUDIT.c.id)).all()
    assert done == [("key.create", "command line"), ("key.revoke", "command line")]


def test_the_secret_is_random_and_nowhere_in_the_database(connection: Connection) -> None:
    _, one = keys.create_key(connection, name="a", role="viewer", actor="x")
    _, two = keys.create_key(connection, name="a", role="viewer", actor="x")
    assert one != two
    assert len(one) >= len("gg_") + 43  # 256 bits in base64
    for table in (KEYS, AUDIT):
        rows = connection.execute(text(f"SELECT {table.name}::text FROM gisgrid.{table.name}")).scalars().all()
        assert rows
        assert not any(one in row or one.removeprefix("gg_") in row for row in rows)


def test_an_expired_key_is_no_key(connection: Connection) -> None:
    now = datetime.now(UTC)
    _, over = keys.create_key(connection, name="a", role="viewer", actor="x", expires_at=now - timedelta(hours=1))
    _, open_ = keys.create_key(connection, name="a", role="viewer", actor="x", expires_at=now + timedelta(hours=1))
    assert keys.find_key(connection, over) is None
    assert keys.find_key(connection, open_) is not None


@pytest.mark.parametrize("secret", ["", "gg_", "\x00", "\ud800", "x" * 10_000, "' OR 1=1 --"])
def test_what_was_never_a_key_is_none(connection: Connection, secret: str) -> None:
    keys.create_key(connection, name="a", role="viewer", actor="x")
    assert keys.find_key(connection, secret) is None
    assert keys.find_session(connection, secret) is None


def test_last_use_is_written_but_not_at_every_use(connection: Connection) -> None:
    _, secret = keys.create_key(connection, name="a", role="viewer", actor="x")
    keys.find_key(connection, secret)
    first = keys.list_keys(connection)[0].last_used_at
    before = connection.execute(text("SELECT xmin, ctid FROM gisgrid.keys")).one()
    keys.find_key(connection, secret)
    assert first is not None
    assert connection.execute(text("SELECT xmin, ctid FROM gisgrid.keys")).one() == before


def test_wrong_roles_names_scopes_and_ids_are_refused(connection: Connection) -> None:
    with pytest.raises(UsageError, match="role"):
        keys.create_key(connection, name="a", role="root", actor="x")  # type: ignore[arg-type]  # the fault that is tested
    with pytest.raises(UsageError, match="name"):
        keys.create_key(connection, name=" ", role="viewer", actor="x")
    with pytest.raises(NotFound, match="999999"):
        keys.create_key(connection, name="a", role="viewer", scope="999999", actor="x")
    for key_id in ("7", "x", "-1", "9" * 30):
        with pytest.raises(NotFound):
            keys.revoke_key(connection, key_id, actor="x")


def test_a_user_signs_in_with_the_right_password_only(connection: Connection) -> None:
    keys.add_user(connection, name="王规划", password=PASSWORD, role="planner", scope="990101", actor="command line")
    assert keys.open_session(connection, name="王规划", password=PASSWORD + "x") is None
    assert keys.open_session(connection, name="nobody", password=PASSWORD) is None
    opened = keys.open_session(connection, name="王规划", password=PASSWORD)
    assert opened is not None
    secret, holder = opened
    assert holder == keys.Holder("王规划", "planner", "990101", "王规划 (user)")
    assert keys.find_session(connection, secret) == holder
    keys.close_session(connection, secret)
    assert keys.find_session(connection, secret) is None


def test_a_session_ends_with_its_time_and_with_its_user(connection: Connection) -> None:
    keys.add_user(connection, name="a", password=PASSWORD, role="viewer", actor="x")
    over, disabled = (keys.open_session(connection, name="a", password=PASSWORD) for _ in range(2))
    assert over is not None
    assert disabled is not None
    connection.execute(SESSIONS.update().values(expires_at=datetime.now(UTC) - timedelta(hours=1)))
    assert keys.find_session(connection, over[0]) is None
    connection.execute(SESSIONS.update().values(expires_at=datetime.now(UTC) + timedelta(hours=1)))
    connection.execute(USERS.update().values(disabled_at=datetime.now(UTC)))
    assert keys.find_session(connection, disabled[0]) is None
    assert keys.open_session(connection, name="a", password=PASSWORD) is None


def test_a_password_is_long_and_kept_as_scrypt_with_its_own_salt(connection: Connection) -> None:
    with pytest.raises(UsageError, match="at least 12"):
        keys.add_user(connection, name="a", password="short", role="viewer", actor="x")
    for name in ("a", "b"):
        keys.add_user(connection, name=name, password=PASSWORD, role="viewer", actor="x")
    hashes = connection.execute(select(USERS.c.password_hash)).scalars().all()
    assert len(set(hashes)) == 2
    assert all(value.startswith("scrypt$") and PASSWORD not in value for value in hashes)
    with pytest.raises(Conflict, match="already"):
        keys.add_user(connection, name="a", password=PASSWORD, role="viewer", actor="x")
