"""Port and password of the private database, kept in one file that its owner alone reads.

Room: store. In: the cluster's folder. Out: an `Access`. Imports nothing of gisgrid but `errors`.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gisgrid.errors import DatabaseUnavailable

CONNECTION: Final = "connection.json"
PORTS: Final = range(20_000, 32_768)
"""Below the ports that Linux hands to outgoing connections, so that ours is still free after a restart."""
PROBES: Final = 1000


@dataclass(frozen=True, slots=True)
class Access:
    """How the private database is reached: a port of 127.0.0.1, and the password of the role that owns it."""

    port: int
    password: str


def read_access(folder: Path) -> Access | None:
    """Return what the cluster's folder keeps, or None where the cluster was never made.

    Raises
    ------
    DatabaseUnavailable
        The file is there and cannot be read.
    """
    file = folder / CONNECTION
    try:
        values = json.loads(file.read_text())
        return Access(port=int(values["port"]), password=str(values["password"]))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise DatabaseUnavailable(
            f"The file {file}, which holds port and password of the private database, cannot be read ({fault}); run "
            "gisgrid as the account that made it, or restore the file from a copy."
        ) from fault


def write_access(folder: Path, password: str) -> Access:
    """Choose a free port, keep it with the password, and return both; the file is replaced in one step."""
    access = Access(_free_port(), password)
    temporary = folder / f"{CONNECTION}.{secrets.token_hex(4)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"port": access.port, "password": access.password}, file)
        file.flush()
        os.fsync(descriptor)
    temporary.replace(folder / CONNECTION)
    return access


def _free_port() -> int:
    for _ in range(PROBES):
        port = PORTS[secrets.randbelow(len(PORTS))]
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise DatabaseUnavailable(
        f"No port of 127.0.0.1 from {PORTS.start} to {PORTS.stop - 1} is free; end some servers and try again."
    )
