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
        return self.column(numbers)[1].tobytes()

    def column(self, numbers: npt.NDArray[np.integer[Any]]) -> tuple[npt.NDArray[np.int32], Bytes]:
        """Return where each text begins and all end, and their characters: the layout of Arrow's variable-size binary.

        Returns
        -------
        starts
            int32, shape (n + 1,).
        characters
            UTF-8.
        """
        return _column(numbers.astype(np.int64, copy=False), self._characters, self._starts)


@compiled
def _column(
    numbers: npt.NDArray[np.int64], characters: Bytes, starts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int32], Bytes]:
    """Return where the text of each number begins, and the characters."""
    texts, begins = len(starts) - 1, np.empty(len(numbers) + 1, np.int32)
    begins[0] = 0
    for row in range(len(numbers)):
        place = numbers[row] if numbers[row] >= 0 else numbers[row] + texts
        begins[row + 1] = begins[row] + starts[place + 1] - starts[place]
    told = np.empty(begins[-1], np.uint8)
    for row in range(len(numbers)):
        place = numbers[row] if numbers[row] >= 0 else numbers[row] + texts
        for character in range(begins[row + 1] - begins[row]):
            told[begins[row] + character] = characters[starts[place] + character]
    return begins, told
