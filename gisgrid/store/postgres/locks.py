"""The lock files of a private cluster's folder: who uses it, who keeps it, who starts it.

Room: store. In: paths. Out: `flock`s, which the kernel frees however their holder ends, kill -9 included. Imports the
standard library only, as the keeper uses it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

LEASE: Final = "lease"
"""Held shared by every process that uses the cluster."""
KEEPER_LOCK: Final = "keeper.lock"
"""Held exclusively by the keeper, with its process id inside."""
START_LOCK: Final = "start.lock"
"""Held exclusively by whoever starts or stops the server."""
STANDING: Final = "standing"
"""A mark, not a lock: the server runs until it is stopped."""


def take_lock(path: Path, kind: int) -> int | None:
    """Return the descriptor of a `flock` held on the file, or None while others hold it.

    Parameters
    ----------
    path
        The lock file; made where it is missing.
    kind
        `fcntl.LOCK_SH` or `fcntl.LOCK_EX`.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_used(folder: Path) -> bool:
    """Whether some process holds a lease on the cluster."""
    return _refuses(folder / LEASE, fcntl.LOCK_EX)


def is_kept(folder: Path) -> bool:
    """Whether a keeper lives; asking for a shared lock, two who ask at once do not take each other for one."""
    return _refuses(folder / KEEPER_LOCK, fcntl.LOCK_SH)


def keeper_process(folder: Path) -> int | None:
    """Return the living keeper's process id, or None."""
    if not is_kept(folder):
        return None
    try:
        return int((folder / KEEPER_LOCK).read_text())
    except (OSError, ValueError):  # between taking the lock and writing the id
        return None


def _refuses(path: Path, kind: int) -> bool:
    if not path.exists():
        return False
    descriptor = take_lock(path, kind)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False
