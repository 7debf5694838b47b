"""Everything that a draw of one community reads, in one value.

Room: store. In: a community's code. Out: `model.CommunityInputs`. Must not import any other room.
"""

from __future__ import annotations

from typing import Any

from gisgrid.errors import NotFound, UsageError
from gisgrid.model import Barrier, Building, CommunityInputs, Estate, Site, Tie
from gisgrid.store import divisions, editions
from gisgrid.store.database import Connection, named_query
from gisgrid.store.shapes import shape


def read_community(connection: Connection, code: str) -> CommunityInputs:
    """Return the community with its polygon, buildings, surroundings, ties, edition in force and used codes.

    Every sequence has an order that depends on what the things are, never on the order in which they were imported.

    Raises
    ------
    NotFound
        There is no such community, or it has no polygon yet.
    UsageError
        The code is that of a street or district.
    """
    community = divisions.get(connection, code)
    if community.level != "community":
        raise UsageError(f"{code} is a {community.level}; name one of its communities.")
    if community.geometry is None:
        raise NotFound(f"Community {code} has no polygon yet; `gisgrid import divisions FILE` with its boundary.")
    return CommunityInputs(
        community=community,
        buildings=_buildings(connection, code),
        foreign_footprints=tuple(shape(row.shape) for row in _rows(connection, "foreign_footprints", code)),
        barriers=tuple(
            Barrier(kind=row.kind, geometry=shape(row.shape), name=row.name)
            for row in _rows(connection, "community_barriers", code)
        ),
        estates=tuple(
            Estate(row.code, row.name, row.type, row.property_company, shape(row.shape))
            for row in _rows(connection, "community_estates", code)
        ),
        sites=tuple(
            Site(code=row.code, kind=row.kind, name=row.name, geometry=shape(row.shape), area_m2=row.area_m2)
            for row in _rows(connection, "community_sites", code)
        ),
        ties=tuple(Tie(row.a, row.b, row.weight, row.kind) for row in _rows(connection, "community_ties", code)),
        current=editions.in_force(connection, code),
        used_codes=editions.used_codes(connection, code),
    )


def _rows(connection: Connection, query: str, code: str) -> Any:
    """Return the rows of a named query about one community."""
    return connection.execute(named_query(query), {"community": code})


def _buildings(connection: Connection, code: str) -> tuple[Building, ...]:
    """Return the community's buildings in order of their codes."""
    return tuple(
        Building(
            code=row.code,
            geometry=shape(row.shape),
            name=row.name,
            estate=row.estate_code,
            address=row.address,
            floors=row.floors,
            height_m=row.height_m,
            households=row.households,
            household_source=row.household_source,
            household_measure=row.household_measure,
            use=row.use,
            community=code,
        )
        for row in _rows(connection, "community_buildings", code)
    )
