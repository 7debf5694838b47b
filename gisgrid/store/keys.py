"""Who may come in: access keys of programs, users with a password, sessions of their browsers.

Room: store. In: names, roles, scopes, secrets. Out: `Holder`s: who stands behind a secret. Must not import any other
room.

No secret is kept. Of a key and of a session only the SHA-256 is stored: both are 256 random bits, which no dictionary
holds, so a slow hash would buy nothing. A password is kept as scrypt (RFC 7914) with a salt of its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError

from gisgrid.errors import Conflict, NotFound, UsageError
from gisgrid.model import ROLES, Role
from gisgrid.store import audit, divisions
from gisgrid.store.database import Connection
from gisgrid.store.tables import KEYS, SESSIONS, USERS

KEY_PREFIX: Final = "gg_"
"""Begins every key, so that people and secret scanners recognise one."""
SESSION_LASTS: Final = timedelta(hours=12)
MINIMUM_PASSWORD: Final = 12
_NAME_LIMIT: Final = 100
_SECRET_BYTES: Final = 32
# 32 MB and about 0.1 s a guess: the figures of OWASP's password storage cheat sheet for scrypt.
_SCRYPT_COST, _SCRYPT_BLOCK, _SCRYPT_LANES = 2**15, 8, 3
_SCRYPT_MEMORY: Final = 64 * 1024 * 1024
_USED_GRAIN: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who stands behind a secret, with which role, limited to which division.

    `actor` is what histories name: unique, because names of keys need not be and a user may have the name of a key.
    """

    name: str
    role: Role
    scope: str | None
    actor: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is listed; its secret was shown once and is not kept."""

    id: str
    name: str
    role: Role
    scope: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def create_key(
    connection: Connection,
    *,
    name: str,
    role: Role,
    actor: str,
    scope: str | None = None,
    expires_at: datetime | None = None,
) -> tuple[str, str]:
    """Return the id of a new key and its secret, which is shown this once only.

    Parameters
    ----------
    name
        What the key is for; histories name it.
    scope
        A division code: the key reaches no further.

    Raises
    ------
    UsageError
        No such role, or no name.
    NotFound
        No such division.
    """
    _require(connection, name, role, scope)
    secret = KEY_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    row = connection.execute(
        KEYS.insert()
        .values(name=name, role=role, scope=scope, sha256=_digest(secret), expires_at=expires_at)
        .returning(KEYS.c.id)
    ).one()
    audit.record(connection, actor=actor, action="key.create", subject=str(row.id), name=name, role=role, scope=scope)
    return str(row.id), secret


def find_key(connection: Connection, secret: str) -> Holder | None:
    """Return who holds the key, or None for one that is unknown, revoked or expired."""
    columns = KEYS.c
    row = connection.execute(
        select(
            *(columns[name] for name in ("id", "name", "role", "scope", "last_used_at", "expires_at")),
            func.now().label("now"),
        )
        .where(columns.sha256 == _digest(secret), columns.revoked_at.is_(None))
        .where(or_(columns.expires_at.is_(None), columns.expires_at > func.now()))
    ).one_or_none()
    if row is None:
        return None
    if row.last_used_at is None or row.now - row.last_used_at > _USED_GRAIN:
        # Not at every request: that would make each read a write.
        connection.execute(update(KEYS).where(columns.id == row.id).values(last_used_at=func.now()))
    return Holder(row.name, row.role, row.scope, f"{row.name} (key {row.id})", row.expires_at)


def list_keys(connection: Connection) -> list[Key]:
    """Return all keys, the revoked ones too, in the order in which they were made."""
    columns = [KEYS.c[name] for name in Key.__dataclass_fields__]
    rows = connection.execute(select(*columns).order_by(KEYS.c.id)).mappings()
    return [Key(**{**row, "id": str(row["id"])}) for row in rows]


def revoke_key(connection: Connection, key_id: str, *, actor: str) -> None:
    """Make a key worthless from now on; one that was revoked before stays so.

    Raises
    ------
    NotFound
        There is no key of this id.
    """
    known = key_id.isascii() and key_id.isdigit() and len(key_id) <= 18
    number = int(key_id) if known else 0
    found = connection.execute(select(KEYS.c.revoked_at).where(KEYS.c.id == number)).one_or_none()
    if found is None:
        raise NotFound(f"There is no key {key_id[:50]!r}; `gisgrid key list` shows their ids.")
    if found.revoked_at is None:
        connection.execute(update(KEYS).where(KEYS.c.id == number).values(revoked_at=func.now()))
        audit.record(connection, actor=actor, action="key.revoke", subject=key_id)


def add_user(
    connection: Connection, *, name: str, password: str, role: Role, actor: str, scope: str | None = None
) -> None:
    """Add somebody who signs in with a browser.

    Raises
    ------
    UsageError
        No such role, no name, or a password of less than 12 characters.
    NotFound
        No such division.
    Conflict
        There is a user of this name.
    """
    _require(connection, name, role, scope)
    if len(password) < MINIMUM_PASSWORD:
        raise UsageError(f"The password has {len(password)} characters; choose one of at least {MINIMUM_PASSWORD}.")
    values = {"name": name, "password_hash": _password_hash(password), "role": role, "scope": scope}
    try:
        with connection.begin_nested():
            connection.execute(USERS.insert().values(values))
    except IntegrityError as error:
        raise Conflict(f"There is a user {name!r} already; choose another name.") from error
    audit.record(connection, actor=actor, action="user.add", subject=name, role=role, scope=scope)


def open_session(connection: Connection, *, name: str, password: str) -> tuple[str, Holder] | None:
    """Return the secret of a new session and its holder, or None where name or password is wrong.

    Takes the same time for a name that does not exist as for a wrong password.
    """
    row = connection.execute(
        select(USERS.c.password_hash, USERS.c.role, USERS.c.scope).where(
            USERS.c.name == name, USERS.c.disabled_at.is_(None)
        )
    ).one_or_none()
    right = _password_is(password, _NO_PASSWORD if row is None else row.password_hash)
    if row is None or not right:
        return None
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    connection.execute(SESSIONS.delete().where(SESSIONS.c.expires_at <= func.now()))
    connection.execute(
        SESSIONS.insert().values(sha256=_digest(secret), user_name=name, expires_at=func.now() + SESSION_LASTS)
    )
    audit.record(connection, actor=f"{name} (user)", action="session.open", subject=name)
    return secret, Holder(name, row.role, row.scope, f"{name} (user)")


def find_session(connection: Connection, secret: str) -> Holder | None:
    """Return who signed in with this session, or None for one that is unknown or over, or whose user is disabled."""
    row = connection.execute(
        select(USERS.c.name, USERS.c.role, USERS.c.scope)
        .join(SESSIONS, SESSIONS.c.user_name == USERS.c.name)
        .where(SESSIONS.c.sha256 == _digest(secret), SESSIONS.c.expires_at > func.now(), USERS.c.disabled_at.is_(None))
    ).one_or_none()
    return None if row is None else Holder(row.name, row.role, row.scope, f"{row.name} (user)")


def close_session(connection: Connection, secret: str) -> None:
    """End a session; one that is unknown is over already."""
    connection.execute(SESSIONS.delete().where(SESSIONS.c.sha256 == _digest(secret)))


def _require(connection: Connection, name: str, role: str, scope: str | None) -> None:
    if not name.strip() or len(name) > _NAME_LIMIT or not name.isprintable():
        raise UsageError(f"The name must have 1 to {_NAME_LIMIT} printable characters; give it a name that says who.")
    if role not in ROLES:
        raise UsageError(f"There is no role {role!r}; choose one of {', '.join(ROLES)}.")
    if scope is not None:
        divisions.get(connection, scope)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _password_hash(password: str) -> str:
    salt = secrets.token_bytes(16)
    return f"scrypt${_text(salt)}${_text(_scrypt(password, salt))}"


def _password_is(password: str, stored: str) -> bool:
    _, salt, digest = stored.split("$")
    return hmac.compare_digest(_scrypt(password, base64.b64decode(salt)), base64.b64decode(digest))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=_SCRYPT_COST,
        r=_SCRYPT_BLOCK,
        p=_SCRYPT_LANES,
        maxmem=_SCRYPT_MEMORY,
        dklen=32,
    )


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


_NO_PASSWORD: Final = f"scrypt${_text(bytes(16))}${_text(bytes(32))}"
"""What a name that does not exist is compared with: the same work, and no password fits."""
