"""Tables of what stands on the ground: divisions, estates, buildings, households, barriers, ties, sites, posts.

Room: store. In: the schema's base. Out: one `Table` a noun. Must not import any other room.
"""

from __future__ import annotations

from typing import Final, get_args

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE

from gisgrid.model import BARRIER_KINDS, ESTATE_TYPES, LEVELS, HouseholdMeasure, HouseholdSource, TieKind
from gisgrid.store.tables.base import CODE, COMMUNITY_CODE, GRID_CODE, METADATA, geometry, one_of, serial, sound

DIVISIONS: Final = Table(
    "divisions",
    METADATA,
    Column("code", CODE, primary_key=True),
    Column("name", Text, nullable=False),
    Column("level", Text, nullable=False),
    # Deferred: a file may list a street before its district.
    Column("parent_code", CODE, ForeignKey("divisions.code", deferrable=True, initially="DEFERRED")),
    geometry("MULTIPOLYGON", nullable=True),
    one_of("level", LEVELS),
    CheckConstraint(
        "code ~ '^[0-9]+$' AND length(code) = CASE level WHEN 'district' THEN 6 WHEN 'street' THEN 9 ELSE 12 END",
        name="code",
    ),
    CheckConstraint("parent_code <> code", name="parent"),
    sound("MULTIPOLYGON"),
    Index("divisions_parent_code_idx", "parent_code"),
    Index("divisions_geom_idx", "geom", postgresql_using="gist"),
    comment="The tree district > street > community; a division may wait for its polygon.",
)

ESTATES: Final = Table(
    "estates",
    METADATA,
    Column("code", CODE, primary_key=True),
    Column("name", Text, nullable=False),
    Column("type", Text),
    Column("property_company", Text),
    geometry("MULTIPOLYGON", nullable=True),
    CheckConstraint("code <> ''", name="code"),
    one_of("type", ESTATE_TYPES),
    sound("MULTIPOLYGON"),
    Index("estates_geom_idx", "geom", postgresql_using="gist"),
    comment="Residential compounds; an estate need not equal a grid.",
)

BUILDINGS: Final = Table(
    "buildings",
    METADATA,
    Column("code", CODE, primary_key=True),
    Column("name", Text),
    Column("estate_code", CODE, ForeignKey("estates.code")),
    Column("address", Text),
    Column("floors", Integer),
    Column("height_m", Double),
    Column("households", Integer, nullable=False, server_default=text("0")),
    Column("household_source", Text, nullable=False, server_default=text("'declared'")),
    Column("household_measure", Text, nullable=False, server_default=text("'resident'")),
    Column("use", Text),
    Column("community_code", CODE, ForeignKey("divisions.code")),
    geometry("MULTIPOLYGON"),
    CheckConstraint("code <> ''", name="code"),
    CheckConstraint("floors >= 0", name="floors"),
    CheckConstraint("height_m >= 0 AND height_m < 'Infinity'", name="height"),
    CheckConstraint("households >= 0", name="households"),
    one_of("household_source", get_args(HouseholdSource)),
    one_of("household_measure", get_args(HouseholdMeasure)),
    CheckConstraint(f"community_code {COMMUNITY_CODE}", name="community"),
    sound("MULTIPOLYGON"),
    Index("buildings_estate_code_idx", "estate_code"),
    Index("buildings_community_code_idx", "community_code"),
    Index("buildings_geom_idx", "geom", postgresql_using="gist"),
    comment="Footprints with the household count that plans use; nothing personal.",
)

HOUSEHOLDS: Final = Table(
    "households",
    METADATA,
    Column("code", CODE, primary_key=True),
    Column("building_code", CODE, ForeignKey("buildings.code"), nullable=False),
    Column("size", Integer, nullable=False, server_default=text("0")),
    CheckConstraint("code <> ''", name="code"),
    CheckConstraint("size >= 0", name="size"),
    Index("households_building_code_idx", "building_code"),
    comment="Household ids per building, reached by id only: no geometry, no name, no phone, no identity number.",
)

BARRIERS: Final = Table(
    "barriers",
    METADATA,
    serial(),
    Column("kind", Text, nullable=False),
    Column("name", Text),
    geometry("GEOMETRY"),
    # A barrier has no code of its own: what it is makes it known again when the same file comes twice.
    Column(
        "fingerprint",
        Text,
        Computed(
            "md5((((kind || '|'::text) || COALESCE(name, ''::text)) || '|'::text)"
            " || encode(st_asbinary(geom, 'NDR'::text), 'hex'::text))",
            persisted=True,
        ),
        nullable=False,
    ),
    one_of("kind", BARRIER_KINDS),
    sound(
        "POINT",
        "MULTIPOINT",
        "LINESTRING",
        "MULTILINESTRING",
        where="kind = 'crossing' OR public.GeometryType(geom) IN ('LINESTRING', 'MULTILINESTRING')",
    ),
    UniqueConstraint("fingerprint"),
    Index("barriers_geom_idx", "geom", postgresql_using="gist"),
    comment="Lines that a grid should not cross, streets that borders like to follow, crossings that join.",
)

TIES: Final = Table(
    "ties",
    METADATA,
    Column("a", CODE, ForeignKey("buildings.code", ondelete="CASCADE"), primary_key=True),
    Column("b", CODE, ForeignKey("buildings.code", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("weight", Double, nullable=False, server_default=text("1")),
    CheckConstraint("a < b", name="order"),
    CheckConstraint("weight > 0 AND weight < 'Infinity'", name="weight"),
    one_of("kind", get_args(TieKind)),
    Index("ties_b_idx", "b"),
    comment="Weighted links between buildings whose households know each other; each pair once, smaller code first.",
)

ALIASES: Final = Table(
    "aliases",
    METADATA,
    Column("alias", CODE, primary_key=True),
    # No foreign key: the code is that of an estate or of a building.
    Column("code", CODE, primary_key=True),
    CheckConstraint("alias <> ''", name="alias"),
    comment="Other names of estates and buildings, as people say them; a name may mean several.",
)

SITES: Final = Table(
    "sites",
    METADATA,
    Column("code", CODE, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("area_m2", Double),
    geometry("GEOMETRY"),
    CheckConstraint("code <> ''", name="code"),
    CheckConstraint("kind <> ''", name="kind"),
    CheckConstraint("area_m2 >= 0 AND area_m2 < 'Infinity'", name="area"),
    sound("POINT", "MULTIPOLYGON"),
    Index("sites_kind_idx", "kind"),
    Index("sites_geom_idx", "geom", postgresql_using="gist"),
    comment="Service centres, resources, demands, projects and dedicated ground: points or areas.",
)

NET_AREAS: Final = Table(
    "net_areas",
    METADATA,
    Column("net", CODE, primary_key=True),
    Column("code", CODE, primary_key=True),
    Column("name", Text),
    geometry("MULTIPOLYGON"),
    CheckConstraint("net <> ''", name="net"),
    CheckConstraint("code <> ''", name="code"),
    sound("MULTIPOLYGON"),
    Index("net_areas_geom_idx", "geom", postgresql_using="gist"),
    comment="Areas of other nets over the same ground (police beats, monitoring grids), by net.",
)

POSTS: Final = Table(
    "posts",
    METADATA,
    serial(),
    # No foreign key: rosters are often known before the first edition is published.
    Column("grid_code", CODE, nullable=False),
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("duty_phone", Text),
    Column("valid", TSTZRANGE, nullable=False, server_default=text("tstzrange(NULL, NULL, '[)')")),
    CheckConstraint(f"grid_code {GRID_CODE}", name="grid_code"),
    CheckConstraint("NOT isempty(valid)", name="valid"),
    UniqueConstraint("grid_code", "role", "name", "valid"),
    comment="Who serves which grid in which role, from when to when; many to many.",
)

CATEGORIES: Final = Table(
    "categories",
    METADATA,
    Column("code", CODE, primary_key=True),
    Column("name", Text, nullable=False),
    Column("parent_code", CODE, ForeignKey("categories.code", deferrable=True, initially="DEFERRED")),
    Column("version", Text),
    CheckConstraint("code <> ''", name="code"),
    CheckConstraint("parent_code <> code", name="parent"),
    Index("categories_parent_code_idx", "parent_code"),
    comment="Categories of reports as imported; nothing about them is fixed in the code.",
)
