"""Communities in the form of the test bed: one JSON object a line, metres, origin at a corner.

In: `*.jsonl.gz`. Out: frozen `Community`s. Imports the standard library alone.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MINIMUM, TARGET, MAXIMUM = 300, 400, 500
"""The band of households of a grid, and the load that the number of grids aims at."""

LEAST_BORDER_M = 1.0
"""Cells that share less than this are not adjacent."""


@dataclass(frozen=True, slots=True)
class Community:
    """One instance; every list but `borders` and `ties` holds an entry for each unit.

    Attributes
    ----------
    id
        Name and seed.
    households
        Households of the unit's building; 0 for sheds, shops and empty houses.
    x, y
        Centre of the footprint.
    footprint
        x0, y0, x1, y1 of the building.
    kind
        slab, point, tower, house, nonres or aux.
    estate, company
        Residential compound and its property company; -1 for none.
    area, perimeter
        Of the unit's cell, in square metres and metres.
    zone
        Connected component of adjacency; -1 for a unit that stands alone.
    alone
        True for a building above the maximum: a grid of its own, outside the graph.
    borders
        i, j, metres of shared border, True where a main road or river lies between.
    ties
        i, j, weight of the familiarity between two buildings of one zone.
    """

    id: str
    households: list[int]
    x: list[float]
    y: list[float]
    footprint: list[list[float]]
    kind: list[str]
    estate: list[int]
    company: list[int]
    area: list[float]
    perimeter: list[float]
    zone: list[int]
    alone: list[bool]
    borders: list[tuple[int, int, float, bool]]
    ties: list[tuple[int, int, int]]

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Community:
        """Return the community that a line of a set holds."""
        borders = [(i, j, length, barred) for i, j, length, barred in fields["borders"]]
        ties = [(i, j, weight) for i, j, weight in fields["ties"]]
        return cls(**{**fields, "borders": borders, "ties": ties})

    def line(self) -> str:
        """Return the community as a line of a set."""
        return json.dumps(dataclasses.asdict(self), separators=(",", ":"))

    def digest(self) -> str:
        """Return the name with eight digits of the content, so that best known figures survive no other content."""
        return f"{self.id}:{hashlib.sha256(self.line().encode()).hexdigest()[:8]}"

    def adjacent(self) -> list[tuple[int, int, float]]:
        """Return the borders that a grid may reach over: i, j, metres."""
        return [
            (i, j, length)
            for i, j, length, barred in self.borders
            if not barred and length >= LEAST_BORDER_M and self.zone[i] == self.zone[j] >= 0
        ]


def grid_count(households: int) -> int | None:
    """Return how many grids a zone gets: mean load in the band and nearest to the target; None if no number fits."""
    fits = range(math.ceil(households / MAXIMUM), households // MINIMUM + 1)
    return min((count for count in fits if count > 0), key=lambda count: abs(households / count - TARGET), default=None)


def read(path: Path) -> list[Community]:
    """Return the communities of a `*.jsonl.gz`."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [Community.of(json.loads(line)) for line in lines]


def write(path: Path, communities: Iterable[Community]) -> None:
    """Write communities; the same communities give the same bytes."""
    text = "".join(community.line() + "\n" for community in communities)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
