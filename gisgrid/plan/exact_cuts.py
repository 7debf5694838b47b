"""What connectedness asks of a plan, in plain sets: which units must share a grid, and cuts that a torn plan breaks.

Room: plan. In: a zone as lists and sets of whole numbers. Out: the zone with glued units, and cuts. Used by the child
of the exact model; imports the standard library alone, so that the child starts quickly.

Every grid holds at least the band's minimum. So a set of units with fewer households is never a grid: whoever is in it
shares a grid with one of the units around it. Where one unit alone is around it, they are glued together for good.
(Separator cuts as in Validi, Buchanan and Lykhovyd 2022, Imposing contiguity constraints in political districting
models, Operations Research 70.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

Neighbours = Sequence[set[int]]


class Cut(NamedTuple):
    """If `unit` (and `other`, unless it is -1) is in a grid, one of `through` is too."""

    unit: int
    other: int
    through: frozenset[int]


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone for the exact model.

    Attributes
    ----------
    households
        Households of each unit.
    neighbours
        The neighbours of each unit.
    costs
        What it costs to part a pair, in whole steps; the smaller unit first.
    least
        Fewest households of a grid; 0 or less if a grid may hold any number.
    """

    households: list[int]
    neighbours: list[set[int]]
    costs: dict[tuple[int, int], int]
    least: int

    def weight(self, units: Iterable[int]) -> int:
        """Return the households of some units."""
        return sum(self.households[unit] for unit in units)

    def around(self, units: set[int]) -> set[int]:
        """Return the units next to a set."""
        return {other for unit in units for other in self.neighbours[unit]} - units


def reached(neighbours: Neighbours, start: int, barred: set[int]) -> set[int]:
    """Return the units that can be reached from one without stepping on barred ones."""
    seen, waiting = {start}, [start]
    while waiting:
        for other in neighbours[waiting.pop()]:
            if other not in seen and other not in barred:
                seen.add(other)
                waiting.append(other)
    return seen


def pieces(neighbours: Neighbours, units: Iterable[int]) -> list[set[int]]:
    """Return the connected pieces of some units, in order of their smallest unit."""
    left = set(units)
    outside = set(range(len(neighbours))) - left
    found = []
    for unit in sorted(left):
        if unit in left:
            piece = reached(neighbours, unit, outside)
            left -= piece
            found.append(piece)
    return found


def glued(zone: Zone) -> tuple[Zone, list[int]]:
    """Return the zone with units glued that every plan keeps together, and the new number of each unit.

    Where one unit alone joins a set of units to the rest of the zone and the set has fewer households than a grid
    needs, the set goes with that unit.
    """
    count = len(zone.households)
    leader = list(range(count))
    for joint in range(count):
        for piece in pieces(zone.neighbours, (unit for unit in range(count) if unit != joint)):
            if zone.weight(piece) < zone.least and piece & zone.neighbours[joint]:
                for unit in piece:
                    leader[_lead(leader, unit)] = _lead(leader, joint)
    roots = sorted({_lead(leader, unit) for unit in range(count)})
    number = {root: at for at, root in enumerate(roots)}
    place = [number[_lead(leader, unit)] for unit in range(count)]
    households = [0] * len(roots)
    neighbours: list[set[int]] = [set() for _ in roots]
    for unit, at in enumerate(place):
        households[at] += zone.households[unit]
        neighbours[at] |= {place[other] for other in zone.neighbours[unit]} - {at}
    costs: dict[tuple[int, int], int] = {}
    for (a, b), cost in sorted(zone.costs.items()):
        pair = (min(place[a], place[b]), max(place[a], place[b]))
        if pair[0] != pair[1]:
            costs[pair] = costs.get(pair, 0) + cost
    return Zone(households, neighbours, costs, zone.least), place


def _lead(leader: list[int], unit: int) -> int:
    """Return the unit that a glued unit goes with."""
    while leader[unit] != unit:
        leader[unit] = leader[leader[unit]]
        unit = leader[unit]
    return unit


def apart(households: Sequence[int], maximum: int) -> list[int]:
    """Return units of which no two fit into one grid, the largest first: as many as there are."""
    order = sorted(range(len(households)), key=lambda unit: (-households[unit], unit))
    found: list[int] = []
    for unit in order:
        if found and households[found[-1]] + households[unit] <= maximum:
            break
        found.append(unit)
    return found


def first_cuts(zone: Zone) -> list[Cut]:
    """Return cuts that hold in every plan, from the surroundings of each unit, near and as far as its set is small."""
    cuts = set()
    for unit in range(len(zone.households)):
        near = {unit}
        if zone.weight(near) >= zone.least:
            continue
        cuts.add(Cut(unit, -1, frozenset(zone.around(near))))
        cuts.update(_small(zone, unit, near))
        while zone.weight(wider := near | zone.around(near)) < zone.least and wider != near:
            near = wider
        cuts.add(Cut(unit, -1, _small(zone, unit, near)[0].through))
    return sorted(cuts, key=_order)


def broken_cuts(zone: Zone, labels: Sequence[int], parts: int) -> list[Cut]:
    """Return cuts that a plan breaks; none if each of its parts is connected."""
    cuts: set[Cut] = set()
    for part in range(parts):
        torn = pieces(zone.neighbours, (unit for unit, label in enumerate(labels) if label == part))
        if len(torn) < 2:
            continue
        torn.sort(key=lambda piece: (-zone.weight(piece), min(piece)))
        for at, piece in enumerate(torn):
            if zone.weight(piece) < zone.least:
                cut = _small(zone, _heaviest(zone, piece), piece)[0]
                cuts.update(Cut(unit, -1, cut.through) for unit in piece)
            elif at > 0:
                cuts.update(_between(zone, piece, torn[0]))
    return sorted(cuts, key=_order)


def _order(cut: Cut) -> tuple[int, int, list[int]]:
    """Return where a cut stands among others."""
    return cut.unit, cut.other, sorted(cut.through)


def _heaviest(zone: Zone, units: set[int]) -> int:
    """Return the unit with most households, the first of several."""
    return max(units, key=lambda unit: (zone.households[unit], -unit))


def _small(zone: Zone, unit: int, near: set[int]) -> list[Cut]:
    """Return the cuts that hold because the set round a unit is too small for a grid, that of the unit first.

    As many of the surroundings as possible are left out, the smallest first, while what is reached stays too small.
    """
    through = zone.around(near)
    for other in sorted(through, key=lambda at: (zone.households[at], at)):
        fewer = through - {other}
        if zone.weight(reached(zone.neighbours, unit, fewer)) < zone.least:
            through = fewer
    inside = reached(zone.neighbours, unit, through)
    others = sorted(inside - {unit})
    return [Cut(member, -1, frozenset(through)) for member in (unit, *others)]


def _between(zone: Zone, one: set[int], two: set[int]) -> list[Cut]:
    """Return the two cuts between pieces of a part: the smallest separators next to either piece."""
    cuts = []
    a, b = _heaviest(zone, one), _heaviest(zone, two)
    for near, target in ((one, b), (two, a)):
        ring = zone.around(near)
        far = reached(zone.neighbours, target, ring)
        cuts.append(Cut(a, b, frozenset(unit for unit in ring if zone.neighbours[unit] & far)))
    return cuts
