"""What a plan's figures depend on, read in one row: so that what was worked out once can be kept while it holds.

Room: store. In: a plan's id as text. Out: a `PlanVersion`. Must not import any other room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gisgrid.errors import NotFound
from gisgrid.store.database import Connection, named_query
from gisgrid.store.plans import number

_QUERY: Final = named_query("plan_version")
"""Read from its file once: it is asked for at every step of a planner's hand."""


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """A plan at an instant: equal versions have equal grids, buildings, ties and editions.

    Attributes
    ----------
    plan
        The database's number of the plan: `007` and `7` are one.
    revision
        Counts the edits of the plan.
    last_import
        The last import of any layer; None before the first.
    last_edition
        The community's last edition; None before the first.
    """

    plan: int
    community: str
    revision: int
    last_import: int | None
    last_edition: int | None


def plan_version(connection: Connection, plan_id: str) -> PlanVersion:
    """Return the plan's version, without reading the plan.

    Raises
    ------
    NotFound
        There is no plan of this id.
    """
    plan = number(plan_id)
    row = connection.execute(_QUERY, {"plan": plan}).first()
    if row is None:
        raise NotFound(f"There is no plan {plan_id!r}; `gisgrid plans` lists them.")
    return PlanVersion(plan, row.community_code, row.revision, row.last_import, row.last_edition)
