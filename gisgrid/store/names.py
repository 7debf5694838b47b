"""Names of estates and buildings, for texts that name a place and have none.

Room: store. In: a connection, codes. Out: names as they are spelled, and places with their grids. Must not import any
other room.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import func, select

from gisgrid.model import PlaceKind
from gisgrid.store.database import Connection, named_query
from gisgrid.store.tables import DIVISIONS, IMPORT_RUNS

_NAMING_LAYERS = ("divisions", "estates", "buildings", "aliases", "osm")


class NameRow(NamedTuple):
    """One name of a place; `of_estate` where a building's own name is told apart from its estate's."""

    kind: PlaceKind
    code: str
    spelled: str
    of_estate: str | None


class NamedPlace(NamedTuple):
    """A place as it is shown, and the grids in force that it lies in."""

    name: str
    grids: tuple[str, ...]


def version(connection: Connection) -> int:
    """Return a number that changes whenever names are imported: how often they were.

    Runs of imports are append-only, so their count grows with every commit (see `editions.version`).
    """
    layers = IMPORT_RUNS.c.layer.in_(_NAMING_LAYERS)
    return int(connection.execute(select(func.count()).select_from(IMPORT_RUNS).where(layers)).scalar_one())


def place_names(connection: Connection) -> list[NameRow]:
    """Return every name of every estate and building, aliases among them."""
    return [NameRow(*row) for row in connection.execute(named_query("place_names"))]


def division_names(connection: Connection) -> list[str]:
    """Return the names of all divisions."""
    return list(connection.execute(select(DIVISIONS.c.name)).scalars())


def named_places(
    connection: Connection, asked: Collection[tuple[PlaceKind, str]]
) -> dict[tuple[PlaceKind, str], NamedPlace]:
    """Return these estates and buildings by kind and code, each as it is shown and with its grids; unknown ones not."""
    if not asked:
        return {}
    codes = {kind: sorted(code for each, code in set(asked) if each == kind) for kind in ("estate", "building")}
    query = named_query("named_places")
    rows = connection.execute(query, {"estates": codes["estate"], "buildings": codes["building"]})
    return {(row.kind, row.code): NamedPlace(row.name, tuple(row.grids)) for row in rows}
