"""Where people get past a barrier: bridges, underpasses, level crossings, gates.

Room: ingest. In: barrier lines and the ways that people use, in WGS-84. Out: points. Pure.

A crossing is where a way that people use passes over or under a hard barrier of another kind: one of the two runs on a
bridge or in a tunnel at that spot. Two main roads over each other join nothing. On one level only a railway's own level
crossings and a wall's gates count: a zebra does not make a main road less of a border.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely import LineString, Point

from gisgrid.model import HARD_BARRIERS, BarrierKind

_ON_THE_LINE_DEGREES: Final = 1e-6  # 0.1 m: OpenStreetMap keeps 7 decimals


@dataclass(frozen=True, slots=True)
class Way:
    """A line that is a barrier, or that people use, or both.

    Attributes
    ----------
    line
        WGS-84.
    kind
        Which barrier it is itself, or None.
    off_ground
        Whether it runs on a bridge or in a tunnel.
    used
        Whether people move along it.
    """

    line: LineString
    kind: BarrierKind | None
    off_ground: bool
    used: bool


def crossings(ways: Sequence[Way], on_rails: Sequence[Point], gates: Sequence[Point]) -> list[Point]:
    """Return the points at which a barrier can be passed, each once, in order of x, y.

    Parameters
    ----------
    ways
        Barriers and used ways.
    on_rails
        Level crossings; they count where a railway is.
    gates
        Gates; they count where a wall is.
    """
    barriers = [way for way in ways if way.kind in HARD_BARRIERS]
    users = [way for way in ways if way.used]
    found = set(_grade_separated(barriers, users))
    for kind, points in (("railway", on_rails), ("wall", gates)):
        found.update(_on_lines(points, [way.line for way in barriers if way.kind == kind]))
    return [Point(x, y) for x, y in sorted(found)]


def _grade_separated(barriers: Sequence[Way], users: Sequence[Way]) -> list[tuple[float, float]]:
    """Return where a used way and a barrier of another kind cross on different levels."""
    if not users:
        return []
    tree = shapely.STRtree([barrier.line for barrier in barriers])
    user_index, barrier_index = tree.query([user.line for user in users], predicate="crosses")
    points = []
    for user, barrier in zip(user_index.tolist(), barrier_index.tolist(), strict=True):
        over, under = users[user], barriers[barrier]
        if over.kind == under.kind or not (over.off_ground or under.off_ground):
            continue
        points += _points_of(shapely.intersection(over.line, under.line))
    return points


def _on_lines(points: Sequence[Point], lines: Sequence[LineString]) -> list[tuple[float, float]]:
    """Return which of the points lie on one of the lines."""
    if not points or not lines:
        return []
    index, _ = shapely.STRtree(lines).query(points, predicate="dwithin", distance=_ON_THE_LINE_DEGREES)
    return [(points[each].x, points[each].y) for each in np.unique(index).tolist()]


def _points_of(shape: shapely.Geometry) -> list[tuple[float, float]]:
    """Return the points of an intersection of lines, rounded to OpenStreetMap's 7 decimals."""
    return [
        (round(part.x, 7), round(part.y, 7)) for part in shapely.get_parts(shape).tolist() if part.geom_type == "Point"
    ]
