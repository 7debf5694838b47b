"""The private PostGIS in ordinary times: made, started, shared, stopped, refused politely."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from gisgrid.errors import Conflict, DatabaseUnavailable, PostgisMissing
from gisgrid.store.cluster import Cluster
from gisgrid.store.postgres import account, binaries, data_folder, process
from gisgrid.store.postgres.launching import server_command

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server under another account")
StartUser = Callable[[Path], "subprocess.Popen[str]"]


def wait_until(happened: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.05)


# ---- One running cluster --------------------------------------------------------------------------------------------


def test_the_database_has_postgis_and_an_owner_without_superuser_rights(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url) as connection:
        area = connection.execute("SELECT ST_Area(ST_GeomFromText('POLYGON((0 0,2 0,2 3,0 0))'))").fetchone()
        superuser = connection.execute("SELECT usesuper FROM pg_user WHERE usename = current_user").fetchone()
    assert area == (3.0,)
    assert superuser == (False,)


def test_a_database_made_by_the_owner_has_postgis_too(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT ST_X(ST_Point(7, 8))").fetchone() == (7.0,)


@pytest.mark.parametrize(
    "change",
    [
        {"password": "wrong"},
        {"password": ""},
        {"user": "postgres", "password": ""},  # the superuser has no password, and so no way in
        {"user": "postgres", "password": "postgres"},
    ],
)
def test_nobody_comes_in_without_the_password(cluster: Cluster, change: dict[str, str]) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"password"):
        psycopg.connect(cluster.url, **change)  # type: ignore[arg-type]  # keyword names vary by case


def test_the_server_listens_at_the_loopback_address_only(cluster: Cluster) -> None:
    port = cluster.status().port
    listening = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not Path(table).exists():
            pytest.skip("this system does not list its sockets in /proc")
        for line in Path(table).read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, _, hexadecimal = local.partition(":")
            if state == "0A" and int(hexadecimal, 16) == port:
                listening.add(address)
    assert listening == {"0100007F"}


def test_secrets_and_data_are_closed_to_others(cluster: Cluster) -> None:
    assert stat.S_IMODE((cluster.folder / "connection.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((cluster.folder / "data").stat().st_mode) == 0o700
    assert (cluster.folder / "data").stat().st_uid != 0
    password = json.loads((cluster.folder / "connection.json").read_text())["password"]
    assert len(password) >= 32
    for log in cluster.folder.glob("*.log"):
        assert password not in log.read_text()
    arguments = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert password not in arguments


def test_commits_are_durable_unless_the_cluster_is_thrown_away(cluster: Cluster) -> None:
    folder = Path("/somewhere")
    durable = settings_of_server(folder, durable=True)
    assert "fsync" not in durable
    assert "synchronous_commit" not in durable
    assert settings_of_server(folder, durable=False)["fsync"] == "off"
    with psycopg.connect(cluster.url) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("off",)


def settings_of_server(folder: Path, *, durable: bool) -> dict[str, str]:
    command = server_command(binaries.Binaries(folder, (15, 1)), folder, 20_001, durable=durable)
    return dict(option.split("=", 1) for option in command if "=" in option)


# ---- A life ---------------------------------------------------------------------------------------------------------


def test_a_life_from_absent_to_stopped(cluster_home: Path) -> None:
    cluster = Cluster(cluster_home, durable=False)
    assert cluster.status().state == "absent"
    with pytest.raises(DatabaseUnavailable, match="gisgrid db start"):
        _ = cluster.url
    assert not cluster.stop()

    url = cluster.start()
    assert cluster.start() == url == cluster.url == Cluster(cluster_home).start()
    status = cluster.status()
    assert (status.state, status.in_use, status.standing) == ("running", True, False)

    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    assert cluster.stop(force=True)
    assert not cluster.stop()
    assert cluster.status().state == "stopped"

    with psycopg.connect(cluster.start()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_it_ends_with_its_last_user_and_not_before(stopped_home: Path, cluster_user: StartUser) -> None:
    first, second = cluster_user(stopped_home), cluster_user(stopped_home)
    cluster = Cluster(stopped_home, durable=False)
    server = cluster.status().server_process
    first.communicate()
    time.sleep(1.5)  # three times the users' time of grace
    assert cluster.status().server_process == server
    second.communicate()
    wait_until(lambda: cluster.status().state == "stopped")


def test_a_standing_server_outlives_its_users_until_it_is_stopped(stopped_home: Path) -> None:
    cluster = Cluster(stopped_home, durable=False, linger_s=0.2)
    cluster.stand()
    cluster.release()
    time.sleep(1.0)
    status = cluster.status()
    assert (status.state, status.in_use, status.standing) == ("running", False, True)
    assert cluster.stop()
    assert not cluster.status().standing


def test_stop_refuses_while_others_work(stopped_home: Path, cluster_user: StartUser) -> None:
    cluster_user(stopped_home)
    cluster = Cluster(stopped_home, durable=False)
    with pytest.raises(Conflict, match="--force"):
        cluster.stop()
    assert cluster.status().state == "running"
    assert cluster.stop(force=True)
    assert cluster.status().state == "stopped"


def test_a_taken_port_is_left_for_another(stopped_home: Path) -> None:
    cluster = Cluster(stopped_home, durable=False)
    before = cluster.start()
    cluster.stop(force=True)
    with socket.create_server(("127.0.0.1", int(psycopg.conninfo.conninfo_to_dict(before)["port"]))):
        after = cluster.start()
    assert after != before
    with psycopg.connect(after) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_server_ends_when_its_folder_is_removed(stopped_home: Path) -> None:
    cluster = Cluster(stopped_home, durable=False)
    cluster.start()
    server = cluster.status().server_process
    assert server is not None
    shutil.rmtree(cluster.folder, ignore_errors=True)  # the ending server removes files at the same time
    wait_until(lambda: not Path(f"/proc/{server}").exists())
    cluster.release()
    shutil.rmtree(cluster.folder, ignore_errors=True)
    assert not cluster.folder.exists()


# ---- Refusals -------------------------------------------------------------------------------------------------------


@pytest.fixture
def stopped(stopped_home: Path) -> Cluster:
    return Cluster(stopped_home, durable=False)


def test_a_data_folder_of_another_major_version_is_refused(stopped: Cluster) -> None:
    (stopped.folder / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(DatabaseUnavailable, match=r"made by PostgreSQL 9, .* install PostgreSQL 9 .* db restore"):
        stopped.start()
    assert not stopped.status().in_use


def test_a_damaged_data_folder_is_named_with_the_remedy(stopped: Cluster) -> None:
    control = stopped.folder / "data" / "global" / "pg_control"
    whole = control.read_bytes()
    for damage in (whole[:100], bytes(len(whole))):
        assert stopped.status().state == "stopped"
        control.write_bytes(damage)
        with pytest.raises(DatabaseUnavailable, match=r"is damaged \(.+\); move the folder away and run: gisgrid db"):
            stopped.start()
    control.write_bytes(whole)
    stopped.start()
    (stopped.folder / "data" / "PG_VERSION").write_text("many\n")
    stopped.stop(force=True)
    with pytest.raises(DatabaseUnavailable, match="PG_VERSION"):
        stopped.start()


def test_a_lost_password_is_named_with_the_remedy(stopped: Cluster) -> None:
    (stopped.folder / "connection.json").unlink()
    with pytest.raises(DatabaseUnavailable, match=r"holds the password, is missing"):
        stopped.start()
    (stopped.folder / "connection.json").write_text("{")
    with pytest.raises(DatabaseUnavailable, match="cannot be read"):
        stopped.start()


def test_a_home_that_cannot_be_made_is_named(cluster_home: Path) -> None:
    (cluster_home / "file").write_text("no folder")
    with pytest.raises(DatabaseUnavailable, match="GISGRID_HOME"):
        Cluster(cluster_home / "file" / "home").start()


def test_a_machine_without_postgis_gets_the_one_command(monkeypatch: pytest.MonkeyPatch, cluster_home: Path) -> None:
    monkeypatch.setattr(binaries, "USUAL_FOLDERS", ())
    monkeypatch.setenv("PATH", "/nowhere")
    cluster = Cluster(cluster_home, durable=False)
    with pytest.raises(PostgisMissing, match=r"no PostgreSQL with PostGIS; install it with: .+GISGRID_DATABASE_URL"):
        cluster.start()
    assert cluster.status().state == "absent"


@pytest.mark.parametrize(
    ("manager", "lists", "command"),
    [
        ("apt-get", "postgresql-14-postgis-3 - x\npostgresql-16-postgis-3 - y\n", "apt-get install -y postgresql-16-"),
        ("apt-get", "", "apt-get update && "),
        ("dnf", "", "dnf install -y postgresql-server postgis"),
        ("brew", "", "brew install postgis"),
        ("", "", "the package manager of your system"),
    ],
)
def test_the_command_is_the_system_s_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, manager: str, lists: str, command: str
) -> None:
    (tmp_path / "lists").write_text(lists)
    for name, script in ((manager, "exit 0"), ("apt-cache", f"while read l; do echo $l; done < {tmp_path / 'lists'}")):
        if name:
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command in binaries.install_command()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("FATAL:  could not write: No space left on device", "is full; make some room"),
        ("FATAL:  could not map anonymous shared memory: Cannot allocate memory", "not enough memory"),
        ("FATAL:  could not open file: Permission denied", "GISGRID_HOME"),
        ("PANIC:  could not locate a valid checkpoint record", "is damaged"),
        ("something else", "its log is"),
    ],
)
def test_postgresql_s_words_become_a_sentence_with_the_remedy(words: str, sentence: str) -> None:
    assert sentence in str(data_folder.explain(Path("/home/of/it"), words))


def test_a_failed_statement_never_shows_the_password() -> None:
    words = "ERROR:  role exists\nSTATEMENT:  CREATE ROLE gisgrid PASSWORD 'secret'\n"
    assert "secret" not in str(data_folder.explain(Path("/home/of/it"), words))


# ---- Accounts -------------------------------------------------------------------------------------------------------


@as_root
def test_started_by_root_the_server_runs_as_an_unprivileged_account(cluster: Cluster) -> None:
    server = cluster.status().server_process
    assert server is not None
    lines = Path(f"/proc/{server}/status").read_text().splitlines()
    for field in ("Uid", "Gid", "Groups"):
        values = next(line for line in lines if line.startswith(f"{field}:")).split()[1:]
        assert "0" not in values, field


@as_root
def test_a_home_closed_to_the_account_gets_a_folder_elsewhere(
    cluster_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "SYSTEM_FOLDER", cluster_home / "system")
    closed = cluster_home / "closed"
    closed.mkdir(mode=0o700)
    cluster = Cluster(closed / "home", durable=False)
    assert cluster.folder.parent == cluster_home / "system"
    try:
        with psycopg.connect(cluster.start()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert (closed / "home" / "cluster").resolve() == cluster.folder
        assert Cluster(closed / "home").folder == cluster.folder
    finally:
        cluster.stop(force=True)


@as_root
def test_a_cluster_of_another_account_is_left_alone(stopped: Cluster) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(stopped.folder, nobody.pw_uid, nobody.pw_gid)
    with pytest.raises(DatabaseUnavailable, match="belongs to another account"):
        stopped.start()


@as_root
def test_an_ordinary_account_runs_its_own(cluster_home: Path) -> None:
    python = Path("/usr/bin/python3")  # the virtual environment may lie where only root comes
    new_enough = "import sys; sys.exit(sys.version_info < (3, 11))"
    if not python.exists() or subprocess.run([python, "-c", new_enough], check=False).returncode:
        pytest.skip("the system's own Python is older than 3.11")
    nobody = pwd.getpwnam("nobody")
    home = cluster_home / "theirs"
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    script = (
        "from pathlib import Path\nimport os\nfrom gisgrid.store.cluster import Cluster\n"
        f"cluster = Cluster(Path({str(home)!r}))\ncluster.start()\n"
        "server = cluster.status().server_process\n"
        "print(os.stat(f'/proc/{server}').st_uid, cluster.stop(force=True), cluster.status().state)"
    )
    answer = subprocess.run(
        [python, "-c", script],
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout.split() == [str(nobody.pw_uid), "True", "stopped"], answer.stderr


# ---- The server's process -------------------------------------------------------------------------------------------


def test_a_large_log_is_moved_aside(cluster_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LOG_LIMIT_BYTES", 10)
    launch = process.Launch(str(cluster_home), [], None, None, 1.0, kernel_guard=False)
    server = process.Server(process.Launch.from_json(launch.to_json()))
    server.log.write_text("short")
    server.trim_log()
    assert server.log.read_text() == "short"
    server.log.write_text("longer than ten bytes")
    server.trim_log()
    assert server.log.read_text() == ""
    assert server.log.with_suffix(".log.1").read_text() == "longer than ten bytes"
