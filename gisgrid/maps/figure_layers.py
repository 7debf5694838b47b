"""What an internal map tells in figures: service circle, reports, ranking of estates, second nets.

Room: maps. In: what `circles`, `rankings`, `nets` and the store counted. Out: layers (`layers` says what one is). Must
not import a library of drawing.

None of them is for the public, whatever it asks for: there `document` gives nothing. No report and no place of one is
in any of them, only counts by grid and by estate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

import shapely

from gisgrid.maps.circle_tables import MEASURED
from gisgrid.maps.classes import natural_breaks
from gisgrid.maps.ranking_tables import change_words
from gisgrid.model import Estate, GridLoad
from gisgrid.model.circles import ServiceCircle
from gisgrid.model.nets import NETS, RELATIONS, NetArea, NetMatch
from gisgrid.model.rankings import RankedEstate, Ranking

if TYPE_CHECKING:
    from gisgrid.maps.content import Audience
    from gisgrid.maps.lattice import Lattice

FIGURE_LAYERS: Final = frozenset({"circle", "load", "overdue", "ranking"})
"""Keys of the layers whose scripts colour by classes, and so need `page/choropleth.js`."""
METRES_PER_DEGREE: Final = 111_320.0


@dataclass(frozen=True, slots=True)
class CircleLayer:
    """The share of each grid's households within a walk of a service centre, and the circle around each centre."""

    key: ClassVar[str] = "circle"
    circle: ServiceCircle

    def document(self, lattice: Lattice, audience: Audience) -> dict[str, Any] | None:
        """Return percent, households within and of all, and farthest way by grid; circles as rings."""
        if audience != "internal" or not self.circle.centres:
            return None
        grids = {
            grid.code: [int(100 * grid.within / grid.households), grid.within, grid.households, grid.farthest_m]
            for grid in self.circle.grids
            if grid.households
        }
        circles = [lattice.polygons(_around(centre.geometry, self.circle.reach_m)) for centre in self.circle.centres]
        reach, measured = round(self.circle.reach_m), MEASURED[self.circle.measured]
        return {"grids": grids, "circles": circles, "reach": reach, "measured": measured}


@dataclass(frozen=True, slots=True)
class LoadLayer:
    """How many reports each grid had in the last months."""

    key: ClassVar[str] = "load"
    loads: Mapping[str, GridLoad]
    days: int

    def document(self, lattice: Lattice, audience: Audience) -> dict[str, Any] | None:  # noqa: ARG002
        """Return reports, open and overdue ones by grid, and the classes of the reports."""
        if audience != "internal" or not self.loads:
            return None
        grids = {code: [load.reports, load.open, load.overdue] for code, load in self.loads.items()}
        return {"days": self.days, "grids": grids, "breaks": _breaks(load.reports for load in self.loads.values())}


@dataclass(frozen=True, slots=True)
class OverdueLayer:
    """How many open reports of each grid are overdue."""

    key: ClassVar[str] = "overdue"
    loads: Mapping[str, GridLoad]

    def document(self, lattice: Lattice, audience: Audience) -> dict[str, Any] | None:  # noqa: ARG002
        """Return the overdue reports by grid and their classes; None where none is overdue."""
        late = {code: load.overdue for code, load in self.loads.items() if load.overdue}
        if audience != "internal" or not late:
            return None
        return {"grids": {code: [count] for code, count in late.items()}, "breaks": _breaks(late.values())}


@dataclass(frozen=True, slots=True)
class RankingLayer:
    """The places of estates in a quarter, on their areas."""

    key: ClassVar[str] = "ranking"
    ranking: Ranking
    areas: Sequence[Estate]

    def document(self, lattice: Lattice, audience: Audience) -> dict[str, Any] | None:
        """Return name, points, place, change, reports per 100 households and share in time of estates with an area."""
        shapes = {each.code: each.geometry for each in self.areas if each.geometry is not None}
        ranked = [
            each
            for each in self.ranking.estates
            if each.estate.code in shapes and each.place is not None and shapely.area(shapes[each.estate.code]) > 0
        ]
        if audience != "internal" or not ranked:
            return None
        return {
            "quarter": str(self.ranking.quarter),
            "breaks": _breaks(each.points for each in ranked if each.points is not None),
            "estates": [
                {
                    **_ranked(each),
                    "shape": lattice.polygons(shapes[each.estate.code]),
                    "label": lattice.label(shapes[each.estate.code]),
                }
                for each in ranked
            ],
        }


@dataclass(frozen=True, slots=True)
class NetLayer:
    """Areas of second nets (警务网格 …), and the grids that they do not fit."""

    key: ClassVar[str] = "nets"
    areas: Sequence[NetArea]
    match: NetMatch

    def document(self, lattice: Lattice, audience: Audience) -> dict[str, Any] | None:
        """Return the areas with their net, and for each grid its areas and how it lies to them."""
        if audience != "internal" or not self.areas:
            return None
        grids: dict[str, list[list[str | bool]]] = {}
        for pair in self.match.pairs:
            share = pair.share
            told = f"{share.area_name or share.area or '—'} · {share.buildings}栋 · {RELATIONS[pair.relation]}"
            grids.setdefault(share.grid, []).append(
                [NETS.get(share.net, share.net), told, pair.relation in {"crossing", "outside"}]
            )
        return {
            "areas": [
                {
                    "net": NETS.get(area.net, area.net),
                    "name": area.name or area.code,
                    "shape": lattice.polygons(area.geometry),
                    "label": lattice.label(area.geometry),
                }
                for area in self.areas
                if shapely.area(area.geometry) > 0
            ],
            "grids": grids,
        }


def _ranked(each: RankedEstate) -> dict[str, Any]:
    on_time = each.count.on_time
    return {
        "name": each.estate.name,
        "points": round(each.points or 0.0, 2),
        "place": each.place,
        "change": change_words(each),
        "per_100": round(each.per_100 or 0.0, 2),
        "on_time": None if on_time is None else round(100 * on_time),
        "reopened": each.count.reopened,
    }


def _breaks(figures: Iterable[float]) -> list[float]:
    return [round(bound, 2) for bound in natural_breaks(figures)]


def _around(point: shapely.Geometry, reach_m: float) -> shapely.Geometry:
    """Return the circle of this radius on the ground around a WGS-84 point, as one on the map."""
    x, y = shapely.get_coordinates(point)[0]
    flat = shapely.Point(0, 0).buffer(reach_m / METRES_PER_DEGREE, quad_segs=16)
    stretch = 1 / max(math.cos(math.radians(y)), 0.01)
    return shapely.transform(flat, lambda xy: xy * (stretch, 1.0) + (x, y))
