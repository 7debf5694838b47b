"""Random grounds for the laws of geometry: communities with parts and holes, buildings, lines, areas; metres."""

from __future__ import annotations

from dataclasses import dataclass, field

import shapely
from hypothesis import assume
from hypothesis import strategies as st
from shapely import Geometry, affinity

from gisgrid.geometry.place import to_lattice
from gisgrid.geometry.tessellation import Tessellation, tessellate

SPAN_M = 160


@dataclass(frozen=True)
class Town:
    """What a community's cells are made from, metres."""

    community: Geometry
    footprints: list[Geometry]
    lines: list[Geometry] = field(default_factory=list)
    areas: list[Geometry] = field(default_factory=list)
    obstacles: list[Geometry] = field(default_factory=list)

    def cells(self, *, moved_by: tuple[float, float] = (0.0, 0.0)) -> Tessellation:
        def there(shapes: list[Geometry]) -> list[Geometry]:
            return [on_lattice(affinity.translate(shape, *moved_by)) for shape in shapes]

        return tessellate(
            there([self.community])[0],
            there(self.footprints),
            lines_m=there(self.lines),
            areas_m=there(self.areas),
            obstacles_m=there(self.obstacles),
        )


def on_lattice(geometry: Geometry) -> Geometry:
    return shapely.transform(geometry, to_lattice)


# Most lengths are whole steps of 5 m, so that walls touch, lines meet corners and edges run along each other;
# the others are any millimetre.
lengths = st.one_of(
    st.integers(0, SPAN_M // 5).map(lambda step: step * 5.0), st.integers(0, SPAN_M * 1000).map(lambda mm: mm / 1000)
)
angles = st.sampled_from([0.0, 0.0, 0.0, 45.0, 7.3])


@st.composite
def blocks(draw: st.DrawFn, smallest: float, largest: float) -> Geometry:
    """A rectangle, an L, or a ring, somewhere near the town."""
    x, y = draw(lengths), draw(lengths)
    sizes = st.one_of(st.sampled_from([smallest, largest]), st.integers(int(smallest), int(largest)).map(float))
    width, height = draw(sizes), draw(sizes)
    shape = shapely.box(x, y, x + width, y + height)
    match draw(st.sampled_from(["plain", "plain", "l", "ring"])):
        case "l":
            shape = shape.difference(shapely.box(x + width / 2, y + height / 2, x + width, y + height))
        case "ring":
            shape = shape.difference(shapely.box(x + width / 4, y + height / 4, x + width / 2, y + height / 2))
    return on_lattice(affinity.rotate(shape, draw(angles)))


@st.composite
def communities(draw: st.DrawFn) -> Geometry:
    """A polygon, often with several parts and holes."""
    ground = shapely.union_all(draw(st.lists(blocks(60, 160), min_size=1, max_size=3)))
    for hole in draw(st.lists(blocks(8, 50), max_size=2)):
        ground = ground.difference(hole)
    community = on_lattice(ground)
    assume(community.geom_type in {"Polygon", "MultiPolygon"} and community.is_valid and community.area > 500)
    return community


@st.composite
def footprints(draw: st.DrawFn) -> Geometry:
    """One building; now and then of two parts."""
    parts = draw(st.lists(blocks(4, 40), min_size=1, max_size=2 if draw(st.integers(0, 9)) == 0 else 1))
    return on_lattice(shapely.union_all(parts))


@st.composite
def towns(draw: st.DrawFn) -> Town:
    community = draw(communities())
    places = st.tuples(lengths, lengths)
    lines = [
        shapely.LineString(points)
        for points in draw(st.lists(st.lists(places, min_size=2, max_size=4, unique=True), max_size=4))
    ]
    if draw(st.booleans()):
        lines.append(shapely.boundary(community))  # a street drawn along the edge
    return Town(
        community,
        draw(st.lists(footprints(), max_size=12)),
        lines,
        draw(st.lists(blocks(30, 100), max_size=2)),
        draw(st.lists(blocks(4, 30), max_size=3)),
    )


def whole(footprint: Geometry, community: Geometry) -> list[Geometry]:
    """Return what of a footprint must lie in one cell: a shape for each part of the community that it reaches into."""
    sound = shapely.make_valid(footprint)
    parts = [shapely.intersection(sound, part) for part in shapely.get_parts(community)]
    shrunk = [shapely.union_all([shapely.buffer(p, -0.05) for p in shapely.get_parts(part)]) for part in parts]
    return [shape for shape in shrunk if shape.area > 1e-4]
