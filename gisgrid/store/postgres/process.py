"""The `postgres` process of a private cluster, as the child of its keeper.

Room: store. In: a `Launch`. Out: a server that is ready, or its own words why not; a server that does not outlive its
keeper. Imports the standard library only, as the keeper uses it.
"""

from __future__ import annotations

import ctypes
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DATA: Final = "data"
SERVER_LOG: Final = "postgres.log"
READY: Final = "ready"
START_RETRY_S: Final = 30.0
"""How long a start is retried while the remains of a killed server still hold its lock file or shared memory."""
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
        if owner is not None and not works_in(owner[0], self.data):
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


def is_running(data: Path) -> bool:
    """Whether a server works in the data folder, by its lock file and the process named there."""
    state = server_state(data)
    return state is not None and works_in(state[0], data)


def works_in(process: int, folder: Path) -> bool:
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


def guard_by_pipe(data: Path) -> None:
    """Fork a guard that shuts the server down when the keeper's end of a pipe closes, however the keeper ended."""
    reading, _writing = os.pipe()
    if os.fork():
        os.close(reading)
        return
    os.setsid()
    hush()
    os.closerange(3, reading)  # locks are shared with a fork; the guard must not hold the keeper's
    os.closerange(reading + 1, 1024)
    os.read(reading, 1)
    state = server_state(data)
    if state is not None and works_in(state[0], data):
        os.kill(state[0], signal.SIGINT)
    os._exit(0)


def hush() -> None:
    """Let go of stdout, at whose other end the process that started the keeper waits for the last line."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.close(nothing)
