"""The front door at the keyboard: `gisgrid VERB`, the verbs of `gisgrid.workflow` by the same names.

Room: above everything. In: arguments. Out: results on stdout, talk on stderr; exit status 0 done, 1 findings of
severity error or refused, 2 usage.
"""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer

import gisgrid
from gisgrid.cli import access, database, demo, importing, lookup, output, planning
from gisgrid.errors import GisgridError

app = typer.Typer(
    name="gisgrid",
    help="Draw, check, version and look up the grids of community governance (网格化治理).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

OPTIONAL_VALUES: Final = {"--estimate-households": importing.DEFAULT_DWELLING_M2}
"""Options that may stand without their value, and the value that they then have."""


def _version(wanted: bool) -> None:
    if wanted:
        output.result.print(gisgrid.__version__)
        raise typer.Exit


@app.callback()
def gisgrid_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Draw, check, version and look up the grids of community governance (网格化治理)."""


app.command("demo")(demo.demo)
app.command("import")(importing.import_)
app.command("draw")(planning.draw)
app.command("plans")(planning.plans)
app.command("check")(planning.check)
app.command("compare")(planning.compare)
app.command("submit")(planning.submit)
app.command("approve")(planning.approve)
app.command("publish")(planning.publish)
app.command("locate", context_settings={"ignore_unknown_options": True})(lookup.locate)
app.command("map")(lookup.map_)
app.command("serve")(lookup.serve)
app.add_typer(database.app, name="db")
app.add_typer(access.key_app, name="key")
app.add_typer(access.user_app, name="user")


def with_optional_values(arguments: list[str]) -> list[str]:
    """Return the arguments with the value filled in for an option that may stand without one.

    Examples
    --------
    >>> with_optional_values(["import", "buildings", "a.gpkg", "--estimate-households", "--dry-run"])
    ['import', 'buildings', 'a.gpkg', '--estimate-households', '100', '--dry-run']
    >>> with_optional_values(["import", "buildings", "a.gpkg", "--estimate-households", "80"])
    ['import', 'buildings', 'a.gpkg', '--estimate-households', '80']
    """
    filled = []
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        filled.append(argument)
        if argument in OPTIONAL_VALUES and not following.replace(".", "", 1).isdigit():
            filled.append(OPTIONAL_VALUES[argument])
    return filled


def main(arguments: list[str] | None = None) -> None:
    """Run one verb and exit with its status."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        app(args=with_optional_values(given), standalone_mode=True)
    except GisgridError as error:
        sys.exit(output.refuse(error, as_json="--json" in given))
    except KeyboardInterrupt:
        output.talk.print("interrupted; nothing half done was kept.")
        sys.exit(130)


if __name__ == "__main__":
    main()
