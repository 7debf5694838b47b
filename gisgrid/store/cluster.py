"""The private PostGIS: made, started and kept on this machine, from the PostgreSQL programs that are installed here.

Room: store. In: a home folder. Out: a libpq URL to a running PostGIS that this machine alone reaches. The server runs
while any process uses it and ends with the last one; `gisgrid.store.keeper` says how. Imports nothing of gisgrid but
`errors` and its own room.

In the cluster's folder: `data` (PostgreSQL's own, 0700, of the unprivileged account), `connection.json` (port and
password, 0600), the lock files `start.lock`, `lease` and `keeper.lock`, the mark `standing`, `postgres.log` and
`keeper.log`.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from gisgrid.errors import Conflict, DatabaseUnavailable, PostgisMissing
from gisgrid.store import keeper
from gisgrid.store.account import Account, cluster_folder, server_account
from gisgrid.store.binaries import Binaries, find_binaries
from gisgrid.store.data_folder import (
    DATABASE,
    OWNER,
    explain,
    explain_system,
    made_by_major,
    make_data_folder,
    require_usable,
)

START_LOCK: Final = "start.lock"
CONNECTION: Final = "connection.json"
KEEPER_LOG: Final = "keeper.log"
PORTS: Final = range(20_000, 32_768)
"""Below the ports that Linux hands to outgoing connections, so that ours is still free after a restart."""
PATIENCE_S: Final = 120.0
"""How long a start waits for another process's start or stop, or for crash recovery."""
PORT_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """What there is to know of a private cluster.

    Attributes
    ----------
    state
        `absent` (never made), `stopped`, `starting`, `running` or `stopping`.
    folder
        Where it lies.
    postgresql
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

    state: Literal["absent", "stopped", "starting", "running", "stopping"]
    folder: Path
    postgresql: int | None
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
        `gisgrid.store.account.cluster_folder` says.
    durable
        False gives up durability for speed; for throw-away clusters of tests only.
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
        connection = self._connection()
        if connection is None:
            raise DatabaseUnavailable(f"There is no private database in {self.folder} yet; run: gisgrid db start")
        return f"postgresql://{OWNER}:{connection['password']}@127.0.0.1:{connection['port']}/{DATABASE}"

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
            self._make_folder()
            self._take_lease()
            with self._start_lock():
                if not self._is_up():
                    self._launch()
        except OSError as fault:
            self.release()
            raise explain_system(self.folder, fault) from fault
        except BaseException:
            self.release()
            raise
        return self.url

    def release(self) -> None:
        """Give up this object's use; the server ends when nobody else uses it."""
        if self._lease is not None:
            os.close(self._lease)
            self._lease = None

    def stand(self) -> str:
        """Start the server, let it run until `stop`, and return its URL."""
        url = self.start()
        (self.folder / keeper.STANDING).touch(mode=0o600)
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
        with self._start_lock():
            if not force and self._in_use():
                raise Conflict(
                    "Other gisgrid processes use the private database; end them first, or run: gisgrid db stop --force"
                )
            (self.folder / keeper.STANDING).unlink(missing_ok=True)
            keeper_process = self._keeper_process()
            if keeper_process is None:
                return False
            os.kill(keeper_process, signal.SIGTERM)
            self._wait_for_keeper_to_end()
        return True

    def status(self) -> ClusterStatus:
        """Return what there is to know; changes and starts nothing."""
        connection = self._connection()
        server = keeper.server_state(self.folder / keeper.DATA)
        keeper_process = self._keeper_process()
        if connection is None or made_by_major(self.folder) is None:
            return ClusterStatus("absent", self.folder, None, None, None, None, standing=False, in_use=False)
        state: Literal["stopped", "starting", "running", "stopping"] = "stopped"
        if keeper_process is not None:
            word = server[1] if server else "starting"
            state = "running" if word == keeper.READY else "stopping" if word == "stopping" else "starting"
        return ClusterStatus(
            state=state,
            folder=self.folder,
            postgresql=made_by_major(self.folder),
            port=int(connection["port"]),
            server_process=server[0] if server and keeper_process is not None else None,
            keeper_process=keeper_process,
            standing=(self.folder / keeper.STANDING).exists(),
            in_use=self._in_use(),
        )

    # The folder

    def _make_folder(self) -> None:
        account = server_account()
        for folder in (self.home, self.folder):
            _make_passable(folder, account)
        pointer = self.home / "cluster"
        if self.folder != pointer and not pointer.is_symlink():
            pointer.symlink_to(self.folder)
        owner = self.folder.stat().st_uid
        if owner != os.geteuid():
            raise DatabaseUnavailable(
                f"The private database in {self.folder} belongs to another account (uid {owner}); run gisgrid as that "
                "account, or set GISGRID_HOME to a folder of your own."
            )

    def _connection(self) -> dict[str, str] | None:
        try:
            values: dict[str, str] = json.loads((self.folder / CONNECTION).read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as fault:
            raise DatabaseUnavailable(
                f"The file {self.folder / CONNECTION} cannot be read ({fault}); run gisgrid as the account that made "
                "it, or restore it from a copy."
            ) from fault
        return values

    def _write_connection(self, password: str) -> int:
        """Choose a free port, keep it and the password in the 0600 file, and return the port."""
        port = _free_port()
        temporary = self.folder / f"{CONNECTION}.{secrets.token_hex(4)}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"port": str(port), "password": password}, file)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(self.folder / CONNECTION)
        return port

    # Locks

    def _take_lease(self) -> None:
        if self._lease is None:
            self._lease = _wait_for_lock(self.folder / keeper.LEASE, fcntl.LOCK_SH)

    @contextmanager
    def _start_lock(self) -> Iterator[None]:
        """Hold the lock under which the server is started and stopped."""
        descriptor = _wait_for_lock(self.folder / START_LOCK, fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(descriptor)

    def _in_use(self) -> bool:
        return (self.folder / keeper.LEASE).exists() and keeper.is_held(self.folder / keeper.LEASE)

    def _keeper_process(self) -> int | None:
        """Return the keeper's process id while it lives: it holds its lock, whose file holds the id."""
        lock = self.folder / keeper.KEEPER_LOCK
        if not lock.exists() or not keeper.is_held(lock):
            return None
        try:
            return int(lock.read_text())
        except ValueError:  # between taking the lock and writing the id
            return None

    # The server

    def _is_up(self) -> bool:
        """Whether a keeper lives and its server is ready, after waiting for a start or an end under way."""
        deadline = time.monotonic() + PATIENCE_S
        lock = self.folder / keeper.KEEPER_LOCK
        while lock.exists() and keeper.is_held(lock):
            state = keeper.server_state(self.folder / keeper.DATA)
            if state is not None and state[1] == keeper.READY and _lives(state[0]):
                return True
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(
                    f"The private database in {self.folder} is still starting after {PATIENCE_S:.0f} s; wait and try "
                    "again, or run: gisgrid db stop"
                )
            time.sleep(0.05)
        return False

    def _wait_for_keeper_to_end(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while keeper.is_held(self.folder / keeper.KEEPER_LOCK):
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(f"The private database in {self.folder} does not stop; see its postgres.log.")
            time.sleep(0.02)

    def _launch(self) -> None:
        account = server_account()
        binaries = self._binaries()
        connection = self._connection()
        if connection is None or not (self.folder / keeper.DATA).exists():
            connection = self._make(binaries, account)
        require_usable(self.folder, binaries)
        port = int(connection["port"])
        for _ in range(PORT_ATTEMPTS):
            answer = self._start_keeper(binaries, account, port)
            if answer == keeper.READY:
                return
            if "Address already in use" not in answer:
                raise explain(self.folder, answer)
            port = self._write_connection(connection["password"])
        raise explain(self.folder, answer)

    def _binaries(self) -> Binaries:
        """Return the programs: those of the data folder's major version where they are, else the newest."""
        newest = find_binaries()
        made_by = made_by_major(self.folder)
        return newest if made_by in (None, newest.major) else _programs_of(made_by, newest)

    def _make(self, binaries: Binaries, account: Account) -> dict[str, str]:
        if (self.folder / keeper.DATA).exists():
            raise DatabaseUnavailable(
                f"The file {self.folder / CONNECTION}, which holds the password, is missing; restore it from a copy, "
                "or move the folder away and run: gisgrid db restore with your latest backup."
            )
        password = secrets.token_hex(24)
        make_data_folder(self.folder, binaries, account, password)
        port = self._write_connection(password)
        return {"port": str(port), "password": password}

    def _start_keeper(self, binaries: Binaries, account: Account, port: int) -> str:
        """Start a keeper and return what it answers: `ready`, or why not."""
        launch = keeper.Launch(
            folder=str(self.folder),
            command=self._server_command(binaries, port),
            uid=account.uid if account.switched else None,
            gid=account.gid if account.switched else None,
            linger_s=self.linger_s,
            kernel_guard=self.kernel_guard,
        )
        log = os.open(self.folder / KEEPER_LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        try:
            process = subprocess.Popen(  # noqa: S603  our own script, run by our own interpreter
                [sys.executable, "-P", str(Path(keeper.__file__).resolve()), launch.to_json()],
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
                    f"The private database in {self.folder} is not ready after {PATIENCE_S:.0f} s; its log is "
                    f"{self.folder / keeper.SERVER_LOG}."
                )
            answer = process.stdout.read().decode("utf-8", "replace")
        return answer or (self.folder / KEEPER_LOG).read_text() or "the keeper gave no answer"

    def _server_command(self, binaries: Binaries, port: int) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "logging_collector": "off",
            **({"recovery_init_sync_method": "syncfs"} if sys.platform == "linux" and binaries.major >= 14 else {}),
            **({} if self.durable else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [binaries.program("postgres"), "-D", str(self.folder / keeper.DATA), *options]


def _programs_of(major: int, newest: Binaries) -> Binaries:
    try:
        return find_binaries(major)
    except PostgisMissing:
        return newest  # `require_usable` says what to do


def _make_passable(folder: Path, account: Account) -> None:
    """Make the folder and its missing parents, so that a server under another account can pass through them."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(mode=0o700, exist_ok=True)
        if account.switched:
            parent.chmod(0o711)


def _free_port() -> int:
    for _ in range(1000):
        port = PORTS[secrets.randbelow(len(PORTS))]
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise DatabaseUnavailable("No port of 127.0.0.1 from 20000 to 32767 is free; end some servers and try again.")


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _wait_for_lock(path: Path, kind: int) -> int:
    deadline = time.monotonic() + PATIENCE_S
    while (descriptor := keeper.take_lock(path, kind)) is None:
        if time.monotonic() > deadline:
            raise DatabaseUnavailable(
                f"Another gisgrid process has been starting or stopping the private database in {path.parent} for more "
                f"than {PATIENCE_S:.0f} s; wait for it, or end it."
            )
        time.sleep(0.02)
    return descriptor
