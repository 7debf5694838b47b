"""The private PostGIS in bad times: processes killed, started all at once, disks full. No orphan, nothing lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from gisgrid.errors import DatabaseUnavailable
from gisgrid.store.cluster import Cluster

pytestmark = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="looks for orphans in /proc")
StartUser = Callable[[Path], "subprocess.Popen[str]"]
STARTER = "import sys; from pathlib import Path; from gisgrid.store.cluster import Cluster; "


def processes_of(home: Path) -> list[str]:
    """Return the command lines of the living processes that work in the home or name it."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            where = str((folder / "cwd").readlink())
            state = state_of(int(folder.name))
        except OSError:  # ended while we looked
            continue
        if state != "Z" and (f"{home}/" in words or where.startswith(f"{home}/")):
            found.append(words)
    return found


def servers_of(home: Path) -> list[int]:
    """Return the servers: not their children, of which a new one still bears the command line of its parent."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # ended while we looked
            continue
        if words[0].endswith(b"/postgres") and f"{home}/cluster/data".encode() in words:
            found[int(folder.name)] = parent
    return [process for process, parent in found.items() if parent not in found]


def wait_until(happened: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.05)


def no_process_is_left(home: Path) -> bool:
    return not processes_of(home)


def write(url: str, value: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value integer)")
        connection.execute("INSERT INTO kept VALUES (%s)", (value,))


def read(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT value FROM kept ORDER BY value")]


def server_of(cluster: Cluster) -> int:
    process = cluster.status().server_process
    assert process is not None
    return process


def keeper_of(cluster: Cluster) -> int:
    process = cluster.status().keeper_process
    assert process is not None
    return process


def kill(process: int) -> None:
    """Kill -9 and wait until the kernel has carried it out."""
    os.kill(process, signal.SIGKILL)
    wait_until(lambda: state_of(process) in ("Z", ""))


def state_of(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


# ---- Kill -9 --------------------------------------------------------------------------------------------------------


def test_a_killed_user_leaves_no_orphan(stopped_home: Path, cluster_user: StartUser) -> None:
    user = cluster_user(stopped_home)
    assert len(processes_of(stopped_home)) >= 3  # keeper, server, its workers: the search does find them
    user.kill()
    user.wait()
    wait_until(lambda: no_process_is_left(stopped_home))


def test_a_killed_user_does_not_disturb_another(stopped_home: Path, cluster_user: StartUser) -> None:
    first, _second = cluster_user(stopped_home), cluster_user(stopped_home)
    cluster = Cluster(stopped_home)
    server = server_of(cluster)
    first.kill()
    first.wait()
    time.sleep(1.2)
    assert server_of(cluster) == server
    write(cluster.url, 1)
    assert read(cluster.url) == [1]


def test_workers_left_behind_by_a_killed_user_keep_nothing_alive(stopped_home: Path) -> None:
    script = (
        f"{STARTER}import os, time; url = Cluster(Path(sys.argv[1]), durable=False, linger_s=0.2).start()\n"
        "worker = os.fork()\n"
        "if worker: print(worker, flush=True)\n"
        "time.sleep(100)"
    )
    command = [sys.executable, "-c", script, str(stopped_home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        worker = int(user.stdout.readline())
        try:
            cluster = Cluster(stopped_home)
            time.sleep(1.0)
            assert cluster.status().state == "running"  # the fork took nothing from the user
            kill(user.pid)
            wait_until(lambda: cluster.status().state == "stopped")
            assert state_of(worker) not in ("Z", "")
        finally:
            os.kill(worker, signal.SIGKILL)


@pytest.mark.parametrize("kernel_guard", [True, False], ids=["kernel", "pipe"])
def test_a_killed_keeper_takes_the_server_with_it(stopped_home: Path, kernel_guard: bool) -> None:
    if kernel_guard and sys.platform != "linux":
        pytest.skip("only Linux tells a child of its parent's death")
    cluster = Cluster(stopped_home, durable=False, kernel_guard=kernel_guard)
    write(cluster.start(), 1)
    kill(keeper_of(cluster))
    write(cluster.start(), 2)  # at once: the old server may still be shutting down
    assert read(cluster.url) == [1, 2]
    kill(keeper_of(cluster))
    wait_until(lambda: no_process_is_left(stopped_home))


def test_a_killed_server_comes_back_while_somebody_uses_it(stopped_home: Path) -> None:
    cluster = Cluster(stopped_home, durable=False)
    write(cluster.start(), 1)
    killed = server_of(cluster)
    kill(killed)
    url = cluster.start()  # at once: the lock file still says that the server is ready
    assert read(url) == [1]
    assert server_of(cluster) != killed


def test_everything_killed_at_once_is_recovered(stopped_home: Path, cluster_user: StartUser) -> None:
    user = cluster_user(stopped_home)
    cluster = Cluster(stopped_home, durable=False)
    write(cluster.url, 1)
    for process in (user.pid, keeper_of(cluster), server_of(cluster)):
        kill(process)
    assert read(cluster.start()) == [1]
    cluster.stop(force=True)
    assert no_process_is_left(stopped_home)


def has_another_server(cluster: Cluster, than: int) -> bool:
    status = cluster.status()
    return status.state == "stopped" or (status.state == "running" and status.server_process != than)


def test_a_server_that_dies_again_and_again_is_left_alone(stopped_home: Path) -> None:
    cluster = Cluster(stopped_home, durable=False)
    cluster.start()
    for _ in range(10):
        status = cluster.status()
        if status.state == "stopped":
            break
        server = server_of(cluster)
        kill(server)
        wait_until(lambda: has_another_server(cluster, server))  # noqa: B023  it is called at once
    assert cluster.status().state == "stopped"
    write(cluster.start(), 1)


@pytest.mark.parametrize("after_s", [0.05, 0.4, 0.9])
def test_killed_while_it_is_being_made(cluster_home: Path, after_s: float) -> None:
    command = [sys.executable, "-c", f"{STARTER}Cluster(Path(sys.argv[1]), durable=False).start()", str(cluster_home)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as starter:
        wait_until((cluster_home / "cluster").exists)
        time.sleep(after_s)
        starter.kill()
    cluster = Cluster(cluster_home, durable=False)
    write(cluster.start(), 1)
    assert read(cluster.url) == [1]
    # What the killed one was making may still be written to for a moment; the next start removes the remains.
    cluster.stop(force=True)
    wait_until(lambda: no_process_is_left(cluster_home))
    cluster.start()
    assert not list(cluster.folder.glob("data.new-*"))
    cluster.stop(force=True)


@pytest.mark.parametrize("owner", ["a process that is gone", "a process of somebody else"])
def test_a_stale_lock_file_is_in_nobody_s_way(stopped_home: Path, owner: str) -> None:
    cluster = Cluster(stopped_home, durable=False)
    write(cluster.start(), 1)
    lock = cluster.folder / "data" / "postmaster.pid"
    lines = lock.read_text().splitlines()
    cluster.stop(force=True)
    with subprocess.Popen(["sleep", "60"], cwd="/") as other:
        try:
            lines[0] = "4194303" if owner.endswith("gone") else str(other.pid)
            lock.write_text("\n".join(lines) + "\n")
            stat = (cluster.folder / "data").stat()
            os.chown(lock, stat.st_uid, stat.st_gid)
            assert read(cluster.start()) == [1]
            assert other.poll() is None
        finally:
            other.kill()


# ---- Several at once ------------------------------------------------------------------------------------------------


def test_many_starting_at_once_share_one_server(cluster_home: Path) -> None:
    script = f"{STARTER}print(Cluster(Path(sys.argv[1]), durable=False).start(), flush=True); sys.stdin.read()"
    users = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(cluster_home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(5)
    ]
    urls = set()
    for user in users:
        assert user.stdout is not None
        urls.add(user.stdout.readline())
    servers = servers_of(cluster_home)
    for user in users:
        user.communicate()
    assert len(urls) == 1
    assert urls.pop().startswith("postgresql://")
    assert len(servers) == 1


def test_starting_and_stopping_against_each_other(stopped_home: Path) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        cluster = Cluster(stopped_home, durable=False, linger_s=0.1)
        try:
            for _ in range(4):
                with psycopg.connect(cluster.start()) as connection:
                    assert connection.execute("SELECT 1").fetchone() == (1,)
                cluster.release()
                time.sleep(0.3)  # about the time of grace, so that ends and starts meet
        except BaseException as failure:  # noqa: BLE001  handed to the test below
            failures.append(failure)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    wait_until(lambda: no_process_is_left(stopped_home))


# ---- A full disk ----------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(cluster_home: Path) -> Iterator[Path]:
    """A home on a disk of 30 MB, too small for a cluster."""
    disk = cluster_home / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=30m,mode=711", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this account may not mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_named_and_nothing_half_made_is_left(small_disk: Path) -> None:
    cluster = Cluster(small_disk / "home")
    with pytest.raises(DatabaseUnavailable, match="is full; make some room"):
        cluster.start()
    assert not list(cluster.folder.glob("data*"))
    assert shutil.disk_usage(small_disk).used < 1_000_000
    assert no_process_is_left(small_disk)
