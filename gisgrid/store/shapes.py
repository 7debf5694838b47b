"""Shapes on their way out of the database: WKB there, shapely here.

Room: store. In: geometry columns. Out: the expression that selects one, the shapely geometry that it yields.
Must not import any other room.
"""

from __future__ import annotations

from typing import Any

import shapely
from sqlalchemy import ColumnElement, LargeBinary, func
from sqlalchemy.sql.functions import Function


def wkb(column: ColumnElement[Any]) -> Function[bytes]:
    """Return the expression that selects a geometry column as WKB."""
    return func.ST_AsBinary(column, type_=LargeBinary)


def shape(selected: bytes | None) -> shapely.Geometry | None:
    """Return the geometry that a selected WKB holds, or None for NULL."""
    return None if selected is None else shapely.from_wkb(bytes(selected))
