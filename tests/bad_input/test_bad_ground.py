"""Bad ground: each gives a plan that keeps the invariants, and says what is wrong with it and what would free it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import shapely

from gisgrid.errors import UsageError
from gisgrid.geometry.place import Place
from gisgrid.model import Barrier, Building, CommunityInputs, Drawing, DrawSettings, Edition, Finding
from gisgrid.plan.drawing import draw_community
from tests.draw import COMMUNITY, LAT, LAT_STEP, LON, LON_STEP, Sketch, drawn

NORMAL = DrawSettings()
DRAFT = DrawSettings(effort="draft")
OUT_OF_BAND = {"grid_above_band", "grid_below_band"}
CHINESE = re.compile(r"[\u4e00-\u9fff].*。$")


def assert_invariants(drawing: Drawing, inputs: CommunityInputs) -> None:
    """The invariants of an edition: tiling, buildings whole and once, one polygon a grid, the band or a finding."""
    place = Place.of(inputs.community.geometry)
    polygons = place.to_metres([grid.geometry for grid in drawing.grids])
    assert all(polygon.geom_type == "Polygon" and polygon.is_valid for polygon in polygons)
    assert shapely.coverage_is_valid([grid.geometry for grid in drawing.grids]), "the very same vertices, no overlap"
    assert shapely.symmetric_difference(shapely.union_all(polygons), place.community_m).area < 0.5, "and no gap"
    homes = [code for grid in drawing.grids for code in grid.buildings]
    assert sorted(homes) == sorted(building.code for building in inputs.buildings)
    grid_of = {code: polygon for grid, polygon in zip(drawing.grids, polygons, strict=True) for code in grid.buildings}
    for building in inputs.buildings:
        assert grid_of[building.code].covers(place.to_metres([building.geometry])[0].buffer(-0.05)), "none is cut"
    cells = [number for grid in drawing.grids for number in grid.cells]
    assert sorted(cells) == list(range(len(drawing.cells)))
    said = {finding.codes[0] for finding in drawing.findings if finding.rule in OUT_OF_BAND}
    band = drawing.settings.band
    for grid in drawing.grids:
        fits = grid.kind == "dedicated" or band.minimum <= grid.households <= band.maximum
        assert fits != (grid.key in said), "a grid out of band is a finding, and no other is"
    for finding in drawing.findings:
        assert finding.message.endswith("."), finding.message
        assert CHINESE.search(finding.message_zh), finding.message_zh
        assert "{" not in finding.message + finding.message_zh


def draw(inputs: CommunityInputs, settings: DrawSettings = NORMAL) -> Drawing:
    """The drawing, once it is known to keep every invariant."""
    drawing = draw_community(inputs, settings)
    assert_invariants(drawing, inputs)
    return drawing


def found(drawing: Drawing, rule: str) -> list[Finding]:
    return [finding for finding in drawing.findings if finding.rule == rule]


def reasons(drawing: Drawing) -> list[tuple[str, str]]:
    """The rule and the reason of each grid out of band."""
    return sorted((each.rule, each.values["reason"]) for each in drawing.findings if each.rule in OUT_OF_BAND)


def in_force(sketch: Sketch) -> CommunityInputs:
    """The community of a picture, whose letters are the grids in force: A is 001."""
    grids = tuple(
        dataclasses.replace(grid, code=f"{COMMUNITY}{number:03d}") for number, grid in enumerate(sketch.grids, start=1)
    )
    current = Edition("7", COMMUNITY, "1", datetime(2026, 1, 1, tzinfo=UTC), None, grids)
    return dataclasses.replace(sketch.inputs, current=current)


def square(west: float, south: float, side: float) -> shapely.Polygon:
    """A square in cells of the lattice, from the north-west corner of the pictures."""
    corners = [(west, south), (west + side, south), (west + side, south + side), (west, south + side)]
    return shapely.Polygon([(round(LON + x * LON_STEP, 9), round(LAT + y * LAT_STEP, 9)) for x, y in corners])


# ---- Too few and too many ----------------------------------------------------------------------------------------


def test_an_island_of_twenty_households_stays_and_is_reported_as_an_enclave() -> None:
    sketch = drawn("AAAA.B", households={"A": 100, "B": 20})
    drawing = draw(sketch.inputs)
    assert sorted(grid.households for grid in drawing.grids) == [20, 400]
    assert reasons(drawing) == [("grid_below_band", "enclave")]
    (finding,) = found(drawing, "grid_below_band")
    assert "20 households, 280 fewer than 300" in finding.message
    assert "Accept it as a grid of its own" in finding.message
    assert "飞地" in finding.message_zh


def test_a_tower_of_800_is_a_grid_of_its_own_and_what_would_divide_it_is_said() -> None:
    sketch = drawn("AAAA\nAATA\nAAAA", households={"A": 60, "T": 800})
    drawing = draw(sketch.inputs)
    (tower,) = [grid for grid in drawing.grids if grid.households >= 800]
    assert tower.buildings == ("B006",)
    assert reasons(drawing) == [("grid_above_band", "one_building")]
    (finding,) = found(drawing, "grid_above_band")
    assert "B006 alone holds 800" in finding.message
    assert "enter its entrances as buildings" in finding.message


def test_a_community_with_no_household_is_one_grid() -> None:
    drawing = draw(drawn("AAA\nAAA", households=0).inputs)
    assert [grid.households for grid in drawing.grids] == [0]
    assert reasons(drawing) == [("grid_below_band", "whole_community")]
    assert "join the community to a neighbour" in found(drawing, "grid_below_band")[0].message


def test_a_community_with_no_building_is_one_grid() -> None:
    inputs = dataclasses.replace(drawn("AA\nAA").inputs, buildings=())
    drawing = draw(inputs)
    assert [(grid.households, grid.buildings) for grid in drawing.grids] == [(0, ())]
    assert reasons(drawing) == [("grid_below_band", "whole_community")]


@pytest.mark.parametrize(
    ("households", "expected"),
    [(400, []), (120, [("grid_below_band", "whole_community")]), (800, [("grid_above_band", "one_building")])],
)
def test_one_building_only_is_one_grid(households: int, expected: list[tuple[str, str]]) -> None:
    drawing = draw(drawn("A", households=households).inputs)
    assert [grid.households for grid in drawing.grids] == [households]
    assert reasons(drawing) == expected


@pytest.mark.parametrize("households", ["250 304 304", "260 280 300 252", "300 250 304 250 304 304"])
def test_towers_of_which_one_is_too_few_and_two_are_too_many_give_the_least_violation_and_what_would_free_it(
    households: str,
) -> None:
    counts = [int(word) for word in households.split()]
    drawing = draw(drawn("A" * len(counts), households=households).inputs)
    off = sum(max(300 - grid.households, grid.households - 500, 0) for grid in drawing.grids)
    assert off == least_violation_in_a_row(counts)
    assert {reason for _, reason in reasons(drawing)} == {"proven_impossible"}
    (finding,) = found(drawing, "zone_impossible")
    assert f"with {sum(counts)} households has no plan in 300 to 500, proven" in finding.message
    assert "entered by" in finding.message, "dividing a building would free it"
    assert "240 to 560 households there" in finding.message, "so would a wider band"
    assert counts[int(finding.values["culprits"][0][1:])] == max(counts)


def least_violation_in_a_row(counts: list[int]) -> int:
    """The fewest households out of band of all divisions of a row of buildings."""
    best = [0] + [10**9] * len(counts)
    for end in range(1, len(counts) + 1):
        for start in range(end):
            load = sum(counts[start:end])
            best[end] = min(best[end], best[start] + max(300 - load, load - 500, 0))
    return best[-1]


# ---- Ground ------------------------------------------------------------------------------------------------------


def test_two_parts_far_from_each_other_get_grids_of_their_own() -> None:
    near = drawn("AAAA\nAAAA").inputs
    far = shapely.affinity.translate(near.community.geometry, 0.05, 0.03)
    twins = tuple(
        dataclasses.replace(
            building, code=f"F{building.code}", geometry=shapely.affinity.translate(building.geometry, 0.05, 0.03)
        )
        for building in near.buildings
    )
    parts = shapely.MultiPolygon([near.community.geometry, far])
    community = dataclasses.replace(near.community, geometry=parts)
    drawing = draw(dataclasses.replace(near, community=community, buildings=(*near.buildings, *twins)))
    assert [grid.households for grid in drawing.grids] == [400] * 4
    assert all(len({code[0] for code in grid.buildings}) == 1 for grid in drawing.grids)
    assert reasons(drawing) == []


def test_a_barrier_that_closes_off_a_yard_is_crossed_where_that_is_allowed_and_reported_where_not() -> None:
    picture = """
        AAAA
        A|B|AA
        _-__
        AAAA
    """
    sketch = drawn(picture, households={"A": 100, "B": 40})
    ring = Barrier("wall", shapely.LineString(sketch.cells[5].geometry.exterior))
    inputs = dataclasses.replace(sketch.inputs, barriers=(ring,))
    crossed = draw(inputs)
    assert reasons(crossed) == []
    (finding,) = found(crossed, "barrier_crossed")
    assert finding.severity != "error"
    closed = draw(inputs, dataclasses.replace(NORMAL, cross_barriers=False))
    (yard,) = [grid for grid in closed.grids if grid.households == 40]
    assert yard.buildings == ("B005",)
    assert reasons(closed) == [("grid_below_band", "closed_in")]
    assert "record a crossing" in found(closed, "grid_below_band")[0].message


def test_a_gate_in_the_barrier_opens_the_yard() -> None:
    sketch = drawn("AAAA\nABAA\nAAAA", households={"A": 100, "B": 40})
    yard = sketch.cells[5].geometry
    gate = Barrier("crossing", shapely.Point(yard.exterior.coords[0]))
    inputs = dataclasses.replace(sketch.inputs, barriers=(Barrier("wall", shapely.LineString(yard.exterior)), gate))
    drawing = draw(inputs, dataclasses.replace(NORMAL, cross_barriers=False))
    assert reasons(drawing) == []
    assert found(drawing, "barrier_crossed") == []


def test_buildings_that_all_overlap_share_one_cell_and_one_grid() -> None:
    inputs = drawn("AAA\nAAA").inputs
    heap = tuple(
        Building(f"H{number}", square(1.0 + number * 0.02, -1.2, 0.5), households=200, community=COMMUNITY)
        for number in range(5)
    )
    drawing = draw(dataclasses.replace(inputs, buildings=heap))
    assert [grid.households for grid in drawing.grids] == [1000]
    assert reasons(drawing) == [("grid_above_band", "one_cell")]
    assert "Correct their footprints" in found(drawing, "grid_above_band")[0].message


def test_a_building_half_outside_the_community_is_whole_in_no_other_one() -> None:
    inputs = drawn("AAAA").inputs
    edge = Building("E", square(3.7, -0.6, 0.5), households=0, community=COMMUNITY)
    drawing = draw_community(dataclasses.replace(inputs, buildings=(*inputs.buildings, edge)), DRAFT)
    assert sum("E" in grid.buildings for grid in drawing.grids) == 1


# ---- Contradictory locks -----------------------------------------------------------------------------------------

SENTENCE = re.compile(r"^[A-Z].* .*; .*\.$")


@pytest.mark.parametrize(
    "settings",
    [
        dataclasses.replace(DRAFT, locked_grids=(f"{COMMUNITY}009",)),
        dataclasses.replace(DRAFT, locked_buildings=("X1",)),
        dataclasses.replace(DRAFT, locked_buildings=("B000", "")),
    ],
)
@pytest.mark.parametrize("inputs", [lambda: in_force(drawn("AAAABBBB")), lambda: drawn("AAAABBBB").inputs])
def test_a_lock_on_what_is_not_in_force_is_refused_with_a_sentence(
    settings: DrawSettings, inputs: Callable[[], CommunityInputs]
) -> None:
    with pytest.raises(UsageError) as refused:
        draw_community(inputs(), settings)
    assert SENTENCE.match(str(refused.value))
    assert COMMUNITY in str(refused.value)


def test_a_building_that_came_since_cannot_be_locked() -> None:
    inputs = in_force(drawn("AAAABBBB"))
    new = Building("N1", square(0.05, -0.2, 0.1), households=5, community=COMMUNITY)
    with pytest.raises(UsageError, match="'N1' names nothing in force"):
        draw_community(
            dataclasses.replace(inputs, buildings=(*inputs.buildings, new)),
            dataclasses.replace(DRAFT, locked_buildings=("N1",)),
        )


def lock_reasons(drawing: Drawing) -> list[tuple[str, str]]:
    return sorted((each.codes[0], each.values["reason"]) for each in found(drawing, "lock_not_kept"))


@pytest.mark.parametrize("keep", [True, False])
def test_a_locked_grid_that_lies_in_two_pieces_keeps_the_larger_and_says_so(keep: bool) -> None:
    inputs = in_force(drawn("AABBBBAA", households="50 50 100 100 100 100 150 150"))
    settings = dataclasses.replace(NORMAL, locked_grids=(f"{COMMUNITY}001",), keep_current=keep)
    drawing = draw(inputs, settings)
    assert any(grid.buildings == ("B006", "B007") for grid in drawing.grids)
    assert lock_reasons(drawing) == [(f"{COMMUNITY}001", "pieces")]


@pytest.mark.parametrize("keep", [True, False])
def test_two_locked_buildings_of_one_grid_in_two_zones_cannot_both_stay(keep: bool) -> None:
    # In force A reaches over what is a barrier now, and either side fills grids of its own.
    before = in_force(drawn("AAAABBBB\nAAAABBBB", households=100))
    now = dataclasses.replace(drawn("AA|AABBBB\nAA|AABBBB", households=100).inputs, current=before.current)
    settings = dataclasses.replace(NORMAL, locked_buildings=("B000", "B003"), keep_current=keep)
    drawing = draw(now, settings)
    grid_of = {code: grid.key for grid in drawing.grids for code in grid.buildings}
    assert grid_of["B000"] != grid_of["B003"]
    kinds = {reason for _, reason in lock_reasons(drawing)}
    assert kinds == {"two_zones"}
    assert all("crossing" in finding.message for finding in found(drawing, "lock_not_kept"))


def test_a_locked_grid_out_of_band_stays_and_is_reported_by_the_band() -> None:
    inputs = in_force(drawn("ABBBBBBB", households=100))
    drawing = draw(inputs, dataclasses.replace(NORMAL, locked_grids=(f"{COMMUNITY}001",)))
    assert ("B000",) in [grid.buildings for grid in drawing.grids]
    assert [rule for rule, _ in reasons(drawing)].count("grid_below_band") >= 1
    assert lock_reasons(drawing) == []


def test_locks_on_everything_give_the_plan_in_force_again() -> None:
    inputs = in_force(drawn("AAAABBBB\nAAAABBBB", households=60))
    assert inputs.current is not None
    everything = tuple(building.code for building in inputs.buildings)
    codes = tuple(str(grid.code) for grid in inputs.current.grids)
    for settings in (
        dataclasses.replace(NORMAL, locked_buildings=everything),
        dataclasses.replace(NORMAL, locked_grids=codes),
        dataclasses.replace(NORMAL, locked_buildings=everything, locked_grids=codes[:1], keep_current=True, seed=9),
    ):
        drawing = draw(inputs, settings)
        assert sorted(grid.buildings for grid in drawing.grids) == sorted(g.buildings for g in inputs.current.grids)
        assert lock_reasons(drawing) == []
