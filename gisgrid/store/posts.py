"""Who serves a grid (网格岗位), at an instant.

Room: store. In: a `Connection`. Out: `model.Post`s. Must not import any other room.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.sql import ColumnElement

from gisgrid.model import Post
from gisgrid.store.database import Connection
from gisgrid.store.tables import POSTS


def on_duty(connection: Connection, grid: str, at: datetime | None = None) -> list[Post]:
    """Return the posts of one grid that are held at that instant (now by default), in order of role and name."""
    return on_duty_in(connection, [grid], at).get(grid, [])


def on_duty_in(connection: Connection, grids: Sequence[str], at: datetime | None = None) -> dict[str, list[Post]]:
    """Return the posts held at that instant (now by default), by grid; a grid without one is left out."""
    query = (
        select(POSTS.c.grid_code, POSTS.c.role, POSTS.c.name, POSTS.c.duty_phone, *_bounds())
        .where(POSTS.c.grid_code == func.any(list(grids)))
        .where(POSTS.c.valid.op("@>")(func.now() if at is None else at))
        .order_by(POSTS.c.grid_code, POSTS.c.role, POSTS.c.name, POSTS.c.id)
    )
    posts: dict[str, list[Post]] = defaultdict(list)
    for row in connection.execute(query):
        posts[row.grid_code].append(_post(row))
    return dict(posts)


def _bounds() -> tuple[ColumnElement[datetime], ColumnElement[datetime]]:
    return func.lower(POSTS.c.valid).label("valid_from"), func.upper(POSTS.c.valid).label("valid_to")


def _post(row: Row[Any]) -> Post:
    return Post(row.grid_code, row.role, row.name, row.duty_phone, row.valid_from, row.valid_to)
