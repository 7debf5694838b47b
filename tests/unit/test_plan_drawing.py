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
    Barrier,
    Building,
    CommunityInputs,
    Division,
    Drawing,
    DrawSettings,
    Edition,
    Estate,
    Site,
    Tie,
)
from gisgrid.plan.compare import compare
from gisgrid.plan.drawing import draw_community
from gisgrid.plan.numbering import number_grids

LON, LAT = 111.70, 40.80
METRE_LON, METRE_LAT = 1.0 / 84387.0, 1.0 / 111045.0
COMMUNITY = "150105001001"


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
    return draw_community(town(), DrawSettings())


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
    small = draw_community(town(), DrawSettings(dedicated_area_m2=50_000.0))
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
    assert pickle.dumps(draw_community(mixed, DrawSettings())) == pickle.dumps(drawing)


def test_a_drawing_travels_to_a_worker_and_back(drawing: Drawing) -> None:
    assert pickle.loads(pickle.dumps(drawing)).grids == drawing.grids


def published(drawn: Drawing, inputs: CommunityInputs) -> Edition:
    households = {building.code: building.households for building in inputs.buildings}
    done = number_grids(drawn.grids, inputs.current, inputs.used_codes, COMMUNITY, households)
    return Edition("7", COMMUNITY, "1", datetime(2026, 1, 1, tzinfo=UTC), None, done.grids)


def test_a_redraw_keeps_the_present_grids_and_their_codes(drawing: Drawing) -> None:
    inputs = town()
    current = published(drawing, inputs)
    settings = DrawSettings(seed=9, keep_current=True)
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
    again = draw_community(changed, DrawSettings(keep_current=True))
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
    drawn = draw_community(wider, DrawSettings())
    (enclave,) = [grid for grid in drawn.grids if "Z1" in grid.buildings]
    assert enclave.geometry.geom_type == "Polygon"
    assert [(f.rule, f.values["reason"]) for f in drawn.findings if f.severity == "error"] == [
        ("grid_below_band", "enclave")
    ]


def test_a_community_without_polygon_is_refused() -> None:
    inputs = town()
    bare = dataclasses.replace(inputs, community=dataclasses.replace(inputs.community, geometry=None))
    with pytest.raises(UsageError, match="import its boundary"):
        draw_community(bare, DrawSettings())


def test_a_community_without_households_is_one_grid_with_a_finding() -> None:
    inputs = dataclasses.replace(town(), buildings=(), sites=(), barriers=())
    drawn = draw_community(inputs, DrawSettings())
    assert [grid.households for grid in drawn.grids] == [0]
    assert [f.values["reason"] for f in drawn.findings if f.severity == "error"] == ["whole_community"]


def test_cells_carry_the_households_of_their_buildings(drawing: Drawing) -> None:
    households = {building.code: building.households for building in town().buildings}
    for cell in drawing.cells:
        assert cell.households == sum(households[code] for code in cell.buildings)
    assert sum(cell.households for cell in drawing.cells) == sum(households.values())
    lengths = np.array([border.length_m for border in drawing.borders])
    assert (lengths > 0.0).all()
