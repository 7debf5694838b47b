"""Does a source send the coordinate system that it declares? Its points are laid over the buildings under each system.

Room `dispatch`, pure. In: points of one source as they were sent, and footprints. Out: how well they fit under each
system, and a finding where another fits and the declared one does not. Imports `geometry.crs` and the nouns; no other
room, no database, no clock.

A wrong system shifts points by some 500 m, often into another street of the same town, where nothing looks wrong. What
betrays it is that reports happen at buildings: under the right system more points touch a footprint than after moving
all of them a little (25 to 70 m); under a wrong one it makes no difference. So the fit of a system is

    fit = share of points within 3 m of a footprint − the same share after 12 small displacements, on average

and it does not depend on how densely a quarter is built. Points in the same 20 m square count as one place, because
a hundred reports from one gate are one piece of evidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely

from gisgrid.geometry.crs import parse_crs, to_wgs84
from gisgrid.model import CoordinateSystem, Finding, Rule

SOURCE_DATUM_DOUBTFUL: Final = Rule(
    "source_datum_doubtful",
    "warning",
    "The points that {source} sends as {declared} do not fit the buildings, and as {fitting} they do: of {places} "
    "places {share:.0%} touch a building as {fitting} and {declared_share:.0%} as {declared} (by chance {chance:.0%}). "
    "Ask the source which system it sends, and declare that one.",
    "来源“{source}”按{declared}发送的点与楼栋不吻合，按{fitting}则吻合：{places}处位置中，按{fitting}有{share:.0%}位于楼栋，"
    "按{declared}为{declared_share:.0%}（随机水平{chance:.0%}）。请与来源方核实其坐标系并更正声明。",
)

SYSTEMS: Final[tuple[CoordinateSystem, ...]] = ("wgs84", "gcj02", "bd09")
"""What a source may send; CGCS2000 agrees with WGS-84."""

LEAST_PLACES: Final = 50
"""Below so many places near buildings nothing is said."""
LEAST_FIT: Final = 0.08
"""So much above chance the other system must fit, and above the declared one."""
LEAST_SIGNIFICANCE: Final = 4.0
"""So many standard errors the other system's fit must be above zero and above the declared one's."""
MOST_STRUCTURE: Final = 3.0
"""Where the declared fit is so many standard errors from zero, above or below, and half as large as the other's, the
points do follow the buildings as they were declared."""

_TOUCH_M: Final = 3.0
_NEAR_M: Final = 100.0
_PLACE_M: Final = 20.0
_METRES_PER_DEGREE: Final = 111_320.0
_TURNS: Final = 12

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Fit:
    """How the points of a source lie over the buildings under one system.

    Attributes
    ----------
    share, chance
        Share of places within 3 m of a footprint, as they are and after small displacements.
    error
        Standard error of their difference.
    """

    share: float
    chance: float
    error: float

    @property
    def fit(self) -> float:
        """How much better than chance."""
        return self.share - self.chance


@dataclass(frozen=True, slots=True)
class Drift:
    """What is known of a source's coordinate system.

    Attributes
    ----------
    places
        How many distinct places near buildings its points are.
    fits
        The fit under each system; empty below `LEAST_PLACES`.
    fitting
        The other system that fits where the declared one does not, or None.
    """

    declared: CoordinateSystem
    places: int
    fits: Mapping[CoordinateSystem, Fit]
    fitting: CoordinateSystem | None

    def findings(self, source: str) -> tuple[Finding, ...]:
        """Return the finding on the source, if there is one."""
        if self.fitting is None:
            return ()
        best, declared = self.fits[self.fitting], self.fits[_same(self.declared)]
        return (
            SOURCE_DATUM_DOUBTFUL.finding(
                codes=[source],
                source=source,
                declared=self.declared,
                fitting=self.fitting,
                places=self.places,
                share=round(best.share, 3),
                chance=round(best.chance, 3),
                declared_share=round(declared.share, 3),
            ),
        )


def judge_source(lon: Floats, lat: Floats, declared: CoordinateSystem, footprints: Sequence[shapely.Geometry]) -> Drift:
    """Return how the points of one source fit the buildings, and which other system fits where the declared does not.

    Parameters
    ----------
    lon, lat
        As they were sent, in the declared system.
    footprints
        Buildings around the points under every system, WGS-84.
    """
    nothing = Drift(declared, 0, {}, None)
    if len(lon) < LEAST_PLACES or not len(footprints):
        return nothing
    across = _METRES_PER_DEGREE * math.cos(math.radians(float(np.mean(lat))))
    tree = shapely.STRtree(shapely.transform(np.asarray(footprints), lambda xy: xy * (across, _METRES_PER_DEGREE)))
    hypotheses = {
        system: np.column_stack(to_wgs84(lon, lat, system)) * (across, _METRES_PER_DEGREE) for system in SYSTEMS
    }
    near = np.any([_touches(tree, points, _NEAR_M) for points in hypotheses.values()], axis=0)
    squares = np.floor(hypotheses[_same(declared)][near] / _PLACE_M)
    _, place, count = np.unique(squares, axis=0, return_inverse=True, return_counts=True)
    if len(count) < LEAST_PLACES:
        return Drift(declared, len(count), {}, None)
    observed = {system: _observed(tree, points[near], place.ravel(), count) for system, points in hypotheses.items()}
    fits = {system: Fit(float(hit.mean()), float(by_chance.mean()), _error(hit - by_chance))
            for system, (hit, by_chance) in observed.items()}  # fmt: skip
    return Drift(declared, len(count), fits, _fitting(_same(declared), fits, observed))


def _fitting(
    declared: CoordinateSystem,
    fits: Mapping[CoordinateSystem, Fit],
    observed: Mapping[CoordinateSystem, tuple[Floats, Floats]],
) -> CoordinateSystem | None:
    """Return the other system that fits beyond doubt where the declared one tells nothing."""
    own = fits[declared]
    best = max((system for system in SYSTEMS if system != declared), key=lambda system: fits[system].fit)
    other = fits[best]
    gain = np.subtract(*observed[best]) - np.subtract(*observed[declared])
    clear = (
        abs(own.fit) < max(MOST_STRUCTURE * own.error, other.fit / 2)
        and other.fit >= LEAST_FIT
        and other.fit >= LEAST_SIGNIFICANCE * other.error
        and gain.mean() >= max(LEAST_FIT, LEAST_SIGNIFICANCE * _error(gain))
    )
    return best if clear else None


def _observed(
    tree: shapely.STRtree, points: Floats, place: np.ndarray[Any, np.dtype[np.intp]], count: Any
) -> tuple[Floats, Floats]:
    """Return, of each place, the share of its points that touch a footprint, as they are and displaced."""
    hit = np.bincount(place, _touches(tree, points, _TOUCH_M)) / count
    displaced = np.zeros(len(count))
    for turn in range(_TURNS):
        angle, radius = 2.0 * math.pi * turn / _TURNS, 25.0 + 45.0 * (turn * 5 % _TURNS) / (_TURNS - 1)
        moved = points + radius * np.array([math.cos(angle), math.sin(angle)])
        displaced += np.bincount(place, _touches(tree, moved, _TOUCH_M)) / count
    return hit, displaced / _TURNS


def _touches(tree: shapely.STRtree, points: Floats, within_m: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return whether each point, in metres, lies within that distance of a footprint."""
    touched = np.zeros(len(points), dtype=np.bool_)
    touched[tree.query(shapely.points(points), predicate="dwithin", distance=within_m)[0]] = True
    return touched


def _error(values: Floats) -> float:
    """Return the standard error of a mean; never zero, so that a handful of equal values proves nothing."""
    return max(float(values.std(ddof=1)), 0.1) / math.sqrt(len(values))


def _same(declared: CoordinateSystem) -> CoordinateSystem:
    return "wgs84" if parse_crs(declared) == "cgcs2000" else declared
