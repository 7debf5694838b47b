"""Tables of tessellations and plans: what a planner works on before an edition is published.

Room: store. In: the schema's base. Out: one `Table` a noun. Must not import any other room.

A tessellation is never changed once written, so that several plans (and every revision of one) share it.
"""

from __future__ import annotations

from typing import Final, get_args

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from gisgrid.model import GridKind, PlanState, RevisionAction
from gisgrid.store.tables.base import (
    CODE,
    COMMUNITY_CODE,
    GRID_CODE,
    METADATA,
    finding_columns,
    geometry,
    instant,
    one_of,
    serial,
    sound,
)

TESSELLATIONS: Final = Table(
    "tessellations",
    METADATA,
    serial(),
    Column("community_code", CODE, ForeignKey("divisions.code"), nullable=False),
    instant("created_at", now=True),
    CheckConstraint(f"community_code {COMMUNITY_CODE}", name="community"),
    Index("tessellations_community_code_idx", "community_code"),
    comment="One cutting of a community into cells.",
)

CELLS: Final = Table(
    "cells",
    METADATA,
    Column("tessellation_id", BigInteger, ForeignKey("tessellations.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("households", Integer, nullable=False),
    Column("area_m2", Double, nullable=False),
    Column("dedicated", CODE),
    geometry("POLYGON"),
    CheckConstraint("number >= 0", name="number"),
    CheckConstraint("households >= 0", name="households"),
    CheckConstraint("area_m2 > 0 AND area_m2 < 'Infinity'", name="area"),
    sound("POLYGON"),
    comment="The smallest pieces of ground; read by tessellation, hence no spatial index.",
)

CELL_BUILDINGS: Final = Table(
    "cell_buildings",
    METADATA,
    Column("tessellation_id", BigInteger, primary_key=True),
    # No foreign key to buildings: a tessellation outlives the buildings that were pulled down since.
    Column("building_code", CODE, primary_key=True),
    Column("cell_number", Integer, nullable=False),
    ForeignKeyConstraint(("tessellation_id", "cell_number"), ("cells.tessellation_id", "cells.number")),
    comment="Which cell each building stands on.",
)

CELL_BORDERS: Final = Table(
    "cell_borders",
    METADATA,
    Column("tessellation_id", BigInteger, primary_key=True),
    Column("a", Integer, primary_key=True, autoincrement=False),
    Column("b", Integer, primary_key=True, autoincrement=False),
    Column("length_m", Double, nullable=False),
    Column("barrier_m", Double, nullable=False),
    Column("street_m", Double, nullable=False),
    ForeignKeyConstraint(("tessellation_id", "a"), ("cells.tessellation_id", "cells.number")),
    ForeignKeyConstraint(("tessellation_id", "b"), ("cells.tessellation_id", "cells.number")),
    CheckConstraint("a < b", name="order"),
    CheckConstraint("length_m >= 0 AND barrier_m >= 0 AND street_m >= 0 AND length_m < 'Infinity'", name="lengths"),
    comment="Shared borders of cells, each pair once, with the metres that a barrier or a street covers.",
)

PLANS: Final = Table(
    "plans",
    METADATA,
    serial(),
    Column("community_code", CODE, ForeignKey("divisions.code"), nullable=False),
    Column("tessellation_id", BigInteger, ForeignKey("tessellations.id"), nullable=False),
    Column("state", Text, nullable=False, server_default=text("'draft'")),
    Column("revision", Integer, nullable=False, server_default=text("1")),
    Column("settings", JSONB, nullable=False),
    Column(
        "base_edition_id",
        BigInteger,
        ForeignKey("editions.id", name="plans_base_edition_id_fkey", use_alter=True),
    ),
    instant("created_at", now=True),
    Column("submitted_by", Text),
    instant("submitted_at", nullable=True),
    Column("decided_by", Text, comment="Who approved or rejected it."),
    instant("decided_at", nullable=True),
    Column("locked_grids", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("locked_buildings", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    CheckConstraint(f"community_code {COMMUNITY_CODE}", name="community"),
    CheckConstraint("revision >= 1", name="revision"),
    CheckConstraint("(submitted_by IS NULL) = (submitted_at IS NULL)", name="submitted"),
    CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decided"),
    one_of("state", get_args(PlanState)),
    Index("plans_community_code_idx", "community_code"),
    comment="Editable divisions of one community; every change counts the revision up.",
)

PLAN_GRIDS: Final = Table(
    "plan_grids",
    METADATA,
    Column("plan_id", BigInteger, ForeignKey("plans.id"), primary_key=True),
    Column("key", CODE, primary_key=True),
    Column("code", CODE),
    Column("name", Text),
    Column("kind", Text, nullable=False),
    Column("households", Integer, nullable=False),
    Column("buildings", Integer, nullable=False),
    Column("area_m2", Double, nullable=False),
    # A draft may hold a grid in two pieces while it is being edited; an edition never does.
    geometry("GEOMETRY"),
    CheckConstraint("key <> ''", name="key"),
    CheckConstraint(f"code {GRID_CODE}", name="code"),
    CheckConstraint("households >= 0 AND buildings >= 0", name="tallies"),
    CheckConstraint("area_m2 > 0 AND area_m2 < 'Infinity'", name="area"),
    one_of("kind", get_args(GridKind)),
    UniqueConstraint("plan_id", "code"),
    sound("POLYGON", "MULTIPOLYGON"),
    comment="The grids of a plan; `code` is the code a grid continues, empty for a new one until it is published.",
)

PLAN_CELLS: Final = Table(
    "plan_cells",
    METADATA,
    Column("plan_id", BigInteger, ForeignKey("plans.id"), primary_key=True),
    Column("cell_number", Integer, primary_key=True, autoincrement=False),
    Column("grid_key", CODE, nullable=False),
    ForeignKeyConstraint(
        ("plan_id", "grid_key"), ("plan_grids.plan_id", "plan_grids.key"), deferrable=True, initially="DEFERRED"
    ),
    Index("plan_cells_plan_id_grid_key_idx", "plan_id", "grid_key"),
    comment="Which grid each cell of the plan's tessellation belongs to: the plan itself.",
)

PLAN_FINDINGS: Final = Table(
    "plan_findings",
    METADATA,
    Column("plan_id", BigInteger, ForeignKey("plans.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *finding_columns(),
    comment="What the last check of the plan found.",
)

PLAN_REVISIONS: Final = Table(
    "plan_revisions",
    METADATA,
    Column("plan_id", BigInteger, ForeignKey("plans.id"), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("action", Text, nullable=False),
    Column("edit", Integer, nullable=False, comment="The edit that it made, took back or made again."),
    Column("below", Integer, comment="What lay on top of the stack that this row was put on."),
    Column("undo_to", Integer, comment="The edit that can be taken back then."),
    Column("redo_to", Integer, comment="The undo that can be reversed then."),
    Column("actor", Text, nullable=False),
    instant("at", now=True),
    Column("op", JSONB(none_as_null=True)),
    Column("change", JSONB, nullable=False),
    *(
        ForeignKeyConstraint(("plan_id", column), ("plan_revisions.plan_id", "plan_revisions.revision"))
        for column in ("edit", "below", "undo_to", "redo_to")
    ),
    CheckConstraint("revision >= 2", name="revision"),
    CheckConstraint("below < revision", name="below"),
    CheckConstraint(
        "CASE action"
        " WHEN 'edit' THEN edit = revision AND undo_to IS NOT DISTINCT FROM revision AND redo_to IS NULL"
        " WHEN 'undo' THEN edit < revision AND redo_to IS NOT DISTINCT FROM revision AND undo_to IS DISTINCT FROM edit"
        " ELSE edit < revision AND undo_to IS NOT DISTINCT FROM edit AND below IS NULL END",
        name="stacks",
    ),
    CheckConstraint("(action = 'edit') = (op IS NOT NULL)", name="op"),
    one_of("action", get_args(RevisionAction)),
    comment="Every change of a draft, in order, and the two stacks of undo and redo as lists through it. Append-only.",
)
