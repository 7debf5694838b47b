"""A map's content as the data block of its page: short, and safe to stand inside HTML.

Room: maps. In: `MapData`. Out: a JSON text whose shapes are whole numbers of a millionth of a degree (0.1 m), each
vertex as the step from the one before. Must not import a library of drawing.

What the public may not see is left out here, not hidden on the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from shapely import Geometry

from gisgrid.maps.content import (
    Audience,
    MapCommunity,
    MapData,
    default_name,
    grid_number,
    posts_on_duty,
    shown_count,
)
from gisgrid.maps.style import PALETTE, colour_positions
from gisgrid.model import Building, Grid, Post

STEPS_PER_DEGREE: Final = 1_000_000
Document = dict[str, Any]
Coordinates = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Lattice:
    """Turns geometry into whole numbers around an origin, so that a shared vertex stays one vertex."""

    lon: float
    lat: float

    def path(self, line: Geometry) -> list[int]:
        """Return the vertices of a line, ring or point: the first from the origin, each other from the one before."""
        return self._steps(shapely.get_coordinates(line))

    def polygons(self, area: Geometry) -> list[list[list[int]]]:
        """Return every ring of every part of an area, without the closing vertex."""
        return [
            [self._steps(shapely.get_coordinates(ring)[:-1]) for ring in (part.exterior, *part.interiors)]
            for part in shapely.get_parts(area)
            if isinstance(part, shapely.Polygon)
        ]

    def lines(self, geometry: Geometry) -> list[list[int]]:
        """Return every part of a line, or of a point."""
        return [self.path(part) for part in shapely.get_parts(geometry)]

    def _steps(self, coordinates: Coordinates) -> list[int]:
        places = np.rint((coordinates - (self.lon, self.lat)) * STEPS_PER_DEGREE).astype(np.int64)
        moves = places[1:] - places[:-1]
        moves = moves[moves.any(axis=1)]
        steps: list[int] = np.concatenate([places[:1], moves]).ravel().tolist()
        return steps


def data_block(data: MapData, audience: Audience, bounds: tuple[float, float, float, float]) -> str:
    """Return the JSON text of the page's data block; it holds no `<`, `>` or `&`, so no text can end the block."""
    lattice = Lattice(bounds[0], bounds[1])
    published = [(community, grid) for community in data.communities for grid in _grids(community)]
    colours = colour_positions([grid.geometry for _, grid in published])
    position = {building: index for index, (_, grid) in enumerate(published) for building in grid.buildings}
    rank = {community.division.code: index for index, community in enumerate(data.communities)}
    duty = {
        code: posts for community in data.communities for code, posts in posts_on_duty(community, data.drawn_at).items()
    }
    document: Document = {
        "origin": [lattice.lon, lattice.lat],
        "palette": PALETTE,
        "internal": audience == "internal",
        "communities": [_community(data, community, lattice) for community in data.communities],
        "grids": [
            _grid(grid, lattice, audience, duty.get(grid.code or "", []))
            | {"community": rank[community.division.code], "colour": colour}
            for (community, grid), colour in zip(published, colours, strict=True)
        ],
        "buildings": [
            _building(building, lattice, audience, position)
            for community in data.communities
            for building in community.buildings
        ],
        "sites": _sites(data.communities, lattice),
        "lines": _lines(data.communities, lattice),
    }
    return _safe(json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False))


def _safe(text: str) -> str:
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _grids(community: MapCommunity) -> Sequence[Grid]:
    return community.edition.grids if community.edition else ()


def _community(data: MapData, community: MapCommunity, lattice: Lattice) -> Document:
    division, edition = community.division, community.edition
    return {
        "code": division.code,
        "name": division.name,
        "shape": lattice.polygons(division.geometry) if division.geometry is not None else [],
        "label": _label(division.geometry, lattice) if division.geometry is not None else None,
        "edition": edition.id if edition else None,
        "since": data.date(edition.valid_from) if edition else None,
    }


def _grid(grid: Grid, lattice: Lattice, audience: Audience, posts: Iterable[Post]) -> Document:
    return {
        "code": grid.code or grid.key,
        "number": grid_number(grid),
        "name": grid.name if grid.name != default_name(grid) else None,  # the page says 第N网格 or Grid N by itself
        "dedicated": grid.kind == "dedicated",
        "households": shown_count(grid.households, audience),
        "buildings": len(grid.buildings),
        "area": round(grid.area_m2),
        "shape": lattice.polygons(grid.geometry),
        "label": _label(grid.geometry, lattice),
        "posts": [[post.role, post.name, post.duty_phone] for post in posts],
    }


def _building(building: Building, lattice: Lattice, audience: Audience, position: Mapping[str, int]) -> list[Any]:
    """Return grid, shape, name, address, and for the internal audience the households; a list, for there are many."""
    shown = [position.get(building.code), lattice.polygons(building.geometry), building.name, building.address]
    return [*shown, building.households] if audience == "internal" else shown


def _sites(communities: Iterable[MapCommunity], lattice: Lattice) -> list[Document]:
    """Return every site once: one on the border of two communities comes with both."""
    sites = {site.code: site for community in communities for site in community.sites}
    return [
        {"kind": site.kind, "name": site.name, "at": lattice.path(shapely.point_on_surface(site.geometry))}
        for site in sites.values()
    ]


def _lines(communities: Iterable[MapCommunity], lattice: Lattice) -> list[Document]:
    """Return every barrier and street once; crossings join, they are not drawn."""
    barriers = {
        (barrier.kind, barrier.geometry.wkb): barrier
        for community in communities
        for barrier in community.barriers
        if barrier.kind != "crossing"
    }
    return [
        {"kind": barrier.kind, "name": barrier.name, "paths": lattice.lines(barrier.geometry)}
        for barrier in barriers.values()
    ]


def _label(area: Geometry, lattice: Lattice) -> list[int]:
    """Return where a label has most room: the centre of the largest inscribed circle and its radius, in steps.

    The circle is one on the page: it is sought in the plane that the page is drawn in, Mercator's with
    y = asinh(tan φ), and its radius is given in steps of longitude.
    """
    plane = shapely.transform(area, _to_mercator)
    spoke = shapely.maximum_inscribed_circle(plane, tolerance=2.0 / STEPS_PER_DEGREE * 5)
    (x, y), _ = shapely.get_coordinates(spoke)
    latitude = float(np.degrees(np.arctan(np.sinh(np.radians(y)))))
    at = lattice.path(shapely.Point(x, latitude))
    return [*at, round(float(shapely.length(spoke)) * STEPS_PER_DEGREE)]


def _to_mercator(coordinates: Coordinates) -> Coordinates:
    lon, lat = coordinates[:, 0], coordinates[:, 1]
    return np.column_stack([lon, np.degrees(np.arcsinh(np.tan(np.radians(lat))))])
