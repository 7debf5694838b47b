"""`gisgrid serve`: the API, its documentation and the maps.

Room: the command line. In: an address. Out: a running server, until Ctrl-C.
"""

from __future__ import annotations

from typing import Annotated

import typer

from api import server
from gisgrid.cli.opening import opened_database
from gisgrid.cli.planning import compile_loops
from gisgrid.settings import Settings


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Server processes.")] = 1,
) -> None:
    """Serve the API at /v1, its documentation at /docs and the maps at /maps/."""
    settings = Settings.from_environment()
    compile_loops()  # before the service is ready, so that no request waits for it
    with opened_database(settings):
        server.run(settings, host=host, port=port, workers=workers)
