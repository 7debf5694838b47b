"""`gisgrid key …` and `gisgrid user …`: who may come in over HTTP.

Room: the command line. In: names, roles, scopes. Out: a key's secret, shown once; tables of what there is.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from gisgrid import wire
from gisgrid.cli import output
from gisgrid.cli.opening import opened_database
from gisgrid.errors import UsageError
from gisgrid.model import ROLES, Role
from gisgrid.store import keys

ACTOR = "command line"

key_app = typer.Typer(help="Access keys of programs.", no_args_is_help=True)
user_app = typer.Typer(no_args_is_help=True)

RoleOption = Annotated[str, typer.Option("--role", help=f"One of {', '.join(ROLES)}.")]
ScopeOption = Annotated[str | None, typer.Option("--scope", help="Division code: reaches no further than this.")]


@key_app.command("create")
def create_key(
    role: RoleOption,
    name: Annotated[str, typer.Option("--name", help="What the key is for; histories name it.")],
    scope: ScopeOption = None,
    days: Annotated[int | None, typer.Option(min=1, help="Expires after so many days; never by default.")] = None,
    as_json: output.JsonOption = False,
) -> None:
    """Make a key and print its secret, which is shown this once only."""
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with opened_database() as database, database.transaction() as connection:
        key_id, secret = keys.create_key(
            connection, name=name, role=_role(role), scope=scope, expires_at=expires_at, actor=ACTOR
        )
    if as_json:
        output.print_json({"id": key_id, "name": name, "role": role, "scope": scope, "key": secret})
    else:
        output.talk.print("Keep it now: only its fingerprint is stored. Send it as `Authorization: Bearer KEY`.")
        output.result.print(secret, markup=False)


@key_app.command("list")
def list_keys(as_json: output.JsonOption = False) -> None:
    """Print every key without its secret, the revoked ones too."""
    with opened_database() as database, database.transaction() as connection:
        found = keys.list_keys(connection)
    columns = ("id", "name", "role", "scope", "created_at", "expires_at", "revoked_at", "last_used_at")
    rows = [{name: _plain(getattr(key, name)) for name in columns} for key in found]
    if as_json:
        output.print_json(rows)
    else:
        output.print_table(columns, [tuple(row.values()) for row in rows])


@key_app.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `gisgrid key list` shows it.")],
    as_json: output.JsonOption = False,
) -> None:
    """Make a key worthless from now on."""
    with opened_database() as database, database.transaction() as connection:
        keys.revoke_key(connection, key_id, actor=ACTOR)
    if as_json:
        output.print_json({"id": key_id, "revoked": True})
    else:
        output.result.print(f"key {key_id} revoked", markup=False)


@user_app.callback()
def users() -> None:
    """People who sign in with a browser."""


@user_app.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="The name to sign in with.")],
    role: RoleOption,
    scope: ScopeOption = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
    ] = False,
    as_json: output.JsonOption = False,
) -> None:
    """Add somebody who signs in with a browser; asks for the password, which never stands on the command line."""
    password = _password(from_stdin=password_stdin)
    with opened_database() as database, database.transaction() as connection:
        keys.add_user(connection, name=name, password=password, role=_role(role), scope=scope, actor=ACTOR)
    if as_json:
        output.print_json({"name": name, "role": role, "scope": scope})
    else:
        output.result.print(f"user {name} added as {role}", markup=False)


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UsageError("There is no terminal to ask for the password; send it by --password-stdin.")
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return asked


def _role(text: str) -> Role:
    for role in ROLES:
        if text == role:
            return role
    raise UsageError(f"There is no role {text!r}; choose one of {', '.join(ROLES)}.")


def _plain(value: object) -> object:
    return wire.instant(value) if isinstance(value, datetime) else value
