"""Comments on plans: threads that are pinned to a grid or a building, append-only.

Room: store. In: a plan's id, what somebody says. Out: `CommentThread`s. Must not import any other room.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

import shapely
from sqlalchemy import func, insert, select

from gisgrid.errors import Conflict, NotFound, UsageError
from gisgrid.model import CommentAction, CommentLine, CommentThread, PinKind
from gisgrid.store import plans
from gisgrid.store.database import Connection, named_query
from gisgrid.store.shapes import shape
from gisgrid.store.tables import PLAN_COMMENTS

LINES_LIMIT: Final = 1_000
"""Most lines of one plan; a plan is read with all of them."""
_LARGEST_ID: Final = 2**63 - 1


def threads(connection: Connection, plan_id: str) -> tuple[CommentThread, ...]:
    """Return what was said of a plan, the oldest thread first.

    Raises
    ------
    NotFound
        There is no plan of this id.
    """
    plan = int(plans.standing(connection, plan_id).id)
    rows = connection.execute(named_query("plan_comments"), {"plan": plan})
    return tuple(_thread(str(thread), list(lines)) for thread, lines in groupby(rows, key=lambda row: row.thread))


def begin(
    connection: Connection, plan_id: str, *, pin: PinKind, code: str | None, words: str, actor: str
) -> CommentThread:
    """Return the thread that a comment begins.

    Raises
    ------
    NotFound
        There is no plan of this id.
    UsageError
        The plan has no such grid, its community no such building.
    Conflict
        Too much was said of the plan.
    """
    plan = _room(connection, plan_id)
    place = None if code is None else _place(connection, plan, pin, code)
    written = _write(connection, plan, "comment", pin=pin, code=code, geom=place, words=words, actor=actor)
    return _named(connection, plan_id, written)


def add(
    connection: Connection, plan_id: str, thread: str, *, action: CommentAction, words: str | None, actor: str
) -> CommentThread:
    """Return a thread with an answer, or resolved.

    Raises
    ------
    NotFound
        There is no plan of this id, or no such thread of it.
    Conflict
        It is resolved already, or too much was said of the plan.
    """
    plan = _room(connection, plan_id)
    if _named(connection, plan_id, thread).resolved and action == "resolve":
        raise Conflict(f"Comment {thread} is resolved already; answer it to open it again.")
    _write(connection, plan, action, thread_id=int(thread), words=words, actor=actor)
    return _named(connection, plan_id, thread)


def _room(connection: Connection, plan_id: str) -> int:
    """Return the number of a plan that has room for one more line."""
    plan = int(plans.standing(connection, plan_id).id)
    query = select(func.count()).select_from(PLAN_COMMENTS).where(PLAN_COMMENTS.columns.plan_id == plan)
    if connection.execute(query).scalar_one() >= LINES_LIMIT:
        raise Conflict(f"Plan {plan_id} has {LINES_LIMIT} lines of comments, the most that one may; begin a new plan.")
    return plan


def _place(connection: Connection, plan: int, pin: PinKind, code: str) -> str:
    """Return a point in a grid of a plan or a building of its community, as the database takes it."""
    sought = {"plan": plan, "pin": pin, "code": code}
    row = None if "\x00" in code else connection.execute(named_query("pin_places"), sought).first()
    if row is None:
        raise UsageError(f"Plan {plan} has no {pin} {code!r}; comment on one that it has, or on the plan.")
    return f"SRID=4326;{shapely.to_wkt(shape(row.shape), rounding_precision=9)}"


def _write(connection: Connection, plan: int, action: CommentAction, **values: Any) -> str:
    row = insert(PLAN_COMMENTS).values(plan_id=plan, action=action, **values).returning(PLAN_COMMENTS.columns.id)
    return str(connection.execute(row).scalar_one())


def _named(connection: Connection, plan_id: str, thread: str) -> CommentThread:
    """Return one thread of a plan."""
    for each in threads(connection, plan_id):
        if each.id == thread:
            return each
    raise NotFound(f"Plan {plan_id} has no comment {thread!r}; GET /v1/plans/{plan_id}/comments lists them.")


def _thread(thread: str, rows: list[Any]) -> CommentThread:
    first = rows[0]
    place = shape(first.shape)
    return CommentThread(
        id=thread,
        pin=first.pin,
        code=first.code,
        present=first.present,
        place=place if isinstance(place, shapely.Point) else None,
        lines=tuple(CommentLine(row.action, row.actor, row.at, row.words) for row in rows),
    )
