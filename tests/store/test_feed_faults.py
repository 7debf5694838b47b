"""Many writers that commit late or fail, numberers that are killed, and a reader that still misses nothing."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import psycopg
import pytest
from test_feed import add_event, event_ids, file

from gisgrid.errors import DatabaseUnavailable
from gisgrid.feeding import Feed
from gisgrid.store.database import Database

WRITERS, TRANSACTIONS, REPORTS = 6, 25, 4
CUT_THE_NUMBERER_OFF = """
    SELECT pg_terminate_backend(pid)
    FROM pg_locks
    WHERE locktype = 'advisory' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Town:
    """A database in which much happens at the same time, and what was committed in it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.transaction() as connection:
            self.reports = [file(connection, number) for number in range(REPORTS)]
        self.committed: list[int] = []
        self.busy = threading.Event()
        self.busy.set()

    def write(self, chance: random.Random) -> None:
        """Commit events slowly, so that ids and commits come in different orders; undo one transaction in five."""
        for _ in range(TRANSACTIONS):
            written = []
            with self.database.transaction() as connection:
                for _ in range(chance.randint(1, 3)):
                    written.append(add_event(connection, chance.choice(self.reports)))
                    time.sleep(chance.random() * 0.01)
                if chance.random() < 0.2:
                    connection.rollback()
                    written = []
            self.committed += written

    def number(self) -> None:
        """Number the feed as another process would."""
        other = Feed(self.database)
        while self.busy.is_set():
            try:
                other.advance()
            except DatabaseUnavailable:
                continue

    def disturb(self, chance: random.Random) -> None:
        """Cut off whoever is numbering, again and again."""
        with psycopg.connect(self.database.url, autocommit=True) as owner:
            while self.busy.is_set():
                owner.execute(CUT_THE_NUMBERER_OFF)
                time.sleep(chance.random() * 0.02)

    def follow(self, seen: list[int]) -> None:
        """Read the feed to its end, which is known once nobody writes any more."""
        reader, position = Feed(self.database), 0
        while True:
            quiet = not self.busy.is_set()
            try:
                page = reader.read(position, limit=5)
            except DatabaseUnavailable:
                continue
            seen += [event.position for event in page.events]
            position = page.next
            if quiet and not page.more and not page.events:
                return


def begin(what: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=what, args=arguments)
    thread.start()
    return thread


@pytest.mark.parametrize("seed", range(3))
def test_every_committed_event_comes_once_in_order_however_commits_interleave(database: Database, seed: int) -> None:
    town, seen = Town(database), []
    writers = [begin(town.write, random.Random(seed * 100 + number)) for number in range(WRITERS)]
    others = [begin(town.disturb, random.Random(seed)), begin(town.number), begin(town.number)]
    others.append(begin(town.follow, seen))
    for thread in writers:
        thread.join()
    town.busy.clear()
    for thread in others:
        thread.join()
    assert seen == list(range(1, len(seen) + 1))
    fed = event_ids(database)
    assert len(fed) == len(seen)
    assert sorted(fed[REPORTS:]) == sorted(town.committed)
    assert fed != sorted(fed), "no transaction committed late: the test proves nothing"
