"""Counts of grids: which numbers fit a zone, and how a number for the whole community is shared out."""

from __future__ import annotations

import doctest

import pytest

from gisgrid.model import Band, GridCount
from gisgrid.plan import counts as module
from gisgrid.plan.counts import counts_for, fitting_counts, least_off

BAND = Band()


@pytest.mark.parametrize(
    ("households", "counts"),
    [(299, []), (300, [1]), (500, [1]), (501, []), (599, []), (600, [2]), (1000, [3, 2]), (1800, [5, 4, 6])],
)
def test_fitting_counts_are_those_whose_mean_is_in_band_the_nearest_to_the_target_first(
    households: int, counts: list[int]
) -> None:
    assert fitting_counts(households, BAND) == counts


def test_every_count_fits_whose_grids_could_all_be_in_band_and_no_other() -> None:
    for households in range(0, 4000, 7):
        fits = {count for count in range(1, 20) if 300 * count <= households <= 500 * count}
        assert set(fitting_counts(households, BAND)) == fits


def test_a_band_without_a_minimum_allows_as_many_grids_as_households() -> None:
    assert sorted(fitting_counts(5, Band(0, 3, 2))) == [2, 3, 4, 5]
    assert fitting_counts(0, Band(0, 3, 2)) == [1]


@pytest.mark.parametrize(("households", "answer"), [(0, (1, 300)), (540, (1, 40)), (590, (2, 10)), (800, (2, 0))])
def test_least_off_is_the_count_that_leaves_fewest_out_of_band(households: int, answer: tuple[int, int]) -> None:
    assert least_off(households, BAND) == answer


def test_no_count_leaves_fewer_out_of_band_than_least_off() -> None:
    for band in (BAND, Band(50, 80, 65), Band(380, 420, 400)):
        for households in range(0, 3000, 13):
            least = min(max(k * band.minimum - households, households - k * band.maximum, 0) for k in range(1, 70))
            assert least_off(households, band)[1] == least


@pytest.mark.parametrize(
    ("zones", "grids", "counts"),
    [
        ([1800, 900], "target", [[5, 4, 6], [2, 3]]),
        ([1800, 900], "fewest", [[4, 5, 6], [2, 3]]),
        ([1800, 900], 1, [[4], [2]]),
        ([1800, 900], 7, [[5], [2]]),
        ([1800, 900], 99, [[6], [3]]),
        ([540, 900], 4, [[1], [3]]),
        ([], 5, []),
        ([0], "fewest", [[1]]),
    ],
)
def test_counts_for_zones(zones: list[int], grids: GridCount, counts: list[list[int]]) -> None:
    assert counts_for(zones, BAND, grids) == counts


def test_a_number_is_met_exactly_wherever_the_band_lets_it() -> None:
    zones = [1800, 900, 2500, 610]
    fewest = sum(min(fitting_counts(households, BAND)) for households in zones)
    most = sum(max(fitting_counts(households, BAND)) for households in zones)
    for grids in range(1, most + 3):
        shares = counts_for(zones, BAND, grids)
        assert all(len(share) == 1 for share in shares)
        assert sum(share[0] for share in shares) == min(max(grids, fewest), most)


def test_the_examples_of_the_module_hold() -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0
