"""Findings in and out of the database, as rows of `plan_findings` and `import_findings` or as JSON documents.

Room: store. In: `model.Finding`. Out: the same, unchanged but for what no database can hold. Must not import any other
room.

A finding may quote a damaged file. What PostgreSQL cannot hold (NUL, lone surrogates, NaN figures) is shown by a
replacement, and a shape that is not sound is kept as its bounding box, so that no finding is ever lost for its content.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import shapely
from psycopg.types.json import Jsonb
from sqlalchemy import Table, delete, select

from gisgrid.model import Finding
from gisgrid.store.database import Connection, copy_rows
from gisgrid.store.shapes import shape, wkb

_COLUMNS: Final = ("rule", "severity", "message", "message_zh", "codes", "line", "field", "figures", "geom")
_TYPES: Final = frozenset({"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"})


def replace(connection: Connection, table: Table, owner: int, findings: Sequence[Finding]) -> None:
    """Write the findings of one plan or import run in place of those that it had.

    Parameters
    ----------
    table
        `PLAN_FINDINGS` or `IMPORT_FINDINGS`; its first column names the owner.
    owner
        The id of the plan or import run.
    """
    owner_column = next(iter(table.columns))
    connection.execute(delete(table).where(owner_column == owner))
    append(connection, table, owner, findings)


def append(connection: Connection, table: Table, owner: int, findings: Sequence[Finding]) -> None:
    """Write the first findings of one plan or import run."""
    owner_column = next(iter(table.columns))
    rows = ((owner, position, *_row(finding)) for position, finding in enumerate(findings))
    copy_rows(connection, table, (owner_column.name, "position", *_COLUMNS), rows)


def read(connection: Connection, table: Table, owner: int) -> tuple[Finding, ...]:
    """Return the findings of one plan or import run, in the order in which they were written."""
    columns = table.columns
    query = (
        select(*(columns[name] for name in _COLUMNS[:-1]), wkb(columns["geom"]).label("geom"))
        .where(next(iter(columns)) == owner)
        .order_by(columns["position"])
    )
    return tuple(
        Finding(
            rule=row.rule,
            severity=row.severity,
            message=row.message,
            message_zh=row.message_zh,
            codes=tuple(row.codes),
            line=row.line,
            field=row.field,
            values=row.figures,
            geometry=shape(row.geom),
        )
        for row in connection.execute(query)
    )


def to_document(finding: Finding) -> dict[str, Any]:
    """Return the finding as a JSON document; its shape as GeoJSON under `geometry`."""
    geometry = _storable(finding.geometry)
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": writable(finding.message),
        "message_zh": writable(finding.message_zh),
        "codes": [writable(code) for code in finding.codes],
        "line": finding.line,
        "field": None if finding.field is None else writable(finding.field),
        "values": plain(finding.values),
        "geometry": None if geometry is None else shapely.geometry.mapping(geometry),
    }


def writable(text: str) -> str:
    """Return the text with what PostgreSQL cannot hold (NUL, lone surrogates) replaced by U+FFFD."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def plain(value: Any) -> Any:
    """Return the value as JSON can hold it: numpy as plain numbers, NaN and infinity as text."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {writable(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(item) for item in items]
    return writable(str(value))


def _row(finding: Finding) -> tuple[Any, ...]:
    """Return the finding's columns in the order of `_COLUMNS`."""
    return (
        finding.rule,
        finding.severity,
        writable(finding.message),
        writable(finding.message_zh),
        [writable(code) for code in finding.codes],
        finding.line,
        None if finding.field is None else writable(finding.field),
        Jsonb(plain(finding.values)),
        _storable(finding.geometry),
    )


def _storable(geometry: shapely.Geometry | None) -> shapely.Geometry | None:
    """Return the shape if the tables take it, else its bounding box on the globe, else None."""
    if geometry is None or shapely.is_empty(geometry):
        return None
    flat = shapely.force_2d(geometry)
    bounds = shapely.bounds(flat)
    if not np.isfinite(bounds).all():
        return None
    on_globe = bounds[0] >= -180 and bounds[1] >= -90 and bounds[2] <= 180 and bounds[3] <= 90
    if on_globe and flat.geom_type in _TYPES and shapely.is_valid(flat):
        return flat
    west, south, east, north = np.clip(bounds, [-180, -90, -180, -90], [180, 90, 180, 90])
    box = shapely.box(west, south, east, north)
    return box if shapely.area(box) > 0 else shapely.Point(west, south)
