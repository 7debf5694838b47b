"""Texts by their number, one after the other: what an answer about many points is made of.

Room `lookup`, pure. In: the texts once, then numbers. Out: bytes. Imports numpy and this room.

A lookup costs less than the text that tells of it, if each text is fetched as an object of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from gisgrid.lookup.compiled import compiled

Bytes = npt.NDArray[np.uint8]


class Texts:
    """Texts that are written many times.

    Parameters
    ----------
    texts
        At least one; the last may be named by -1 as well.

    Examples
    --------
    >>> Texts(["a", "bc", "!"]).joined(np.array([1, 0, -1]))
    b'bca!'
    """

    def __init__(self, texts: Iterable[str]) -> None:
        pieces = [text.encode() for text in texts]
        self._characters = np.frombuffer(b"".join(pieces), np.uint8)
        self._starts = np.cumsum([0, *map(len, pieces)])
        self.joined(np.zeros(1, np.int64))  # whoever asks first must not wait for the compiler

    def joined(self, numbers: npt.NDArray[np.integer[Any]]) -> bytes:
        """Return the texts of these numbers, one after the other.

        Parameters
        ----------
        numbers
            Positions among the texts, none beyond them.
        """
        return _joined(numbers.astype(np.int64, copy=False), self._characters, self._starts).tobytes()


@compiled
def _joined(numbers: npt.NDArray[np.int64], characters: Bytes, starts: npt.NDArray[np.int64]) -> Bytes:
    """Return the characters of the texts of these numbers."""
    texts, length = len(starts) - 1, 0
    for number in numbers:
        place = number if number >= 0 else number + texts
        length += starts[place + 1] - starts[place]
    told, end = np.empty(length, np.uint8), 0
    for number in numbers:
        place = number if number >= 0 else number + texts
        for character in range(starts[place], starts[place + 1]):
            told[end] = characters[character]
            end += 1
    return told
