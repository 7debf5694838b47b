"""Signs of change: what a process compares to know whether what it holds in memory is still what is stored.

Room: store. In: a `Connection`, or a database's address to listen at. Out: `Signs`, wake-ups. Must not import any other
room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import sql

from gisgrid.store.database import Connection, named_query, own_words, plain_connection


@dataclass(frozen=True, slots=True)
class Signs:
    """Numbers that differ when what they stand for was changed.

    Attributes
    ----------
    editions
        How many there are: they are append-only.
    posts, divisions
        The sum of a hash over the versions of all rows: whatever is inserted, updated or deleted changes it, also by a
        transaction that commits late, which a highest number would miss.
    """

    editions: int
    posts: int
    divisions: int


def read(connection: Connection) -> Signs:
    """Return the signs of what is committed now. Read them before the data that they stand for."""
    row = connection.execute(named_query("signs")).one()
    return Signs(int(row.editions), int(row.posts), int(row.divisions))


@contextmanager
def listening(url: str, channel: str) -> Iterator[Callable[[float], bool]]:
    """Yield a function that waits for a notification on the channel, at most so many seconds, and says if one came.

    What is notified from now on is heard; read what it stands for after entering.

    Raises
    ------
    DatabaseUnavailable
        The database does not answer, or went away.
    """
    with own_words(), plain_connection(url) as driver:
        driver.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))

        def wait(seconds: float) -> bool:
            with own_words():
                return any(True for _ in driver.notifies(timeout=seconds, stop_after=1))

        yield wait
