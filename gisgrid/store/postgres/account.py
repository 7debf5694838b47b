"""Which account runs the private database server, and where its folder can lie.

Room: store. In: the wish for a folder, the accounts of this machine. Out: an `Account` and a folder that it can reach.
PostgreSQL refuses to run as root; started by root, it runs as an unprivileged account. Imports nothing of gisgrid but
`errors`.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gisgrid.errors import DatabaseUnavailable

UNPRIVILEGED: Final = ("postgres", "gisgrid", "nobody")
"""Accounts that run the server when root starts it, the first that exists."""
SYSTEM_FOLDER: Final = Path("/var/lib/gisgrid")
"""Where the cluster of a home lies that the unprivileged account cannot reach, such as one under /root."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this machine.

    Attributes
    ----------
    name, uid, gid
        As in the system's list of accounts.
    switched
        Whether the server's processes must change to it: true when root starts them.
    """

    name: str
    uid: int
    gid: int
    switched: bool

    def process_options(self) -> dict[str, Any]:
        """Return the keyword arguments with which `subprocess` runs a program as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switched else {}


def server_account() -> Account:
    """Return the account that runs the server: this process's own, or an unprivileged one when this is root.

    Raises
    ------
    DatabaseUnavailable
        This is root and none of the accounts exists.
    """
    if os.geteuid() != 0:
        return Account(_own_name(), os.geteuid(), os.getegid(), switched=False)
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switched=True)
    raise DatabaseUnavailable(
        "PostgreSQL does not run as root, and this machine has no account postgres, gisgrid or nobody; "
        "make one with: useradd --system gisgrid"
    )


def cluster_folder(home: Path) -> Path:
    """Return the folder of the private cluster that belongs to a home.

    `home/cluster`, except when root starts a server whose account may not pass through the home's parents
    (`/root` is closed to everybody else). Then it is `/var/lib/gisgrid/` and the first 12 hexadecimal digits of the
    SHA-256 of the home's path, and `home/cluster` points there.
    """
    folder = home / "cluster"
    if folder.is_symlink():
        return folder.resolve()
    if folder.exists():
        return folder
    account = server_account()
    if not account.switched or _can_pass(account, _nearest_existing(home)):
        return folder
    return SYSTEM_FOLDER / hashlib.sha256(str(home).encode()).hexdigest()[:12]


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container may run under a number without a name
        return str(os.geteuid())


def _nearest_existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _can_pass(account: Account, folder: Path) -> bool:
    """Whether the account may enter the folder; asked of the system itself, which knows of access lists too."""
    answer = subprocess.run(  # noqa: S603  the program is a constant
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
        cwd="/",
        stderr=subprocess.DEVNULL,
        check=False,
        **account.process_options(),
    )
    return answer.returncode == 0


def make_passable(folder: Path, account: Account) -> None:
    """Make the folder and its missing parents, so that a server under another account can pass through them."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        if account.switched:
            each.chmod(0o711)
