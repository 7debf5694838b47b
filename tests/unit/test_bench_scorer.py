"""The bench's scorer against figures counted by hand, and its made-up communities against the rules of the form."""

import dataclasses
from itertools import pairwise
from math import pi

import numpy as np
import pytest

from bench.planning import instances, redraw, scorer
from bench.planning.generator import generate
from bench.planning.instances import Community, grid_count
from bench.planning.zones import zones_of


def strip(households, *, zone=None, barred=(), ties=()):
    """Squares of 10 m in a row, one unit each; `barred` holds the left unit of each border that a road bars."""
    count = len(households)
    return Community(
        id="strip",
        households=list(households),
        x=[10.0 * i + 5 for i in range(count)],
        y=[5.0] * count,
        footprint=[[10.0 * i, 0.0, 10.0 * i + 10, 10.0] for i in range(count)],
        kind=["slab"] * count,
        estate=[-1] * count,
        company=[-1] * count,
        area=[100.0] * count,
        perimeter=[40.0] * count,
        zone=list(zone or [0] * count),
        alone=[at < 0 for at in zone or [0] * count],
        borders=[(i, j, 10.0, i in barred) for i, j in pairwise(range(count))],
        ties=list(ties),
    )


@pytest.mark.parametrize(
    ("households", "grids"),
    [(299, None), (300, 1), (501, None), (599, None), (600, 2), (685, 2), (686, 2), (900, 2), (1000, 3), (7000, 18)],
)
def test_number_of_grids(households, grids):
    assert grid_count(households) == grids


def test_figures_counted_by_hand():
    community = strip([200, 150, 300, 100], ties=[(0, 1, 3), (1, 2, 2), (0, 3, 1)])
    whole = scorer.score(community, [4, 4, 7, 7])
    assert whole.feasible
    assert (whole.grids, whole.wanted, whole.in_band, whole.pieces, whole.unassigned) == (2, 2, 2, 0, 0)
    # One border of 10 m: max(1, round(10 / 8)) = 1; the ties 1-2 and 0-3 are parted: 10 x (2 + 1).
    assert whole.cost == 31
    assert (whole.ties_cut, whole.ties) == (3, 6)
    # Both grids are 20 m x 10 m.
    assert whole.compactness == pytest.approx([4 * pi * 200 / 60**2] * 2)
    assert scorer.verify(community, [4, 4, 7, 7]) == []


def test_short_and_barred_borders_join_nothing_but_lie_inside_the_union():
    community = strip([200, 200, 200, 200], barred={0})
    community = dataclasses.replace(community, borders=[*community.borders[:2], (2, 3, 0.9, False)])
    plan = scorer.score(community, [0, 0, 1, 1])
    assert plan.pieces == 2
    assert not plan.feasible
    assert plan.cost == 1
    assert plan.compactness == pytest.approx([4 * pi * 200 / 60**2, 4 * pi * 200 / (80 - 1.8) ** 2])
    assert scorer.verify(community, [0, 0, 1, 1]) == ["pieces: strip zone 0: 2 grids are not connected"]


def test_band_unassigned_units_and_number_of_grids_are_faults():
    community = strip([200, 150, 300, 100])
    assert not scorer.score(community, [0, 0, 0, 1]).feasible
    assert scorer.verify(community, [0, 0, 0, 1]) == ["band: strip zone 0: 2 of 2 grids outside"]
    assert scorer.verify(community, [0, 0, 1, -1]) == ["units: strip zone 0: 1 in no grid"]
    assert scorer.verify(community, [0, 1, 2, 2])[-1] == "band: strip zone 0: 3 grids where 2 are wanted"


def test_units_in_two_grids_are_told():
    labels, twice = scorer.labels_of([[0, 1], [1, 2, 3]], 4)
    assert labels == [0, 1, 1, 1]
    assert twice == 1
    assert not scorer.score(strip([200, 150, 300, 100]), [0, 0, 1, 1], twice).feasible


def test_a_grid_in_two_zones_or_over_a_unit_that_stands_alone_is_in_pieces():
    community = strip([400, 600, 400], zone=[0, -1, 1])
    assert scorer.score(community, [0, -1, 1]).feasible
    assert scorer.score(community, [0, 2, 1]).feasible
    assert scorer.score(community, [0, -1, 0]).pieces == 2
    assert scorer.score(community, [0, 0, 1]).pieces == 1


def test_households_moved_with_the_grids_matched():
    community = strip([200, 150, 300, 100])
    present = [0, 0, 1, 1]
    assert scorer.households_moved(community, present, [9, 9, 3, 3]) == 0
    assert scorer.households_moved(community, present, [9, 3, 3, 3]) == 150
    assert scorer.households_moved(community, present, [9, 3, 3, 3], [200, 20, 300, 100]) == 20
    assert scorer.households_moved(community, [-1, 0, 1, 1], [1, 1, 1, 0]) == 250


def test_peers_rank_plans_as_the_scorer_does():
    community = next(generate("tiny", 3, 1))
    zone = zones_of(community)[0]
    random = np.random.default_rng(0)
    for _ in range(20):
        labels = random.integers(0, zone.parts, len(zone))
        assert zone.cost(labels) == scorer.score(community, labels.tolist()).cost


def test_same_seed_same_bytes(tmp_path):
    for name in ("one", "two"):
        instances.write(tmp_path / name, generate("tiny", 3, 4))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    instances.write(tmp_path / "other", generate("tiny", 4, 4))
    assert (tmp_path / "one").read_bytes() != (tmp_path / "other").read_bytes()
    assert instances.read(tmp_path / "one") == list(generate("tiny", 3, 4))


def outer_perimeter(community):
    return sum(community.perimeter) - 2 * sum(length for _, _, length, _ in community.borders)


@pytest.mark.parametrize(("name", "first"), [("tiny", 6), ("sized", 4), ("com", 3)])
def test_made_up_communities_are_valid(name, first):
    for community in generate(name, 5, first):
        count = len(community.households)
        zones = [zone for zone in set(community.zone) if zone >= 0]
        # Each zone is connected: as one grid it is in one piece.
        assert scorer.score(community, community.zone).pieces == 0
        for zone in zones:
            total = sum(h for h, at in zip(community.households, community.zone, strict=True) if at == zone)
            assert grid_count(total) is not None
        pairs = [(i, j) for i, j, *_ in community.borders]
        assert all(0 <= i < j < count for i, j in pairs)
        assert len(set(pairs)) == len(pairs)
        assert all(community.zone[i] == community.zone[j] >= 0 and w > 0 for i, j, w in community.ties)
        assert [at < 0 for at in community.zone] == community.alone == [h > 500 for h in community.households]
        shapes = 4 * pi * np.array(community.area) / np.array(community.perimeter) ** 2
        assert shapes.min() > 0.05
        assert shapes.max() <= 1.0


def test_cells_fill_the_ground():
    # The union of all cells is the rectangle between the outermost streets: every metre of border is counted once.
    community = next(generate("com", 5, 1))
    area, outer = sum(community.area), outer_perimeter(community)
    half = outer / 2
    sides = np.roots([1, -half, area])
    assert np.isreal(sides).all()
    assert all(700 < side < 1150 for side in sides)
    assert all(community.footprint[i][2] < max(sides) for i in range(len(community.area)))


def test_a_year_of_change_leaves_every_zone_a_number_of_grids():
    community = next(generate("com", 5, 1))
    year = redraw.change(community, 0)
    assert year == redraw.change(community, 0)
    assert year != redraw.change(community, 1)
    pairs = list(zip(community.households, year.community.households, strict=True))
    assert all(kept == min(pair) for kept, pair in zip(year.stayed, pairs, strict=True))
    assert any(before and not after for before, after in pairs)
    assert any(not before and 100 <= after <= 300 for before, after in pairs)
