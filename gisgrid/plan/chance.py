"""Random numbers for the compiled loops: one stream a search, the same on every machine.

Room: plan. In: whole numbers as seeds. Out: 64-bit numbers, drawn inside compiled code. Imports numpy.

SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators"): a counter and a mixing
function of shifts and multiplications, so that nothing but whole numbers decides what a seed gives.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gisgrid.plan.compiled import compiled
from gisgrid.plan.graph import Floats

Chance = NDArray[np.uint64]
"""A stream of random numbers: one element, the counter; drawing changes it."""

EXPONENTIALS: Final[Floats] = np.array(
    [round(-math.log((step + 0.5) / 4096.0) * 1024.0) / 1024.0 for step in range(4096)]
)
"""Quantiles of the exponential distribution, rounded so that no machine's logarithm shows."""


def chance_of(*seeds: int) -> Chance:
    """Return the stream of these seeds (mixed by numpy's `SeedSequence`, which is fixed by NEP 19)."""
    return np.random.SeedSequence(seeds).generate_state(1, np.uint64).astype(np.uint64)


@compiled
def draw(chance: Chance) -> Any:
    """Return the next 64 random bits."""
    chance[0] += np.uint64(0x9E3779B97F4A7C15)
    bits = chance[0]
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@compiled
def below(bits: Any, count: int) -> int:
    """Return a number from 0 to `count` - 1 made of the lower 32 of random bits."""
    return int(((bits & np.uint64(0xFFFFFFFF)) * np.uint64(count)) >> np.uint64(32))


@compiled
def exponential(bits: Any) -> float:
    """Return a quantile of the exponential distribution made of the upper 12 of random bits."""
    return float(EXPONENTIALS[np.int64(bits >> np.uint64(52))])


@compiled
def choose(chance: Chance, count: int) -> int:
    """Return a random number from 0 to `count` - 1."""
    return below(draw(chance), count)
