"""The ledger of a division 一图一表一账: read, described, written.

Room: the corridor, below `workflow`. In: a `Database`, a division's code. Out: the bytes of an XLSX file. Must not
import a web framework, SQL or settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from shapely import Geometry

from gisgrid.circles import read_circle
from gisgrid.errors import NotFound
from gisgrid.geometry.abuttals import NOTHING, SIDES, abuttals
from gisgrid.geometry.place import Place
from gisgrid.maps.ledger import render_ledger
from gisgrid.model import CoverageRow, Division
from gisgrid.model.ledger import LedgerData
from gisgrid.nets import read_nets
from gisgrid.rankings import read_ranking
from gisgrid.store import divisions, editions, posts
from gisgrid.store import ledgers as stored
from gisgrid.store.database import Connection, Database

OUTER_EDGE: Final = "社区边界"
"""What stands in the 四至 where neither a named line nor a grid of the community lies beyond."""


def draw_ledger(database: Database, code: str) -> bytes:
    """Return the ledger of a community, street or district as an XLSX file.

    Raises
    ------
    NotFound
        No division has this code, or no community lies below it.
    """
    with database.transaction() as connection:
        data = read_ledger(connection, code, datetime.now(UTC))
    return render_ledger(data)


def read_ledger(connection: Connection, code: str, now: datetime) -> LedgerData:
    """Return everything that the ledger of a division lists at an instant.

    Raises
    ------
    NotFound
        No division has this code, or no community lies below it.
    """
    division = divisions.get(connection, code)
    communities = {each.code: each for each in divisions.communities_under(connection, code)}
    if not communities:
        raise NotFound(f"{division.name} {code} has no communities; `gisgrid import divisions FILE` brings them in.")
    codes = list(communities)
    grids = editions.coverage(connection, communities=codes)
    on_duty = posts.on_duty_in(connection, [grid.code for grid in grids], now)
    return LedgerData(
        division=division,
        chains={each: tuple(reversed(divisions.chain(connection, each))) for each in codes},
        grids=tuple(grids),
        buildings=tuple(stored.buildings(connection, codes)),
        estates=tuple(stored.estates(connection, codes)),
        posts={grid: tuple(held) for grid, held in on_duty.items()},
        lineage=tuple(stored.lineage(connection, codes)),
        findings=tuple(stored.findings(connection, codes)),
        residents=stored.residents(connection, codes),
        abuttals=told_abuttals(communities, grids, stored.named_lines(connection, codes)),
        drawn_at=now,
        circle=read_circle(connection, code),
        ranking=read_ranking(connection, code, now),
        nets=read_nets(connection, code),
    )


def told_abuttals(
    communities: Mapping[str, Division],
    grids: Sequence[CoverageRow],
    lines: Mapping[str, Sequence[tuple[str, Geometry]]],
) -> dict[str, tuple[str, str, str, str]]:
    """Return in words what each grid meets to its east, south, west and north, by grid.

    Parameters
    ----------
    lines
        Named streets and barriers by community, WGS-84.
    """
    told: dict[str, tuple[str, str, str, str]] = {}
    for code, community in communities.items():
        members = [grid for grid in grids if grid.community == code]
        if not members or community.geometry is None:
            continue
        place = Place.of(community.geometry)
        named = lines.get(code, ())
        found = abuttals(
            place.to_metres([grid.geometry for grid in members]), place.to_metres([line for _, line in named])
        )
        for position, grid in enumerate(members):
            words = []
            for side in range(len(SIDES)):
                line, other = int(found.lines[position, side]), int(found.polygons[position, side])
                if line != NOTHING:
                    words.append(named[line][0])
                else:
                    words.append(OUTER_EDGE if other == NOTHING else members[other].name)
            told[grid.code] = (words[0], words[1], words[2], words[3])
    return told
