"""The wall sheet (挂图): a community on A3 at a true scale; a street or district as an atlas with an index page.

Room: maps. In: `MapData`. Out: pages of marks in millimetres. Must not write files or know a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely import Geometry

from gisgrid.errors import UsageError
from gisgrid.geometry.place import Place
from gisgrid.maps.content import MapCommunity, MapData, grid_number
from gisgrid.maps.marks import Area, Line, Mark, SheetPage, Text
from gisgrid.maps.sheet_furniture import (
    GRID_BORDER,
    INK,
    SOFT,
    Frame,
    footer,
    grid_table,
    index_table,
    legend,
    north_arrow,
    scale_bar,
    title,
)
from gisgrid.maps.style import PALETTE, colour_positions
from gisgrid.maps.type_face import TypeFace
from gisgrid.model import BarrierKind, Building, Grid

WIDTH_MM: Final = 420.0
HEIGHT_MM: Final = 297.0
SCALES: Final = (1_000, 1_250, 1_500, 2_000, 2_500, 3_000)
"""Denominators of the scales of a wall sheet, the largest picture first."""

SMALLER_SCALES: Final = (4_000, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000, 50_000, 100_000, 200_000)
"""For a community that does not fit at 1:3,000, and for index pages."""

MAP: Final = Frame(10.0, 26.0, 302.0, 287.0)
TABLE: Final = Frame(308.0, 26.0, 410.0, 236.0)

_LINES: Final[dict[BarrierKind, tuple[str, float, float | None]]] = {
    "main_road": ("#c77f2b", 0.9, None),
    "railway": ("#555555", 0.5, 2.0),
    "river": ("#4b8fc4", 0.9, None),
    "wall": ("#777777", 0.3, 0.8),
    "street": ("#c9c2b4", 0.35, None),
}
_NUMBER_MM: Final = (1.1, 2.6)
"""Least and greatest size of a building's number; one for which there is no room is left out."""

_LABEL_MM: Final = (4.0, 9.0)
_ROAD_NAME_MM: Final = 2.4
_POLE_TOLERANCE_MM: Final = 0.25
_AS_FAR: Final = 0.85
_FILLED: Final = 0.9
"""So much of the room inside a footprint its number takes."""


@dataclass(frozen=True, slots=True)
class _Projection:
    """The way from degrees to millimetres on the page."""

    place: Place
    denominator: int
    centre: tuple[float, float]
    middle: tuple[float, float]

    def __call__(self, shapes: Sequence[Geometry | None]) -> list[Geometry]:
        """Return WGS-84 geometries in millimetres from the upper left corner."""
        factor = 1000.0 / self.denominator

        def moved(xy: np.ndarray) -> np.ndarray:
            return np.column_stack(
                [
                    self.middle[0] + (xy[:, 0] - self.centre[0]) * factor,
                    self.middle[1] - (xy[:, 1] - self.centre[1]) * factor,
                ]
            )

        return (
            list(shapely.transform(self.place.to_metres(np.array(shapes, dtype=object)), moved)) if len(shapes) else []
        )


def wall_pages(data: MapData, face: TypeFace) -> list[SheetPage]:
    """Return the pages of a division: one for a community, else an index page and one for each community drawn.

    Raises
    ------
    UsageError
        No community of the division has a polygon.
    """
    drawn = [community for community in data.communities if community.division.geometry is not None]
    if not drawn:
        raise UsageError(
            f"No community of {data.division.name} {data.division.code} has a polygon, so there is nothing to print; "
            "import boundaries: gisgrid import divisions FILE."
        )
    pages = [_community_page(data, community, face) for community in drawn]
    return pages if data.division.level == "community" else [_index_page(data, drawn, face), *pages]


def fitting_scale(width_m: float, height_m: float, frame: Frame, scales: Sequence[int]) -> int:
    """Return the denominator of the largest scale at which ground of this size fits into a frame.

    Raises
    ------
    UsageError
        Not even the smallest scale is small enough.
    """
    for denominator in scales:
        factor = 1000.0 / denominator
        if width_m * factor <= frame.width and height_m * factor <= frame.height:
            return denominator
    raise UsageError(
        f"Ground of {width_m / 1000:.0f} x {height_m / 1000:.0f} km fits on no sheet; name a smaller division."
    )


def _projection(ground: Geometry, frame: Frame, scales: Sequence[int]) -> _Projection:
    place = Place.of(ground)
    west, south, east, north = place.community_m.bounds
    inner = frame.shrunk(4.0)
    denominator = fitting_scale(east - west, north - south, inner, scales)
    return _Projection(place, denominator, ((west + east) / 2, (south + north) / 2), inner.middle)


def _community_page(data: MapData, community: MapCommunity, face: TypeFace) -> SheetPage:
    division = community.division
    projection = _projection(division.geometry, MAP, SCALES + SMALLER_SCALES)
    marks: list[Mark] = [*title(data, f"{division.name} 网格图", _above(data)), Area(MAP.box, "#ffffff", SOFT)]
    grids = community.edition.grids if community.edition is not None else ()
    shapes = projection([grid.geometry for grid in grids])
    colours = colour_positions([grid.geometry for grid in grids])
    marks += [Area(shape, PALETTE[colour]) for shape, colour in zip(shapes, colours, strict=True)]
    if not grids:
        marks.append(Area(projection([division.geometry])[0], "#f1f1ee", INK, 0.5))
    marks += _barriers(community, projection, face)
    footprints = projection([building.geometry for building in community.buildings])
    marks += [Area(shape, "#ffffff", "#6b7680", 0.12) for shape in footprints]
    marks += _numbers(community.buildings, footprints, face)
    marks += [Area(shape, None, GRID_BORDER, 0.55) for shape in shapes]
    marks.append(Area(projection([division.geometry])[0], None, INK, 0.9))
    marks += _labels(grids, shapes, footprints, face)
    marks += [*north_arrow(MAP), *scale_bar(MAP, projection.denominator)]
    marks += grid_table(data, community, TABLE, face)
    marks += legend({barrier.kind: style for barrier in community.barriers if (style := _LINES.get(barrier.kind))})
    marks += footer(data, community, projection.denominator)
    return SheetPage(f"{division.name} 网格图", WIDTH_MM, HEIGHT_MM, marks)


def _barriers(community: MapCommunity, projection: _Projection, face: TypeFace) -> list[Mark]:
    """Return the lines inside the frame, each name once, along the longest straight piece of its line."""
    marks: list[Mark] = []
    longest: dict[str, np.ndarray] = {}
    lines = [barrier for barrier in community.barriers if barrier.kind in _LINES]
    clipped = shapely.intersection(np.array(projection([line.geometry for line in lines]), dtype=object), MAP.box)
    for barrier, shape in zip(lines, clipped, strict=True):
        stroke, width, dash = _LINES[barrier.kind]
        for part in shapely.get_parts(shape):
            points = shapely.get_coordinates(part)
            if len(points) < 2:
                continue
            marks.append(Line(points, stroke, width, dash))
            if barrier.name:
                lengths = np.hypot(*np.diff(points, axis=0).T)
                piece = points[int(lengths.argmax()) :][:2]
                if barrier.name not in longest or lengths.max() > np.hypot(*np.diff(longest[barrier.name], axis=0)[0]):
                    longest[barrier.name] = piece
    for name, piece in longest.items():
        (x, y), (to_x, to_y) = sorted(piece.tolist())
        if face.width(name, _ROAD_NAME_MM) < np.hypot(to_x - x, to_y - y):
            turned = float(np.degrees(np.arctan2(y - to_y, to_x - x)))
            marks.append(
                Text((x + to_x) / 2, (y + to_y) / 2 + 0.8, name, _ROAD_NAME_MM, "middle", "#6d4a16", halo="#ffffff",
                     turned=turned)
            )  # fmt: skip
    return marks


def _numbers(buildings: Sequence[Building], footprints: Sequence[Geometry], face: TypeFace) -> list[Mark]:
    """Return the number of each building inside its footprint, as large as it fits (pole of inaccessibility)."""
    marks: list[Mark] = []
    for building, footprint in zip(buildings, footprints, strict=True):
        words = building.name or ""
        if not words or footprint.is_empty:
            continue
        x, y, radius = _pole(footprint)
        room = _room_across(footprint, x, y)
        height = min(2 * radius * _FILLED, room * _FILLED / max(face.width(words, 1.0), 1e-6), _NUMBER_MM[1])
        if height >= _NUMBER_MM[0]:
            marks.append(Text(x, y + height * 0.36, words, round(height, 2), "middle", SOFT))
    return marks


def _labels(
    grids: Sequence[Grid], shapes: Sequence[Geometry], footprints: Sequence[Geometry], face: TypeFace
) -> list[Mark]:
    """Return the number of each grid on the freest spot of its ground, large where there is room."""
    marks: list[Mark] = []
    tree = shapely.STRtree(footprints)
    for grid, shape in zip(grids, shapes, strict=True):
        inside = [footprints[position] for position in tree.query(shape, predicate="intersects")]
        free = shapely.difference(shape, shapely.union_all(inside)) if inside else shape
        x, y, radius = _pole(free if not free.is_empty else shape)
        words = grid_number(grid)
        height = float(np.clip(2 * radius / max(face.width(words, 1.0), 1.0), *_LABEL_MM))
        marks.append(
            Text(x, y + height * 0.36, words, round(height, 2), "middle", GRID_BORDER, bold=True, halo="#ffffff")
        )
    return marks


def _pole(shape: Geometry) -> tuple[float, float, float]:
    """Return the point of a polygon that is farthest from its border, and how far that is.

    In a long house every point of the ridge is about as far; there the centroid looks best.
    """
    largest = max(shapely.get_parts(shape), key=shapely.area)
    spoke = shapely.maximum_inscribed_circle(largest, tolerance=_POLE_TOLERANCE_MM)
    (x, y), _ = shapely.get_coordinates(spoke)
    radius = float(shapely.length(spoke))
    centroid = shapely.centroid(largest)
    from_centroid = float(shapely.distance(centroid, shapely.boundary(largest)))
    if shapely.contains(largest, centroid) and from_centroid >= _AS_FAR * radius:
        return float(centroid.x), float(centroid.y), from_centroid
    return float(x), float(y), radius


def _room_across(shape: Geometry, x: float, y: float) -> float:
    """Return how much of a level line is inside the polygon on both sides of a point, twice the shorter side."""
    west, _, east, _ = shape.bounds
    inside = shapely.intersection(shape, shapely.LineString([(west - 1, y), (east + 1, y)]))
    point = shapely.Point(x, y)
    pieces = shapely.get_parts(inside)
    left, _, right, _ = pieces[int(shapely.distance(pieces, point).argmin())].bounds
    return float(2 * min(x - left, right - x))


def _index_page(data: MapData, drawn: Sequence[MapCommunity], face: TypeFace) -> SheetPage:
    """Return the page that says on which page each community is."""
    polygons = [community.division.geometry for community in drawn]
    ground = shapely.union_all([polygon.buffer(0) for polygon in polygons if polygon is not None])
    projection = _projection(ground, MAP, SCALES + SMALLER_SCALES)
    shapes = projection(polygons)
    marks: list[Mark] = [
        *title(data, f"{data.division.name} 网格图册", " › ".join(each.name for each in data.path)),
        Area(MAP.box, "#ffffff", SOFT),
    ]
    for shape, colour in zip(shapes, colour_positions([each for each in polygons if each is not None]), strict=True):
        marks.append(Area(shape, PALETTE[colour], INK, 0.4))
    for page, shape in enumerate(shapes, start=2):
        x, y, radius = _pole(shape)
        words = str(page)
        height = float(np.clip(2 * radius / max(face.width(words, 1.0), 1.0), 2.0, 8.0))
        marks.append(Text(x, y + height * 0.36, words, round(height, 2), "middle", INK, bold=True, halo="#ffffff"))
    marks += [*north_arrow(MAP), *scale_bar(MAP, projection.denominator)]
    marks += index_table(drawn, TABLE, face)
    marks += footer(data, None, projection.denominator)
    return SheetPage(f"{data.division.name} 网格图册", WIDTH_MM, HEIGHT_MM, marks)


def _above(data: MapData) -> str:
    """Return the names of what stands above a community, as far as they are known."""
    above = [division.name for division in data.path]
    if data.division.level != "community":
        above.append(data.division.name)
    return " › ".join(above)
