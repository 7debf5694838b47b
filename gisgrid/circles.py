"""The service circle of a division, read and worked out.

Room: the corridor, below `workflow`. In: a `Database` or its `Connection`, a division's code. Out: `ServiceCircle`.
"""

from __future__ import annotations

from gisgrid.errors import NotFound, UsageError
from gisgrid.model.circles import CIRCLE_M, ServiceCircle
from gisgrid.plan.service_circle import service_circle
from gisgrid.store import circles, divisions
from gisgrid.store.database import Connection, Database


def draw_circle(database: Database, code: str, *, reach_m: float = CIRCLE_M) -> ServiceCircle:
    """Return which households of a community, street or district live within reach of a service centre.

    Parameters
    ----------
    reach_m
        From 1 to 20,000 m; 1,000 is a quarter of an hour on foot.

    Raises
    ------
    NotFound
        No division has this code, or no community lies below it.
    UsageError
        The reach is none.
    """
    with database.transaction() as connection:
        return read_circle(connection, code, reach_m=reach_m)


def read_circle(connection: Connection, code: str, *, reach_m: float = CIRCLE_M) -> ServiceCircle:
    """Return the service circle of a division as it is now; see `draw_circle`."""
    if not 1 <= reach_m <= 20_000:
        raise UsageError(f"A reach of {reach_m:g} m is no walk; name one from 1 to 20,000 m, such as 1000.")
    communities = divisions.communities_under(connection, code)
    if not communities:
        raise NotFound(f"Division {code} has no communities; `gisgrid import divisions FILE` brings them in.")
    # Streets are read a little farther than the reach: the way to a centre inside it may lead around.
    return service_circle(circles.read_circle(connection, communities, around_m=1.5 * reach_m), reach_m=reach_m)
