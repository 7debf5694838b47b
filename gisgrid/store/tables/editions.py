"""Tables of editions: published plans, frozen; every table here is append-only in the database itself.

Room: store. In: the schema's base. Out: one `Table` a noun. Must not import any other room.

The triggers that freeze the rows and the law that every edition must pass at commit are in the first migration.
"""

from __future__ import annotations

from typing import Final, get_args

from sqlalchemy import (
    BigInteger,
    Boolean,
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
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint

from gisgrid.model import GridKind
from gisgrid.store.tables.base import CODE, COMMUNITY_CODE, METADATA, geometry, instant, one_of, serial, sound

EDITIONS: Final = Table(
    "editions",
    METADATA,
    serial(),
    Column("community_code", CODE, ForeignKey("divisions.code"), nullable=False),
    Column("plan_id", BigInteger, ForeignKey("plans.id"), nullable=False, unique=True),
    Column("valid", TSTZRANGE, nullable=False),
    Column("published_by", Text, nullable=False),
    instant("published_at", now=True),
    Column("sealed", Boolean, nullable=False, server_default=text("false"), comment="Set when the law has passed it."),
    CheckConstraint(f"community_code {COMMUNITY_CODE}", name="community"),
    # An empty, endless or closed range would slip past the exclusion or share an instant with its successor.
    CheckConstraint(
        "NOT isempty(valid) AND lower_inc(valid) AND NOT lower_inf(valid) AND isfinite(lower(valid))"
        " AND NOT upper_inc(valid) AND (upper_inf(valid) OR isfinite(upper(valid)))",
        name="valid",
    ),
    ExcludeConstraint(("community_code", "="), ("valid", "&&"), using="gist", name="editions_one_at_a_time_excl"),
    Index("editions_begin_idx", text("lower(valid)")),
    comment="Published plans: at any instant a community has at most one in force.",
)

GRID_CODES: Final = Table(
    "grid_codes",
    METADATA,
    Column("code", CODE, primary_key=True),
    Column("community_code", CODE, ForeignKey("divisions.code"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("first_edition_id", BigInteger, ForeignKey("editions.id"), nullable=False),
    Column("retired_edition_id", BigInteger, ForeignKey("editions.id")),
    CheckConstraint("number BETWEEN 1 AND 999", name="number"),
    CheckConstraint("code = community_code || lpad(number::text, 3, '0')", name="code"),
    CheckConstraint("retired_edition_id > first_edition_id", name="retired"),
    Index("grid_codes_community_code_idx", "community_code"),
    Index("grid_codes_first_edition_id_idx", "first_edition_id"),
    Index("grid_codes_retired_edition_id_idx", "retired_edition_id"),
    comment="Every grid code ever given; a retired one is never given again.",
)

GRID_LINEAGE: Final = Table(
    "grid_lineage",
    METADATA,
    Column("edition_id", BigInteger, ForeignKey("editions.id"), primary_key=True),
    Column("parent", CODE, ForeignKey("grid_codes.code"), primary_key=True),
    Column("child", CODE, ForeignKey("grid_codes.code"), primary_key=True),
    Column("households", Integer, nullable=False),
    CheckConstraint("parent <> child", name="distinct"),
    CheckConstraint("households >= 0", name="households"),
    comment="What became of a retired grid: the households it handed to each grid of the edition that retired it.",
)

EDITION_GRIDS: Final = Table(
    "edition_grids",
    METADATA,
    Column("edition_id", BigInteger, ForeignKey("editions.id"), primary_key=True),
    Column("code", CODE, ForeignKey("grid_codes.code"), primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("households", Integer, nullable=False),
    Column("buildings", Integer, nullable=False),
    Column("area_m2", Double, nullable=False),
    geometry("POLYGON"),
    CheckConstraint("name <> ''", name="name"),
    CheckConstraint("households >= 0 AND buildings >= 0", name="tallies"),
    CheckConstraint("area_m2 > 0 AND area_m2 < 'Infinity'", name="area"),
    one_of("kind", get_args(GridKind)),
    sound("POLYGON"),
    Index("edition_grids_code_idx", "code"),
    Index("edition_grids_geom_idx", "geom", postgresql_using="gist"),
    comment="The grids of an edition, each one connected polygon; together they tile the community.",
)

EDITION_BUILDINGS: Final = Table(
    "edition_buildings",
    METADATA,
    Column("edition_id", BigInteger, primary_key=True),
    # No foreign key to buildings: the edition outlives the buildings that were pulled down since.
    Column("building_code", CODE, primary_key=True),
    Column("grid_code", CODE, nullable=False),
    Column("households", Integer, nullable=False),
    ForeignKeyConstraint(("edition_id", "grid_code"), ("edition_grids.edition_id", "edition_grids.code")),
    CheckConstraint("households >= 0", name="households"),
    Index("edition_buildings_building_code_idx", "building_code"),
    comment="Which grid each building belongs to in an edition, and its households then.",
)

EDITION_ACCEPTANCES: Final = Table(
    "edition_acceptances",
    METADATA,
    serial(),
    Column("edition_id", BigInteger, ForeignKey("editions.id"), nullable=False),
    Column("rule", Text, nullable=False),
    Column("grid_code", CODE),
    Column("accepted_by", Text, nullable=False),
    Column("finding", JSONB, nullable=False),
    ForeignKeyConstraint(("edition_id", "grid_code"), ("edition_grids.edition_id", "edition_grids.code")),
    UniqueConstraint("edition_id", "rule", "grid_code"),
    comment="Findings that the reviewer accepted on publishing, with the finding's own words.",
)
