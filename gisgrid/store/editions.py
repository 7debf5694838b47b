"""Editions: a plan published in one transaction, and what is in force at an instant.

Room: store. In: a plan with its numbered grids. Out: `Edition`, `CoverageRow`. Must not import any other room.

The database judges every edition itself when it is published (`laws`); what it finds comes back as `RefusedData`.
No edition begins in the future, so that the one without an end is the one in force.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, func, select

from gisgrid.errors import NotFound
from gisgrid.model import CoverageRow, Edition, Finding, Grid, GridInForce, Lineage, Plan
from gisgrid.store import publication
from gisgrid.store.database import Connection, named_query
from gisgrid.store.publication import aware, lock_community, open_edition
from gisgrid.store.shapes import shape, wkb
from gisgrid.store.tables import EDITION_BUILDINGS, EDITION_GRIDS, EDITIONS, GRID_CODES

__all__ = [
    "NOTIFICATION_CHANNEL",
    "buildings_of",
    "coverage",
    "get",
    "grid_of_building",
    "heirs",
    "in_force",
    "in_force_at",
    "list_editions",
    "lock_community",
    "publish",
    "used_codes",
    "version",
]

NOTIFICATION_CHANNEL: Final = "gisgrid_edition"
_LARGEST_ID: Final = 2**63 - 1


def publish(  # noqa: PLR0913  one keyword for each part of the act; a dataclass would only rename them
    connection: Connection,
    *,
    plan: Plan,
    grids: Sequence[Grid],
    lineage: Sequence[Lineage],
    accepted: Sequence[Finding],
    actor: str,
    replaces: str | None,
    valid_from: datetime | None = None,
) -> Edition:
    """Put the plan in force and return its edition; the old edition ends at the very instant the new one begins.

    Everything happens in the caller's transaction, under the community's lock: nothing in between is ever seen.
    Household tallies are counted anew from the buildings as they are now.

    Parameters
    ----------
    plan
        As it was read: another revision by now is refused. Whether it must be approved first is the caller's rule;
        a rejected or published one is refused.
    grids
        Its grids with `code` set, as `plan.numbering` gives them.
    lineage
        What became of the codes that this edition retires.
    accepted
        The findings of severity error that the reviewer accepts; any other error refuses the plan.
    actor
        Who publishes: the name of a key or user.
    replaces
        The edition that the codes were numbered against, None where there was none.
    valid_from
        When it begins, now by default; not in the future, and later than the beginning of the edition it replaces.

    Raises
    ------
    StaleRevision
        The plan was changed since it was read.
    Conflict
        The plan is rejected or published already; another edition than `replaces` is in force; a code has
        been taken meanwhile.
    RefusedData
        The plan has errors that nobody accepted, or the edition breaks a law; the findings say which.
    UsageError
        A grid has no code, or `valid_from` is in the future or without time zone.
    """
    edition = publication.publish(
        connection,
        plan=plan,
        grids=grids,
        lineage=lineage,
        accepted=accepted,
        actor=actor,
        replaces=replaces,
        valid_from=valid_from,
    )
    return get(connection, edition)


def get(connection: Connection, edition_id: str) -> Edition:
    """Return the edition with its grids.

    Raises
    ------
    NotFound
        There is no edition of this id.
    """
    missing = NotFound(f"There is no edition {edition_id!r}; GET /v1/editions?community= lists them.")
    if not (edition_id.isascii() and edition_id.isdigit()) or int(edition_id) > _LARGEST_ID:
        raise missing
    row = connection.execute(select(EDITIONS).where(EDITIONS.columns.id == int(edition_id))).first()
    if row is None:
        raise missing
    return _edition(row, _grids(connection, row.id))


def in_force(connection: Connection, community: str, at: datetime | None = None) -> Edition | None:
    """Return the community's edition in force at an instant, now by default, with its grids; None where none is."""
    if at is None:
        row = open_edition(connection, community)
    else:
        columns = EDITIONS.columns
        query = select(EDITIONS).where(columns.community_code == community, columns.valid.contains(aware(at)))
        row = connection.execute(query).first()
    return None if row is None else _edition(row, _grids(connection, row.id))


def in_force_at(connection: Connection, at: datetime) -> frozenset[str]:
    """Return the ids of all editions in force at an instant: they name the state of the grids then."""
    columns = EDITIONS.columns
    rows = connection.execute(select(columns.id).where(columns.valid.contains(aware(at))))
    return frozenset(str(row.id) for row in rows)


def list_editions(connection: Connection, community: str) -> list[Edition]:
    """Return the community's editions without their grids, the newest first."""
    columns = EDITIONS.columns
    query = select(EDITIONS).where(columns.community_code == community).order_by(func.lower(columns.valid).desc())
    return [_edition(row, ()) for row in connection.execute(query)]


def coverage(
    connection: Connection, at: datetime | None = None, communities: Sequence[str] | None = None
) -> list[CoverageRow]:
    """Return every grid in force at an instant, now by default, in order of the codes.

    Parameters
    ----------
    at
        An instant with time zone.
    communities
        Only those of these communities.
    """
    rows = connection.execute(
        named_query("coverage"),
        {
            "at": None if at is None else aware(at),
            "communities": None if communities is None else list(communities),
        },
    )
    return [
        CoverageRow(
            code=row.code,
            name=row.name,
            kind=row.kind,
            households=row.households,
            buildings=row.buildings,
            area_m2=row.area_m2,
            community=row.community_code,
            edition=str(row.edition_id),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            geometry=shape(row.shape),
        )
        for row in rows
    ]


def version(connection: Connection) -> int:
    """Return a number that changes whenever an edition is published: how many there are.

    Editions are append-only, so the count grows with every commit; the highest id would miss one that commits late.
    """
    return int(connection.execute(select(func.count()).select_from(EDITIONS)).scalar_one())


def used_codes(connection: Connection, community: str) -> frozenset[str]:
    """Return every grid code that the community was ever given, in force or retired."""
    columns = GRID_CODES.columns
    return frozenset(connection.execute(select(columns.code).where(columns.community_code == community)).scalars())


def buildings_of(connection: Connection, edition_id: str) -> dict[str, str]:
    """Return the grid code of every building of an edition.

    Raises
    ------
    NotFound
        There is no edition of this id.
    """
    return {building: grid.key for grid in get(connection, edition_id).grids for building in grid.buildings}


def heirs(connection: Connection, grids: Collection[str]) -> dict[str, GridInForce | None]:
    """Return, for each of these codes that was ever given, the grid in force that continues it.

    A grid in force continues itself, an ended one is continued by way of those to which most of its households went;
    None where no grid in force does.
    """
    if not grids:
        return {}
    rows = connection.execute(named_query("heirs_of_grids"), {"codes": sorted(set(grids))})
    return {
        row.ancestor: None if row.edition_id is None else GridInForce(row.code, str(row.edition_id)) for row in rows
    }


def grid_of_building(connection: Connection, building: str, at: datetime | None = None) -> tuple[str, str] | None:
    """Return the grid code and edition id that hold a building at an instant, now by default; None where none does."""
    row = connection.execute(
        named_query("grid_of_building"), {"building": building, "at": None if at is None else aware(at)}
    ).first()
    return None if row is None else (row.grid_code, str(row.edition_id))


def _edition(row: Row[Any], grids: tuple[Grid, ...]) -> Edition:
    """Return the edition of a row of `editions`."""
    return Edition(
        id=str(row.id),
        community=row.community_code,
        plan=str(row.plan_id),
        valid_from=row.valid.lower,
        valid_to=row.valid.upper,
        grids=grids,
        published_by=row.published_by,
    )


def _grids(connection: Connection, edition: int) -> tuple[Grid, ...]:
    """Return an edition's grids in order of their codes."""
    standing: defaultdict[str, list[str]] = defaultdict(list)
    belongs = EDITION_BUILDINGS.columns
    for code, building in connection.execute(
        select(belongs.grid_code, belongs.building_code)
        .where(belongs.edition_id == edition)
        .order_by(belongs.building_code)
    ):
        standing[code].append(building)
    columns = EDITION_GRIDS.columns
    query = (
        select(EDITION_GRIDS, wkb(columns.geom).label("shape"))
        .where(columns.edition_id == edition)
        .order_by(columns.code)
    )
    return tuple(
        Grid(
            key=row.code,
            kind=row.kind,
            name=row.name,
            code=row.code,
            households=row.households,
            buildings=tuple(standing[row.code]),
            cells=(),
            geometry=shape(row.shape),
            area_m2=row.area_m2,
        )
        for row in connection.execute(query)
    )
