"""Databases of one test in a running cluster: made, named by address, dropped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from gisgrid.store.cluster import Cluster


def address(cluster: Cluster, name: str) -> str:
    """The address of the cluster's database of that name."""
    return cluster.url.rpartition("/")[0] + f"/{name}"


def create(cluster: Cluster, name: str, template: str | None = None) -> str:
    """The address of a new database: empty, or a copy of `template`."""
    statement = "CREATE DATABASE {} TEMPLATE {}" if template else "CREATE DATABASE {}"
    names = [name, template] if template else [name]
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
    return address(cluster, name)


def drop(cluster: Cluster, name: str) -> None:
    """Remove a database, whoever is still connected to it.

    Not ``DROP … WITH (FORCE)``: it is refused to an owner who is no superuser when an autovacuum worker happens to
    be in the database, while the plain statement stops such a worker by itself.
    """
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        cut_clients_off(connection, name)
        connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


def cut_clients_off(connection: psycopg.Connection, name: str) -> None:
    """End every client's connection to that database."""
    connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = %s AND backend_type = 'client backend'",
        [name],
    )


@contextmanager
def taken_away(url: str) -> Iterator[None]:
    """Take a database away for a while: its clients are cut off and its name leads nowhere."""
    front, _, name = url.rpartition("/")
    with psycopg.connect(f"{front}/postgres", autocommit=True) as connection:
        # First nobody new comes in, else who reconnects at once would be in the way of the new name.
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        cut_clients_off(connection, name)
        away = sql.Identifier(f"{name}_away")
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), away))
        try:
            yield
        finally:
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(away, sql.Identifier(name)))
            connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name)))
