"""Starts the keeper of a private cluster and hears what it has to say.

Room: store. In: a `Launch`. Out: the keeper's answer: `ready`, or PostgreSQL's own words why not. Imports nothing of
gisgrid but `errors` and its own room.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Final

import gisgrid
from gisgrid.errors import DatabaseUnavailable
from gisgrid.store.postgres import keeper
from gisgrid.store.postgres.binaries import Binaries
from gisgrid.store.postgres.process import DATA, SERVER_LOG, Launch

KEEPER_LOG: Final = "keeper.log"
PATIENCE_S: Final = 120.0
"""How long a start waits for another process's start or stop, or for crash recovery."""


def server_command(binaries: Binaries, folder: Path, port: int, *, durable: bool) -> list[str]:
    """Return the server's program with the settings that must not be changed; the others are in postgresql.conf.

    Parameters
    ----------
    folder
        The cluster's folder.
    port
        On 127.0.0.1, the only address that the server listens at.
    durable
        Whether a commit is on the disk when it is acknowledged; else it survives every kill -9, but no power cut.
    """
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "logging_collector": "off",
    }
    if sys.platform == "linux" and binaries.major >= 14:
        settings["recovery_init_sync_method"] = "syncfs"  # after a crash: 0.3 s instead of 2.4 to 7.9 s
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [binaries.program("postgres"), "-D", str(folder / DATA), *options]


def start_keeper(launch: Launch) -> str:
    """Start a keeper in a session of its own and return its answer.

    Raises
    ------
    DatabaseUnavailable
        It gave none in time.
    """
    folder = Path(launch.folder)
    log = os.open(folder / KEEPER_LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    package = str(Path(gisgrid.__file__).resolve().parents[1])
    try:
        process = subprocess.Popen(  # noqa: S603  our own module, run by our own interpreter
            [sys.executable, "-P", "-m", keeper.__name__, launch.to_json()],
            cwd="/",
            env={**os.environ, "PYTHONPATH": package},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    finally:
        os.close(log)
    with process:
        assert process.stdout is not None  # noqa: S101  stdout=PIPE makes it so
        if not select.select([process.stdout], [], [], PATIENCE_S)[0]:
            raise DatabaseUnavailable(
                f"The private database in {folder} is not ready after {PATIENCE_S:.0f} s; its log is "
                f"{folder / SERVER_LOG}."
            )
        answer = process.stdout.read().decode("utf-8", "replace")
    return answer or (folder / KEEPER_LOG).read_text() or "the keeper gave no answer"
