"""Who is to deal with a report: the posts on duty in its grid, and the property company where the report asks for it.

Room: the corridor, below `workflow`. In: a `Connection`, a report as kept. Out: `Responsible`. Must not import a web
framework, SQL or settings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gisgrid.model import GRID_NUMBER_WIDTH, Post
from gisgrid.store import estates, posts
from gisgrid.store.database import Connection
from gisgrid.store.reports import ReportRecord


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who is to deal with a report now.

    Attributes
    ----------
    posts
        On duty in its grid; none beyond the scope of whoever asks.
    property_company
        Of the estate, for a report whose target is the property company; None where none is known.
    """

    posts: tuple[Post, ...] = ()
    property_company: str | None = None


def responsible_for(connection: Connection, record: ReportRecord, reaches: Callable[[str], bool]) -> Responsible:
    """Return who is to deal with a report now.

    Parameters
    ----------
    reaches
        Whether a community is within the scope of whoever asks.
    """
    grid = record.assignment.grid
    seen = grid is not None and reaches(grid[:-GRID_NUMBER_WIDTH])
    building = record.assignment.building or record.report.building_code
    return Responsible(
        posts=tuple(posts.on_duty(connection, grid)) if grid is not None and seen else (),
        property_company=estates.property_company(connection, building=building, grid=grid)
        if record.report.target == "property"
        else None,
    )
