"""Tables of reports: what came in, the grid it was given, and everything that happened to it since.

Room: store. In: the schema's base. Out: one `Table` a noun. Must not import any other room.

Of a report only this may change: its state, until when it is due, and what is known of its grid: the edition in force
that last confirmed it, or, without a grid, how many editions there were when one was last sought. Its assignments and
events are append-only in the database itself.
"""

from __future__ import annotations

from typing import Final, get_args

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from gisgrid.model import REPORT_STATES, AssignmentMethod, CoordinateSystem
from gisgrid.store.tables.base import CODE, GRID_CODE, METADATA, geometry, instant, one_of, serial, sound

REPORTS: Final = Table(
    "reports",
    METADATA,
    serial(),
    Column("source", CODE, nullable=False),
    Column("external_id", CODE, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("category", Text),
    Column("text", Text),
    Column("lon", Double),
    Column("lat", Double),
    Column("crs", Text),
    Column("accuracy_m", Double),
    Column("address", Text),
    Column("building_code", CODE),
    Column("target", Text, nullable=False, server_default=text("'grid'")),
    instant("reported_at", nullable=True),
    Column("urgency", Text),
    # No foreign key: what a sender claims may be a grid that there is not.
    Column("grid_code", CODE),
    instant("received_at", now=True),
    Column("state", Text, nullable=False),
    Column("confirmed_edition_id", BigInteger, ForeignKey("editions.id")),
    Column("sought_editions", BigInteger, nullable=False, server_default=text("0")),
    instant("accept_due", nullable=True),
    instant("close_due", nullable=True),
    geometry("POINT", nullable=True),
    CheckConstraint("source <> '' AND external_id <> ''", name="identity"),
    CheckConstraint("octet_length(body_sha256) = 32", name="body"),
    CheckConstraint("(lon IS NULL) = (lat IS NULL) AND (lon IS NULL) = (crs IS NULL)", name="place"),
    CheckConstraint("abs(lon) < 'Infinity' AND abs(lat) < 'Infinity'", name="finite"),
    CheckConstraint("accuracy_m >= 0 AND accuracy_m < 'Infinity'", name="accuracy"),
    CheckConstraint(f"grid_code {GRID_CODE}", name="grid_code"),
    one_of("crs", get_args(CoordinateSystem)),
    one_of("state", REPORT_STATES),
    one_of("target", ("grid", "property")),
    UniqueConstraint("source", "external_id"),
    sound("POINT"),
    Index("reports_received_at_idx", "received_at"),
    Index("reports_state_idx", "state"),
    Index(
        "reports_confirmed_edition_id_idx",
        "confirmed_edition_id",
        postgresql_where=text("state <> 'closed' AND confirmed_edition_id IS NOT NULL"),
    ),
    Index(
        "reports_sought_editions_idx",
        "sought_editions",
        postgresql_where=text("state <> 'closed' AND confirmed_edition_id IS NULL"),
    ),
    Index(
        "reports_accept_due_idx",
        "accept_due",
        postgresql_where=text("state IN ('unplaced', 'assigned', 'returned')"),
    ),
    Index("reports_close_due_idx", "close_due", postgresql_where=text("state <> 'closed'")),
    Index("reports_geom_idx", "geom", postgresql_using="gist"),
    comment="Reports as they came (raw coordinates with their declared system) and the converted point beside them.",
)

REPORT_ASSIGNMENTS: Final = Table(
    "report_assignments",
    METADATA,
    Column("report_id", BigInteger, ForeignKey("reports.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("grid_code", CODE, ForeignKey("grid_codes.code")),
    Column("edition_id", BigInteger, ForeignKey("editions.id")),
    Column("method", Text, nullable=False),
    Column("building_code", CODE),
    Column("border_distance_m", Double),
    Column("neighbours", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("findings", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("candidates", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    instant("at", now=True),
    CheckConstraint("sequence >= 1", name="sequence"),
    CheckConstraint(f"grid_code {GRID_CODE}", name="grid_code"),
    CheckConstraint("(method = 'unplaced') = (grid_code IS NULL)", name="placed"),
    CheckConstraint("border_distance_m >= 0 AND border_distance_m < 'Infinity'", name="distance"),
    CheckConstraint("building_code IS NULL OR method = 'building'", name="building"),
    one_of("method", get_args(AssignmentMethod)),
    Index("report_assignments_grid_code_idx", "grid_code", "report_id"),
    comment="The grids a report was given, in sequence from 1; the highest sequence holds. Append-only.",
)

REPORT_EVENTS: Final = Table(
    "report_events",
    METADATA,
    serial(),
    Column("report_id", BigInteger, ForeignKey("reports.id"), nullable=False),
    Column("type", Text, nullable=False),
    Column("note", Text),
    Column("actor", Text),
    instant("at", now=True),
    Column("details", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("event_id", CODE),
    Column("body_sha256", LargeBinary),
    CheckConstraint("type <> ''", name="type"),
    CheckConstraint("(event_id IS NULL) = (body_sha256 IS NULL) AND event_id <> ''", name="event_id"),
    CheckConstraint("octet_length(body_sha256) = 32", name="body"),
    Index("report_events_report_id_idx", "report_id", "id"),
    Index(
        "report_events_event_id_idx",
        "report_id",
        "event_id",
        unique=True,
        postgresql_where=text("event_id IS NOT NULL"),
    ),
    comment="Everything that happened to a report. Append-only.",
)
