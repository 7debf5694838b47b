"""`gisgrid key …` and `gisgrid user …` against a real database, and what they give opens the service."""

from __future__ import annotations

import json

import pytest
from served_town import STREETS, Service
from typer.testing import CliRunner

from gisgrid.cli import access, main
from gisgrid.errors import GisgridError, NotFound, UsageError
from gisgrid.store.database import Database


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, town: Database):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("GISGRID_DATABASE_URL", town.url)

    def invoke(app: object, *arguments: str, sent: str | None = None):  # type: ignore[no-untyped-def]
        return CliRunner().invoke(app, arguments, input=sent)  # type: ignore[arg-type]

    return invoke


def test_a_key_is_made_shown_once_listed_and_revoked(run, service: Service) -> None:  # type: ignore[no-untyped-def]
    made = run(access.key_app, "create", "--role", "viewer", "--scope", STREETS[0], "--name", "大屏")
    assert made.exit_code == 0
    secret = made.stdout.strip().splitlines()[-1]
    client = service.client()
    client.headers["Authorization"] = f"Bearer {secret}"
    assert client.get("/v1/divisions").status_code == 200
    listed = json.loads(run(access.key_app, "list", "--json").stdout)
    assert [(key["name"], key["role"], key["scope"], key["revoked_at"]) for key in listed] == [
        ("大屏", "viewer", STREETS[0], None)
    ]
    assert secret not in json.dumps(listed)
    assert run(access.key_app, "revoke", listed[0]["id"]).exit_code == 0
    assert client.get("/v1/divisions").status_code == 401


def test_a_user_is_added_with_a_password_from_standard_input(run, service: Service) -> None:  # type: ignore[no-untyped-def]
    arguments = ("add", "王规划", "--role", "planner", "--password-stdin")
    assert run(access.user_app, *arguments, sent="correct horse battery\n").exit_code == 0
    browser = service.client()
    form = {"name": "王规划", "password": "correct horse battery"}
    assert browser.post("/login", data=form).status_code == 303


@pytest.mark.parametrize(
    ("arguments", "sent", "error"),
    [
        (("key", "create", "--role", "root", "--name", "a"), None, UsageError),
        (("key", "create", "--role", "viewer", "--name", ""), None, UsageError),
        (("key", "create", "--role", "viewer", "--name", "a", "--scope", "999999"), None, NotFound),
        (("key", "revoke", "77"), None, NotFound),
        (("user", "add", "a", "--role", "viewer", "--password-stdin"), "short\n", UsageError),
        (("user", "add", "a", "--role", "viewer"), "", UsageError),
    ],
)
def test_what_is_wrong_is_refused_with_its_status(
    run,
    arguments: tuple[str, ...],
    sent: str | None,
    error: type[GisgridError],  # type: ignore[no-untyped-def]
) -> None:
    app = {"key": access.key_app, "user": access.user_app}[arguments[0]]
    assert isinstance(run(app, *arguments[1:], sent=sent).exception, error)


def test_the_command_line_tells_a_refusal_by_exit_status_and_sentence(
    monkeypatch: pytest.MonkeyPatch, town: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GISGRID_DATABASE_URL", town.url)
    with pytest.raises(SystemExit) as ended:
        main(["key", "create", "--role", "root", "--name", "a"])
    assert ended.value.code == 2
    assert "choose one of viewer, dispatch" in " ".join(capsys.readouterr().err.split())
