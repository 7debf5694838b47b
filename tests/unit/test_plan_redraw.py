"""Redraws: who lives where nothing changed stays, and new, gone and grown buildings move as few as they must."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
import shapely

from gisgrid.model import Band, Barrier, Building, CommunityInputs, Drawing, DrawSettings, Edition, Weights
from gisgrid.plan.compare import Comparison, compare
from gisgrid.plan.drawing import draw_community
from gisgrid.plan.graph import Graph, Integers
from gisgrid.plan.objective import Present
from gisgrid.plan.partition import divide
from tests.draw import COMMUNITY, Sketch, drawn
from tests.towns import town

DRAFT = DrawSettings(effort="draft")
KEEP = DrawSettings(effort="draft", keep_current=True)
BAND = Band()
WEIGHTS = (0.0, 0.1, 0.5, 2.0, 10.0, 100.0)


def free(grids: Integers) -> Present:
    """Grids in force of which nothing is locked."""
    return Present(grids, np.zeros(len(grids), dtype=np.bool_))


def with_households(graph: Graph, households: Integers | Sequence[int]) -> Graph:
    counts = np.asarray(households, dtype=np.int64)
    return dataclasses.replace(graph, units=dataclasses.replace(graph.units, households=counts))


def loads(graph: Graph, labels: Integers) -> Integers:
    return np.bincount(labels, weights=graph.units.households).astype(np.int64)


def moved(graph: Graph, before: Integers, after: Integers) -> int:
    """Households that leave the grid most of their grid goes on in."""
    households = graph.units.households
    stay = (np.bincount(after[before == grid], weights=households[before == grid]).max() for grid in np.unique(before))
    return int(households.sum() - sum(stay))


# ---- On the graph ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_nobody_moves_where_nothing_changed_whatever_the_seed(seed: int) -> None:
    graph = town(8, 9, 11 + seed).graph()
    first = divide(graph, DrawSettings(seed=1)).labels
    again = divide(graph, dataclasses.replace(KEEP, seed=50 + seed), free(first)).labels
    assert again.tolist() == first.tolist()


def test_grids_in_force_that_no_draw_would_make_stay_while_they_hold() -> None:
    # Rows of nine: far more border than blocks, but in band, and a move costs more than border saves.
    graph = drawn("\n".join(["A" * 9] * 4), households=50).graph()
    present = np.arange(36) // 9
    assert divide(graph, KEEP, free(present)).labels.tolist() == present.tolist()
    fresh = divide(graph, DRAFT).labels
    assert moved(graph, present, fresh) > 0


def test_a_grid_that_grew_is_mended_and_the_rest_left() -> None:
    counts = [50] * 72
    counts[0] = 130  # row 0 has 530 now
    graph = with_households(drawn("\n".join(["A" * 9] * 8), households=50).graph(), counts)
    present = np.arange(72) // 9
    labels = divide(graph, KEEP, free(present)).labels
    assert loads(graph, labels).min() >= BAND.minimum
    assert loads(graph, labels).max() <= BAND.maximum
    assert moved(graph, present, labels) == 50, "one building is enough"
    assert (labels[18:] == present[18:]).all()


def test_a_grid_that_grew_to_two_is_split_and_the_rest_left() -> None:
    counts = [50] * 36
    counts[0:9] = [90] * 9  # row 0 has 810 now
    graph = with_households(drawn("\n".join(["A" * 9] * 4), households=50).graph(), counts)
    present = np.arange(36) // 9
    labels = divide(graph, KEEP, free(present)).labels
    assert loads(graph, labels).min() >= BAND.minimum
    assert loads(graph, labels).max() <= BAND.maximum
    assert len(set(labels[9:].tolist())) <= 4
    assert moved(graph, present, labels) <= 450


def test_a_grid_that_shrank_below_the_band_takes_from_its_neighbour() -> None:
    counts = [50] * 36
    counts[0:9] = [30] * 9  # row 0 has 270 now
    graph = with_households(drawn("\n".join(["A" * 9] * 4), households=50).graph(), counts)
    present = np.arange(36) // 9
    labels = divide(graph, KEEP, free(present)).labels
    assert loads(graph, labels).min() >= BAND.minimum
    assert moved(graph, present, labels) == 50


@pytest.mark.parametrize("seed", [0, 2, 5, 9, 10, 18])
def test_a_higher_weight_of_moves_never_moves_more(seed: int) -> None:
    dice = np.random.Generator(np.random.PCG64(seed))
    graph = town(5, 6, 30 + seed, 5, 90).graph([(int(a), int(b), 1.0) for a, b in dice.integers(0, 30, (25, 2))])
    before = divide(graph, DRAFT).labels
    households = np.where(dice.random(30) < 0.15, dice.integers(0, 180, 30), graph.units.households)
    changed = with_households(graph, households)
    figures = []
    for weight in WEIGHTS:
        asked = DrawSettings(keep_current=True, weights=Weights(move=weight))
        figures.append(moved(changed, before, divide(changed, asked, free(before)).labels))
    assert figures == sorted(figures, reverse=True), figures
    assert figures[-1] < figures[0]


# ---- Locks -------------------------------------------------------------------------------------------------------


def test_a_lock_outweighs_the_band_whatever_finds_a_plan_without_it() -> None:
    # Without the lock 150 + 50 and 50 + 150 would do; the exact model is asked, and may not give the lock away.
    graph = drawn("AAAA", households="150 50 50 150").graph()
    present = Present(np.array([0, 1, 1, 1]), np.array([False, True, False, True]))
    for effort in ("draft", "normal"):
        asked = DrawSettings(band=Band(190, 210, 200), keep_current=True, effort=effort)
        assert divide(graph, asked, present).labels.tolist() == [0, 1, 1, 1]


def test_a_grid_with_locks_goes_on_where_it_shares_its_part_with_a_larger_one() -> None:
    # The ties pull the two locked buildings of grid 0 to either side; only together are they kept.
    graph = drawn("BBAACC", households="150 150 50 50 150 150").graph([(1, 2, 5.0), (3, 4, 5.0)])
    present = Present(np.array([1, 1, 0, 0, 2, 2]), np.array([False, False, True, True, False, False]))
    for keep in (True, False):
        labels = divide(graph, dataclasses.replace(DRAFT, keep_current=keep), present).labels
        assert labels[2] == labels[3]


def test_a_further_grid_is_made_beside_the_locks() -> None:
    # One grid of 900 is to become two; the five locked units, 500 together, stay in one of them.
    graph = drawn("AAA\nAAA\nAAA", households=100).graph()
    for seed in range(5):
        locked = np.isin(np.arange(9), [0, 1, 2, 3, 4])
        labels = divide(graph, dataclasses.replace(DRAFT, seed=seed), Present(np.zeros(9, dtype=int), locked)).labels
        assert labels.max() == 1
        assert len(set(labels[locked].tolist())) == 1


# ---- On the ground -----------------------------------------------------------------------------------------------


def in_force(sketch: Sketch) -> CommunityInputs:
    """The community of a picture, whose letters are the grids in force."""
    grids = tuple(
        dataclasses.replace(grid, code=f"{COMMUNITY}{number:03d}", name=f"{grid.key}网格")
        for number, grid in enumerate(sketch.grids, start=1)
    )
    current = Edition("7", COMMUNITY, "1", datetime(2026, 1, 1, tzinfo=UTC), None, grids)
    return dataclasses.replace(sketch.inputs, current=current)


def compared(inputs: CommunityInputs, drawing: Drawing) -> Comparison:
    assert inputs.current is not None
    households = {building.code: building.households for building in inputs.buildings}
    return compare(inputs.current.grids, drawing.grids, households)


def grid_at(drawing: Drawing, place: shapely.Geometry) -> str | None:
    """The code of the grid that most of a place lies in."""
    shares = [float(shapely.area(shapely.intersection(grid.geometry, place))) for grid in drawing.grids]
    return drawing.grids[int(np.argmax(shares))].code


TOWN = drawn("AAABBB\nAAABBB\nCCCDDD\nCCCDDD", households=60)


def test_a_redraw_where_nothing_changed_keeps_every_grid_with_its_code_and_name() -> None:
    inputs = in_force(TOWN)
    for seed in range(3):
        drawing = draw_community(inputs, dataclasses.replace(KEEP, seed=seed))
        assert [(g.code, g.name, g.buildings) for g in sorted(drawing.grids, key=lambda grid: str(grid.code))] == [
            (g.code, g.name, g.buildings) for g in inputs.current.grids
        ]
        assert compared(inputs, drawing).moves == ()


def test_without_keeping_to_it_the_edition_only_gives_codes() -> None:
    inputs = in_force(drawn("AAAAAA\nBBBBBB\nCCCCCC\nDDDDDD", households=60))
    bare = dataclasses.replace(inputs, current=None)
    fresh, without = draw_community(inputs, DRAFT), draw_community(bare, DRAFT)
    assert [grid.buildings for grid in fresh.grids] == [grid.buildings for grid in without.grids]
    assert fresh.base_edition == "7"


def test_keeping_to_an_edition_that_is_not_there_draws_from_nothing() -> None:
    kept, fresh = draw_community(TOWN.inputs, KEEP), draw_community(TOWN.inputs, DRAFT)
    assert kept.grids == fresh.grids
    assert kept.findings == fresh.findings
    assert kept.base_edition is None


def park(sketch: Sketch, number: int) -> CommunityInputs:
    """The community with streets around a cell that no building stands on any more."""
    inputs, cell = in_force(sketch), sketch.cells[number]
    assert inputs.current is not None
    grids = tuple(
        dataclasses.replace(grid, buildings=tuple(code for code in grid.buildings if code not in cell.buildings))
        for grid in inputs.current.grids
    )
    return dataclasses.replace(
        inputs,
        buildings=tuple(building for building in inputs.buildings if building.code not in cell.buildings),
        barriers=(Barrier("street", shapely.LineString(cell.geometry.exterior)),),
        current=dataclasses.replace(inputs.current, grids=grids),
    )


@pytest.mark.parametrize("number", [2, 3, 8, 15])
def test_empty_ground_stays_with_the_grid_that_it_is_in(number: int) -> None:
    inputs, place = park(TOWN, number), TOWN.cells[number].geometry
    drawing = draw_community(inputs, KEEP)
    assert any(not cell.buildings and shapely.contains(cell.geometry.buffer(1e-7), place) for cell in drawing.cells)
    assert inputs.current is not None
    (home,) = [grid.code for grid in inputs.current.grids if shapely.contains(grid.geometry, place.centroid)]
    assert grid_at(drawing, place) == home
    assert compared(inputs, drawing).households_moved == 0


def test_a_new_building_moves_nobody_where_there_is_room() -> None:
    inputs = park(TOWN, 8)
    new = Building("N1", shapely.affinity.scale(TOWN.cells[8].geometry, 0.4, 0.4), households=70, community=COMMUNITY)
    drawing = draw_community(dataclasses.replace(inputs, buildings=(*inputs.buildings, new)), KEEP)
    result = compared(inputs, drawing)
    assert result.households_moved == 0
    assert [move.buildings for move in result.moves] == [("N1",)]
    assert all(300 <= grid.households <= 500 for grid in drawing.grids)


def test_a_building_that_is_gone_leaves_its_ground_to_its_neighbours_and_moves_nobody() -> None:
    inputs = in_force(TOWN)
    gone = inputs.buildings[8].code
    drawing = draw_community(dataclasses.replace(inputs, buildings=inputs.buildings[:8] + inputs.buildings[9:]), KEEP)
    result = compared(inputs, drawing)
    assert result.households_moved == 0
    assert [(move.after, move.buildings) for move in result.moves] == [(None, (gone,))]


def test_a_building_that_grew_moves_as_few_as_bring_its_grid_back_into_band() -> None:
    inputs = in_force(TOWN)
    grown = tuple(
        dataclasses.replace(building, households=240) if building.code == "B000" else building
        for building in inputs.buildings
    )
    drawing = draw_community(dataclasses.replace(inputs, buildings=grown), KEEP)
    assert all(300 <= grid.households <= 500 for grid in drawing.grids)
    result = compared(dataclasses.replace(inputs, buildings=grown), drawing)
    assert result.households_moved == 60, "540 with it; one building of 60 less is 480"
