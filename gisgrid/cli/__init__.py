"""The front door at the keyboard: `gisgrid VERB`, the verbs of `gisgrid.workflow` by the same names.

Room: above everything. In: arguments. Out: results on stdout, talk on stderr; exit status 0 done, 1 findings of
severity error or refused, 2 usage.

Only the file of the verb that was asked for is loaded: a lookup should not wait for what draws and imports.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, Final

import typer

import gisgrid
from gisgrid.cli import output
from gisgrid.errors import GisgridError

VERBS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "demo": ("demo", "demo"),
        "import": ("importing", "import_"),
        "draw": ("planning", "draw"),
        "micro": ("planning", "micro"),
        "repair": ("repairing", "repair"),
        "plans": ("planning", "plans"),
        "check": ("planning", "check"),
        "compare": ("planning", "compare"),
        "explain": ("advising", "explain"),
        "suggest": ("advising", "suggest"),
        "edit": ("editing", "edit"),
        "undo": ("editing", "undo"),
        "redo": ("editing", "redo"),
        "submit": ("planning", "submit"),
        "approve": ("planning", "approve"),
        "publish": ("planning", "publish"),
        "withdraw": ("planning", "withdraw"),
        "locate": ("lookup", "locate"),
        "assign": ("assigning", "assign"),
        "map": ("mapping", "map_"),
        "sheet": ("sheets", "sheet"),
        "ledger": ("ledgers", "ledger"),
        "circle": ("circles", "circle"),
        "ranking": ("rankings", "ranking"),
        "nets": ("nets", "nets"),
        "serve": ("serving", "serve"),
    }
)
"""Verb → its file in this folder and its function there, in the order of `gisgrid --help`."""

GROUPS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {"db": ("database", "app"), "key": ("access", "key_app"), "user": ("access", "user_app")}
)
"""Verbs with verbs of their own."""

OPTIONAL_VALUES: Final = MappingProxyType({"--estimate-households": "100"})
"""Options that may stand without their value, and the value that they then have."""

_TAKES_NEGATIVE_NUMBERS: Final = MappingProxyType({"locate": {"ignore_unknown_options": True}})


def _version(wanted: bool) -> None:
    if wanted:
        output.result.print(gisgrid.__version__)
        raise typer.Exit


def gisgrid_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Draw, check, version and look up the grids of community governance (网格化治理)."""


def command_line(arguments: list[str]) -> typer.Typer:
    """Return the command line with the verb that the arguments name, or with every verb where they name none."""
    app = typer.Typer(name="gisgrid", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
    app.callback()(gisgrid_command)
    named = (argument for argument in arguments if argument in VERBS or argument in GROUPS)
    wanted = "" if arguments == ["--version"] else next(named, None)
    for verb, (file, function) in VERBS.items():
        if wanted in {None, verb}:
            register = app.command(verb, context_settings=dict(_TAKES_NEGATIVE_NUMBERS.get(verb, {})))
            register(getattr(import_module(f"gisgrid.cli.{file}"), function))
    for verb, (file, group) in GROUPS.items():
        if wanted in {None, verb}:
            app.add_typer(getattr(import_module(f"gisgrid.cli.{file}"), group), name=verb)
    return app


def with_optional_values(arguments: list[str]) -> list[str]:
    """Return the arguments with the value filled in for an option that may stand without one.

    Examples
    --------
    >>> with_optional_values(["import", "buildings", "a.gpkg", "--estimate-households", "--dry-run"])
    ['import', 'buildings', 'a.gpkg', '--estimate-households', '100', '--dry-run']
    >>> with_optional_values(["import", "buildings", "a.gpkg", "--estimate-households", "80"])
    ['import', 'buildings', 'a.gpkg', '--estimate-households', '80']
    >>> with_optional_values([])
    []
    """
    filled = []
    for argument, following in pairwise([*arguments, ""]):
        filled.append(argument)
        if argument in OPTIONAL_VALUES and not following.replace(".", "", 1).isdigit():
            filled.append(OPTIONAL_VALUES[argument])
    return filled


def main(arguments: list[str] | None = None) -> None:
    """Run one verb and exit with its status."""
    given = with_optional_values(sys.argv[1:] if arguments is None else arguments)
    try:
        command_line(given)(args=given)
    except GisgridError as error:
        sys.exit(output.refuse(error, as_json="--json" in given))
    except KeyboardInterrupt:
        output.talk.print("interrupted; nothing half done was kept.")
        sys.exit(130)


if __name__ == "__main__":
    main()
