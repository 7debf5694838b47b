"""A place: what is shared stays shared on the way to metres and back."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import Polygon

from gisgrid.errors import UsageError
from gisgrid.geometry.crs import distance_m
from gisgrid.geometry.place import LATTICE_M, Place

WEST = Polygon([(111.70, 40.80), (111.714159265, 40.801111111), (111.713333333, 40.81), (111.70, 40.812345678)])
EAST = Polygon([(111.714159265, 40.801111111), (111.73, 40.80), (111.73, 40.81), (111.713333333, 40.81)])


def _vertices(geometry: shapely.Geometry) -> set[tuple[float, float]]:
    return set(map(tuple, shapely.get_coordinates(geometry).tolist()))


def test_the_communitys_own_vertices_come_back_exactly() -> None:
    place = Place.of(WEST)
    assert place.epsg == 4546
    (back,) = place.to_degrees([place.community_m])
    assert _vertices(WEST) <= _vertices(back)


def test_neighbouring_communities_meet_at_the_very_same_vertices() -> None:
    back = [Place.of(each).to_degrees([Place.of(each).community_m])[0] for each in (WEST, EAST)]
    shared = {(111.714159265, 40.801111111), (111.713333333, 40.81)}
    assert shared == _vertices(WEST) & _vertices(EAST)
    assert shared <= _vertices(back[0]) & _vertices(back[1])


def test_vertices_in_metres_lie_on_the_lattice_and_come_back_to_within_a_millimetre() -> None:
    place = Place.of(WEST)
    point = shapely.Point(111.705123456, 40.805654321)
    (metres,) = place.to_metres([point])
    steps = np.array([metres.x, metres.y]) / LATTICE_M
    assert np.abs(steps - np.round(steps)).max() < 1e-4
    (back,) = place.to_degrees([metres])
    assert float(distance_m(point.x, point.y, back.x, back.y)) < 0.001


def test_a_long_straight_edge_stays_straight_in_degrees() -> None:
    # 10 km at 60 degrees north: its projected chord lies metres beside the arc of the straight line in degrees.
    community = Polygon([(25.0, 60.0), (25.2, 60.03), (25.2, 60.05), (25.0, 60.05)])
    place = Place.of(community)
    (back,) = place.to_degrees([place.community_m])
    off = max(shapely.distance(shapely.points(list(_vertices(back))), community.exterior))
    assert off < 2e-8
    chord = place.to_degrees(shapely.segmentize(place.to_metres([community]), 500.0))[0]
    assert max(shapely.distance(shapely.points(list(_vertices(chord))), community.exterior)) > 1e-6


def test_two_vertices_on_one_lattice_point_come_back_as_one_of_them_for_every_neighbour() -> None:
    # 0.2 mm apart: nearer than the lattice can tell.
    near, nearer = (111.714159265, 40.801111111), (111.714159267, 40.801111112)
    forward = Polygon([(111.70, 40.80), near, nearer, (111.71, 40.81)])
    backward = Polygon([(111.72, 40.81), nearer, near, (111.72, 40.80)])
    corners = []
    for community in (forward, backward):
        place = Place.of(community)
        corners.append(_vertices(place.to_degrees([place.community_m])[0]) & {near, nearer})
    assert corners == [{near}, {near}]


def test_parts_holes_and_none_pass() -> None:
    community = shapely.union(shapely.box(9.50, 47.10, 9.52, 47.12).difference(shapely.box(9.505, 47.105, 9.51, 47.11)),
                              shapely.box(9.53, 47.10, 9.54, 47.11))  # fmt: skip
    place = Place.of(community)
    assert place.epsg == 32632
    back, nothing = place.to_degrees([place.community_m, None])
    assert nothing is None
    assert (len(shapely.get_parts(back)), len(back.geoms[0].interiors)) == (2, 1)
    assert _vertices(community) <= _vertices(back)


@pytest.mark.parametrize(
    "wkt", ["POINT (111 40)", "POLYGON EMPTY", "POLYGON ((111 40, 111.1 40.1, 111.1 40, 111 40.1, 111 40))"]
)
def test_a_community_that_is_no_valid_polygon_is_refused(wkt: str) -> None:
    with pytest.raises(UsageError, match="import its boundary again"):
        Place.of(shapely.from_wkt(wkt))
