"""Numbers, texts and shapes come back as they were, whatever they are."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gisgrid.maps.lattice import Lattice
from gisgrid.maps.packing import LARGEST, packed, packed_texts

from . import unpacking

WHOLE = st.integers(-LARGEST, LARGEST) | st.integers(-40, 40)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["1号楼", "12号楼", "1号楼𠀀", "1号楼𠀁"]
)


@given(st.lists(WHOLE))
def test_numbers_come_back(values: list[int]) -> None:
    text = packed(values)
    assert unpacking.numbers(text) == values
    assert all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in text)


@pytest.mark.parametrize("value", [LARGEST + 1, -LARGEST - 1])
def test_a_number_that_the_page_cannot_hold_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="too large for a map"):
        packed([0, value])


@given(st.lists(st.none() | TEXTS))
def test_texts_come_back(values: list[str | None]) -> None:
    assert unpacking.texts(packed_texts(values), len(values)) == values


def test_a_column_without_a_text_is_left_out() -> None:
    assert packed_texts([None, None]) is None
    assert packed_texts([]) is None


def test_shapes_come_back_with_holes_and_parts() -> None:
    holed = shapely.box(116, 37, 116.1, 37.1) - shapely.box(116.01, 37.01, 116.02, 37.02)
    parted = shapely.MultiPolygon([shapely.box(116.2, 37, 116.3, 37.1), shapely.box(116.4, 37, 116.5, 37.1)])
    lattice = Lattice(116, 37)
    columns = lattice.shapes([holed, parted])
    assert unpacking.numbers(columns["rings"]) == [2, 2]
    rings = unpacking.lines(columns["steps"], unpacking.numbers(columns["sizes"]), [116, 37])
    expected = [holed.exterior, holed.interiors[0], *(part.exterior for part in parted.geoms)]
    for ring, source in zip(rings, expected, strict=True):
        assert np.abs(ring - shapely.get_coordinates(source)[:-1]).max() <= 0.5e-6 + 1e-12
