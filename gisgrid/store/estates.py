"""Estates: which company manages one.

Room: store. In: a `Connection`, a building, a grid. Out: the name of a company. Must not import any other room.
"""

from __future__ import annotations

from gisgrid.store.database import Connection, named_query


def property_company(connection: Connection, *, building: str | None, grid: str | None) -> str | None:
    """Return the property company (物业) of the building's estate, else the only one among the estates of the grid.

    None where neither tells: of several companies in a grid none is guessed.
    """
    found: str | None = connection.execute(
        named_query("property_company"), {"building": building, "grid": grid}
    ).scalar_one()
    return found
