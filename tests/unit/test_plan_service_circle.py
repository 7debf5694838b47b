"""The service circle counts households: shares, uncovered grids, the size of centres."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gisgrid.maps.circle_tables import centre_table, circle_table
from gisgrid.model import Barrier, CoverageRow, Division, Site
from gisgrid.model.circles import CircleBuilding, CircleInputs
from gisgrid.plan.service_circle import service_circle

COMMUNITY = "990101001001"
WEST, EAST = f"{COMMUNITY}001", f"{COMMUNITY}002"
LON, LAT = 111.0, 40.0
M = 1 / 111_000
"""About a metre of latitude, in degrees; 0.77 m of longitude here."""


def at(x: float, y: float) -> shapely.Point:
    return shapely.Point(LON + x * M / 0.766, LAT + y * M)


def inputs(
    buildings: list[tuple[str | None, int, float, float]], centres: list[Site], lines: list[Barrier] | None = None
) -> CircleInputs:
    """Two grids of a community, buildings as (grid, households, x, y)."""
    ground = shapely.box(LON - 0.1, LAT - 0.1, LON + 0.1, LAT + 0.1)
    since = datetime(2026, 11, 1, tzinfo=UTC)
    grids = tuple(
        CoverageRow(code, f"第{n}网格", "residential", 0, 0, 1.0, COMMUNITY, "1", since, None, ground)
        for n, code in enumerate((WEST, EAST), start=1)
    )
    return CircleInputs(
        (Division(COMMUNITY, "西社区", "community", None, ground),),
        grids,
        tuple(CircleBuilding(f"B{n}", COMMUNITY, g, h, at(x, y)) for n, (g, h, x, y) in enumerate(buildings)),
        tuple(centres),
        tuple(lines or ()),
    )


def centre(x: float, y: float, area_m2: float | None = 400.0, code: str = "C1") -> Site:
    return Site(code, "service_centre", f"服务中心{code}", at(x, y), area_m2)


TOWN = [(WEST, 100, 0.0, 0.0), (WEST, 300, 0.0, 900.0), (EAST, 50, 2000.0, 0.0), (None, 70, 0.0, 10.0)]


def test_the_share_is_one_of_households_and_says_how_it_was_measured() -> None:
    found = service_circle(inputs(TOWN, [centre(0, 0)]), reach_m=800)
    west, east = found.grids
    assert (west.households, west.within, west.share) == (400, 100, 0.25)
    assert west.farthest_m == pytest.approx(900, rel=0.01)
    assert (east.households, east.within, east.share, east.centre) == (50, 0, 0.0, "C1")
    assert (found.households, found.within, found.off_street, found.measured) == (450, 100, 450, "straight")
    assert [(f.rule, f.codes) for f in found.findings] == [
        ("grid_beyond_circle", (WEST,)),
        ("grid_beyond_circle", (EAST,)),
    ]
    assert "400户中有300户" in found.findings[0].message_zh
    assert "25%" in found.findings[0].message


def test_a_river_makes_the_way_longer_than_the_reach() -> None:
    """The bridge lies 600 m off: 40 m of water are 1.2 km on foot."""
    bank, far = [(WEST, 100, 0.0, 40.0)], [centre(0, -40)]
    north = Barrier("street", shapely.LineString([at(-600, 30), at(0, 30), at(10, 30)]))
    south = Barrier("street", shapely.LineString([at(-600, -30), at(0, -30), at(10, -30)]))
    bridge = Barrier("crossing", shapely.LineString([at(-600, 30), at(-600, -30)]), "桥")
    river = Barrier("river", shapely.LineString([at(-2000, 0), at(2000, 0)]))
    round_it = service_circle(inputs(bank, far, [north, south, bridge, river]))
    assert (round_it.grids[0].within, round_it.measured) == (0, "streets")
    assert round_it.grids[0].farthest_m == pytest.approx(1280, rel=0.01)
    assert service_circle(inputs(bank, far)).grids[0].within == 100
    cut = service_circle(inputs(bank, far, [north, south, river]))
    assert (cut.grids[0].within, cut.grids[0].farthest_m, cut.grids[0].centre) == (0, None, None)
    assert "路径未知" in cut.findings[0].message_zh
    assert circle_table(cut).rows[0][7] == "路径未知"


@pytest.mark.parametrize(
    ("areas", "households", "rule"),
    [
        ([300.0], 5000, None),
        ([290.0], 960, None),  # 30.2 m² for each 100 households
        ([290.0], 1000, "service_centre_too_small"),
        ([200.0, 120.0], 2000, None),
        ([None], 100, "service_centre_size_unknown"),
        ([None, 300.0], 5000, None),
        ([], 100, "no_service_centre"),
        ([], 0, None),
    ],
)
def test_the_norm_of_size(areas: list[float | None], households: int, rule: str | None) -> None:
    centres = [centre(0, 0, area, f"C{n}") for n, area in enumerate(areas)]
    found = service_circle(inputs([(WEST, households, 0.0, 0.0)], centres))
    rules = [finding.rule for finding in found.findings if finding.rule != "grid_beyond_circle"]
    assert rules == ([] if rule is None else [rule])


def test_a_centre_beyond_the_division_serves_and_is_not_judged() -> None:
    away = Site("C9", "service_centre", "邻区中心", shapely.Point(LON + 0.101, LAT), 10.0)
    found = service_circle(inputs([(WEST, 80, 8000.0 * 0.95, 0.0)], [away, centre(0, 0)]))
    assert (found.grids[0].centre, [f.rule for f in found.findings]) == ("C9", [])
    assert centre_table(found).rows[0][2] == "辖区外"


def test_a_place_without_households_centres_or_buildings_says_nothing_wrong() -> None:
    found = service_circle(inputs([], []))
    assert ([grid.share for grid in found.grids], found.findings) == ([None, None], ())
    assert circle_table(found).rows[0][3:8] == [0, 0, 0, None, None]


spots = st.tuples(st.integers(-15, 15), st.integers(-15, 15)).map(lambda at: (at[0] * 100.0, at[1] * 100.0))


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from([WEST, EAST, None]), st.integers(0, 90), spots), max_size=6),
    st.lists(spots, max_size=3),
    spots,
    st.lists(st.tuples(spots, spots).filter(lambda ends: ends[0] != ends[1]), max_size=5),
)
def test_one_more_centre_lowers_no_share_and_counts_add_up(
    homes: list[tuple[str | None, int, tuple[float, float]]],
    there: list[tuple[float, float]],
    more: tuple[float, float],
    streets: list[tuple[tuple[float, float], tuple[float, float]]],
) -> None:
    buildings = [(grid, households, *spot) for grid, households, spot in homes]
    lines = [Barrier("street", shapely.LineString([at(*one), at(*other)])) for one, other in streets]
    centres = [centre(*spot, code=f"C{n}") for n, spot in enumerate(there)]
    before = service_circle(inputs(buildings, centres, lines))
    after = service_circle(inputs(buildings, [*centres, centre(*more, code="C9")], lines))
    for old, new in zip(before.grids, after.grids, strict=True):
        assert old.within <= new.within <= new.households == old.households
        assert new.households == sum(home[1] for home in homes if home[0] == new.code)
        assert old.walked <= old.households
