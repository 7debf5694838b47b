"""How good the division of a zone is known to be: proven best, proven impossible, or no better one found.

Room: plan. In: a zone and the best division that the search found. Out: the division, perhaps a better one, and its
`Proof`. Imports `plan.exact`, `plan.remedies` and the modules below them; the solver itself runs in another process.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from scipy.optimize import linear_sum_assignment

from gisgrid.model import DrawSettings, Effort
from gisgrid.plan.counts import fitting_counts
from gisgrid.plan.exact import prove_infeasible, solve
from gisgrid.plan.graph import Integers
from gisgrid.plan.improve import BUDGETS, Found, at_home, improve, judged
from gisgrid.plan.objective import LOCK_COST, Network, Rules
from gisgrid.plan.remedies import Remedy, culprits, remedy

ProofKind = Literal["best", "none_better", "impossible", "no_count", "whole"]

EFFORTS: Final[Mapping[Effort, float]] = MappingProxyType({"draft": 0.0, "normal": 2.0, "thorough": 20.0})
"""Deterministic seconds in which the exact model tries a zone for which the search found no plan in band."""

MODELS: Final[Mapping[Effort, int]] = MappingProxyType({"draft": 0, "normal": 2000, "thorough": 12000})
"""How large the models of a zone may be in all, as its units times the numbers of grids that fit it: each is a model of
its own, and building them takes longer than solving them."""

REMEDY_MODELS: Final[Mapping[Effort, int]] = MappingProxyType({"draft": 0, "normal": 200, "thorough": 2000})
"""The same for what would free a zone, where up to two dozen models of that size are tried; in larger zones only the
culprits are named."""

PROVED_UNITS: Final = 250
PROVED_EFFORT: Final = 30.0
"""Zones of so many units are proven best, where that is asked for, in so many deterministic seconds."""


@dataclass(frozen=True, slots=True)
class Proof:
    """How good a zone's division is known to be.

    Attributes
    ----------
    kind
        `best`: no plan of so many grids costs less. `none_better`: the search found none better in `starts` starts.
        `impossible`: no division has every grid in band, whatever the number of grids. `no_count`: the households of
        the zone add up to no number of grids. `whole`: nothing was to be divided.
    starts
        How many plans were annealed.
    remedy
        What would free a zone that cannot be in band.
    """

    kind: ProofKind
    starts: int = 0
    remedy: Remedy | None = None


def unproved(starts: int) -> Proof:
    """Return what the search alone can say."""
    return Proof("none_better", starts)


def proved(network: Network, found: Found, rules: Rules, settings: DrawSettings, starts: int) -> tuple[Found, Proof]:
    """Return the division, a better one where the exact model has it, and how good it is known to be.

    Parameters
    ----------
    network, rules, settings
        The zone, the band with its pull, and what the draw is asked for.
    found
        What the search found.
    starts
        How many plans it annealed.
    """
    band = settings.band
    households = int(network.households.sum())
    if not fitting_counts(households, band):
        return found, Proof("no_count", starts)
    if found.off > 0:
        return _out_of_band(network, found, rules, settings, starts)
    if found.parts == 1 and fitting_counts(households, band) == [1]:
        return found, Proof("best", starts)
    network = at_home(network, found.home)
    if settings.prove and len(network.households) <= PROVED_UNITS:
        answer = solve(network, found.parts, band, effort=PROVED_EFFORT, warm=found.labels, pull=rules.pull)
        if answer.labels is not None:
            better = judged(network, answer.labels, found.parts, rules)
            if better.better_than(found):
                found = dataclasses.replace(better, starts=starts, home=found.home)
        if answer.status == "optimal":
            return found, Proof("best", starts)
    return found, unproved(starts)


def _out_of_band(
    network: Network, found: Found, rules: Rules, settings: DrawSettings, starts: int
) -> tuple[Found, Proof]:
    """Return a plan in band after all, or the proof that there is none, or what the search says."""
    effort = EFFORTS[settings.effort]
    size = len(network.households) * len(fitting_counts(int(network.households.sum()), settings.band))
    if size > MODELS[settings.effort]:
        return found, unproved(starts)
    answer = prove_infeasible(network, settings.band, effort)
    if answer.status == "infeasible":
        freed = Remedy(culprits(network, settings.band), tried=False)
        if size <= REMEDY_MODELS[settings.effort]:
            freed = remedy(network, settings.band, effort / 8.0)
        return found, Proof("impossible", starts, freed)
    if answer.labels is None or np.any(network.stay >= LOCK_COST):
        return found, unproved(starts)  # the exact model knows no locks
    parts = int(answer.labels.max()) + 1
    zone = at_home(network, _matched(network, answer.labels, parts))
    better = improve(zone, parts, rules, (settings.seed, 1), BUDGETS["draft"], begin=answer.labels)
    return better, unproved(starts + better.starts)


def _matched(network: Network, labels: Integers, parts: int) -> Integers:
    """Return the part that each unit calls home where its present grid answers one: so that fewest households move."""
    present = network.home >= 0
    grids = int(network.home.max(initial=-1)) + 1
    common = np.zeros((grids, parts))
    np.add.at(common, (network.home[present], labels[present]), network.households[present])
    part_of = np.full(grids, -1, dtype=np.int64)
    rows, columns = linear_sum_assignment(common, maximize=True)
    part_of[rows] = columns
    home: Integers = np.full(len(labels), -1, dtype=np.int64)
    home[present] = part_of[network.home[present]]
    return home
