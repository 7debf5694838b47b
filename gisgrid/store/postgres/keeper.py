"""The keeper: a small process that runs the private PostgreSQL while somebody needs it, and not a moment longer.

Room: store. In: a `Launch` as JSON, the lock files of a cluster's folder. Out: a running `postgres`, one line on stdout
(`ready` or what went wrong). It runs as a process of its own beside the service and imports the standard library and
its two neighbours only.

Who keeps whom alive:

- Every process that uses the cluster holds a shared `flock` on `lease`. The kernel frees it however the process ends,
  kill -9 included. A file `standing` (made by `gisgrid db start`) counts as a lease that no process holds.
- The keeper holds `keeper.lock` exclusively. When no lease has been held for `linger_s` seconds it takes `lease`
  exclusively, which makes newcomers wait, stops the server and ends.
- The server is the keeper's child. When the keeper is killed, the kernel (Linux) or a guard process at the end of a
  pipe (elsewhere) asks the server to shut down; when the server is killed, the keeper starts it again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import time
from pathlib import Path
from typing import Final

from gisgrid.store.postgres.locks import KEEPER_LOCK, LEASE, STANDING, take_lock
from gisgrid.store.postgres.process import READY, START_RETRY_S, Launch, Server, ServerFailed, guard_by_pipe, hush

TICK_S: Final = 0.25
"""How often the keeper looks at leases and the server."""
RESTARTS_PER_MINUTE: Final = 5
"""A server that dies more often than this is left alone, with the reason in its log."""
TICKS_PER_TRIM: Final = 240
"""How often the keeper looks at the size of the server's log."""


class Watch:
    """The keeper's loop: leases in, the decision to end out."""

    def __init__(self, launch: Launch, server: Server, claim: int) -> None:
        self.linger_s = launch.linger_s
        self.server = server
        self.claim = claim
        self.lease = os.open(Path(launch.folder) / LEASE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        self.standing = Path(launch.folder) / STANDING
        self.asked_to_stop = False
        self.idle_since: float | None = None
        self.restarts: list[float] = []
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "asked_to_stop", True))

    def run(self) -> None:
        """Return when the server is to be stopped: nobody needs it, somebody asked, or its folder is gone."""
        ticks = 0
        while not (self.asked_to_stop or self._folder_is_gone() or self._nobody_needs_it()):
            if self.server.process is not None and self.server.process.poll() is not None:
                self._restart()
            ticks += 1
            if ticks % TICKS_PER_TRIM == 0:
                self.server.trim_log()
            time.sleep(TICK_S)

    def _folder_is_gone(self) -> bool:
        return os.fstat(self.claim).st_nlink == 0 or os.fstat(self.lease).st_nlink == 0

    def _nobody_needs_it(self) -> bool:
        """Whether no lease was held for the time of grace; if so, newcomers wait until the keeper has ended."""
        try:
            fcntl.flock(self.lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.idle_since = None
            return False
        now = time.monotonic()
        if self.standing.exists():
            self.idle_since = None
        elif self.idle_since is None:
            self.idle_since = now
        elif now - self.idle_since >= self.linger_s:
            return True  # with the lease in our hands
        fcntl.flock(self.lease, fcntl.LOCK_UN)
        return False

    def _restart(self) -> None:
        now = time.monotonic()
        self.restarts = [*(moment for moment in self.restarts if now - moment < 60.0), now]
        if len(self.restarts) > RESTARTS_PER_MINUTE:
            raise ServerFailed("the server ended again and again")
        self.server.start()


def _detach() -> None:
    """Leave the process that started us: another session, another parent, no terminal."""
    if os.fork():
        os._exit(0)
    os.setsid()
    os.umask(0o077)
    os.chdir("/")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _answer(line: str) -> None:
    """Tell the process that started us, which may be gone already, and close the line to it."""
    with contextlib.suppress(OSError):
        os.write(1, line.encode())
    hush()


def _claim(folder: Path) -> int | None:
    """Return the keeper's lock with our process id in it, waiting a while for a predecessor that is ending."""
    deadline = time.monotonic() + START_RETRY_S
    while (descriptor := take_lock(folder / KEEPER_LOCK, fcntl.LOCK_EX)) is None:
        if time.monotonic() > deadline:
            return None
        time.sleep(0.05)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def main(text: str) -> None:
    """Keep the server of the launch until it is no longer needed."""
    launch = Launch.from_json(text)
    _detach()
    claim = _claim(Path(launch.folder))
    if claim is None:
        _answer("another keeper holds the folder")
        return
    server = Server(launch)
    try:
        if not launch.kernel_guard:
            guard_by_pipe(server.data)
        watch = Watch(launch, server, claim)
        server.start()
        _answer(READY)
        watch.run()
    except ServerFailed as failure:
        _answer(str(failure))
    finally:
        server.stop()


if __name__ == "__main__":
    main(sys.argv[1])
