"""Pooled connections: one that the server closed meanwhile is replaced before anybody notices."""

from __future__ import annotations

import psycopg
from sqlalchemy import text

from gisgrid.store.database import Database


def close_all(url: str) -> int:
    """Have the server close every other connection to this database, and return how many there were."""
    query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
    with psycopg.connect(url) as connection:
        return len(connection.execute(f"{query} AND pid <> pg_backend_pid()").fetchall())


def test_a_connection_that_the_server_closed_is_replaced(database: Database) -> None:
    for opened in (database.transaction, database.statements):
        with opened() as connection:
            connection.execute(text("SELECT 1"))
        assert close_all(database.url) == 1
        with opened() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_a_statement_alone_leaves_a_connection_that_others_begin_transactions_on(database: Database) -> None:
    def process() -> int:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())

    with database.statements() as connection:
        first = process()
    with database.transaction() as connection:
        assert process() == first
        begun = [connection.execute(text("SELECT now()")).scalar_one() for _ in range(2)]
        assert begun[0] == begun[1]  # one transaction
    with database.statements() as connection:
        begun = [connection.execute(text("SELECT now()")).scalar_one() for _ in range(2)]
        assert begun[0] < begun[1]
