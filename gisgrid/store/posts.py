"""Who serves a grid (网格岗位), at an instant.

Room: store. In: a `Connection`. Out: `model.Post`s. Must not import any other room.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, or_, select
from sqlalchemy.sql import ColumnElement

from gisgrid.model import Post
from gisgrid.store.database import Connection
from gisgrid.store.tables import POSTS


def on_duty(connection: Connection, grid: str, at: datetime | None = None) -> list[Post]:
    """Return the posts of one grid that are held at that instant (now by default), in order of role and name."""
    return on_duty_in(connection, [grid], at).get(grid, [])


def on_duty_in(connection: Connection, grids: Sequence[str], at: datetime | None = None) -> dict[str, list[Post]]:
    """Return the posts held at that instant (now by default), by grid; a grid without one is left out."""
    held = POSTS.c.valid.op("@>")(func.now() if at is None else at)
    return _by_grid(connection, POSTS.c.grid_code == func.any(list(grids)), held)


def not_ended(connection: Connection) -> dict[str, list[Post]]:
    """Return every post that is held now or will be, by grid; a grid without one is left out."""
    return _by_grid(connection, or_(func.upper_inf(POSTS.c.valid), func.upper(POSTS.c.valid) > func.now()))


def _by_grid(connection: Connection, *wanted: ColumnElement[bool]) -> dict[str, list[Post]]:
    """Return the wanted posts by grid, in order of role and name."""
    query = (
        select(POSTS.c.grid_code, POSTS.c.role, POSTS.c.name, POSTS.c.duty_phone, *_bounds())
        .where(*wanted)
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
