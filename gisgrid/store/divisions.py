"""Divisions: the tree district > street > community, read.

Room: store. In: division codes. Out: `model.Division`. Must not import any other room.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shapely import Geometry
from sqlalchemy import Row, null, select

from gisgrid.errors import NotFound
from gisgrid.model import Division, DivisionLevel
from gisgrid.store.database import Connection, named_query
from gisgrid.store.shapes import shape, wkb
from gisgrid.store.tables import BUILDINGS, DIVISIONS


def get(connection: Connection, code: str) -> Division:
    """Return the division of this code, with its polygon where it has one.

    Raises
    ------
    NotFound
        There is none.
    """
    columns = DIVISIONS.columns
    row = connection.execute(select(DIVISIONS, wkb(columns.geom).label("shape")).where(columns.code == code)).first()
    if row is None:
        raise NotFound(f"No division has the code {code!r}; `gisgrid import divisions FILE` brings divisions in.")
    return _division(row)


def list_divisions(
    connection: Connection,
    *,
    level: DivisionLevel | None = None,
    parent: str | None = None,
    with_geometry: bool = True,
) -> list[Division]:
    """Return the divisions in order of their codes.

    Parameters
    ----------
    level
        Only those of this level.
    parent
        Only those directly below this division.
    with_geometry
        False leaves the polygons where they are: lists of names need none.
    """
    columns = DIVISIONS.columns
    geometry = wkb(columns.geom) if with_geometry else null()
    query = select(columns.code, columns.name, columns.level, columns.parent_code, geometry.label("shape"))
    if level is not None:
        query = query.where(columns.level == level)
    if parent is not None:
        query = query.where(columns.parent_code == parent)
    return _divisions(connection.execute(query.order_by(columns.code)))


def communities_under(connection: Connection, code: str) -> list[Division]:
    """Return the communities of a district or street, or the community itself, in order of their codes.

    Raises
    ------
    NotFound
        No division has this code.
    """
    get(connection, code)
    return _divisions(connection.execute(named_query("communities_under"), {"code": code}))


def touching(connection: Connection, shape: Geometry) -> list[Division]:
    """Return the communities that a WGS-84 shape reaches into, in order of their codes."""
    return _divisions(connection.execute(named_query("communities_touching"), {"shape": shape.wkb}))


def with_buildings(connection: Connection) -> list[str]:
    """Return the codes of the communities that have a polygon and at least one building, in order."""
    columns = DIVISIONS.columns
    inhabited = select(BUILDINGS.columns.community_code).where(BUILDINGS.columns.community_code == columns.code)
    query = select(columns.code).where(columns.level == "community", columns.geom.is_not(None), inhabited.exists())
    return list(connection.execute(query.order_by(columns.code)).scalars())


def chain(connection: Connection, code: str) -> tuple[Division, ...]:
    """Return the division and those above it, the nearest first: community, street, district.

    The chain ends where a parent is not known; the polygons are left out.

    Raises
    ------
    NotFound
        No division has this code.
    """
    found = tuple(_divisions(connection.execute(named_query("division_chain"), {"code": code})))
    if not found:
        raise NotFound(f"No division has the code {code!r}; `gisgrid import divisions FILE` brings divisions in.")
    return found


def _divisions(rows: Iterable[Row[Any]]) -> list[Division]:
    return [_division(row) for row in rows]


def _division(row: Row[Any]) -> Division:
    return Division(code=row.code, name=row.name, level=row.level, parent=row.parent_code, geometry=shape(row.shape))
