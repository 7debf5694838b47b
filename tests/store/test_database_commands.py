"""`gisgrid db` as a user types it: results on stdout, talk on stderr, the exit statuses of the contract."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gisgrid.cli import main
from gisgrid.store import cluster


@dataclass(frozen=True)
class Answer:
    """What a command leaves behind."""

    status: int
    stdout: str
    stderr: str


GisgridDb = Callable[..., Answer]


@pytest.fixture
def gisgrid_db(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> GisgridDb:
    """Runs `gisgrid db …` with these environment variables as if in a process of its own."""

    def run(*arguments: str, **environment: str) -> Answer:
        for name in [name for name in os.environ if name.startswith("GISGRID_")]:
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        held = set(cluster.HOLDERS)
        with pytest.raises(SystemExit) as ended:
            main(["db", *arguments])
        for each in set(cluster.HOLDERS) - held:
            each.release()  # as the end of the process does
        captured = capsys.readouterr()
        return Answer(int(ended.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def result_of(gisgrid_db: GisgridDb) -> Callable[..., dict[str, Any]]:
    """The JSON of a command that must succeed."""

    def run(*arguments: str, **environment: str) -> dict[str, Any]:
        answer = gisgrid_db(*arguments, "--json", **environment)
        assert answer.status == 0, answer.stderr
        document: dict[str, Any] = json.loads(answer.stdout)
        return document

    return run


ResultOf = Callable[..., dict[str, Any]]


def test_the_private_database_from_first_start_to_restore(
    gisgrid_db: GisgridDb, result_of: ResultOf, stopped_home: Path, tmp_path: Path
) -> None:
    home = str(stopped_home)
    assert result_of("status", GISGRID_HOME=home)["state"] == "stopped"
    assert result_of("start", GISGRID_HOME=home)["standing"] is True
    assert result_of("upgrade", GISGRID_HOME=home)["revision"] is not None

    url = result_of("url", GISGRID_HOME=home)["url"]
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO gisgrid.divisions (code, name, level) VALUES ('990101', '某区', 'district')")
    file = tmp_path / "b.dump"
    assert result_of("backup", str(file), GISGRID_HOME=home)["size_bytes"] == file.stat().st_size

    refused = gisgrid_db("restore", str(file), "--json", GISGRID_HOME=home)
    assert refused.status == 1
    assert json.loads(refused.stdout)["error"] == "conflict"
    assert "--replace" in refused.stderr
    assert result_of("restore", str(file), "--replace", GISGRID_HOME=home)["file"] == str(file)

    stopped = gisgrid_db("stop", GISGRID_HOME=home)
    assert stopped.status == 0
    assert "stopped" in stopped.stderr
    assert result_of("status", GISGRID_HOME=home)["server_process"] is None


@pytest.mark.parametrize("verb", ["start", "stop"])
def test_a_server_of_your_own_is_not_started_or_stopped(gisgrid_db: GisgridDb, verb: str) -> None:
    refused = gisgrid_db(verb, GISGRID_DATABASE_URL="postgresql://127.0.0.1:1/x")
    assert refused.status == 2
    assert refused.stdout == ""
    assert "unset the variable" in refused.stderr.replace("\n", " ")


def test_a_server_of_your_own_is_described_saved_and_upgraded(
    gisgrid_db: GisgridDb, result_of: ResultOf, empty_database_url: str, tmp_path: Path
) -> None:
    own = {"GISGRID_DATABASE_URL": empty_database_url}
    assert result_of("status", **own)["revision"] is None
    assert gisgrid_db("backup", str(tmp_path / "b.dump"), **own).status == 1
    upgraded = result_of("upgrade", **own)
    assert upgraded["revision"] == upgraded["newest_revision"]
    assert result_of("url", **own) == {"url": empty_database_url}
    password = psycopg.conninfo.conninfo_to_dict(empty_database_url)["password"]
    assert str(password) not in gisgrid_db("status", **own).stdout


def test_a_server_that_is_away_is_said_so(gisgrid_db: GisgridDb) -> None:
    away = gisgrid_db("status", "--json", GISGRID_DATABASE_URL="postgresql://u:secret@127.0.0.1:1/x")
    assert away.status == 1
    assert json.loads(away.stdout)["error"] == "database_unavailable"
    assert "secret" not in away.stdout + away.stderr


@pytest.mark.parametrize(
    "address", ["secret", "mysql://u:secret@127.0.0.1/x", "postgresql://u:secret@127.0.0.1:1/x?a=b"]
)
@pytest.mark.parametrize("arguments", [("status",), ("upgrade",), ("backup", "absent/b.gisgrid")])
def test_an_address_that_cannot_be_read_is_said_so_and_not_echoed(
    gisgrid_db: GisgridDb, address: str, arguments: tuple[str, ...]
) -> None:
    told = gisgrid_db(*arguments, "--json", GISGRID_DATABASE_URL=address)
    assert (told.status, json.loads(told.stdout)["error"]) == (2, "usage")
    assert "postgresql://user:password@host:5432/name" in told.stdout
    assert "secret" not in told.stdout + told.stderr
