"""Imported layers into their tables: COPY to a staging table, then one UPDATE of what differs and one INSERT.

Room: store. In: a frame of good rows as `ingest` gives it. Out: how many rows were inserted, updated, left alone.
Everything happens in the caller's transaction. Must not import any other room.

Rules of a merge:

- A row is known by its key (a barrier, which has none, by its kind, name and shape). A file that comes twice changes
  nothing: a row that does not differ is not written.
- An empty cell leaves what is stored: a table of codes does not wipe out the boundaries that came before it.
- A household count gives way only to one at least as good: counted from household rows > declared > estimated. A
  building of which nobody knows a count is kept as 0, estimated.
- An estate that a building names and nobody has described yet is made from its code; nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Column, MetaData, Table, text

from gisgrid.errors import RefusedData, UsageError
from gisgrid.model import LayerName, Rule
from gisgrid.store.column_copy import copy_columns
from gisgrid.store.database import Connection
from gisgrid.store.import_runs import record_import
from gisgrid.store.references import unknown_references
from gisgrid.store.relations import drift, relate
from gisgrid.store.tables import (
    ALIASES,
    BARRIERS,
    BUILDINGS,
    CATEGORIES,
    DIVISIONS,
    ESTATES,
    HOLIDAYS,
    HOUSEHOLDS,
    NET_AREAS,
    POSTS,
    SITES,
    TIES,
    TIME_LIMITS,
)

__all__ = ["LoadCounts", "drift", "load_layer", "record_import", "relate", "unknown_references"]

UNSOUND_GEOMETRY = Rule(
    "unsound_geometry",
    "error",
    "The database does not take the geometry of “{code}” (it must be valid, not empty, of the layer's kind); draw it "
    "again.",
    "数据库不接受“{code}”的几何图形（须有效、非空、类型正确）；请重新绘制。",
)

_STAGING: Final = "layer_staging"
_LOCK: Final = "gisgrid.import"


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """How many rows of a file were new, different, or already there as they are."""

    inserted: int
    updated: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a layer goes.

    Attributes
    ----------
    table, columns
        The table, and frame column → table column.
    key
        What a row is known by: expressions with `{}` for the table's alias, never NULL, so that the join can hash them.
    keyed
        Whether the rows have a name of their own, so that one can differ from what is stored under it.
    defaults
        What a new row gets where the file has nothing.
    types
        The geometry types that the table takes.
    """

    table: Table
    columns: Mapping[str, str]
    key: tuple[str, ...] = ("{}.code",)
    keyed: bool = True
    defaults: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    types: tuple[str, ...] = ()


def _same(*names: str, **renamed: str) -> Mapping[str, str]:
    """Return frame column → table column, most of them under the same name."""
    return MappingProxyType({**{name: name for name in names}, **renamed})


_TARGETS: Final[Mapping[str, _Target]] = MappingProxyType(
    {
        "divisions": _Target(
            DIVISIONS, _same("code", "name", "level", parent="parent_code", geometry="geom"), types=("MULTIPOLYGON",)
        ),
        "estates": _Target(
            ESTATES, _same("code", "name", "type", "property_company", geometry="geom"), types=("MULTIPOLYGON",)
        ),
        "buildings": _Target(
            BUILDINGS,
            _same(
                *("code", "name", "address", "floors", "height_m", "use"),
                *("households", "household_source", "household_measure"),
                estate="estate_code",
                geometry="geom",
            ),
            defaults={"households": "0", "household_source": "'estimated'", "household_measure": "'resident'"},
            types=("MULTIPOLYGON",),
        ),
        "households": _Target(HOUSEHOLDS, _same("code", "size", building="building_code"), defaults={"size": "0"}),
        "barriers": _Target(
            BARRIERS,
            _same("kind", "name", geometry="geom"),
            key=("{}.kind", "coalesce({}.name, '')", "{}.geom"),
            keyed=False,
            types=("POINT", "MULTIPOINT", "LINESTRING", "MULTILINESTRING"),
        ),
        "aliases": _Target(ALIASES, _same("alias", "code"), key=("{}.alias", "{}.code"), keyed=False),
        "ties": _Target(TIES, _same("a", "b", "kind", "weight"), key=("{}.a", "{}.b", "{}.kind")),
        "sites": _Target(
            SITES, _same("code", "kind", "name", "area_m2", geometry="geom"), types=("POINT", "MULTIPOLYGON")
        ),
        "nets": _Target(
            NET_AREAS,
            _same("net", "code", "name", geometry="geom"),
            key=("{}.net", "{}.code"),
            types=("MULTIPOLYGON",),
        ),
        "posts": _Target(
            POSTS,
            _same("role", "name", "duty_phone", "valid", grid="grid_code"),
            key=("{}.grid_code", "{}.role", "{}.name", "coalesce(lower({}.valid), '-infinity')"),
        ),
        "categories": _Target(CATEGORIES, _same("code", "name", parent="parent_code")),
        "limits": _Target(
            TIME_LIMITS,
            _same("category", "urgency", "accept_within", "close_within", "unit"),
            key=("{}.category", "coalesce({}.urgency, '')"),
        ),
        "holidays": _Target(HOLIDAYS, _same("date", "kind", "name"), key=("{}.date",)),
    }
)

# A count is replaced by one of a source at least as good, and never by no count.
_RANK: Final = "array_position(ARRAY['estimated', 'declared', 'counted'], {})"
_BETTER_COUNT: Final = (
    f"staged.households IS NOT NULL"
    f" AND {_RANK.format('staged.household_source')} >= {_RANK.format('stored.household_source')}"
)
_COUNT_COLUMNS: Final = ("households", "household_source", "household_measure")


def load_layer(connection: Connection, layer: LayerName, frame: pd.DataFrame, *, replace: bool = False) -> LoadCounts:
    """Return the counts after merging the rows of a layer into its table.

    Parameters
    ----------
    layer
        Any but `reports`, which come in by `store.reports`.
    frame
        Good rows, with the contract's columns, `line`, and `geometry` in EPSG:4326.
    replace
        The file is the whole layer: rows of the table that it does not hold are removed.

    Raises
    ------
    RefusedData
        The database's own rules refuse a geometry.
    UsageError
        A layer that does not come in here, or that is never replaced as a whole.
    """
    target = _TARGETS.get(layer)
    if target is None:
        raise UsageError(f"The layer {layer} is not loaded in bulk; there are {', '.join(_TARGETS)}.")
    if replace and layer == "divisions":
        raise UsageError("Divisions are never replaced as a whole: editions stand on them. Import without replacing.")
    # Two imports at once would wait for each other's rows in different orders.
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": _LOCK})
    _stage(connection, target, frame)
    _require_sound(connection, target)
    if layer == "buildings":
        connection.execute(text(_MAKE_ESTATES))
    counts = _merge(connection, target, len(frame)) if target.keyed else _insert_new(connection, target, len(frame))
    if replace:
        _remove_others(connection, target)
    connection.execute(text(f"DROP TABLE pg_temp.{_STAGING}"))
    return counts


_MAKE_ESTATES: Final = f"""
INSERT INTO gisgrid.estates (code, name)
SELECT DISTINCT staged.estate_code, staged.estate_code
FROM pg_temp.{_STAGING} AS staged
WHERE staged.estate_code IS NOT NULL
ON CONFLICT (code) DO NOTHING
"""


def _stage(connection: Connection, target: _Target, frame: pd.DataFrame) -> None:
    """Copy the frame into a temporary table with the target's types and no constraints."""
    names = list(target.columns.values())
    connection.execute(
        text(
            f"CREATE TEMPORARY TABLE pg_temp.{_STAGING} ON COMMIT DROP AS"
            f" SELECT {', '.join(names)}, 0::integer AS line"
            f" FROM {target.table.fullname} WITH NO DATA"
        )
    )
    staging = Table(_STAGING, MetaData(), *(Column(name) for name in (*names, "line")), schema="pg_temp")
    copy_columns(connection, staging, _columns(target, frame))
    connection.execute(text(f"ANALYZE pg_temp.{_STAGING}"))


def _columns(target: _Target, frame: pd.DataFrame) -> dict[str, Any]:
    """Return the frame's columns under the names of the target's, then the line; a column it lacks is empty."""
    columns: dict[str, Any] = {}
    for name, column in target.columns.items():
        if name == "valid":
            columns[column] = [_period(start, end) for start, end in zip(frame["from"], frame["to"], strict=True)]
        elif name not in frame.columns:
            columns[column] = [None] * len(frame)
        elif name == "geometry":
            columns[column] = _shapes(np.asarray(frame["geometry"].array, dtype=object), target.types)
        else:
            columns[column] = frame[name].to_numpy(dtype=object)
    return {**columns, "line": frame["line"].to_numpy()}


def _period(start: Any, end: Any) -> str:
    """Return a period as PostgreSQL reads it, open where there is no instant."""
    begin, finish = ("" if pd.isna(each) else each.isoformat() for each in (start, end))
    return f"[{begin},{finish})"


def _shapes(shapes: Any, types: Sequence[str]) -> Any:
    """Return the geometries, single polygons as multi-polygons where the table holds only those."""
    if "MULTIPOLYGON" not in types:
        return shapes
    single = shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON
    shapes = shapes.copy()
    shapes[single] = shapely.multipolygons(shapes[single], indices=np.arange(int(single.sum())))
    return shapes


def _require_sound(connection: Connection, target: _Target) -> None:
    """Refuse geometries that the table's CHECK would refuse, with the line of each."""
    if not target.types:
        return
    name = "code" if "code" in target.columns else "kind"
    types = ", ".join(f"'{each}'" for each in target.types)
    query = f"""
        SELECT {name} AS code, line
        FROM pg_temp.{_STAGING}
        WHERE NOT gisgrid.is_sound(geom, {types})
        ORDER BY line
    """
    findings = [
        UNSOUND_GEOMETRY.finding(codes=(row.code,), line=row.line, field="geometry", code=row.code)
        for row in connection.execute(text(query))
    ]
    if findings:
        raise RefusedData(f"{len(findings)} geometries were refused, first: {findings[0].message}", findings)


def _merge(connection: Connection, target: _Target, rows: int) -> LoadCounts:
    """Update the rows that differ, insert those that are new."""
    columns = list(target.columns.values())
    others = [column for column in columns if f"{{}}.{column}" not in target.key]
    known = _same_row(target)
    merged = {column: _merged(column) for column in others}
    update = f"""
        UPDATE {target.table.fullname} AS stored
        SET {", ".join(f"{column} = {value}" for column, value in merged.items())}
        FROM pg_temp.{_STAGING} AS staged
        WHERE {known}
          AND ROW({", ".join(f"stored.{column}" for column in others)})
              IS DISTINCT FROM ROW({", ".join(merged.values())})
    """
    given = ", ".join(
        f"COALESCE(staged.{column}, {target.defaults[column]})" if column in target.defaults else f"staged.{column}"
        for column in columns
    )
    insert = f"""
        INSERT INTO {target.table.fullname} ({", ".join(columns)})
        SELECT {given}
        FROM pg_temp.{_STAGING} AS staged
        WHERE NOT EXISTS (SELECT FROM {target.table.fullname} AS stored WHERE {known})
        ORDER BY staged.line
    """
    updated = connection.execute(text(update)).rowcount
    inserted = connection.execute(text(insert)).rowcount
    return LoadCounts(inserted, updated, rows - inserted - updated)


def _same_row(target: _Target) -> str:
    """Return the condition that a staged and a stored row are the same."""
    return " AND ".join(f"{part.format('staged')} = {part.format('stored')}" for part in target.key)


def _merged(column: str) -> str:
    """Return what a column holds after the merge."""
    if column in _COUNT_COLUMNS:
        return f"CASE WHEN {_BETTER_COUNT} THEN staged.{column} ELSE stored.{column} END"
    return f"COALESCE(staged.{column}, stored.{column})"


def _insert_new(connection: Connection, target: _Target, rows: int) -> LoadCounts:
    """Insert the rows that are not there yet, the same one in a file once."""
    columns = ", ".join(target.columns.values())
    insert = f"""
        INSERT INTO {target.table.fullname} ({columns})
        SELECT {columns}
        FROM pg_temp.{_STAGING}
        ORDER BY line
        ON CONFLICT DO NOTHING
    """
    inserted = connection.execute(text(insert)).rowcount
    return LoadCounts(inserted, 0, rows - inserted)


_DEPENDENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "buildings": "DELETE FROM gisgrid.households AS h WHERE NOT EXISTS"
        f" (SELECT FROM pg_temp.{_STAGING} AS staged WHERE staged.code = h.building_code)",
        "estates": "UPDATE gisgrid.buildings AS b SET estate_code = NULL WHERE estate_code IS NOT NULL AND NOT EXISTS"
        f" (SELECT FROM pg_temp.{_STAGING} AS staged WHERE staged.code = b.estate_code)",
    }
)


def _remove_others(connection: Connection, target: _Target) -> None:
    """Remove the rows that the file does not hold, and what hangs on them."""
    if target.table.name in _DEPENDENTS:
        connection.execute(text(_DEPENDENTS[target.table.name]))
    connection.execute(
        text(
            f"DELETE FROM {target.table.fullname} AS stored"
            f" WHERE NOT EXISTS (SELECT FROM pg_temp.{_STAGING} AS staged WHERE {_same_row(target)})"
        )
    )
