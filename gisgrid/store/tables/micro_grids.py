"""Tables of micro grids: what the residential grids of a plan are divided into.

Room: store. In: the schema's base. Out: one `Table` a noun. Must not import any other room.
"""

from __future__ import annotations

from typing import Final, get_args

from sqlalchemy import (
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
)

from gisgrid.model import HouseholdMeasure
from gisgrid.store.tables.base import CODE, METADATA, geometry, instant, one_of, sound

MICRO_DRAWINGS: Final = Table(
    "micro_drawings",
    METADATA,
    Column("plan_id", BigInteger, ForeignKey("plans.id"), primary_key=True, autoincrement=False),
    Column("minimum", Integer, nullable=False),
    Column("maximum", Integer, nullable=False),
    Column("target", Integer, nullable=False),
    Column("measure", Text, nullable=False),
    instant("drawn_at", now=True),
    CheckConstraint("minimum >= 1 AND minimum <= target AND target <= maximum", name="band"),
    one_of("measure", get_args(HouseholdMeasure)),
    comment="The band that the micro grids of a plan were drawn for; gone as soon as the plan's cells change hands.",
)

MICRO_GRIDS: Final = Table(
    "micro_grids",
    METADATA,
    Column("plan_id", BigInteger, ForeignKey("micro_drawings.plan_id", ondelete="CASCADE"), primary_key=True),
    Column("grid_key", CODE, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("households", Integer, nullable=False),
    Column("buildings", Integer, nullable=False),
    Column("area_m2", Double, nullable=False),
    geometry("GEOMETRY"),
    ForeignKeyConstraint(
        ("plan_id", "grid_key"), ("plan_grids.plan_id", "plan_grids.key"), deferrable=True, initially="DEFERRED"
    ),
    CheckConstraint("number >= 1", name="number"),
    CheckConstraint("households >= 0 AND buildings >= 0", name="tallies"),
    CheckConstraint("area_m2 > 0 AND area_m2 < 'Infinity'", name="area"),
    sound("POLYGON", "MULTIPOLYGON"),
    comment="The micro grids of a plan, numbered within each grid; frozen when the plan is published.",
)

MICRO_GRID_CELLS: Final = Table(
    "micro_grid_cells",
    METADATA,
    Column("plan_id", BigInteger, primary_key=True),
    Column("cell_number", Integer, primary_key=True, autoincrement=False),
    Column("grid_key", CODE, nullable=False),
    Column("number", Integer, nullable=False),
    ForeignKeyConstraint(
        ("plan_id", "grid_key", "number"),
        ("micro_grids.plan_id", "micro_grids.grid_key", "micro_grids.number"),
        ondelete="CASCADE",
    ),
    Index("micro_grid_cells_plan_id_grid_key_number_idx", "plan_id", "grid_key", "number"),
    comment="Which micro grid each cell of the plan's tessellation belongs to.",
)
