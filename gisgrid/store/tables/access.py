"""Tables of who may do what, and of what was done: keys, users, sessions, the audit log, imports.

Room: store. In: the schema's base. Out: one `Table` a noun. Must not import any other room.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from gisgrid.model import ROLES
from gisgrid.store.tables.base import CODE, METADATA, finding_columns, instant, one_of, serial

KEYS: Final = Table(
    "keys",
    METADATA,
    serial(),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("scope", CODE, ForeignKey("divisions.code")),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    instant("created_at", now=True),
    instant("expires_at", nullable=True),
    instant("revoked_at", nullable=True),
    instant("last_used_at", nullable=True),
    CheckConstraint("name <> ''", name="name"),
    CheckConstraint("octet_length(sha256) = 32", name="sha256"),
    one_of("role", ROLES),
    comment="Access keys: only the SHA-256 of a 256-bit random secret is kept.",
)

USERS: Final = Table(
    "users",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("scope", CODE, ForeignKey("divisions.code")),
    instant("created_at", now=True),
    instant("disabled_at", nullable=True),
    CheckConstraint("name <> ''", name="name"),
    one_of("role", ROLES),
    comment="People who sign in with a browser.",
)

SESSIONS: Final = Table(
    "sessions",
    METADATA,
    Column("sha256", LargeBinary, primary_key=True),
    Column("user_name", Text, ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    instant("created_at", now=True),
    instant("expires_at"),
    CheckConstraint("octet_length(sha256) = 32", name="sha256"),
    Index("sessions_user_name_idx", "user_name"),
    Index("sessions_expires_at_idx", "expires_at"),
    comment="Signed-in browsers: only the SHA-256 of the cookie is kept.",
)

AUDIT: Final = Table(
    "audit",
    METADATA,
    serial(),
    instant("at", now=True),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    CheckConstraint("actor <> '' AND action <> ''", name="words"),
    Index("audit_subject_idx", "subject"),
    comment="Who did what to which thing, and when. Append-only.",
)

IMPORT_RUNS: Final = Table(
    "import_runs",
    METADATA,
    serial(),
    Column("layer", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("crs", Text),
    Column("inserted", Integer, nullable=False),
    Column("updated", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("rejected", Integer, nullable=False, server_default=text("0")),
    instant("at", now=True),
    CheckConstraint("octet_length(sha256) = 32", name="sha256"),
    CheckConstraint("inserted >= 0 AND updated >= 0 AND unchanged >= 0 AND rejected >= 0", name="counts"),
    comment="One row per imported file.",
)

IMPORT_FINDINGS: Final = Table(
    "import_findings",
    METADATA,
    Column("run_id", BigInteger, ForeignKey("import_runs.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *finding_columns(),
    comment="What an import found.",
)
