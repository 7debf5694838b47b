"""A new draft that is not drawn: from an edition, or blank.

Room: a part of the corridor, beside `drawing`. In: a `Database`, a community, where the draft begins. Out: the plan.
"""

from __future__ import annotations

from typing import Literal

from gisgrid.errors import Conflict, UsageError
from gisgrid.model import Drawing, DrawSettings, Edition, Plan
from gisgrid.plan.laying import blank_drawing, edition_drawing
from gisgrid.store import editions, inputs, plans
from gisgrid.store.database import Connection, Database

DraftOrigin = Literal["edition", "blank"]


def draft_plan(
    database: Database,
    community: str,
    origin: DraftOrigin,
    settings: DrawSettings | None = None,
    *,
    edition: str | None = None,
) -> Plan:
    """Return a new draft of a community that nobody drew: its grids as they are in force, or its bare ground.

    Parameters
    ----------
    origin
        `edition` lays the edition in force, or the one that is named, on the ground of today; what differs is told by
        findings. `blank` has cells and no grid.
    settings
        The band that its grids are checked against.
    edition
        An old edition that is to be restored.

    Raises
    ------
    NotFound
        An unknown community or edition, or no polygon.
    UsageError
        The edition is of another community, or one is named for a blank draft.
    Conflict
        There are no buildings, or no edition is in force.
    """
    asked = settings or DrawSettings()
    if edition is not None and origin != "edition":
        raise UsageError("An edition was named for a blank draft; ask for one from the edition, or leave it out.")
    with database.transaction() as connection:
        material = inputs.read_community(connection, community)
        if not material.buildings:
            raise Conflict(f"Community {community} has no buildings; import them first: gisgrid import buildings FILE.")
        if origin == "blank":
            drawing = blank_drawing(material, asked)
        else:
            chosen = _chosen(connection, community, material.current, edition)
            cells = plans.cells_and_borders(connection, chosen.plan)[0]
            drawing = edition_drawing(material, asked, chosen, cells)
        return _saved(connection, drawing)


def _chosen(connection: Connection, community: str, current: Edition | None, edition: str | None) -> Edition:
    """Return the edition that the draft begins from."""
    if edition is None:
        if current is None:
            raise Conflict(f"Community {community} has no edition in force; draw it, or begin with a blank draft.")
        return current
    found = editions.get(connection, edition)
    if found.community != community:
        raise UsageError(f"Edition {edition} is of community {found.community}; name one of {community}.")
    return found


def _saved(connection: Connection, drawing: Drawing) -> Plan:
    """Return the drawing as a plan that is kept."""
    return plans.get(connection, plans.save_drawing(connection, drawing))
