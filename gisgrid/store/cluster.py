"""The private PostGIS: made, started and kept on this machine, from the PostgreSQL programs that are installed here.

Room: store. In: a home folder. Out: a libpq URL to a running PostGIS that this machine alone reaches. The server runs
while any process uses it and ends with the last one; `gisgrid.store.postgres.keeper` says how. Imports nothing of
gisgrid but `errors` and its own room.

In the cluster's folder: `data` (PostgreSQL's own, 0700, of the unprivileged account), `connection.json` (port and
password, 0600), the lock files and the mark of `gisgrid.store.postgres.locks`, `postgres.log` and `keeper.log`.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from gisgrid.errors import Conflict, DatabaseUnavailable
from gisgrid.store.postgres import locks
from gisgrid.store.postgres.account import cluster_folder, make_passable, server_account
from gisgrid.store.postgres.binaries import Binaries
from gisgrid.store.postgres.connection_file import CONNECTION, Access, read_access, write_access
from gisgrid.store.postgres.data_folder import (
    DATABASE,
    OWNER,
    explain,
    explain_system,
    made_by_major,
    make_data_folder,
    remove_remains,
    usable_binaries,
)
from gisgrid.store.postgres.launching import PATIENCE_S, server_command, start_keeper
from gisgrid.store.postgres.process import DATA, READY, SERVER_LOG, Launch, is_running, server_state

PORT_ATTEMPTS: Final = 5

HOLDERS: Final[set[Cluster]] = set()
"""The clusters that this process uses; a lease lasts until the process ends, also when nobody refers to it any more."""

State = Literal["absent", "stopped", "starting", "running", "stopping"]


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """What there is to know of a private cluster.

    Attributes
    ----------
    state
        `absent` (never made), `stopped`, `starting`, `running` or `stopping`.
    folder
        Where it lies.
    postgresql_major
        The major version that made it, or None while it is absent.
    port
        On 127.0.0.1, or None while it is absent.
    server_process, keeper_process
        Their process ids while they run.
    standing
        Whether it runs until it is stopped (`gisgrid db start`).
    in_use
        Whether some process uses it now.
    """

    state: State
    folder: Path
    postgresql_major: int | None
    port: int | None
    server_process: int | None
    keeper_process: int | None
    standing: bool
    in_use: bool


class Cluster:
    """The private PostgreSQL cluster with PostGIS of one home folder.

    Safe to use from any number of processes at once. Whoever has called `start` and lives keeps the server alive.

    Parameters
    ----------
    home
        The folder of the service's data (`GISGRID_HOME`); the cluster lies in `home/cluster`, or where
        `gisgrid.store.postgres.account.cluster_folder` says.
    durable
        False gives up what a commit needs to survive a power cut; for throw-away clusters of tests only.
    linger_s
        Seconds that the server outlives its last user.
    kernel_guard
        Whether the kernel ends the server when its keeper is killed; by default where it can (Linux).
    """

    def __init__(
        self,
        home: Path,
        *,
        durable: bool = True,
        linger_s: float = 2.0,
        kernel_guard: bool = sys.platform == "linux",
    ) -> None:
        self.home = home
        self.durable = durable
        self.linger_s = linger_s
        self.kernel_guard = kernel_guard
        self.folder = cluster_folder(home)
        self._lease: int | None = None

    @property
    def url(self) -> str:
        """The libpq URL of the database `gisgrid`, as the role that owns it.

        Raises
        ------
        DatabaseUnavailable
            The cluster was never started.
        """
        access = read_access(self.folder)
        if access is None:
            raise DatabaseUnavailable(f"There is no private database in {self.folder} yet; run: gisgrid db start")
        return f"postgresql://{OWNER}:{access.password}@127.0.0.1:{access.port}/{DATABASE}"

    def start(self) -> str:
        """Return the URL of the running server, made and started where it is not; this process now uses it.

        The server stays up at least until this process ends or calls `release`.

        Raises
        ------
        PostgisMissing
            The machine has no PostgreSQL with PostGIS.
        DatabaseUnavailable
            The server cannot be started; the sentence says why and what to do.
        """
        try:
            with self._own_words():
                self._make_folder()
                if self._lease is None:
                    self._lease = _wait_for_lock(self.folder / locks.LEASE, fcntl.LOCK_SH)
                    HOLDERS.add(self)
                with self._start_lock():
                    if not self._is_up():
                        self._launch()
        except BaseException:
            self.release()
            raise
        return self.url

    def release(self) -> None:
        """Give up this object's use; the server ends when nobody else uses it."""
        if self._lease is not None:
            os.close(self._lease)
            self._lease = None
            HOLDERS.discard(self)

    def stand(self) -> str:
        """Start the server, let it run until `stop`, and return its URL."""
        url = self.start()
        (self.folder / locks.STANDING).touch(mode=0o600)
        return url

    def stop(self, *, force: bool = False) -> bool:
        """Stop the server and return whether it was running.

        Parameters
        ----------
        force
            Also when other processes use it.

        Raises
        ------
        Conflict
            Others use it, and `force` is not set; nothing is changed.
        """
        self.release()
        if not self.folder.is_dir():
            return False
        with self._own_words(), self._start_lock():
            keeper_process = locks.keeper_process(self.folder)
            if keeper_process is not None and not force and locks.is_used(self.folder):
                raise Conflict(
                    "Other gisgrid processes use the private database; end them first, or run: gisgrid db stop --force"
                )
            (self.folder / locks.STANDING).unlink(missing_ok=True)
            if keeper_process is not None:
                with suppress(ProcessLookupError):
                    os.kill(keeper_process, signal.SIGTERM)
            self._wait_for_end()
        return keeper_process is not None

    def status(self) -> ClusterStatus:
        """Return what there is to know; changes and starts nothing."""
        with self._own_words():
            access = read_access(self.folder)
            major = made_by_major(self.folder)
            if access is None or major is None:
                return ClusterStatus("absent", self.folder, None, None, None, None, standing=False, in_use=False)
            server = server_state(self.folder / DATA)
            keeper_process = locks.keeper_process(self.folder)
            state: State = "stopped"
            if keeper_process is not None:
                word = server[1] if server else "starting"
                state = "running" if word == READY else "stopping" if word == "stopping" else "starting"
            return ClusterStatus(
                state=state,
                folder=self.folder,
                postgresql_major=major,
                port=access.port,
                server_process=server[0] if server and keeper_process is not None else None,
                keeper_process=keeper_process,
                standing=(self.folder / locks.STANDING).exists(),
                in_use=locks.is_used(self.folder),
            )

    def _make_folder(self) -> None:
        account = server_account()
        make_passable(self.home, account)
        make_passable(self.folder, account)
        pointer = self.home / "cluster"
        if self.folder != pointer and not pointer.is_symlink():
            pointer.symlink_to(self.folder)
        owner = self.folder.stat().st_uid
        if owner != os.geteuid():
            raise DatabaseUnavailable(
                f"The private database in {self.folder} belongs to another account (uid {owner}); run gisgrid as that "
                "account, or set GISGRID_HOME to a folder of your own."
            )

    @contextmanager
    def _start_lock(self) -> Iterator[None]:
        """Hold the lock under which the server is started and stopped."""
        descriptor = _wait_for_lock(self.folder / locks.START_LOCK, fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def _own_words(self) -> Iterator[None]:
        """Turn what the system refuses into our own error."""
        try:
            yield
        except OSError as fault:
            raise explain_system(self.folder, fault) from fault

    def _is_up(self) -> bool:
        """Whether a keeper lives and its server answers, after waiting for a start or an end under way."""
        deadline = time.monotonic() + PATIENCE_S
        while locks.is_kept(self.folder):
            if self._answers():
                return True
            _look_at_clock(
                deadline,
                f"The private database in {self.folder} is still starting after {PATIENCE_S:.0f} s; wait and try "
                "again, or run: gisgrid db stop --force",
            )
        return False

    def _answers(self) -> bool:
        """Whether the server says that it is ready and takes a connection; one that was killed says so too."""
        state = server_state(self.folder / DATA)
        access = read_access(self.folder)
        if access is None or state is None or state[1] != READY:
            return False
        try:
            socket.create_connection(("127.0.0.1", access.port), timeout=1.0).close()
        except OSError:
            return False
        return True

    def _wait_for_end(self) -> None:
        """Wait until the keeper is gone, and the server too, which ends a little later when its keeper was killed."""
        self._wait_while(lambda: locks.is_kept(self.folder) or is_running(self.folder / DATA))

    def _wait_while(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while condition():
            _look_at_clock(
                deadline, f"The private database in {self.folder} does not stop; see {self.folder / SERVER_LOG}."
            )

    def _launch(self) -> None:
        """Start a keeper, on another port where the last one was taken meanwhile."""
        binaries = usable_binaries(self.folder)
        access = self._made(binaries)
        for _ in range(PORT_ATTEMPTS):
            answer = self._keep(binaries, access)
            if answer == READY:
                return
            self._wait_while(lambda: locks.is_kept(self.folder))
            if "Address already in use" not in answer:
                break
            access = write_access(self.folder, access.password)
        raise explain(self.folder, answer)

    def _made(self, binaries: Binaries) -> Access:
        """Return port and password of the data folder, which is made where there is none yet."""
        remove_remains(self.folder)
        access = read_access(self.folder)
        has_data = (self.folder / DATA).exists()
        if access is None and has_data:
            raise DatabaseUnavailable(
                f"The file {self.folder / CONNECTION}, which holds the password, is missing; restore it from a copy, "
                "or move the folder away and run: gisgrid db restore with your latest backup."
            )
        if access is None:
            access = write_access(self.folder, secrets.token_hex(24))
        if not has_data:
            make_data_folder(self.folder, binaries, server_account(), access.password, durable=self.durable)
        return access

    def _keep(self, binaries: Binaries, access: Access) -> str:
        """Start a keeper and return its answer."""
        account = server_account()
        launch = Launch(
            folder=str(self.folder),
            command=server_command(binaries, self.folder, access.port, durable=self.durable),
            uid=account.uid if account.switched else None,
            gid=account.gid if account.switched else None,
            linger_s=self.linger_s,
            kernel_guard=self.kernel_guard,
        )
        return start_keeper(launch)


def _leave_leases_to_the_parent() -> None:
    """Close a forked child's copies of the leases, so that workers left behind by a killed parent keep nothing alive.

    The lock stays with the parent: it belongs to the open file, and closing one copy does not unlock it.
    """
    for cluster in tuple(HOLDERS):
        cluster.release()


os.register_at_fork(after_in_child=_leave_leases_to_the_parent)


def _look_at_clock(deadline: float, sentence: str) -> None:
    """Pause a moment, or give up with the sentence when the deadline has passed."""
    if time.monotonic() > deadline:
        raise DatabaseUnavailable(sentence)
    time.sleep(0.03)


def _wait_for_lock(path: Path, kind: int) -> int:
    deadline = time.monotonic() + PATIENCE_S
    while (descriptor := locks.take_lock(path, kind)) is None:
        _look_at_clock(
            deadline,
            f"Another gisgrid process has been starting or stopping the private database in {path.parent} for more "
            f"than {PATIENCE_S:.0f} s; wait for it, or end it.",
        )
    return descriptor
