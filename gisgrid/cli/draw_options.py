"""What `gisgrid draw` is asked for: its options as settings, read strictly.

Room: the command line. In: texts of options. Out: `DrawSettings`' parts.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Final

from gisgrid.drawing import HEAVIEST
from gisgrid.errors import UsageError
from gisgrid.model import Band, GridCount, Weights

WEIGHTS: Final = tuple(field.name for field in dataclasses.fields(Weights))


def band(minimum: int, maximum: int, target: int) -> Band:
    """Return the household band.

    Raises
    ------
    UsageError
        Its figures are not in order.
    """
    if not minimum <= target <= maximum:
        raise UsageError(f"--min {minimum} --target {target} --max {maximum} are not in that order; put them in order.")
    return Band(minimum, maximum, target)


def grid_count(text: str) -> GridCount:
    """Return how many grids are wanted.

    Raises
    ------
    UsageError
        The text is neither `target` nor `fewest` nor a number from 1.

    Examples
    --------
    >>> grid_count("fewest"), grid_count("7")
    ('fewest', 7)
    """
    if text == "target":
        return "target"
    if text == "fewest":
        return "fewest"
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 999:
        return int(text)
    raise UsageError(f"--grids {text!r} is neither target nor fewest nor a number from 1 to 999; give one of them.")


def weights(texts: Sequence[str]) -> Weights:
    """Return the weights with those that are given as NAME=VALUE.

    Raises
    ------
    UsageError
        An unknown name, or a value that is no number from 0 to a million (a share of 1 for `street`).

    Examples
    --------
    >>> weights(["tie=20", "balance=0"]).tie
    20.0
    """
    given: dict[str, float] = {}
    for text in texts:
        name, _, value = (part.strip() for part in text.partition("="))
        if name not in WEIGHTS:
            raise UsageError(f"--weight {text!r} names no weight; they are {', '.join(WEIGHTS)}: for example tie=20.")
        most = 1.0 if name == "street" else HEAVIEST
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not 0.0 <= number <= most:
            raise UsageError(
                f"--weight {text!r} is no number from 0 to {most:,.0f}; a weight is a cost, and what shall be sought "
                "instead of avoided is given less of it."
            )
        given[name] = number
    return dataclasses.replace(Weights(), **given)
