"""What would free a zone that has no plan: a wider band there, or a large building divided by its entrances.

Room: plan. In: a zone (`Network`) without a plan, the band. Out: a `Remedy`; each thing it names was tried by the exact
model. Imports numpy, `plan.exact`, `plan.graph`, `plan.objective`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from gisgrid.model import Band
from gisgrid.plan.exact import first_plan
from gisgrid.plan.graph import Integers, neighbour_lists
from gisgrid.plan.objective import Network

PERCENTS: Final = (5, 10, 15, 20, 25)
"""By how much the band is widened on either side, in percent of its target."""

MOST_BUILDINGS: Final = 6
"""So many buildings are tried, the largest first."""

MOST_ENTRANCES: Final = 3
"""A building is divided into two parts, or else into up to so many."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What would free a zone; each of `band` and `divide` suffices without the other.

    Attributes
    ----------
    culprits
        The buildings above half the maximum, of which no grid holds two: units, the largest first.
    band
        The narrowest band tried under which the zone has a plan, widened alike on both sides; None if none does.
    divide
        Units whose buildings, entered by their entrances, give the zone a plan: as few as were found, empty if none.
    entrances
        Into how many nearly equal parts each of them is divided, 0 if `divide` is empty.
    tried
        Whether bands and entrances were tried at all.
    """

    culprits: tuple[int, ...] = ()
    band: Band | None = None
    divide: tuple[int, ...] = ()
    entrances: int = 0
    tried: bool = True


def remedy(network: Network, band: Band, effort: float = 20.0) -> Remedy:
    """Return what would free a zone that no plan in band exists for.

    Parameters
    ----------
    network
        The zone.
    band
        The household band.
    effort
        Deterministic seconds for all that is tried; what is not settled in that time counts as no remedy.
    """
    order = _largest_first(network)
    ladder = list(_ladder(band))
    divisions = list(_divisions(network, order))
    wider = _first([(network, wide) for wide in ladder], effort / 2.0)
    freed = _first([(divided(network, units, entrances), band) for units, entrances in divisions], effort / 2.0)
    units, entrances = ((), 0) if freed is None else divisions[freed]
    return Remedy(culprits(network, band), None if wider is None else ladder[wider], units, entrances)


def culprits(network: Network, band: Band) -> tuple[int, ...]:
    """Return the units above half the maximum, of which no grid holds two, the largest first."""
    return tuple(int(unit) for unit in _largest_first(network) if network.households[unit] * 2 > band.maximum)


def _largest_first(network: Network) -> Integers:
    """Return the units in order of their households, on a tie of their numbers."""
    order: Integers = np.lexsort((np.arange(len(network.households)), -network.households))
    return order


def divided(network: Network, units: tuple[int, ...], entrances: int) -> Network:
    """Return the zone with some buildings entered by their entrances, without costs.

    Each becomes so many nearly equal units in a row of neighbours; the first keeps the number, the others follow at the
    end. Which of them touches which neighbour is not known: each is taken to touch all.
    """
    households = network.households.tolist()
    pairs = set(zip(network.tails.tolist(), network.neighbours.tolist(), strict=True))
    for unit in units:
        share, rest = divmod(households[unit], entrances)
        near = [other for tail, other in sorted(pairs) if tail == unit]
        row = [unit, *range(len(households), len(households) + entrances - 1)]
        households[unit] = share + (rest > 0)
        households += [share + (number < rest) for number in range(1, entrances)]
        ways = [(new, other) for new in row[1:] for other in near]
        ways += [(one, other) for at, one in enumerate(row) for other in row[at + 1 :]]
        pairs |= {*ways, *((other, one) for one, other in ways)}
    once = np.array(sorted(pair for pair in pairs if pair[0] < pair[1]), dtype=np.int64).reshape(-1, 2)
    return _plain(np.array(households, dtype=np.int64), once)


def _plain(households: Integers, pairs: Integers) -> Network:
    """Return a zone of neighbours alone."""
    count = len(households)
    first, neighbours, _ = neighbour_lists(count, pairs[:, 0], pairs[:, 1])
    none, nothing = np.empty(0, dtype=np.int64), np.empty(0)
    nowhere = np.full(count, -1, dtype=np.int64)
    return Network(
        households=households,
        first=first,
        tails=np.repeat(np.arange(count), np.diff(first)),
        neighbours=neighbours,
        first_link=np.zeros(count + 1, dtype=np.int64),
        links=none,
        costs=nothing,
        home=nowhere,
        stay=np.zeros(count),
        estate=nowhere,
        estate_costs=nothing,
    )


def _ladder(band: Band) -> Iterator[Band]:
    """Yield wider bands, the narrowest first."""
    for percent in PERCENTS:
        more = band.target * percent // 100
        yield dataclasses.replace(band, minimum=max(band.minimum - more, 0), maximum=band.maximum + more)


def _divisions(network: Network, order: Integers) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield what to divide into how many: each of the largest buildings alone, then the largest two and so on."""
    lived_in = (int(unit) for unit in order if network.households[unit] > 1)
    largest = tuple(islice(lived_in, MOST_BUILDINGS))
    for entrances in range(2, MOST_ENTRANCES + 1):
        yield from (((unit,), entrances) for unit in largest)
    for together in range(2, len(largest) + 1):
        yield largest[:together], MOST_ENTRANCES


def _first(questions: list[tuple[Network, Band]], effort: float) -> int | None:
    """Return the number of the first zone that a plan is found for, or None."""
    answers = first_plan(questions, effort)
    return next((number for number, answer in enumerate(answers) if answer.status == "feasible"), None)
