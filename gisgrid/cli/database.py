"""`gisgrid db`: the private PostGIS, the schema, backups.

Room: the command line. In: arguments and settings. Out: text or JSON.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from gisgrid.cli import output
from gisgrid.cli.opening import database_url
from gisgrid.cli.output import JsonOption
from gisgrid.errors import UsageError
from gisgrid.settings import Settings
from gisgrid.store import backup as backups
from gisgrid.store import migrations
from gisgrid.store.cluster import Cluster, ClusterStatus
from gisgrid.store.server import Server, describe

app = typer.Typer(
    name="db",
    help="The database: the private PostGIS of this machine, or the one that GISGRID_DATABASE_URL names.",
    no_args_is_help=True,
)

ForceOption = Annotated[bool, typer.Option("--force", help="Also while other gisgrid processes use it.")]
ReplaceOption = Annotated[bool, typer.Option("--replace", help="Also over data, which is then gone.")]
FileArgument = Annotated[Path, typer.Argument(help="The backup's file.", dir_okay=False, resolve_path=True)]


@app.command()
def start(as_json: JsonOption = False) -> None:
    """Start the private PostGIS, and let it run until `gisgrid db stop`; make it where there is none yet."""
    cluster = _private_cluster()
    cluster.stand()
    _print_status(cluster.status(), describe(cluster.url), as_json=as_json)
    output.talk.print("It runs until: gisgrid db stop")


@app.command()
def stop(force: ForceOption = False, as_json: JsonOption = False) -> None:
    """Stop the private PostGIS."""
    cluster = _private_cluster()
    was_running = cluster.stop(force=force)
    _print_status(cluster.status(), None, as_json=as_json)
    output.talk.print("The private database is stopped." if was_running else "The private database was not running.")


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Tell what runs where; start nothing."""
    settings = Settings.from_environment()
    if settings.database_url is not None:
        _print_fields({"state": "running", **_server_fields(describe(settings.database_url))}, as_json=as_json)
        return
    cluster = Cluster(settings.home)
    found = cluster.status()
    _print_status(found, describe(cluster.url) if found.state == "running" else None, as_json=as_json)


@app.command()
def url(as_json: JsonOption = False) -> None:
    """Print the database's address with its password, for other programs; the private PostGIS then keeps running."""
    settings = Settings.from_environment()
    address = settings.database_url
    if address is None:
        address = Cluster(settings.home).stand()
        output.talk.print("The private database runs until: gisgrid db stop")
    if as_json:
        output.print_json({"url": address})
    else:
        output.result.print(address, markup=False)


@app.command()
def upgrade(as_json: JsonOption = False) -> None:
    """Bring the schema to the newest that this gisgrid knows; on a current one change nothing."""
    address = database_url(Settings.from_environment())
    migrations.upgrade(address)
    server = describe(address)
    _print_fields(_server_fields(server), as_json=as_json)


@app.command()
def backup(file: FileArgument, as_json: JsonOption = False) -> None:
    """Save everything into a file; whoever may read the file may read the data."""
    _print_backup(backups.backup(database_url(Settings.from_environment()), file), as_json=as_json)


@app.command()
def restore(file: FileArgument, replace: ReplaceOption = False, as_json: JsonOption = False) -> None:
    """Put a backup into an empty database; whole or not at all."""
    _print_backup(backups.restore(database_url(Settings.from_environment()), file, replace=replace), as_json=as_json)


def _private_cluster() -> Cluster:
    settings = Settings.from_environment()
    if settings.database_url is not None:
        raise UsageError(
            "GISGRID_DATABASE_URL names a server that you run yourself, and gisgrid starts and stops only its private "
            "one; unset the variable, or use that server's own commands."
        )
    return Cluster(settings.home)


def _print_status(found: ClusterStatus, server: Server | None, *, as_json: bool) -> None:
    fields = {**dataclasses.asdict(found), "folder": str(found.folder)}
    _print_fields({**fields, **(_server_fields(server) if server else {})}, as_json=as_json)


def _server_fields(server: Server) -> dict[str, Any]:
    return dataclasses.asdict(server)


def _print_backup(done: backups.Backup, *, as_json: bool) -> None:
    _print_fields({**dataclasses.asdict(done), "file": str(done.file)}, as_json=as_json)


def _print_fields(fields: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.print_json(fields)
    else:
        output.print_table(("what", "value"), fields.items())
