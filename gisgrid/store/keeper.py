"""The keeper: a small process that runs the private PostgreSQL while somebody needs it, and not a moment longer.

Room: store. In: a `Launch` as JSON, the lock files of a cluster's folder. Out: a running `postgres`, one line on stdout
(`ready` or what went wrong). It runs as a script of its own beside the service and imports the standard library only.

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
import ctypes
import dataclasses
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

LEASE: Final = "lease"
STANDING: Final = "standing"
KEEPER_LOCK: Final = "keeper.lock"
DATA: Final = "data"
SERVER_LOG: Final = "postgres.log"
READY: Final = "ready"

TICK_S: Final = 0.25
"""How often the keeper looks at leases and the server."""
START_RETRY_S: Final = 30.0
"""How long a start is retried while the remains of a killed server still hold its lock file or shared memory."""
RESTARTS_PER_MINUTE: Final = 5
"""A server that dies more often than this is left alone, with the reason in its log."""
LOG_LIMIT_BYTES: Final = 20_000_000
PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class Launch:
    """What the keeper is told: where the cluster is and how its server is run.

    Attributes
    ----------
    folder
        The cluster's folder.
    command
        The server's program and options.
    uid, gid
        The account that the server runs as, or None for the keeper's own.
    linger_s
        Seconds without a lease after which the server is stopped.
    kernel_guard
        Whether the kernel tells the server of the keeper's death (PR_SET_PDEATHSIG); else a guard process does.
    """

    folder: str
    command: list[str]
    uid: int | None
    gid: int | None
    linger_s: float
    kernel_guard: bool

    def to_json(self) -> str:
        """Return the text that `from_json` reads."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Launch:
        """Return the launch that `to_json` wrote."""
        return cls(**json.loads(text))


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


def is_held(path: Path) -> bool:
    """Whether somebody holds a lock on the file."""
    descriptor = take_lock(path, fcntl.LOCK_EX)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def server_state(data: Path) -> tuple[int, str] | None:
    """Return process id and state (`starting`, `ready`, `stopping`) by the server's lock file, or None without one.

    The eight lines of `postmaster.pid` are described in PostgreSQL's `miscadmin.h`.
    """
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), lines[7].strip() if len(lines) > 7 else "starting"
    except (OSError, ValueError, IndexError):
        return None


class ServerFailed(Exception):
    """The server ended instead of becoming ready; the message is what it wrote last."""


class Server:
    """The `postgres` process of one cluster, as the keeper's child."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.data = Path(launch.folder) / DATA
        self.log = Path(launch.folder) / SERVER_LOG
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it accepts connections; retry while a killed predecessor is in the way.

        Raises
        ------
        ServerFailed
            It ended; the reason is its own words.
        """
        deadline = time.monotonic() + START_RETRY_S
        while True:
            mark = self.log.stat().st_size if self.log.exists() else 0
            self.process = self._spawn()
            while self.process.poll() is None:
                if server_state(self.data) == (self.process.pid, READY):
                    return
                time.sleep(0.02)
            words = self._log_since(mark)
            if not self._clear_remains(words) or time.monotonic() > deadline:
                raise ServerFailed(words.strip() or f"exit status {self.process.returncode}")
            time.sleep(0.2)

    def stop(self) -> None:
        """Shut the server down: fast, then at once, then by force."""
        for kind, patience in ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            if self.process is None or self.process.poll() is not None:
                return
            self.process.send_signal(kind)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                continue

    def trim_log(self) -> None:
        """Move the log aside when it is large; the server appends, so it goes on writing at the new end."""
        if self.log.stat().st_size > LOG_LIMIT_BYTES:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)

    def _spawn(self) -> subprocess.Popen[bytes]:
        options: dict[str, Any] = {}
        if self.launch.uid is not None:
            options = {"user": self.launch.uid, "group": self.launch.gid, "extra_groups": []}
        if self.launch.kernel_guard:
            options["preexec_fn"] = _die_with_parent(os.getpid())
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        log = os.open(self.log, flags, 0o600)
        try:
            return subprocess.Popen(  # noqa: S603  the command comes from the cluster that started the keeper
                self.launch.command,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **options,
            )
        finally:
            os.close(log)

    def _log_since(self, mark: int) -> str:
        with self.log.open("rb") as file:
            file.seek(mark)
            return file.read(20_000).decode("utf-8", "replace")

    def _clear_remains(self, words: str) -> bool:
        """Whether the start failed over what a killed server left behind; a lock file of nobody is removed.

        The keeper's own lock makes sure that no other server is being started on this folder.
        """
        if "pre-existing shared memory block" in words:
            return True
        if 'lock file "postmaster.pid"' not in words:
            return False
        owner = server_state(self.data)
        if owner is not None and not _works_in(owner[0], self.data):
            (self.data / "postmaster.pid").unlink(missing_ok=True)
        return True


def _die_with_parent(parent: int) -> Callable[[], None]:
    """Return what a child runs before its program: be told to shut down (SIGINT, fast) when the keeper dies.

    Linux clears the wish when the account changes, so it is made after that; `subprocess` changes it before.
    """
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
        if os.getppid() != parent:  # the keeper died in between
            os._exit(1)

    return ask


def _works_in(process: int, folder: Path) -> bool:
    """Whether the process is alive and works in the folder, as a server does in its data folder."""
    try:
        return Path(f"/proc/{process}/cwd").readlink() == folder.resolve()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
    except PermissionError:  # of another account: not ours
        return False
    answer = subprocess.run(  # noqa: S603  systems without /proc: the program's name is the best that there is
        ["/bin/ps", "-p", str(process), "-o", "comm="], capture_output=True, text=True, check=False
    )
    return "postgres" in answer.stdout


def _guard_by_pipe(data: Path) -> None:
    """Fork a guard that shuts the server down when the keeper's end of a pipe closes, however the keeper ended."""
    reading, _writing = os.pipe()
    if os.fork():
        os.close(reading)
        return
    os.setsid()
    _hush()
    os.closerange(3, reading)  # locks are shared with a fork; the guard must not hold the keeper's
    os.closerange(reading + 1, 1024)
    os.read(reading, 1)
    if (state := server_state(data)) and _works_in(state[0], data):
        os.kill(state[0], signal.SIGINT)
    os._exit(0)


class Watch:
    """The keeper's loop: leases in, the decision to end out."""

    def __init__(self, launch: Launch, server: Server, claim: int) -> None:
        self.folder = Path(launch.folder)
        self.claim = claim
        self.linger_s = launch.linger_s
        self.server = server
        self.asked_to_stop = False
        self.idle_since: float | None = None
        self.restarts: list[float] = []
        self.lease: int | None = None

    def run(self) -> None:
        """Return when the server is to be stopped: nobody needs it, somebody asked, or its folder is gone."""
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "asked_to_stop", True))
        ticks = 0
        while not (self.asked_to_stop or self._folder_is_gone() or self._nobody_needs_it()):
            if self.server.process is not None and self.server.process.poll() is not None:
                self._restart()
            ticks += 1
            if ticks % 240 == 0:
                self.server.trim_log()
            time.sleep(TICK_S)

    def _folder_is_gone(self) -> bool:
        return os.fstat(self.claim).st_nlink == 0

    def _nobody_needs_it(self) -> bool:
        """Whether no lease was held for the time of grace; if so, newcomers wait until the keeper has ended."""
        descriptor = take_lock(self.folder / LEASE, fcntl.LOCK_EX)
        if descriptor is None or (self.folder / STANDING).exists():
            self.idle_since = None
        elif self.idle_since is None:
            self.idle_since = time.monotonic()
        elif time.monotonic() - self.idle_since >= self.linger_s:
            self.lease = descriptor
            return True
        if descriptor is not None:
            os.close(descriptor)
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
    _hush()


def _hush() -> None:
    """Let go of stdout, at whose other end the process that started us waits for the last line."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.close(nothing)


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
            _guard_by_pipe(server.data)
        server.start()
        _answer(READY)
        Watch(launch, server, claim).run()
    except ServerFailed as failure:
        _answer(str(failure))
    finally:
        server.stop()


if __name__ == "__main__":
    main(sys.argv[1])
