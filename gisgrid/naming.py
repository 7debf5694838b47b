"""A report without a place gets candidates: what its words may mean, with the grids of those places.

Room: the corridor, below `workflow`. In: a `Connection`, reports. Out: `Candidate`s. Must not import a web framework,
SQL or settings.

The names are held in memory, as the grids are, and always those of the last committed import: before each use the
number of imports is read. Matching then takes milliseconds and asks the database only for the places that were found.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from gisgrid.dispatch.matching import Match, PlaceIndex, PlaceName
from gisgrid.model import Candidate, Report
from gisgrid.store import names
from gisgrid.store.database import Connection


class NameDirectory:
    """Finds the places that reports name in words; safe to use from several threads."""

    def __init__(self) -> None:
        self._held: tuple[int, PlaceIndex] | None = None
        self._building = threading.Lock()

    def candidates(self, connection: Connection, reports: Sequence[Report]) -> list[tuple[Candidate, ...]]:
        """Return the candidates of each report, in order; the places of all of them are asked for at once."""
        index = self._index(connection)
        matches = [index.match(report.address, report.text) for report in reports]
        places = names.named_places(connection, {(each.kind, each.code) for found in matches for each in found})
        return [
            tuple(_candidate(each, places[each.kind, each.code]) for each in found if (each.kind, each.code) in places)
            for found in matches
        ]

    def _index(self, connection: Connection) -> PlaceIndex:
        """Return the index over the names that were imported last; built once, by the first who asks."""
        # Read before the names: then the index may be newer than its version, but it is never older.
        version = names.version(connection)
        with self._building:
            held = self._held
            if held is None or held[0] != version:
                rows = (PlaceName(*row) for row in names.place_names(connection))
                held = self._held = (version, PlaceIndex(rows, names.division_names(connection)))
            return held[1]


def _candidate(match: Match, place: names.NamedPlace) -> Candidate:
    return Candidate(match.kind, match.code, place.name, place.grids, match.score, match.matched, match.field)
