"""What a service circle is worked out from: inhabited buildings, service centres, streets around a division.

Room: store. In: a `Connection`, communities, how far around them. Out: `model.circles.CircleInputs`. Must not import
any other room.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import shapely

from gisgrid.model import Barrier, Division, Site
from gisgrid.model.circles import SERVICE_CENTRE, CircleBuilding, CircleInputs
from gisgrid.store import editions
from gisgrid.store.database import Connection, named_query
from gisgrid.store.shapes import shape

_METRES_PER_DEGREE = 111_320.0


def read_circle(connection: Connection, communities: Sequence[Division], *, around_m: float) -> CircleInputs:
    """Return the inhabited buildings of communities, and the centres and streets on their ground and around it.

    Parameters
    ----------
    around_m
        How far beyond the communities centres and streets are read: the nearest centre may be a neighbour's.
    """
    codes = [community.code for community in communities]
    around = _around(communities, around_m)
    if around is None:
        return CircleInputs(tuple(communities), (), (), (), ())
    return CircleInputs(
        communities=tuple(communities),
        grids=tuple(editions.coverage(connection, communities=codes)),
        buildings=tuple(
            CircleBuilding(row.code, row.community_code, row.grid_code, row.households, shape(row.shape))
            for row in connection.execute(named_query("circle_buildings"), {"communities": codes})
        ),
        centres=tuple(
            Site(row.code, row.kind, row.name, shape(row.shape), row.area_m2)
            for row in connection.execute(named_query("circle_sites"), {"kind": SERVICE_CENTRE, **around})
        ),
        lines=tuple(
            Barrier(row.kind, shape(row.shape), row.name)
            for row in connection.execute(named_query("circle_lines"), around)
        ),
    )


def _around(communities: Sequence[Division], around_m: float) -> dict[str, float] | None:
    """Return the rectangle around the communities, None where none has a polygon."""
    shapes = [community.geometry for community in communities if community.geometry is not None]
    if not shapes:
        return None
    west, south, east, north = (float(value) for value in shapely.total_bounds(shapes))
    lat = around_m / _METRES_PER_DEGREE
    lon = lat / max(math.cos(math.radians(max(abs(south), abs(north)))), 0.01)
    return {"west": west - lon, "south": south - lat, "east": east + lon, "north": north + lat}
