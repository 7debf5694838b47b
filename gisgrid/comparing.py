"""Two plans or editions of a community compared: who moves, and the map that shows it.

Room: the corridor, below `workflow`. In: a `Database`, the names of two divisions: a plan's id, or `edition:` and an
edition's. Out: `Comparison`, HTML.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from gisgrid.errors import UsageError
from gisgrid.maps.comparison_map import Side, comparison_data, find_moves, move_table
from gisgrid.model import CommunityInputs
from gisgrid.plan.compare import Comparison, compare
from gisgrid.store import divisions, editions, inputs, plans
from gisgrid.store.database import Connection, Database

EDITION_PREFIX: Final = "edition:"


def compare_plans(database: Database, before: str, after: str) -> Comparison:
    """Return who moves between two plans or editions of one community: buildings, households, from grid, to grid.

    Raises
    ------
    NotFound
        There is no such plan or edition.
    UsageError
        They are of two communities.
    """
    with database.transaction() as connection:
        first, second, material = _read(connection, before, after)
    return _compare(first, second, material)


def draw_comparison(database: Database, before: str, after: str) -> tuple[Comparison, str]:
    """Return who moves, and the map that shows it to staff as one HTML text; exceptions as of `compare_plans`."""
    from gisgrid.maps.staff_map import StaffMap  # noqa: PLC0415  folium takes seconds to load

    with database.transaction() as connection:
        first, second, material = _read(connection, before, after)
        chain = divisions.chain(connection, first.community)
    found = _compare(first, second, material)
    households = {building.code: building.households for building in material.buildings}
    moves = find_moves(first.grids, second.grids, dict(found.matched), households)
    path = [each for each in reversed(chain) if each.code != first.community]
    data = comparison_data(material, path, first, second, moves, datetime.now(UTC))
    page = StaffMap(data, audience="internal", tables=(move_table(moves),))
    html: str = page.get_root().render()
    return found, html


def community_of(connection: Connection, name: str) -> str:
    """Return the community of a plan or edition."""
    return _side(connection, name).community


def _read(connection: Connection, before: str, after: str) -> tuple[Side, Side, CommunityInputs]:
    first, second = _side(connection, before), _side(connection, after)
    if first.community != second.community:
        raise UsageError(
            f"{before} is of community {first.community}, {after} of {second.community}; "
            "compare two plans or editions of one community."
        )
    return first, second, inputs.read_community(connection, first.community)


def _side(connection: Connection, name: str) -> Side:
    if name.startswith(EDITION_PREFIX):
        edition = editions.get(connection, name.removeprefix(EDITION_PREFIX))
        return Side(f"版本 {edition.id}", edition.community, edition.grids, edition.valid_from)
    plan = plans.get(connection, name)
    return Side(f"方案 {plan.id}", plan.community, plan.grids, plan.created_at)


def _compare(first: Side, second: Side, material: CommunityInputs) -> Comparison:
    return compare(first.grids, second.grids, {each.code: each.households for each in material.buildings})
