"""Columns of numbers and texts as short strings, which `page/unpacking.js` reads back.

Room: maps. In: arrays and lists. Out: strings of letters, digits, `-` and `_`, and texts by what is new. Must not
import a library of drawing.

A number is written in base 32, lowest digit first, sign in the lowest bit, with a sixth bit on every digit but the last
(as in Google's encoded polylines, but in the alphabet of base64url, which JSON and HTML leave alone). A step of a
building's outline is two characters instead of three or four and a comma.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
LARGEST: Final = 2**30 - 1
"""The page holds numbers in 32 bits, the sign in the lowest."""
_LETTERS: Final = np.frombuffer(ALPHABET, dtype=np.uint8)
_BITS: Final = 5
_MORE: Final = 32
TextColumn = dict[str, str]


def packed(numbers: ArrayLike) -> str:
    """Return whole numbers between -`LARGEST` and `LARGEST` as one string.

    Raises
    ------
    ValueError
        A number is larger.
    """
    values = np.asarray(numbers, dtype=np.int64).ravel()
    if values.size == 0:
        return ""
    if np.abs(values).max() > LARGEST:
        raise ValueError(f"{int(values[np.abs(values).argmax()])} is too large for a map; numbers go to {LARGEST}.")
    left = (np.abs(values) << 1) | (values < 0)
    widths = np.maximum(1, -(-np.frexp(left.astype(np.float64))[1] // _BITS))
    ends = np.cumsum(widths)
    digits = np.empty(ends[-1], dtype=np.int64)
    at = ends - widths
    while at.size:
        rest = left >> _BITS
        digits[at] = (left & (_MORE - 1)) | np.where(rest > 0, _MORE, 0)
        going = rest > 0
        at, left = at[going] + 1, rest[going]
    return _LETTERS[digits].tobytes().decode("ascii")


def steps(places: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the vertices of lines as steps: each from the vertex before, a first one from that of the line before.

    Parameters
    ----------
    places
        (n, 2) whole numbers, the vertices of all lines one after the other.
    sizes
        How many vertices each line has, at least one.
    """
    if not len(places):
        return places
    moves = np.diff(places, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    moves[first] = np.diff(places[first], axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    return moves


def ring_columns(areas: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return how many rings each area has, how many vertices each ring, and the vertices, without closing ones."""
    shapes = np.asarray(areas, dtype=object)
    parts, owner = shapely.get_parts(shapes, return_index=True)
    polygonal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    parts, owner = parts[polygonal], owner[polygonal]
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    closing = np.append(ring[1:] != ring[:-1], True) if len(ring) else np.zeros(0, dtype=np.bool_)
    sizes = np.bincount(ring[~closing], minlength=len(rings))
    return np.bincount(owner[part], minlength=len(shapes)), sizes, xy[~closing]


def packed_texts(texts: Iterable[str | None]) -> TextColumn | None:
    """Return texts by what each has in common with the one before: its head, its tail, and what is new between them.

    2号楼 after 1号楼 is one new character. None where there is no text at all; a missing text has -1 new ones. Lengths
    are in UTF-16 units, as JavaScript counts.
    """
    column = list(texts)
    units = _units if any(not text.isascii() and max(text) > "\uffff" for text in column if text) else len
    rows: list[tuple[int, int, int]] = []
    new: list[str] = []
    before = ""
    for text in column:
        if text is None:
            rows.append((0, 0, -1))
            continue
        head, tail = _in_common(before, text)
        middle = text[head : len(text) - tail]
        rows.append((units(text[:head]), units(text[len(text) - tail :]), units(middle)))
        new.append(middle)
        before = text
    if all(text is None for text in column):
        return None
    heads, tails, added = np.array(rows).T
    return {"head": packed(heads), "tail": packed(tails), "added": packed(added), "text": "".join(new)}


def _in_common(before: str, text: str) -> tuple[int, int]:
    """Return how many characters both have in common at the beginning and, of the others, at the end."""
    most = min(len(before), len(text))
    head = 0
    while head < most and before[head] == text[head]:
        head += 1
    tail = 0
    while tail < most - head and before[-1 - tail] == text[-1 - tail]:
        tail += 1
    return head, tail


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def packed_shapes(areas: ArrayLike, to_places: Any) -> dict[str, str]:
    """Return areas as three columns: rings of each area, vertices of each ring, steps.

    Parameters
    ----------
    to_places
        Turns (n, 2) coordinates into whole numbers (`Lattice.places`).
    """
    rings, sizes, points = ring_columns(areas)
    return {"rings": packed(rings), "sizes": packed(sizes), "steps": packed(steps(to_places(points), sizes))}
