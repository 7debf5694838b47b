"""On which side of a segment a point lies, decided exactly, in compiled loops.

Room `lookup`, pure. In: coordinates as 64-bit floats. Out: -1, 0 or 1. Imports numpy and the compiler of this room.

A floating-point filter decides nearly always; where it cannot, the determinant is summed without any rounding.
Source: J. R. Shewchuk, *Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates*, Discrete
& Computational Geometry 18 (1997): the error bound A of `orient2d`, Two-Sum, Two-Product with Split, Grow-Expansion.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from gisgrid.lookup.compiled import compiled

_EPSILON: Final = 2.0**-53
_BOUND_A: Final = (3.0 + 16.0 * _EPSILON) * _EPSILON
_SPLITTER: Final = 2.0**27 + 1.0
_TERMS: Final = 12


@compiled
def side(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> int:
    """Return 1 where the point is left of the line from a to b, -1 where it is right of it, 0 exactly on it."""
    left = (ax - x) * (by - y)
    right = (ay - y) * (bx - x)
    determinant = left - right
    bound = _BOUND_A * (abs(left) + abs(right))
    if determinant > bound:
        return 1
    if -determinant > bound:
        return -1
    return _exact_side(ax, ay, bx, by, x, y)


@compiled
def _exact_side(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> int:
    """Return the same from (a - p) × (b - p) = a×b - a×p + b×p, six products summed without rounding."""
    expansion = np.zeros(_TERMS, dtype=np.float64)
    count = 0
    for first, second in ((ax, by), (-ay, bx), (-ax, y), (ay, x), (bx, y), (-by, x)):
        product, tail = _two_product(first, second)
        count = _grow(expansion, count, tail)
        count = _grow(expansion, count, product)
    # The last component that is not zero is greater than all before it together.
    for position in range(count - 1, -1, -1):
        if expansion[position] > 0.0:
            return 1
        if expansion[position] < 0.0:
            return -1
    return 0


@compiled
def _grow(expansion: npt.NDArray[np.float64], count: int, value: float) -> int:
    """Add a value to an expansion without rounding and return its new length (Grow-Expansion)."""
    carried = value
    for position in range(count):
        part = expansion[position]
        total = carried + part
        virtual = total - carried
        expansion[position] = (carried - (total - virtual)) + (part - virtual)
        carried = total
    expansion[count] = carried
    return count + 1


@compiled
def _two_product(first: float, second: float) -> tuple[float, float]:
    """Return the rounded product and what rounding took from it."""
    product = first * second
    first_high = _SPLITTER * first
    first_high = first_high - (first_high - first)
    first_low = first - first_high
    second_high = _SPLITTER * second
    second_high = second_high - (second_high - second)
    second_low = second - second_high
    error = product - first_high * second_high
    error = error - first_low * second_high
    error = error - first_high * second_low
    return product, first_low * second_low - error
