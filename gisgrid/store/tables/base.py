"""What every table shares: the schema's name, its naming convention, and the columns that return often.

Room: store. In: nothing. Out: `METADATA` and small column makers for the other modules of `tables`. Must not import any
other room.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from geoalchemy2 import Geometry
from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, DateTime, Identity, Integer, MetaData, Text, func
from sqlalchemy.dialects.postgresql import JSONB

SCHEMA: Final = "gisgrid"
SRID: Final = 4326

METADATA: Final = MetaData(
    schema=SCHEMA,
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    },
)

# Codes sort by code point, as Python sorts them, whatever locale the database was made with.
CODE: Final = Text(collation="C")
COMMUNITY_CODE: Final = "~ '^[0-9]{12}$'"
GRID_CODE: Final = "~ '^[0-9]{15}$'"


def one_of(column: str, words: Iterable[str], name: str | None = None) -> CheckConstraint:
    """Return the CHECK that a column holds one of these words (or NULL where the column may)."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=name or column)


def geometry(*types: str, nullable: bool = False) -> Column[Any]:
    """Return the column `geom` in EPSG:4326; pair it with `sound(…)`, the CHECK that keeps unsound shapes out."""
    declared = types[0] if len(types) == 1 else "GEOMETRY"
    return Column("geom", Geometry(declared, srid=SRID, spatial_index=False), nullable=nullable)


def sound(*types: str, where: str | None = None) -> CheckConstraint:
    """Return the CHECK that `geom` is of one of these types, 2D, SRID 4326, not empty, finite, valid and on the globe.

    Parameters
    ----------
    types
        PostGIS type names, as `GeometryType` gives them.
    where
        Another condition that must hold as well.
    """
    listed = ", ".join(f"'{name}'" for name in types)
    test = f"gisgrid.is_sound(geom, {listed})"
    return CheckConstraint(f"{test} AND ({where})" if where else test, name="geom")


def serial(name: str = "id") -> Column[int]:
    """Return a surrogate key that the database counts up and nobody may set."""
    return Column(name, BigInteger, Identity(always=True), primary_key=True)


def instant(name: str, *, nullable: bool = False, now: bool = False) -> Column[Any]:
    """Return a column for an instant of time; `now` makes the clock at writing its default."""
    return Column(
        name, DateTime(timezone=True), nullable=nullable, server_default=func.clock_timestamp() if now else None
    )


def finding_columns() -> list[Column[Any] | CheckConstraint]:
    """Return the columns in which a `model.Finding` is kept; `figures` holds its `values`."""
    return [
        Column("rule", Text, nullable=False),
        Column("severity", Text, nullable=False),
        Column("message", Text, nullable=False),
        Column("message_zh", Text, nullable=False),
        Column("codes", ARRAY(Text), nullable=False),
        Column("line", Integer),
        Column("field", Text),
        Column("figures", JSONB, nullable=False),
        geometry("GEOMETRY", nullable=True),
        one_of("severity", ("error", "warning", "info")),
        sound("POINT", "MULTIPOINT", "LINESTRING", "MULTILINESTRING", "POLYGON", "MULTIPOLYGON"),
    ]
