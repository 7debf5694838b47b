"""The door to PostgreSQL: connections, transactions, bulk copying, and database errors in the words of `errors`.

Room: store. In: a libpq URL. Out: `Database` and its `Connection`. Must not import any other room.

The login role owns the schema; everything but the migrations works as role `gisgrid_app`, which owns nothing and may
neither change nor remove a row of an append-only table.
"""

from __future__ import annotations

import select
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import psycopg
import shapely
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool

from gisgrid.errors import Conflict, DatabaseUnavailable, GisgridError, UsageError
from gisgrid.store.laws import refusal

__all__ = [
    "Connection",
    "Database",
    "address_parts",
    "copy_rows",
    "driver_of",
    "named_query",
    "own_words",
    "owner_connection",
    "plain_connection",
    "run_script",
]

APP_ROLE: Final = "gisgrid_app"
_SQL_FOLDER: Final = Path(__file__).parent / "sql"
_CONNECT_TIMEOUT_S: Final = 10
_SILENCE_MS: Final = 10_000
"""A server that acknowledges nothing for so long is gone; without it a cut cable would be waited for many minutes."""
# Compiling a query costs more than our queries take; instants are read in one zone; the schema is always written out,
# whatever the login role is called.
_OPTIONS: Final = "-c jit=off -c timezone=UTC -c search_path=public"
_CONFLICTS: Final = {
    "23P01": "Another edition of this community is in force at that time; read it again and publish after it.",
    "40P01": "Two changes waited for each other and this one gave way; do it again.",
    "40001": "Another change came first; do it again.",
    "55P03": "Somebody else is changing the same thing; do it again in a moment.",
}


class Database:
    """A PostGIS database with the gisgrid schema: hands out transactions, keeps a pool of connections.

    Parameters
    ----------
    url
        `postgresql://…` as libpq reads it.

    Examples
    --------
    >>> database = Database("postgresql://127.0.0.1/gisgrid")
    >>> with database.transaction() as connection:  # doctest: +SKIP
    ...     divisions.get(connection, "150105001001")
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = create_engine(
            "postgresql+psycopg://", creator=lambda: _connect(url, as_app=True), max_overflow=15
        )
        event.listen(self._engine, "checkout", _require_open)
        self._single = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[Connection]:
        """Yield a connection in a transaction: committed at the end, rolled back by an exception.

        Parameters
        ----------
        keep
            False for a dry run: everything is judged as at a commit, deferred constraints too, and then undone.

        Raises
        ------
        DatabaseUnavailable
            The database does not answer, or went away.
        Conflict
            Another transaction came first.
        """
        with own_words(), self._engine.connect() as connection, connection.begin() as transaction:
            yield connection
            if not keep:
                connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
                transaction.rollback()

    @contextmanager
    def statements(self) -> Iterator[Connection]:
        """Yield a connection on which each statement is a transaction of its own, durable once it is answered.

        One exchange with the server instead of three: for what is written in one statement.

        Raises
        ------
        DatabaseUnavailable
            The database does not answer, or went away.
        Conflict
            Another transaction came first.
        """
        with own_words(), self._single.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()


@contextmanager
def owner_connection(url: str) -> Iterator[Connection]:
    """Yield a connection in a transaction as the login role itself: for migrations, which own what they make."""
    engine: Engine = create_engine(
        "postgresql+psycopg://", creator=lambda: _connect(url, as_app=False), poolclass=NullPool
    )
    with own_words(), engine.begin() as connection:
        yield connection


@contextmanager
def plain_connection(url: str) -> Iterator[psycopg.Connection[Any]]:
    """Yield psycopg's own connection as the app's role, each statement committed by itself: for `LISTEN`."""
    with _connect(url, as_app=True) as driver:
        driver.autocommit = True
        yield driver


def copy_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows into a table with COPY, in the caller's transaction.

    Parameters
    ----------
    table
        One of `tables`.
    columns
        The columns that each row gives, in order.
    rows
        Values; a shapely geometry is written as EWKB with SRID 4326.
    """
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.schema or "public", table.name), names)
    with driver_of(connection).cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([_copied(value) for value in row])


def run_script(connection: Connection, script: Path) -> None:
    """Run a file of SQL statements as it stands, without parameters, in the caller's transaction."""
    driver_of(connection).execute(script.read_bytes())


@cache
def named_query(name: str) -> Any:
    """Return the query in `sql/NAME.sql`, ready to execute with its bind parameters."""
    return text((_SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8"))


def _copied(value: Any) -> Any:
    """Return the value as COPY takes it."""
    if isinstance(value, shapely.Geometry):
        return shapely.to_wkb(shapely.set_srid(value, 4326), include_srid=True).hex()  # GEOS writes hex a digit a time
    return value


def driver_of(connection: Connection) -> psycopg.Connection[Any]:
    """Return psycopg's own connection below SQLAlchemy's."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"COPY needs a psycopg connection, not {type(driver).__name__}; open it through Database.")
    return driver


def address_parts(url: str) -> dict[str, Any]:
    """Return the parts of a database's address by the names that libpq has for them (host, port, user …).

    Raises
    ------
    UsageError
        It is no address that libpq reads; it is not echoed, since it may hold a password.
    """
    try:
        return dict(conninfo_to_dict(url))
    except psycopg.ProgrammingError:
        raise UsageError(
            "The database's address cannot be read; write GISGRID_DATABASE_URL as "
            "postgresql://user:password@host:5432/name, special characters percent-encoded."
        ) from None  # libpq's own sentence quotes the address


def _connect(url: str, *, as_app: bool) -> psycopg.Connection[Any]:
    """Return a new connection, as the app's role where it exists and the login role may take it."""
    given = address_parts(url).get("options") or ""
    driver = psycopg.connect(
        url,
        connect_timeout=_CONNECT_TIMEOUT_S,
        tcp_user_timeout=_SILENCE_MS,
        options=f"{given} {_OPTIONS}",
        application_name="gisgrid",
        autocommit=True,
    )
    try:
        if as_app:
            _take_app_role(driver)
        driver.autocommit = False
    except psycopg.Error:  # the database goes away at this very moment
        driver.close()
        raise
    return driver


def _require_open(driver: psycopg.Connection[Any], *_: object) -> None:
    """Have a pooled connection replaced where the server has closed it: its socket says so without a question.

    A question to the server would be two more exchanges for each transaction.
    """
    waiting = select.poll()
    try:
        waiting.register(driver.fileno(), select.POLLIN)
        while waiting.poll(0):  # a word of farewell, then the end
            driver.pgconn.consume_input()
    except psycopg.Error as closed:
        raise DisconnectionError from closed


def _take_app_role(driver: psycopg.Connection[Any]) -> None:
    """Work as the app's role; where the server's owner gave us none, the triggers alone guard what is frozen."""
    if driver.execute("SELECT FROM pg_roles WHERE rolname = %s", (APP_ROLE,)).fetchone() is None:
        return
    with suppress(psycopg.errors.InsufficientPrivilege):
        driver.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(APP_ROLE)))


@contextmanager
def own_words() -> Iterator[None]:
    """Turn the driver's errors that a caller can act on into those of `errors`; let programming errors through."""
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseUnavailable(
            "All connections to the database are busy; try again in a moment, or serve with fewer workers."
        ) from error
    except DBAPIError as error:
        translated = _translated(error.orig)
        if translated is None:
            raise
        raise translated from error
    except psycopg.Error as error:
        translated = _translated(error)
        if translated is None:
            raise
        raise translated from error


def _translated(error: BaseException | None) -> GisgridError | None:
    """Return the error in our own words, or None where it is a fault of the program."""
    if not isinstance(error, psycopg.Error):
        return None
    refused = refusal(error)
    if refused is not None:
        return refused
    state = error.sqlstate
    if state in _CONFLICTS:
        return Conflict(_CONFLICTS[state])
    # No state: libpq never got through. 08 connection, 53 resources, 57P shutting down, 3D and 28 no such door.
    if isinstance(error, psycopg.OperationalError) and (state is None or state[:2] in {"08", "28", "3D", "53"}):
        return _unavailable(error)
    if state is not None and state.startswith("57P"):
        return _unavailable(error)
    return None


def _unavailable(error: psycopg.Error) -> DatabaseUnavailable:
    """Return the refusal with the server's own first line, which names host and reason but no password."""
    reason = (str(error).strip().splitlines() or ["no reason given"])[0]
    return DatabaseUnavailable(
        f"The database does not answer ({reason}); see `gisgrid db status`, or set GISGRID_DATABASE_URL right."
    )
