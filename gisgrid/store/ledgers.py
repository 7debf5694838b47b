"""What a ledger lists of a division, read table by table in one transaction.

Room: store. In: a `Connection`, codes of communities. Out: `gisgrid.model.ledger`. Must not import any other room.

A district has hundreds of communities: each list is one query over all of them, not one for each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from shapely import Geometry

from gisgrid.model import Estate
from gisgrid.model.ledger import BuildingLine, FindingLine, LineageLine, Residents
from gisgrid.store.database import Connection, named_query
from gisgrid.store.shapes import shape


def buildings(connection: Connection, communities: Sequence[str]) -> list[BuildingLine]:
    """Return the buildings of the communities, in order of community and code."""
    return [
        BuildingLine(
            row.community_code,
            row.code,
            row.name,
            row.address,
            row.floors,
            row.households,
            row.household_source,
            row.household_measure,
            row.use,
            row.estate_code,
            row.grid_code,
        )
        for row in connection.execute(named_query("ledger_buildings"), {"communities": list(communities)})
    ]


def estates(connection: Connection, communities: Sequence[str]) -> list[Estate]:
    """Return the estates that buildings of the communities belong to, without their areas, in order of code."""
    rows = connection.execute(named_query("ledger_estates"), {"communities": list(communities)})
    return [Estate(row.code, row.name, row.type, row.property_company, None) for row in rows]


def lineage(connection: Connection, communities: Sequence[str]) -> list[LineageLine]:
    """Return what became of every retired grid of the communities, the latest change first."""
    rows = connection.execute(named_query("ledger_lineage"), {"communities": list(communities)})
    return [
        LineageLine(
            row.community_code,
            str(row.edition_id),
            row.changed_at,
            row.published_by,
            row.parent,
            row.child,
            row.households,
        )
        for row in rows
    ]


def findings(connection: Connection, communities: Sequence[str]) -> list[FindingLine]:
    """Return the findings of the plans in force, errors first in each community."""
    rows = connection.execute(named_query("ledger_findings"), {"communities": list(communities)})
    return [
        FindingLine(row.community_code, row.rule, row.severity, row.message_zh, tuple(row.codes), row.accepted_by)
        for row in rows
    ]


def residents(connection: Connection, communities: Sequence[str]) -> dict[str, Residents]:
    """Return the registered households of each community that has any."""
    rows = connection.execute(named_query("ledger_residents"), {"communities": list(communities)})
    return {row.community_code: Residents(row.households, row.with_size, row.people) for row in rows}


def named_lines(connection: Connection, communities: Sequence[str]) -> dict[str, list[tuple[str, Geometry]]]:
    """Return the named streets and barriers in and around each community, as name and WGS-84 line."""
    lines: dict[str, list[tuple[str, Geometry]]] = defaultdict(list)
    for row in connection.execute(named_query("named_barriers"), {"communities": list(communities)}):
        lines[row.community_code].append((row.name, shape(row.shape)))
    return dict(lines)
