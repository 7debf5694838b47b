"""Zones: what is planned together, what stands aside, and what is joined over a barrier."""

from __future__ import annotations

import dataclasses

import numpy as np

from gisgrid.model import DrawSettings
from gisgrid.plan.graph import Borders, Graph, Ties, Units, canonical
from gisgrid.plan.objective import Present
from gisgrid.plan.zones import Regions, regions_of
from tests.draw import drawn

SETTINGS = DrawSettings()


def members(regions: Regions) -> list[tuple[str, list[int]]]:
    return [(region.kind, region.units.tolist()) for region in regions.regions]


def test_a_barrier_parts_two_zones_that_each_fill_the_band() -> None:
    graph = drawn("ABCD|EFGH").graph()
    regions = regions_of(graph, SETTINGS)
    assert members(regions) == [("zone", [0, 1, 2, 3]), ("zone", [4, 5, 6, 7])]
    assert not regions.opened.any()


def test_a_zone_below_the_band_is_joined_over_its_barrier_and_only_that_barrier_opens() -> None:
    sketch = drawn("ABCD|E", households="100 100 100 100 60")
    regions = regions_of(sketch.graph(), SETTINGS)
    assert members(regions) == [("zone", [0, 1, 2, 3, 4])]
    opened = np.flatnonzero(regions.opened)
    assert [(sketch.borders[i].a, sketch.borders[i].b) for i in opened] == [(3, 4)]


def test_without_leave_to_cross_a_small_zone_stays() -> None:
    graph = drawn("ABCD|E", households="100 100 100 100 60").graph()
    regions = regions_of(graph, dataclasses.replace(SETTINGS, cross_barriers=False))
    assert members(regions) == [("zone", [0, 1, 2, 3]), ("zone", [4])]


def test_a_zone_is_not_joined_where_that_leaves_more_households_out_of_band() -> None:
    # 480 and 90 are 210 out of band apart (300 - 90) and 70 or 30 together: joined. 300 and 250: 50 apart, 50 joined.
    apart = regions_of(drawn("A|B", households="300 250").graph(), SETTINGS)
    joined = regions_of(drawn("A|B", households="480 90").graph(), SETTINGS)
    assert len(apart.regions) == 2
    assert len(joined.regions) == 1


def test_a_zone_that_no_number_of_grids_fits_is_joined_if_that_helps() -> None:
    regions = regions_of(drawn("AB|CD", households="275 275 200 200").graph(), SETTINGS)
    assert members(regions) == [("zone", [0, 1, 2, 3])]


def test_the_cheapest_barrier_is_the_one_with_most_open_border() -> None:
    # The strip E touches both sides over barriers, but its border with C D is open for half its length.
    sketch = drawn("A|E|C", households="400 0 400")
    borders = Borders.of([0, 1], [1, 2], [40.0, 40.0], [40.0, 39.5])
    graph = Graph(sketch.graph().units, borders, sketch.graph().ties)
    assert members(regions_of(graph, SETTINGS)) == [("zone", [0]), ("zone", [1, 2])]


def test_an_empty_strip_between_barriers_never_becomes_a_grid() -> None:
    graph = drawn("AAA|S|BBB", households={"A": 130, "B": 130, "S": 0}).graph()
    assert [len(region.units) for region in regions_of(graph, SETTINGS).regions] == [4, 3]


def test_a_building_above_the_band_stands_aside() -> None:
    regions = regions_of(drawn("ABTC", households="150 150 528 300").graph(), SETTINGS)
    assert members(regions) == [("zone", [0, 1]), ("tower", [2]), ("zone", [3])]


def test_empty_ground_that_only_a_tower_touches_goes_with_it() -> None:
    regions = regions_of(drawn("ABTE", households="150 150 528 0").graph(), SETTINGS)
    assert members(regions) == [("zone", [0, 1]), ("tower", [2, 3])]


def test_houses_cut_off_by_a_tower_join_it_only_where_nothing_else_is_near() -> None:
    regions = regions_of(drawn("ABTE", households="150 150 528 20").graph(), SETTINGS)
    assert members(regions) == [("zone", [0, 1]), ("tower", [2, 3])]


def dedicated(graph: Graph, grounds: list[int]) -> Graph:
    return dataclasses.replace(graph, units=dataclasses.replace(graph.units, dedicated=np.array(grounds)))


def test_large_dedicated_ground_is_a_region_of_its_own_and_small_ground_is_not() -> None:
    graph = dedicated(drawn("ABMMCS", households="200 200 0 0 350 0").graph(), [-1, -1, 0, 0, -1, 1])
    settings = dataclasses.replace(SETTINGS, dedicated_area_m2=3000.0)  # a cell has 1,600 m²
    assert members(regions_of(graph, settings)) == [("zone", [0, 1]), ("dedicated", [2, 3]), ("zone", [4, 5])]


def test_connected_parts_of_dedicated_ground_count_apart() -> None:
    graph = dedicated(drawn("MMAM", households="0 0 400 0").graph(), [0, 0, -1, 0])
    settings = dataclasses.replace(SETTINGS, dedicated_area_m2=3000.0)
    assert members(regions_of(graph, settings)) == [("dedicated", [0, 1]), ("zone", [2, 3])]


def test_a_narrow_neck_joins_ground_that_is_too_small_before_any_barrier_is_crossed() -> None:
    # B touches A over 0.6 m of open border, too little to be adjacent, and C over a barrier.
    units = Units.of(["a", "b", "c"], [400, 20, 400], [1600.0] * 3, np.array([[0, 0], [40, 0], [80, 0]]))
    borders = Borders.of([0, 1], [1, 2], [0.6, 40.0], [0.0, 40.0])
    graph, _ = canonical(units, borders, Ties.of([], [], []))
    regions = regions_of(graph, SETTINGS)
    assert members(regions) == [("zone", [0, 1]), ("zone", [2])]
    assert regions.passable.tolist() == [True, False]
    assert not regions.opened.any(), "no barrier was crossed"
    uncrossed = dataclasses.replace(SETTINGS, cross_barriers=False)
    assert members(regions_of(graph, uncrossed)) == members(regions)


def test_a_zone_is_joined_through_others_until_a_number_of_grids_fits() -> None:
    graph = drawn("A|B|C|D", households="90 90 90 90").graph()
    assert members(regions_of(graph, SETTINGS)) == [("zone", [0, 1, 2, 3])]


# ---- Locks and villages ------------------------------------------------------------------------------------------


def locked(grids: list[int], *numbers: int) -> Present:
    return Present(np.array(grids), np.zeros(len(grids), dtype=np.bool_), numbers)


def test_a_locked_grid_stands_aside_barriers_or_not() -> None:
    graph = drawn("AB|CDEF", households=100).graph()
    regions = regions_of(graph, SETTINGS, locked([0, 1, 1, 1, 2, 2], 1))
    assert members(regions)[1] == ("locked", [1, 2, 3])


def test_nothing_is_joined_to_a_locked_grid() -> None:
    graph = drawn("AABC", households="150 150 20 0").graph()
    regions = regions_of(graph, SETTINGS, locked([0, 0, 1, 1], 0))
    assert members(regions) == [("locked", [0, 1]), ("zone", [2, 3])]


def test_of_a_locked_grid_in_pieces_the_one_with_most_households_is_kept() -> None:
    graph = drawn("ABA", households="10 20 30").graph()
    regions = regions_of(graph, SETTINGS, locked([0, 1, 0], 0))
    assert ("locked", [2]) in members(regions)
    assert ("zone", [0, 1]) in members(regions)


def test_a_lock_outweighs_towers_and_dedicated_ground() -> None:
    graph = dedicated(drawn("ATMB", households="50 528 0 300").graph(), [-1, -1, 0, -1])
    settings = dataclasses.replace(SETTINGS, dedicated_area_m2=1000.0)
    assert [kind for kind, _ in members(regions_of(graph, settings))] == ["tower", "dedicated", "zone"]
    regions = regions_of(graph, settings, locked([0, 0, 0, 1], 0))
    assert members(regions) == [("locked", [0, 1, 2]), ("zone", [3])]


def estates(graph: Graph, numbers: list[int]) -> Graph:
    return dataclasses.replace(graph, units=dataclasses.replace(graph.units, estate=np.array(numbers)))


def test_each_village_is_a_region_with_the_ground_that_is_nearest_to_it_on_foot() -> None:
    graph = estates(drawn("A..BBCDE", households="40 40 40 0 0 900").graph(), [0, 1, 1, -1, -1, 2])
    villages = dataclasses.replace(SETTINGS, villages=True, band=dataclasses.replace(SETTINGS.band, maximum=1000))
    assert members(regions_of(graph, villages)) == [
        ("village", [0]),
        ("village", [1, 2, 3]),
        ("village", [4, 5]),
    ]
    assert {region.kind for region in regions_of(graph, SETTINGS).regions} <= {"zone", "tower"}


def test_without_any_estate_villages_change_nothing() -> None:
    graph = drawn("ABCD").graph()
    assert members(regions_of(graph, dataclasses.replace(SETTINGS, villages=True))) == [("zone", [0, 1, 2, 3])]


# ---- Edges of the matter -----------------------------------------------------------------------------------------


def test_an_enclave_that_touches_nothing_stays() -> None:
    graph = drawn("AAAA.E", households={"A": 100, "E": 60}).graph()
    assert members(regions_of(graph, SETTINGS)) == [("zone", [0, 1, 2, 3]), ("zone", [4])]


def test_no_units_no_regions() -> None:
    graph = drawn("A").graph()
    empty = dataclasses.replace(
        graph,
        units=type(graph.units).of([], [], [], np.empty((0, 2))),
    )
    assert regions_of(empty, SETTINGS).regions == ()
