"""How second nets lie to the grids of a division, read and judged.

Room: the corridor, below `workflow`. In: a `Database` or its `Connection`, a division's code. Out: `NetMatch`.
"""

from __future__ import annotations

from gisgrid.errors import NotFound
from gisgrid.model.nets import NetMatch
from gisgrid.plan.second_net import match_nets
from gisgrid.store import divisions, nets
from gisgrid.store.database import Connection, Database


def draw_nets(database: Database, code: str) -> NetMatch:
    """Return how the second nets lie to the grids in force of a division.

    Raises
    ------
    NotFound
        No division has this code, or no community lies below it.
    """
    with database.transaction() as connection:
        return read_nets(connection, code)


def read_nets(connection: Connection, code: str) -> NetMatch:
    """Return how the second nets lie to the grids now; see `draw_nets`."""
    communities = [each.code for each in divisions.communities_under(connection, code)]
    if not communities:
        raise NotFound(f"Division {code} has no communities; `gisgrid import divisions FILE` brings them in.")
    shares = nets.shares(connection, communities)
    return match_nets(shares, {share.grid for share in shares if share.grid[:12] in communities})
