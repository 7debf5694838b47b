"""The door to a Dask cluster, whose workers have gisgrid installed: they draw and assign as this process does.

Room: a part of the corridor. In: the address of a scheduler. Out: its client. Dask is imported only where it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

from gisgrid.errors import Unavailable, UsageError

_PATIENCE: Final = "10s"


@contextmanager
def dask_client(address: str) -> Iterator[Any]:
    """Yield a client of the scheduler at this address.

    Raises
    ------
    Unavailable
        None answers there.
    UsageError
        Dask is not installed.
    """
    distributed = dask_distributed()
    try:
        client = distributed.Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"No Dask scheduler answers at {address!r}; start one (dask scheduler) and workers that have gisgrid "
            "installed, and give its address, for example tcp://127.0.0.1:8786."
        ) from error
    with client:
        yield client


def dask_distributed() -> Any:
    """Return the module `dask.distributed`.

    Raises
    ------
    UsageError
        It is not installed.
    """
    try:
        return import_module("dask.distributed")
    except ImportError as error:
        raise UsageError(
            "Work over a cluster needs Dask, which is not installed; install it: pip install 'gisgrid[dask]'."
        ) from error
