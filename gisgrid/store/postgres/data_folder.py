"""Makes the data folder of a private cluster, and says what is wrong with one.

Room: store. In: a folder, the programs, the account. Out: a data folder with role and database `gisgrid` and PostGIS in
it, or a full sentence of what stands in the way. Imports nothing of gisgrid but `errors` and its own room.
"""

from __future__ import annotations

import errno
import re
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Final

from gisgrid.errors import DatabaseUnavailable, PostgisMissing
from gisgrid.store.postgres.account import Account
from gisgrid.store.postgres.binaries import Binaries, find_binaries
from gisgrid.store.postgres.process import DATA, SERVER_LOG

OWNER: Final = "gisgrid"
"""The login role that owns the database; it may make roles and databases, and is no superuser."""
DATABASE: Final = "gisgrid"
NEW: Final = "data.new-"
DAMAGE: Final = (
    "PANIC",
    "could not find the database system",
    "incompatible with server",
    "checkpoint record",
    "invalid",
    "No such file",
    "corrupt",
)
FAILURE: Final = re.compile(r"\b(?:PANIC|FATAL|ERROR|error):")

HOST_RULES: Final = """\
# Written by gisgrid: this machine only, by password only.
host all all 127.0.0.1/32 scram-sha-256
"""
# A server of a single machine beside the service: settings an operator may change live here, in postgresql.conf.
SERVER_SETTINGS: Final = """
# Written by gisgrid.
password_encryption = 'scram-sha-256'
shared_buffers = '128MB'
work_mem = '16MB'
maintenance_work_mem = '128MB'
jit = off                       # compiling costs more than the short spatial queries gain
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
"""
# The superuser has no password and so cannot log in; only `postgres --single` on this machine reaches it.
# template1 carries PostGIS, so that a role without superuser rights can make a database that has it.
FOUNDING_STATEMENTS: Final = """\
CREATE EXTENSION postgis;
CREATE EXTENSION btree_gist;
CREATE ROLE {owner} LOGIN CREATEDB CREATEROLE PASSWORD '{password}';
CREATE DATABASE {database} OWNER {owner};
"""


def make_data_folder(
    folder: Path, binaries: Binaries, account: Account, password: str, *, durable: bool = True
) -> None:
    """Make `folder/data`: complete or not at all.

    Parameters
    ----------
    folder
        The cluster's folder.
    binaries, account
        Which programs make it, and as whom.
    password
        Of the role `gisgrid`; letters and digits.
    durable
        Whether it is on the disk before this returns.

    Raises
    ------
    DatabaseUnavailable
        The disk is full, or PostgreSQL refused; nothing is left behind.
    """
    data = folder / f"{NEW}{secrets.token_hex(4)}"
    try:
        data.mkdir(mode=0o700)
        if account.switched:
            shutil.chown(data, account.uid, account.gid)
        _initialise(data, binaries, account)
        _found(data, binaries, account, password)
        if durable:
            _run([binaries.program("initdb"), "--sync-only", "--pgdata", str(data)], folder, account)
        data.rename(folder / DATA)
    finally:
        shutil.rmtree(data, ignore_errors=True)


def remove_remains(folder: Path) -> None:
    """Remove what an attempt to make the data folder left behind when it was killed."""
    for remains in folder.glob(f"{NEW}*"):
        shutil.rmtree(remains, ignore_errors=True)


def usable_binaries(folder: Path) -> Binaries:
    """Return the programs for the cluster's folder: of the major version that made its data, else the newest.

    Raises
    ------
    PostgisMissing
        The machine has none at all.
    DatabaseUnavailable
        The data folder is damaged, or of a major version that this machine does not have.
    """
    newest = find_binaries()
    if not (folder / DATA).exists():
        return newest
    made_by = made_by_major(folder)
    if made_by is None:
        raise DatabaseUnavailable(_damaged(folder, "PG_VERSION is missing or unreadable"))
    if made_by == newest.major:
        return newest
    try:
        return find_binaries(made_by)
    except PostgisMissing as missing:
        raise DatabaseUnavailable(
            f"The private database in {folder} was made by PostgreSQL {made_by}, and this machine has PostgreSQL "
            f"{newest.major} with PostGIS; install PostgreSQL {made_by} with PostGIS beside it, or move the folder "
            "away and run: gisgrid db restore with your latest backup."
        ) from missing


def made_by_major(folder: Path) -> int | None:
    """Return the major version of PostgreSQL that made the data folder, or None where it does not say."""
    try:
        return int((folder / DATA / "PG_VERSION").read_text().strip())
    except (OSError, ValueError):
        return None


def explain(folder: Path, words: str) -> DatabaseUnavailable:
    """Return the error whose sentence says why the server did not start and what to do.

    Parameters
    ----------
    folder
        The cluster's folder.
    words
        What PostgreSQL's programs wrote, in English.
    """
    reason = _last_complaint(words)
    if "No space left on device" in words or "Disk quota exceeded" in words:
        return disk_full(folder)
    if "Cannot allocate memory" in words or "could not create shared memory" in words:
        return DatabaseUnavailable(
            f"There is not enough memory to start the private database in {folder} ({reason}); end other programs "
            "and try again."
        )
    if "Permission denied" in words:
        return DatabaseUnavailable(
            f"The account of the private database may not use {folder} ({reason}); give its parents the permission "
            "to be passed (chmod a+x), or set GISGRID_HOME to another folder."
        )
    if 'lock file "postmaster.pid"' in words:
        return DatabaseUnavailable(
            f"Another server works in {folder} ({reason}); end it with: kill -INT and the PID named there."
        )
    if any(sign in words for sign in DAMAGE):
        return DatabaseUnavailable(_damaged(folder, reason))
    return DatabaseUnavailable(
        f"The private database in {folder} did not start ({reason}); its log is {folder / SERVER_LOG}."
    )


def disk_full(folder: Path) -> DatabaseUnavailable:
    """Return the error of a disk without room."""
    return DatabaseUnavailable(
        f"The disk that holds {folder} is full; make some room and try again, nothing that was saved is lost."
    )


def explain_system(folder: Path, fault: OSError) -> DatabaseUnavailable:
    """Return the error whose sentence says what the system refused around the cluster's folder."""
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(folder)
    return DatabaseUnavailable(
        f"The folder {folder} of the private database cannot be used ({fault.strerror or fault}); "
        "set GISGRID_HOME to a folder that you may write to."
    )


def _initialise(data: Path, binaries: Binaries, account: Account) -> None:
    command = [
        binaries.program("initdb"),
        *("--pgdata", str(data), "--username", "postgres", "--encoding", "UTF8", "--no-locale"),
        *("--auth-host", "scram-sha-256", "--auth-local", "reject", "--no-instructions", "--no-sync"),
    ]
    _run(command, data.parent, account)
    (data / "pg_hba.conf").write_text(HOST_RULES)
    with (data / "postgresql.conf").open("a") as file:
        file.write(SERVER_SETTINGS)


def _found(data: Path, binaries: Binaries, account: Account, password: str) -> None:
    """Make role, database and extensions in single-user mode: before any connection is possible."""
    statements = FOUNDING_STATEMENTS.format(owner=OWNER, database=DATABASE, password=password)
    command = [binaries.program("postgres"), "--single", "-D", str(data), "-c", "fsync=off", "template1"]
    _run(command, data.parent, account, statements)


def _run(command: list[str], folder: Path, account: Account, text: str = "") -> None:
    answer = subprocess.run(  # noqa: S603  the command is composed of constants and our own folder
        command,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
        input=text,
        capture_output=True,
        text=True,
        check=False,
        **account.process_options(),
    )
    if answer.returncode != 0 or FAILURE.search(answer.stderr):  # single-user mode goes on after an error
        raise explain(folder, answer.stderr)


def _damaged(folder: Path, reason: str) -> str:
    return (
        f"The private database in {folder} is damaged ({reason}); move the folder away and run: "
        "gisgrid db restore with your latest backup."
    )


def _last_complaint(words: str) -> str:
    """Return the last line that complains, without time and process; never a statement, which may hold a password."""
    lines = [line.strip() for line in words.splitlines() if line.strip() and "STATEMENT:" not in line]
    complaints = [line for line in lines if FAILURE.search(line)]
    last = (complaints or lines or ["it gave no reason"])[-1]
    return re.sub(r"^.*?\b(PANIC|FATAL|ERROR):\s*", "", last)[:300]
