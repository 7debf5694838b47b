"""The staff map of a division, and what every map of it shows, read in one transaction.

Room: the corridor, below `workflow`. In: a `Database`, a division's code. Out: HTML, a folium map or layer;
`maps.content.MapData`.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gisgrid.figures import figure_layers
from gisgrid.maps.base_map import BaseMap
from gisgrid.maps.content import Audience, MapCommunity, MapData
from gisgrid.model import Division
from gisgrid.store import audit, divisions, inputs, posts
from gisgrid.store.database import Connection, Database

if TYPE_CHECKING:
    from gisgrid.maps.grid_layer import GridLayer
    from gisgrid.maps.staff_map import StaffMap


def draw_map(
    database: Database,
    code: str,
    *,
    audience: Audience = "public",
    phones: bool = False,
    approval_number: str | None = None,
    base_map: BaseMap | None = None,
    actor: str = "command line",
) -> str:
    """Return the staff map of a community, street or district as one HTML text that needs no network.

    Parameters are those of `staff_map`; who is handed an internal map or phones stands in the audit log.
    """
    page = staff_map(
        database, code, audience=audience, phones=phones, approval_number=approval_number, base_map=base_map
    )
    html: str = page.get_root().render()
    if audience == "internal" or phones:
        with database.transaction() as connection:
            audit.record(connection, actor=actor, action="map.draw", subject=code, audience=audience, phones=phones)
    return html


def staff_map(
    database: Database,
    code: str,
    *,
    audience: Audience = "public",
    phones: bool = False,
    approval_number: str | None = None,
    base_map: BaseMap | None = None,
) -> StaffMap:
    """Return the staff map of a community, street or district as a `folium.Map`, which a notebook shows.

    Parameters
    ----------
    code
        Any division.
    audience
        `public` leaves out what only staff may see.
    phones
        Whether duty phones are on it.
    approval_number
        The 审图号 that a map for the public carries.
    base_map
        Tiles that can be switched on under it.
    """
    from gisgrid.maps.staff_map import StaffMap  # noqa: PLC0415  folium takes seconds to load

    with database.transaction() as connection:
        data = _for_audience(connection, read_map_data(connection, code, approval_number=approval_number), audience)
    return StaffMap(dataclasses.replace(data, base_map=base_map), audience=audience, phones=phones)


def grid_layer(database: Database, code: str, *, audience: Audience = "public", phones: bool = False) -> GridLayer:
    """Return the grids of a community, street or district as a folium element for a `folium.Map` of one's own.

    Parameters are those of `staff_map`.
    """
    from gisgrid.maps.grid_layer import GridLayer  # noqa: PLC0415  folium takes seconds to load

    with database.transaction() as connection:
        data = _for_audience(connection, read_map_data(connection, code), audience)
    return GridLayer(data, audience=audience, phones=phones)


def read_map_data(connection: Connection, code: str, *, approval_number: str | None = None) -> MapData:
    """Return everything that a map of a community, street or district shows now.

    Parameters
    ----------
    approval_number
        The 审图号 that a map for the public carries.

    Raises
    ------
    NotFound
        No division has this code.
    """
    division = divisions.get(connection, code)
    return MapData(
        division=division,
        communities=tuple(_community(connection, each) for each in divisions.communities_under(connection, code)),
        drawn_at=datetime.now(UTC),
        path=tuple(each for each in reversed(divisions.chain(connection, code)) if each.code != code),
        approval_number=approval_number,
    )


def _for_audience(connection: Connection, data: MapData, audience: Audience) -> MapData:
    """Return the data of a map with what only staff may see; for the public none of it is even read."""
    if audience == "public":
        return data
    communities = [each.division.code for each in data.communities]
    estates = [estate for each in data.communities for estate in each.estates]
    figures = figure_layers(connection, data.division.code, communities, estates, data.drawn_at)
    return dataclasses.replace(data, layers=(*data.layers, *figures))


def _community(connection: Connection, community: Division) -> MapCommunity:
    """Return what a map shows of one community."""
    if community.geometry is None:
        return MapCommunity(community, None)
    material = inputs.read_community(connection, community.code)
    grids = [] if material.current is None else [grid.code for grid in material.current.grids if grid.code]
    return MapCommunity(
        division=community,
        edition=material.current,
        buildings=material.buildings,
        posts=tuple(post for held in posts.on_duty_in(connection, grids).values() for post in held),
        sites=material.sites,
        barriers=material.barriers,
        estates=material.estates,
    )
