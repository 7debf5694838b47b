"""Second nets over the grids: their areas, and the buildings that they have in common with grids.

Room: store. In: a `Connection`, codes of communities. Out: `model.nets`. Must not import any other room.
"""

from __future__ import annotations

from collections.abc import Sequence

from gisgrid.model.nets import NetArea, NetShare
from gisgrid.store.database import Connection, named_query
from gisgrid.store.shapes import shape


def areas(connection: Connection, communities: Sequence[str]) -> list[NetArea]:
    """Return the areas of second nets that reach into communities, in order of net and code."""
    rows = connection.execute(named_query("net_areas"), {"communities": list(communities)})
    return [NetArea(row.net, row.code, row.name, shape(row.shape)) for row in rows]


def shares(connection: Connection, communities: Sequence[str]) -> list[NetShare]:
    """Return the buildings that areas have in common with grids of communities, and with others beyond."""
    rows = connection.execute(named_query("net_shares"), {"communities": list(communities)})
    return [
        NetShare(row.grid_code, row.net, row.area_code, row.area_name, row.buildings, row.households) for row in rows
    ]
