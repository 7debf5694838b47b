"""Backups: the schema `gisgrid` of any PostGIS as one file, and back again, whole or not at all.

Room: store. In: a libpq URL and a file. Out: a file in PostgreSQL's custom format, or a database that holds it. Works
with PostgreSQL's own `pg_dump`, `pg_restore` and `psql`. Must not import any other room.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from psycopg.conninfo import make_conninfo

from gisgrid.errors import Conflict, DatabaseUnavailable, GisgridError, UnreadableFile, UsageError
from gisgrid.store import migrations
from gisgrid.store.database import address_parts
from gisgrid.store.postgres.binaries import Binaries, find_binaries
from gisgrid.store.tables import SCHEMA

NOT_EMPTY: Final = "gisgrid: the database holds data"
CHUNK: Final = 1 << 20

# One transaction from here to COMMIT: what was there is locked, looked at, dropped, and made anew from the archive.
OPENING: Final = """\
BEGIN;
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS postgis SCHEMA public;
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public;
"""
REFUSE_DATA: Final = f"""\
DO $$
DECLARE
  name regclass;
  filled boolean;
BEGIN
  FOR name IN
    SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace('{SCHEMA}') AND relkind IN ('r', 'p')
    AND relname <> 'alembic_version'
  LOOP
    EXECUTE format('LOCK TABLE %s', name);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', name) INTO filled;
    IF filled THEN
      RAISE EXCEPTION '{NOT_EMPTY} (%)', name;
    END IF;
  END LOOP;
END
$$;
"""
DROP: Final = f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE;\n"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was written or read: its file, size in bytes, and the number of the schema in it."""

    file: Path
    size_bytes: int
    revision: str


def backup(url: str, file: Path) -> Backup:
    """Write the schema `gisgrid` into a file, and return what was written.

    The file appears when it is complete and on the disk; a backup that was there before stays until then.

    Parameters
    ----------
    url
        `postgresql://…` of a role that may read everything: the owner.
    file
        Where to; readable by its owner alone, as it holds keys and what citizens reported.

    Raises
    ------
    DatabaseUnavailable, PostgisMissing
        The database does not answer, the programs are missing, or older than the server.
    UsageError
        The file's folder cannot be written to.
    """
    binaries = find_binaries()
    address, environment = _address(url)
    partial = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    command = [binaries.program("pg_dump"), "--format=custom", f"--schema={SCHEMA}", "--dbname", address]
    try:
        with _new_private_file(partial) as target:
            answer = subprocess.run(  # noqa: S603  the command is composed of constants and the operator's own address
                command, env=environment, stdout=target, stderr=subprocess.PIPE, text=True, check=False
            )
            if answer.returncode != 0:
                raise _explain_dump(answer.stderr)
            os.fsync(target.fileno())
        revision = _revision_in(binaries, partial)
        partial.replace(file)
    except OSError as fault:
        raise UsageError(
            f"The backup cannot be written to {file} ({fault.strerror}); name a file in a folder that exists, that you "
            "may write to, and that has room."
        ) from fault
    finally:
        with suppress(OSError):
            partial.unlink()
    return Backup(file, file.stat().st_size, revision)


def restore(url: str, file: Path, *, replace: bool = False) -> Backup:
    """Make the database hold what the backup holds, upgraded to this gisgrid's schema; whole or not at all.

    Parameters
    ----------
    url
        `postgresql://…` of the owner.
    file
        Written by `backup`, by this gisgrid or an older one.
    replace
        Also when the database holds data, which is then gone.

    Raises
    ------
    Conflict
        The database holds data and `replace` is not set, or a newer gisgrid wrote the backup; nothing is changed.
    UnreadableFile
        The file is not a backup, or damaged; nothing is changed.
    DatabaseUnavailable, PostgisMissing
        The database does not answer, or the programs are missing.
    """
    binaries = find_binaries()
    if not file.is_file():
        raise UsageError(f"There is no file {file}; name a backup that gisgrid db backup wrote.")
    revision = _revision_in(binaries, file)
    migrations.require_known(revision)
    opening = OPENING + ("" if replace else REFUSE_DATA) + DROP
    _replay(binaries, url, file, opening)
    migrations.upgrade(url)
    return Backup(file, file.stat().st_size, revision)


def _replay(binaries: Binaries, url: str, file: Path, opening: str) -> None:
    """Send the archive's statements to the database in one transaction, committed only once all have arrived."""
    address, environment = _address(url)
    reading = [binaries.program("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(file)]
    writing = [binaries.program("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", address]
    with tempfile.TemporaryFile() as read_words, tempfile.TemporaryFile() as write_words:
        with (
            subprocess.Popen(  # noqa: S603  the command is composed of constants and the operator's own address
                writing, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=write_words
            ) as target,
            subprocess.Popen(  # noqa: S603  as above
                reading, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=read_words
            ) as source,
        ):
            _pass_on(source, target, opening.encode())
        if target.returncode > 0:
            raise _explain_restore(_text(write_words), file)
        if source.returncode != 0 or target.returncode != 0:
            raise _damaged(file, _text(read_words))


def _pass_on(source: subprocess.Popen[bytes], target: subprocess.Popen[bytes], opening: bytes) -> None:
    """Pipe one program into the other, and COMMIT at the end; whoever fails takes the other with it.

    A target that ends without COMMIT, however it ends, leaves the server to roll back.
    """
    assert source.stdout is not None  # noqa: S101  both are pipes
    assert target.stdin is not None  # noqa: S101
    try:
        target.stdin.write(opening)
        shutil.copyfileobj(source.stdout, target.stdin, CHUNK)
        if source.wait() == 0:
            target.stdin.write(b"\nCOMMIT;\n")
        else:
            target.kill()
        target.stdin.close()
    except BrokenPipeError:
        source.kill()
        with suppress(BrokenPipeError):
            target.stdin.close()


def _address(url: str) -> tuple[str, dict[str, str]]:
    """Return the address without password, and an environment with it: arguments are seen by every user."""
    parts = address_parts(url)
    environment = {**os.environ, "LC_ALL": "C", "PGOPTIONS": "-c client_min_messages=warning"}
    if password := parts.pop("password", None):
        environment["PGPASSWORD"] = str(password)
    return make_conninfo("", **parts), environment


def _new_private_file(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _revision_in(binaries: Binaries, file: Path) -> str:
    """Return the number of the schema in an archive; reading it also proves that the file is an archive of ours."""
    command = [binaries.program("pg_restore"), "--data-only", "--table=alembic_version", "--file=-", str(file)]
    answer = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  constants and a file's name
    if answer.returncode != 0:
        raise _damaged(file, answer.stderr.decode("utf-8", "replace"))
    match = re.search(rb"^COPY .*alembic_version .*\n(\w+)\n", answer.stdout, re.MULTILINE)
    if match is None:
        raise UnreadableFile(f"The file {file} is not a backup of gisgrid; name one that gisgrid db backup wrote.")
    return match[1].decode()


def _text(words: IO[bytes]) -> str:
    words.seek(0)
    return words.read(20_000).decode("utf-8", "replace")


def _first_line(words: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return re.sub(
        r"^(?:psql|pg_dump|pg_restore):\s*(?:<stdin>:\d+:\s*)?(?:error:\s*)?", "", (lines or ["no reason"])[0]
    )


def _damaged(file: Path, words: str) -> UnreadableFile:
    return UnreadableFile(
        f"The file {file} is not a backup that can be read ({_first_line(words)}); nothing was changed; take another."
    )


def _explain_dump(words: str) -> GisgridError:
    if "No space left on device" in words:
        return UsageError("The disk has no room for the backup; name a file on another one.")
    if "server version mismatch" in words:
        return DatabaseUnavailable(
            "The database server is newer than this machine's pg_dump; install the PostgreSQL programs of the server's "
            "version here, or make the backup on the server's machine."
        )
    if "no matching schemas" in words:
        return Conflict("The database holds no gisgrid schema, so there is nothing to save; run: gisgrid db upgrade")
    return DatabaseUnavailable(f"The database could not be saved ({_first_line(words)}); see: gisgrid db status")


def _explain_restore(words: str, file: Path) -> GisgridError:
    if NOT_EMPTY in words:
        return Conflict(
            "The database holds data already, and a backup goes into an empty one; nothing was changed. To put the "
            f"backup in place of that data, run: gisgrid db restore {file} --replace"
        )
    if "server closed the connection" in words or "could not connect" in words or "connection to server" in words:
        return DatabaseUnavailable(f"The database went away ({_first_line(words)}); nothing was changed; try again.")
    return DatabaseUnavailable(
        f"The database refused the backup ({_first_line(words)}); nothing was changed; see: gisgrid db status"
    )
