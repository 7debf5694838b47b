"""What the feed costs: writing events with and without it, numbering them, reading them.

    python bench/feed.py [--events 20000] [--rounds 3]

In a private cluster of its own. Figures are processor time an event, medians of the rounds: that of the database's
process for our connection (Linux tells it), and for reading our own as well.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import psycopg
from sqlalchemy import text

from gisgrid.feeding import Feed
from gisgrid.store import migrations
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Database
from gisgrid.store.reports import Sight

PAGE = 1_000
NOBODY = Sight(frozenset(), "nobody")
DETAILS = "jsonb_build_object('state', 'unplaced')"
ROW = f"INSERT INTO gisgrid.report_events (report_id, type, details) SELECT 1, 'note', {DETAILS}"
IN_ONE_STATEMENT = ROW + " FROM generate_series(1, {count})"
ONE_BY_ONE = "DO $$ BEGIN FOR n IN 1..{count} LOOP " + ROW + "; END LOOP; END $$"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--events", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    home = Path(tempfile.mkdtemp(prefix="gisgrid-bench-"))
    home.chmod(0o711)
    cluster = Cluster(home)
    try:
        cluster.start()
        migrations.upgrade(cluster.url)
        Bench(cluster.url, given.events).run(given.rounds)
    finally:
        cluster.stop(force=True)
        shutil.rmtree(home)


class Bench:
    """A database whose pool has one connection in use at a time, so that one process does all the work."""

    def __init__(self, url: str, count: int) -> None:
        self.url, self.count = url, count
        self.database = Database(url)
        self.feed = Feed(self.database)
        self.figures: dict[str, list[float]] = defaultdict(list)
        with self.database.transaction() as connection:
            self.server = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            columns = "(source, external_id, body_sha256, state) VALUES ('bench', '1', sha256(''), 'unplaced')"
            connection.execute(text(f"INSERT INTO gisgrid.reports {columns}"))
            connection.execute(
                text("INSERT INTO gisgrid.report_assignments (report_id, sequence, method) VALUES (1, 1, 'unplaced')")
            )

    def run(self, rounds: int) -> None:
        for _ in range(rounds):
            for state, what in (("DISABLE", "without"), ("ENABLE", "with")):
                self.switch(state)
                self.timed(f"written in one statement, {what} the feed", lambda: self.write(IN_ONE_STATEMENT))
                self.timed(f"written one by one, {what} the feed", lambda: self.write(ONE_BY_ONE))
            before = self.feed.newest
            self.timed("numbered", self.feed.advance, events=2 * self.count)
            self.timed("read by pages of 1,000", lambda start=before: self.read(start), events=2 * self.count, own=True)
            self.timed(
                "passed over by who sees none",
                lambda start=before: self.read(start, NOBODY),
                events=2 * self.count,
                own=True,
            )
        for name, values in self.figures.items():
            print(f"{name:48} {statistics.median(values):6.1f} µs ({min(values):.1f} to {max(values):.1f})")

    def timed(self, name: str, what: Callable[[], object], *, events: int | None = None, own: bool = False) -> None:
        started, mine = self.server_seconds(), time.process_time()
        what()
        spent = self.server_seconds() - started + (time.process_time() - mine if own else 0.0)
        self.figures[name].append(spent / (events or self.count) * 1e6)

    def server_seconds(self) -> float:
        fields = Path(f"/proc/{self.server}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def switch(self, state: str) -> None:
        """Turn the feed's trigger off or on, as the owner."""
        with psycopg.connect(self.url, autocommit=True) as owner:
            owner.execute(f"ALTER TABLE gisgrid.report_events {state} TRIGGER report_events_feed")

    def write(self, statement: str) -> None:
        with self.database.transaction() as connection:
            connection.exec_driver_sql(statement.format(count=self.count))

    def read(self, after: int, sight: Sight | None = None) -> None:
        while True:
            page = self.feed.read(after, limit=PAGE, sight=sight)
            after = page.next
            if not page.more:
                return


if __name__ == "__main__":
    main()
