"""What a plan is worth, from the definition alone: the judge of every method, gisgrid included.

In: a community and a label for each unit (below 0: in no grid). Out: the hard rules and the figures, for each zone and
for the community. Imports nothing of gisgrid and nothing of the other files of the bench but the form of the instances.

The definition. Adjacent: a shared border of at least 1 m that is not barred. Feasible: every unit of a zone in exactly
one grid, every grid connected by adjacency, 300 to 500 households each, and as many grids in each zone as have the mean
load nearest to 400. J: the sum over pairs of units in different grids of 10 x tie weight, and for adjacent pairs
max(1, round(border metres / 8)) more. Units that stand alone are grids of their own and are not scored, but no other
unit may carry their label.

Polsby-Popper is 4 pi A / P**2 with P the boundary of the union of a grid's cells: the sum of the cells' perimeters less
twice every border between two of them. A border counts here whether or not it is barred or shorter than 1 m, because
the union does not know of roads: cells meet in the middle of a road, and where two cells of one grid face each other
over it (they are joined elsewhere) that line is inside the union. A border between cells of different grids always
stays. Holes count as boundary, so a grid round another one, or round a building that stands alone, looks less compact.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from bench.planning.instances import MAXIMUM, MINIMUM, TARGET, Community, grid_count


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of a zone (`zone` is its number) or of a whole community (`zone` is None).

    Attributes
    ----------
    zone
        Number of the zone.
    feasible
        Whether no hard rule is broken and each zone has its number of grids.
    grids, wanted
        Grids that there are, and grids that the zones' households ask for.
    in_band, pieces
        Grids of 300 to 500 households, and grids that are not connected.
    unassigned, twice
        Units in no grid, and units in more than one.
    cost
        J.
    ties_cut, ties
        Tie weight between different grids, and all tie weight.
    compactness
        Polsby-Popper of each grid.
    """

    zone: int | None
    feasible: bool
    grids: int
    wanted: int
    in_band: int
    pieces: int
    unassigned: int
    twice: int
    cost: float
    ties_cut: float
    ties: float
    compactness: tuple[float, ...]

    @property
    def least_compact(self) -> float:
        """The least Polsby-Popper of any grid; 0 if there is no grid."""
        return min(self.compactness, default=0.0)


def labels_of(grids: Sequence[Collection[int]], units: int) -> tuple[list[int], int]:
    """Return a label for each unit of grids given as their members, and how many units are in more than one."""
    labels = [-1] * units
    times = Counter(unit for grid in grids for unit in grid)
    for label, grid in enumerate(grids):
        for unit in grid:
            labels[unit] = label
    return labels, sum(count > 1 for count in times.values())


def score_zones(community: Community, labels: Sequence[int], twice: int = 0) -> list[Score]:
    """Return the score of each zone.

    Parameters
    ----------
    community
        The instance.
    labels
        The grid of each unit; below 0 for none.
    twice
        Units found in more than one grid when the labels were made.

    Raises
    ------
    ValueError
        If there is not one label for each unit.
    """
    if len(labels) != len(community.households):
        raise ValueError(f"{len(labels)} labels for {len(community.households)} units")
    zones = sorted({zone for zone in community.zone if zone >= 0})
    judge = _Judge(community, labels, twice)
    return [judge.score(zone) for zone in zones]


def score(community: Community, labels: Sequence[int], twice: int = 0) -> Score:
    """Return the score of the whole community: sums over its zones, feasible if each of them is."""
    zones = score_zones(community, labels, twice)
    return Score(
        zone=None,
        feasible=all(zone.feasible for zone in zones),
        grids=sum(zone.grids for zone in zones),
        wanted=sum(zone.wanted for zone in zones),
        in_band=sum(zone.in_band for zone in zones),
        pieces=sum(zone.pieces for zone in zones),
        unassigned=sum(zone.unassigned for zone in zones),
        twice=twice,
        cost=sum(zone.cost for zone in zones),
        ties_cut=sum(zone.ties_cut for zone in zones),
        ties=sum(zone.ties for zone in zones),
        compactness=tuple(value for zone in zones for value in zone.compactness),
    )


def verify(community: Community, labels: Sequence[int], twice: int = 0) -> list[str]:
    """Return a sentence for each hard rule that the plan breaks; none for a plan that breaks none.

    Out of band is told apart from the rules that hold even where no plan in band exists: a sentence on the band begins
    with `band:`.
    """
    faults = []
    for zone in score_zones(community, labels, twice):
        where = f"{community.id} zone {zone.zone}"
        if zone.unassigned:
            faults.append(f"units: {where}: {zone.unassigned} in no grid")
        if zone.pieces:
            faults.append(f"pieces: {where}: {zone.pieces} grids are not connected")
        if zone.in_band != zone.grids:
            faults.append(f"band: {where}: {zone.grids - zone.in_band} of {zone.grids} grids outside")
        if zone.grids != zone.wanted:
            faults.append(f"band: {where}: {zone.grids} grids where {zone.wanted} are wanted")
    if twice:
        faults.append(f"units: {community.id}: {twice} in more than one grid")
    return faults


def households_moved(
    community: Community, present: Sequence[int], labels: Sequence[int], stayed: Sequence[int] | None = None
) -> int:
    """Return how many households change grid, with the grids of both plans matched so that the fewest do.

    Parameters
    ----------
    community
        The instance after the change.
    present, labels
        The grid of each unit in the plan in force and in the new one; a unit that is in none of either does not move.
    stayed
        Households of each unit that lived there before and still do; by default all of the community's.
    """
    weights = community.households if stayed is None else stayed
    shared: Counter[tuple[int, int]] = Counter()
    for before, after, weight in zip(present, labels, weights, strict=True):
        if before >= 0 and after >= 0:
            shared[before, after] += weight
    if not shared:
        return 0
    rows = {label: row for row, label in enumerate(sorted({before for before, _ in shared}))}
    columns = {label: column for column, label in enumerate(sorted({after for _, after in shared}))}
    table = np.zeros((len(rows), len(columns)), dtype=np.int64)
    for (before, after), weight in shared.items():
        table[rows[before], columns[after]] = weight
    kept = table[linear_sum_assignment(table, maximize=True)].sum()
    return int(table.sum() - kept)


class _Judge:
    """What all zones of one plan share, counted once."""

    def __init__(self, community: Community, labels: Sequence[int], twice: int) -> None:
        self.community, self.labels, self.twice = community, [int(label) for label in labels], twice
        self.reach = _neighbours(community)
        self.parted = _parted(community, self.labels)
        self.shapes = _compactness(community, self.labels)
        self.everywhere = Counter(self.labels)

    def grids(self, zone: int) -> dict[int, list[int]]:
        """Return the units of each label in a zone; those in no grid are under their label below 0."""
        grids: dict[int, list[int]] = defaultdict(list)
        for unit, label in enumerate(self.labels):
            if self.community.zone[unit] == zone:
                grids[label].append(unit)
        return dict(sorted(grids.items()))

    def whole(self, label: int, members: Sequence[int]) -> bool:
        """Return whether a grid is connected; one that has units elsewhere, or one that stands alone, is not."""
        return self.everywhere[label] == len(members) and _connected(members, self.reach)

    def score(self, zone: int) -> Score:
        """Return the score of a zone."""
        households = self.community.households
        grids = self.grids(zone)
        unassigned = sum(len(members) for label, members in grids.items() if label < 0)
        assigned = {label: members for label, members in grids.items() if label >= 0}
        pieces = sum(not self.whole(label, members) for label, members in assigned.items())
        loads = [sum(households[unit] for unit in members) for members in assigned.values()]
        in_band = sum(MINIMUM <= load <= MAXIMUM for load in loads)
        total = sum(households[unit] for members in grids.values() for unit in members)
        wanted = grid_count(total) or max(1, round(total / TARGET))
        cost, ties_cut, ties = self.parted[zone]
        return Score(
            zone=zone,
            feasible=not (pieces or unassigned or self.twice) and in_band == len(loads) == wanted,
            grids=len(loads),
            wanted=wanted,
            in_band=in_band,
            pieces=pieces,
            unassigned=unassigned,
            twice=self.twice,
            cost=cost,
            ties_cut=ties_cut,
            ties=ties,
            compactness=tuple(self.shapes[label] for label in assigned),
        )


def _neighbours(community: Community) -> dict[int, list[int]]:
    reach: dict[int, list[int]] = defaultdict(list)
    for i, j, _ in community.adjacent():
        reach[i].append(j)
        reach[j].append(i)
    return reach


def _connected(members: Sequence[int], reach: dict[int, list[int]]) -> bool:
    inside, seen, stack = set(members), {members[0]}, [members[0]]
    while stack:
        for other in reach[stack.pop()]:
            if other in inside and other not in seen:
                seen.add(other)
                stack.append(other)
    return len(seen) == len(inside)


def _parted(community: Community, labels: Sequence[int]) -> dict[int, tuple[float, float, float]]:
    """Return J, tie weight cut and all tie weight of each zone; two units in no grid count as parted."""
    cost: dict[int, float] = defaultdict(float)
    cut: dict[int, float] = defaultdict(float)
    ties: dict[int, float] = defaultdict(float)
    for i, j, length in community.adjacent():
        if labels[i] != labels[j] or labels[i] < 0:
            cost[community.zone[i]] += max(1, round(length / 8))
    for i, j, weight in community.ties:
        ties[community.zone[i]] += weight
        if labels[i] != labels[j] or labels[i] < 0:
            cost[community.zone[i]] += 10 * weight
            cut[community.zone[i]] += weight
    return defaultdict(lambda: (0.0, 0.0, 0.0), {zone: (cost[zone], cut[zone], ties[zone]) for zone in {*cost, *ties}})


def _compactness(community: Community, labels: Sequence[int]) -> dict[int, float]:
    area: dict[int, float] = defaultdict(float)
    outer: dict[int, float] = defaultdict(float)
    for unit, label in enumerate(labels):
        area[int(label)] += community.area[unit]
        outer[int(label)] += community.perimeter[unit]
    for i, j, length, _ in community.borders:
        if labels[i] == labels[j]:
            outer[int(labels[i])] -= 2 * length
    return {label: 4 * math.pi * area[label] / outer[label] ** 2 for label in area}
