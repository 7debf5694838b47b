"""Serves the app with uvicorn until it is told to stop; open requests are answered first.

Room: the front door on the wire. In: settings, an address. Out: a running server.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import uvicorn
from fastapi import FastAPI

from api.main import create_app
from api.origins import is_loopback
from gisgrid.errors import Conflict, UsageError
from gisgrid.settings import Settings

OPTIONS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        # By its name: a worker must answer its parent before it has imported the app.
        "http": "api.protocol:FrontProtocol",
        # Addresses hold coordinates of citizens; /metrics counts what an access log would list.
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 30,
        # A worker on a crowded machine is slow, not dead; to end it would only crowd it more.
        "timeout_worker_healthcheck": 60,
    }
)
"""How uvicorn is run, wherever it listens."""


def run(settings: Settings, *, host: str = "127.0.0.1", port: int = 8000, workers: int = 1) -> None:
    """Serve until SIGINT or SIGTERM; requests that are under way have half a minute to end.

    Parameters
    ----------
    workers
        Processes that answer. More than one read their settings from the environment anew.

    Raises
    ------
    UsageError
        Without keys on an address that others can reach, or in several processes; no address of this machine.
    Conflict
        Somebody listens there already.
    """
    if not settings.require_keys and (workers > 1 or not is_loopback(host)):
        raise UsageError(
            f"Without keys gisgrid serves this machine only, in one process, not {host} with {workers} worker(s); "
            "use `gisgrid serve`, which asks for keys."
        )
    _require_free(host, port)
    if workers == 1:
        uvicorn.run(create_app(settings, own_process=True), host=host, port=port, **OPTIONS)
        return
    if settings.database_url is not None:
        os.environ["GISGRID_DATABASE_URL"] = settings.database_url
    uvicorn.run("api.server:app_of_environment", factory=True, host=host, port=port, workers=workers, **OPTIONS)


def _require_free(host: str, port: int) -> None:
    """Refuse an address where nothing can listen, in a sentence, before anything is started."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            # As the server itself does: connections that are just ending do not hold the port.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Conflict(
                f"Another program listens at {host} port {port} already; end it, or choose another port with --port."
            ) from error
        raise UsageError(
            f"Nothing can listen at {host} port {port} ({error.strerror}); choose an address of this machine with "
            "--host and a port that you may use with --port."
        ) from error


def app_of_environment() -> FastAPI:
    """Return the app of the settings in the environment, for processes that uvicorn starts."""
    return create_app(Settings.from_environment(), own_process=True, one_of_several=True)
