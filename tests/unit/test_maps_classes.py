"""Natural breaks: the best there are, by trying all."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gisgrid.maps.classes import natural_breaks

figures = st.lists(st.integers(-50, 50).map(lambda tenth: tenth / 4), min_size=1, max_size=9)


def deviation(values: list[float], breaks: list[float]) -> float:
    groups: dict[int, list[float]] = {}
    for value in values:
        groups.setdefault(int(np.searchsorted(breaks, value)), []).append(value)
    return sum(float(np.sum((np.array(group) - np.mean(group)) ** 2)) for group in groups.values())


@settings(max_examples=50)
@given(figures, st.integers(1, 4))
def test_no_other_breaks_are_better(values: list[float], most: int) -> None:
    breaks = natural_breaks(values, most)
    distinct = sorted(set(values))
    assert breaks == sorted(set(breaks))
    assert len(breaks) == min(most, len(distinct))
    assert breaks[-1] == distinct[-1]
    others = combinations(distinct[:-1], len(breaks) - 1)
    best = min(deviation(values, [*chosen, distinct[-1]]) for chosen in others)
    assert deviation(values, breaks) == pytest.approx(best, abs=1e-9)
