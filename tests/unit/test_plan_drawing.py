"""The draw of a community from its inputs, with real geometry: laws, order of rows, seeds, redraws."""

from __future__ import annotations

import dataclasses
import pickle
import random
from datetime import UTC, datetime

import numpy as np
import pytest
import shapely

from gisgrid.errors import UsageError
from gisgrid.geometry.place import Place
from gisgrid.model import (
    Band,
    Barrier,
    Building,
    CommunityInputs,
    Division,
    Drawing,
    DrawSettings,
    Edition,
    Estate,
    Finding,
    Grid,
    Site,
    Tie,
)
from gisgrid.plan.compare import compare
from gisgrid.plan.drawing import draw_community
from gisgrid.plan.numbering import number_grids

LON, LAT = 111.70, 40.80
METRE_LON, METRE_LAT = 1.0 / 84387.0, 1.0 / 111045.0
COMMUNITY = "150105001001"
QUICK = DrawSettings(effort="draft")


def at(x: float, y: float) -> tuple[float, float]:
    return round(LON + x * METRE_LON, 9), round(LAT + y * METRE_LAT, 9)


def box(x: float, y: float, width: float, height: float) -> shapely.Polygon:
    return shapely.Polygon([at(x, y), at(x + width, y), at(x + width, y + height), at(x, y + height)])


def line(*points: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([at(*point) for point in points])


def town() -> CommunityInputs:
    """600 m × 400 m: a railway at x = 370 with a passage, two estates, a school of 1.2 ha, slabs of 40 households."""
    buildings = tuple(
        Building(
            f"B{number:02d}",
            box(20.0 + 60.0 * column, 30.0 + 60.0 * row, 40.0, 14.0),
            estate="E1" if column < 3 else "E2" if column < 6 else None,
            households=40,
        )
        for number, (row, column) in enumerate((row, column) for row in range(6) for column in range(10))
        if not (row >= 4 and column >= 7)
    )
    school = Building("S1", box(460.0, 300.0, 60.0, 40.0), households=0)
    return CommunityInputs(
        Division(COMMUNITY, "试验社区", "community", COMMUNITY[:9], box(0.0, 0.0, 600.0, 400.0)),
        (*buildings, school),
        foreign_footprints=(box(-10.0, 200.0, 18.0, 30.0),),
        barriers=(
            Barrier("railway", line((370.0, -20.0), (370.0, 420.0))),
            Barrier("crossing", shapely.Point(*at(370.0, 100.0))),
            Barrier("street", line((-10.0, 200.0), (610.0, 200.0))),
        ),
        estates=(Estate("E1", "一苑"), Estate("E2", "二苑")),
        sites=(Site("SC", "school", "实验小学", box(430.0, 270.0, 150.0, 110.0)),),
        ties=(Tie("B00", "B01", 2.0, "gate"),),
    )


@pytest.fixture(scope="module")
def drawing() -> Drawing:
    return draw_community(town(), QUICK)


def test_the_drawing_keeps_every_invariant(drawing: Drawing) -> None:
    inputs = town()
    place = Place.of(inputs.community.geometry)
    polygons = place.to_metres([grid.geometry for grid in drawing.grids])
    assert all(polygon.geom_type == "Polygon" and polygon.is_valid for polygon in polygons)
    assert float(shapely.area(polygons).sum()) == pytest.approx(place.community_m.area, abs=0.5)
    a, b = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    assert not shapely.relate_pattern(polygons[a[a < b]], polygons[b[a < b]], "T********").any()
    homes = [code for grid in drawing.grids for code in grid.buildings]
    assert sorted(homes) == sorted(building.code for building in inputs.buildings)
    grid_of = {code: i for i, grid in enumerate(drawing.grids) for code in grid.buildings}
    for building in inputs.buildings:
        inner = place.to_metres([building.geometry])[0].buffer(-0.05)
        assert polygons[grid_of[building.code]].covers(inner)
    for grid in drawing.grids:
        assert grid.kind == "dedicated" or 300 <= grid.households <= 500
    assert [f for f in drawing.findings if f.severity == "error"] == []


def test_dedicated_ground_is_a_grid_of_its_own(drawing: Drawing) -> None:
    (school,) = [grid for grid in drawing.grids if grid.kind == "dedicated"]
    assert school.buildings == ("S1",)
    assert school.area_m2 == pytest.approx(150.0 * 110.0, rel=0.01)
    assert {drawing.cells[number].dedicated for number in school.cells} == {"SC"}
    small = draw_community(town(), DrawSettings(effort="draft", dedicated_area_m2=50_000.0))
    assert {grid.kind for grid in small.grids} == {"residential"}


def test_keys_count_from_one_in_reading_order(drawing: Drawing) -> None:
    assert [grid.key for grid in drawing.grids] == [str(n) for n in range(1, len(drawing.grids) + 1)]


def test_the_railway_parts_the_grids_where_both_sides_fill_the_band(drawing: Drawing) -> None:
    west = {b.code for b in town().buildings if b.geometry.centroid.x < LON + 370 * METRE_LON}
    sides = [{code in west for code in grid.buildings} for grid in drawing.grids]
    assert all(len(side) == 1 for side in sides)


def test_neither_the_order_of_rows_nor_that_of_lines_shows(drawing: Drawing) -> None:
    inputs = town()
    shuffle = random.Random(3).sample
    mixed = dataclasses.replace(
        inputs,
        buildings=tuple(shuffle(inputs.buildings, len(inputs.buildings))),
        barriers=tuple(reversed(inputs.barriers)),
        ties=tuple(reversed(inputs.ties)),
        estates=tuple(reversed(inputs.estates)),
    )
    assert pickle.dumps(draw_community(mixed, QUICK)) == pickle.dumps(drawing)


def test_a_drawing_travels_to_a_worker_and_back(drawing: Drawing) -> None:
    assert pickle.loads(pickle.dumps(drawing)).grids == drawing.grids


def published(drawn: Drawing, inputs: CommunityInputs) -> Edition:
    households = {building.code: building.households for building in inputs.buildings}
    done = number_grids(drawn.grids, inputs.current, inputs.used_codes, COMMUNITY, households)
    return Edition("7", COMMUNITY, "1", datetime(2026, 1, 1, tzinfo=UTC), None, done.grids)


def test_a_redraw_keeps_the_present_grids_and_their_codes(drawing: Drawing) -> None:
    inputs = town()
    current = published(drawing, inputs)
    settings = DrawSettings(effort="draft", seed=9, keep_current=True)
    again = draw_community(dataclasses.replace(inputs, current=current), settings)
    households = {building.code: building.households for building in inputs.buildings}
    assert compare(current.grids, again.grids, households).households_moved == 0
    assert [grid.code for grid in again.grids] == [f"{COMMUNITY}{n:03d}" for n in range(1, len(again.grids) + 1)]
    assert again.base_edition == "7"


def test_a_redraw_after_a_new_tower_moves_few(drawing: Drawing) -> None:
    inputs = town()
    current = published(drawing, inputs)
    grown = tuple(
        dataclasses.replace(building, households=240) if building.code == "B00" else building
        for building in inputs.buildings
    )
    changed = dataclasses.replace(inputs, buildings=grown, current=current)
    again = draw_community(changed, DrawSettings(effort="draft", keep_current=True))
    assert all(300 <= grid.households <= 500 for grid in again.grids if grid.kind == "residential")
    households = {building.code: building.households for building in grown}
    moved = compare(current.grids, again.grids, households).households_moved
    assert 0 < moved <= 0.35 * sum(households.values())


def test_a_community_of_two_parts_gets_a_grid_in_each() -> None:
    inputs = town()
    island = box(900.0, 0.0, 100.0, 100.0)
    parts = shapely.MultiPolygon([inputs.community.geometry, island])
    hut = Building("Z1", box(940.0, 40.0, 12.0, 12.0), households=55)
    wider = dataclasses.replace(
        inputs,
        community=dataclasses.replace(inputs.community, geometry=parts),
        buildings=(*inputs.buildings, hut),
    )
    drawn = draw_community(wider, QUICK)
    (enclave,) = [grid for grid in drawn.grids if "Z1" in grid.buildings]
    assert enclave.geometry.geom_type == "Polygon"
    assert [(f.rule, f.values["reason"]) for f in drawn.findings if f.severity == "error"] == [
        ("grid_below_band", "enclave")
    ]


def test_a_community_without_polygon_is_refused() -> None:
    inputs = town()
    bare = dataclasses.replace(inputs, community=dataclasses.replace(inputs.community, geometry=None))
    with pytest.raises(UsageError, match="import its boundary"):
        draw_community(bare, QUICK)


def test_a_community_without_households_is_one_grid_with_a_finding() -> None:
    inputs = dataclasses.replace(town(), buildings=(), sites=(), barriers=())
    drawn = draw_community(inputs, QUICK)
    assert [grid.households for grid in drawn.grids] == [0]
    assert [f.values["reason"] for f in drawn.findings if f.severity == "error"] == ["whole_community"]


def test_cells_carry_the_households_of_their_buildings(drawing: Drawing) -> None:
    households = {building.code: building.households for building in town().buildings}
    for cell in drawing.cells:
        assert cell.households == sum(households[code] for code in cell.buildings)
    assert sum(cell.households for cell in drawing.cells) == sum(households.values())
    lengths = np.array([border.length_m for border in drawing.borders])
    assert (lengths > 0.0).all()


# ---- what is known of zones --------------------------------------------------------------------------------------


def towers(*households: int) -> CommunityInputs:
    """A row of buildings, each on a strip of 60 m, and nothing else."""
    row = tuple(
        Building(f"T{number}", box(20.0 + 60.0 * number, 30.0, 40.0, 14.0), households=count)
        for number, count in enumerate(households)
    )
    ground = box(0.0, 0.0, 60.0 * len(households) + 20.0, 80.0)
    return CommunityInputs(Division(COMMUNITY, "高楼社区", "community", COMMUNITY[:9], ground), row)


def rules(drawn: Drawing) -> dict[str, Finding]:
    return {finding.rule: finding for finding in drawn.findings}


def test_every_zone_says_what_is_known_of_its_division(drawing: Drawing) -> None:
    assert sum(len(proof.buildings) for proof in drawing.proofs) == sum(
        len(grid.buildings) for grid in drawing.grids if grid.kind == "residential"
    )
    divisions = {frozenset(grid.buildings) for grid in drawing.grids}
    for proof in drawing.proofs:
        assert {frozenset(grid) for grid in proof.grids} <= divisions
    assert rules(drawing)["zone_searched"].values["starts"] > 0


def test_towers_that_fit_nowhere_are_proven_so_with_what_would_free_them() -> None:
    pytest.importorskip("ortools", reason="the exact model needs ortools")
    inputs = towers(280, 290, 330)
    drawn = draw_community(inputs, DrawSettings())
    told = rules(drawn)["zone_impossible"]
    assert "T2 (330), T1 (290), T0 (280)" in told.message
    assert {f.values["reason"] for f in drawn.findings if f.severity == "error"} == {"proven_impossible"}
    (proof,) = drawn.proofs
    assert proof.band is not None
    wider = draw_community(inputs, DrawSettings(band=Band(proof.band.minimum, proof.band.maximum)))
    assert [f for f in wider.findings if f.severity == "error"] == []
    (tower,) = proof.divide
    entrances = tuple(
        dataclasses.replace(
            each,
            code=f"{tower}-{part}",
            households=each.households // 2 + part * (each.households % 2),
            geometry=box(20.0 + 60.0 * int(tower[1]) + 21.0 * part, 30.0, 19.0, 14.0),
        )
        for each in inputs.buildings
        if each.code == tower
        for part in range(proof.entrances)
    )
    others = tuple(each for each in inputs.buildings if each.code != tower)
    split = draw_community(dataclasses.replace(inputs, buildings=(*others, *entrances)), DrawSettings())
    assert [f for f in split.findings if f.severity == "error"] == []


def test_a_draw_that_is_told_to_stop_returns_a_sound_plan() -> None:
    asked = []

    def stop() -> bool:
        asked.append(1)
        return True

    drawn = draw_community(town(), DrawSettings(effort="thorough"), stop)
    assert asked
    assert sorted(code for grid in drawn.grids for code in grid.buildings) == sorted(
        building.code for building in town().buildings
    )
    assert all(grid.geometry.geom_type == "Polygon" for grid in drawn.grids)


# ---- locks -------------------------------------------------------------------------------------------------------


def home(grids: tuple[Grid, ...], building: str) -> Grid:
    return next(grid for grid in grids if building in grid.buildings)


def test_a_locked_grid_stays_whatever_else_is_asked_for(drawing: Drawing) -> None:
    inputs = dataclasses.replace(town(), current=published(drawing, town()))
    current = inputs.current
    assert current is not None
    locked = home(current.grids, "B00")
    settings = DrawSettings(Band(120, 200, 160), seed=5, effort="draft", locked_grids=(str(locked.code),))
    again = draw_community(inputs, settings)
    kept = home(again.grids, "B00")
    assert (kept.buildings, kept.code) == (locked.buildings, locked.code)
    assert kept.geometry.equals(locked.geometry)
    assert "lock_not_kept" not in rules(again)
    (error,) = [f for f in again.findings if f.severity == "error"]
    assert (error.rule, error.values["reason"]) == ("grid_above_band", "locked")
    assert len(again.grids) > len(drawing.grids)


def test_a_new_house_on_locked_ground_belongs_to_the_locked_grid(drawing: Drawing) -> None:
    inputs = town()
    current = published(drawing, inputs)
    locked = home(current.grids, "B00")
    new = Building("NEW", box(20.0, 55.0, 12.0, 8.0), households=30)
    grown = dataclasses.replace(inputs, buildings=(*inputs.buildings, new), current=current)
    settings = DrawSettings(effort="draft", locked_grids=(str(locked.code),))
    assert home(draw_community(grown, settings).grids, "NEW").buildings == tuple(sorted((*locked.buildings, "NEW")))


def test_a_locked_building_stays_while_its_neighbours_move(drawing: Drawing) -> None:
    inputs = town()
    current = published(drawing, inputs)
    codes = {building.code for building in inputs.buildings}
    border = next(
        (code, other)
        for grid in current.grids
        for code in grid.buildings
        for other in codes - set(grid.buildings)
        if code.startswith("B") and other == f"B{int(code[1:]) + 1:02d}"
    )[0]
    grown = tuple(
        dataclasses.replace(each, households=90) if each.code == border else each for each in inputs.buildings
    )
    changed = dataclasses.replace(inputs, buildings=grown, current=current)
    again = draw_community(changed, DrawSettings(effort="draft", keep_current=True, locked_buildings=(border,)))
    assert home(again.grids, border).code == home(current.grids, border).code
    assert "lock_not_kept" not in rules(again)


def test_a_locked_building_that_grew_above_the_band_is_told(drawing: Drawing) -> None:
    inputs = town()
    grown = tuple(dataclasses.replace(b, households=560) if b.code == "B00" else b for b in inputs.buildings)
    changed = dataclasses.replace(inputs, buildings=grown, current=published(drawing, inputs))
    again = draw_community(changed, DrawSettings(effort="draft", keep_current=True, locked_buildings=("B00",)))
    told = rules(again)["lock_not_kept"]
    assert (told.codes, told.values["reason"]) == (("B00",), "tower")


def test_a_lock_on_nothing_in_force_is_refused(drawing: Drawing) -> None:
    inputs = dataclasses.replace(town(), current=published(drawing, town()))
    for settings in (DrawSettings(locked_grids=("x",)), DrawSettings(locked_buildings=("x",))):
        with pytest.raises(UsageError, match="names nothing in force"):
            draw_community(inputs, settings)
