"""One zone as a partitioner takes it, and the search loop that all peers share.

In: a community. Out: `Zone`s numbered from 0, and labels for the whole community. A peer tries again and again until
its CPU seconds are used; `Best` keeps the attempt with the fewest faulty grids, then the fewest households out of band,
then the least J, so that a peer that finds nothing feasible still hands in its best attempt. Judged by `scorer` alone.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bench.planning.instances import MAXIMUM, MINIMUM, Community, grid_count

Integers = np.ndarray


class TimeUpError(Exception):
    """The CPU seconds of a zone are used."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A connected zone; units are numbered from 0, `units` holds their numbers in the community.

    Attributes
    ----------
    parts
        The number of grids.
    households, estate
        Of each unit.
    middles
        n x 2, metres.
    borders, border_costs
        Adjacent pairs (m x 2), and what J charges for parting each.
    ties, tie_costs
        Tied pairs (k x 2), and what J charges for parting each: 10 x weight.
    """

    units: Integers
    parts: int
    households: Integers
    estate: Integers
    middles: Integers
    borders: Integers
    border_costs: Integers
    ties: Integers
    tie_costs: Integers

    def __len__(self) -> int:
        return len(self.units)

    @property
    def edge_costs(self) -> Integers:
        """What parting each adjacent pair costs, its tie included: the edge weights of the partitioners."""
        tied = {(int(i), int(j)): int(cost) for (i, j), cost in zip(self.ties, self.tie_costs, strict=True)}
        pairs = [(int(i), int(j)) for i, j in self.borders]
        return self.border_costs + np.array([tied.get(pair, 0) for pair in pairs], dtype=np.int64)

    def lists(self, costs: Integers) -> tuple[Integers, Integers, Integers]:
        """Return adjacency as METIS takes it: first neighbour of each unit, neighbours, cost of each."""
        both = np.concatenate([self.borders, self.borders[:, ::-1]])
        order = np.lexsort((both[:, 1], both[:, 0]))
        first = np.concatenate([[0], np.cumsum(np.bincount(both[:, 0], minlength=len(self)))])
        return first, both[order, 1], np.concatenate([costs, costs])[order]

    def cost(self, labels: Integers) -> int:
        """Return J."""
        parted = labels[self.borders[:, 0]] != labels[self.borders[:, 1]]
        untied = labels[self.ties[:, 0]] != labels[self.ties[:, 1]]
        return int(self.border_costs[parted].sum() + self.tie_costs[untied].sum())

    def pieces(self, labels: Integers) -> tuple[int, Integers]:
        """Return the number of connected pieces of all grids, and the piece of each unit."""
        whole = labels[self.borders[:, 0]] == labels[self.borders[:, 1]]
        i, j = self.borders[whole].T
        return connected_components(coo_array((np.ones(len(i)), (i, j)), shape=(len(self), len(self))), directed=False)

    def rank(self, labels: Integers) -> tuple[int, int, int]:
        """Return how bad a plan is: faulty grids, households out of band, J."""
        loads = np.bincount(labels, weights=self.households, minlength=self.parts)
        off = np.maximum(0, MINIMUM - loads) + np.maximum(0, loads - MAXIMUM)
        faulty = int((off > 0).sum()) + self.pieces(labels)[0] - len(np.unique(labels)) + abs(len(loads) - self.parts)
        return faulty, int(off.sum()), self.cost(labels)


def zones_of(community: Community) -> list[Zone]:
    """Return the zones of a community, the largest last: what small ones leave of the CPU seconds goes to it."""
    members: dict[int, list[int]] = {}
    for unit, zone in enumerate(community.zone):
        if zone >= 0:
            members.setdefault(zone, []).append(unit)
    return [_zone(community, units) for units in sorted(members.values(), key=len)]


def _zone(community: Community, units: list[int]) -> Zone:
    place = {unit: index for index, unit in enumerate(units)}
    borders = [(place[i], place[j], max(1, round(m / 8))) for i, j, m in community.adjacent() if i in place]
    ties = [(*sorted((place[i], place[j])), 10 * w) for i, j, w in community.ties if i in place and j in place]
    edges = np.array(borders, dtype=np.int64).reshape(-1, 3)
    bonds = np.array(ties, dtype=np.int64).reshape(-1, 3)
    households = np.array([community.households[unit] for unit in units], dtype=np.int64)
    total = int(households.sum())
    return Zone(
        units=np.array(units),
        parts=grid_count(total) or max(1, round(total / 400)),
        households=households,
        estate=np.array([community.estate[unit] for unit in units]),
        middles=np.array([(community.x[unit], community.y[unit]) for unit in units]),
        borders=edges[:, :2],
        border_costs=edges[:, 2],
        ties=bonds[:, :2],
        tie_costs=bonds[:, 2],
    )


@dataclass(slots=True)
class Best:
    """The best attempt on a zone so far; `proof` is "optimal", "infeasible" or empty."""

    zone: Zone
    labels: Integers | None = None
    rank: tuple[int, int, int] | None = None
    proof: str = ""

    def offer(self, labels: Integers) -> tuple[int, int, int]:
        """Keep a plan if it is the best so far; return its rank."""
        rank = self.zone.rank(labels)
        if self.rank is None or rank < self.rank:
            self.labels, self.rank = np.array(labels), rank
        return rank


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a method hands in: a label for each unit, the CPU seconds that it took, and what it proved of each zone."""

    labels: list[int]
    seconds: float
    proofs: list[str] = field(default_factory=list)


Search = Callable[[Best, int, float], None]
"""Search one zone with a seed until `time.process_time()` reaches the given figure, offering plans to a `Best`."""


def draw_zones(community: Community, seed: int, seconds: float, search: Search) -> Drawn:
    """Draw a community zone by zone, each with a share of the CPU seconds by its number of units.

    Parameters
    ----------
    community
        The instance.
    seed
        Of the peer's own chance.
    seconds
        CPU seconds of this process for the whole community.
    search
        The peer.
    """
    begun = time.process_time()
    labels = np.full(len(community.households), -1, dtype=np.int64)
    zones = zones_of(community)
    left = sum(len(zone) for zone in zones if zone.parts > 1)
    proofs = []
    for zone in zones:
        best = Best(zone)
        if zone.parts == 1:
            best.offer(np.zeros(len(zone), dtype=np.int64))
            best.proof = "optimal"
        else:
            now = time.process_time()
            end = now + max(0.0, begun + seconds - now) * len(zone) / left
            left -= len(zone)
            search(best, seed, end)
        if best.labels is not None:
            labels[zone.units] = best.labels + labels.max() + 1
        proofs.append(best.proof)
    return Drawn(labels.tolist(), time.process_time() - begun, proofs)


@contextmanager
def alarm(end: float) -> Iterator[None]:
    """Stop Python code that runs on past its CPU seconds; a call into compiled code is stopped when it returns."""

    def ring(*_: object) -> None:
        raise TimeUpError

    previous = signal.signal(signal.SIGPROF, ring)
    # Rung again and again, because a library may swallow the first one.
    signal.setitimer(signal.ITIMER_PROF, max(0.001, end - time.process_time()), 0.05)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0.0)
    except TimeUpError:
        pass
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, previous)
