"""Random small towns for the laws of planning, and what is true of every plan of them, counted from nothing.

A town is a rectangle of cells with walls, some of which can be passed, ties, estates and grids in force with locks.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict

import numpy as np
from hypothesis import strategies as st

from gisgrid.geometry.adjacency import components
from gisgrid.model import Band
from gisgrid.plan.graph import Graph, Integers
from gisgrid.plan.objective import LOCK_COST, Network, Present, Rules, network_of, parting_costs
from gisgrid.plan.state import State
from tests.draw import Sketch, drawn

BAND = Band(100, 300, 200)


def town(rows: int, columns: int, seed: int, least: int = 5, most: int = 60) -> Sketch:
    """A rectangle of cells with random households from `least` to below `most`."""
    counts = np.random.Generator(np.random.PCG64(seed)).integers(least, most, rows * columns)
    return drawn("\n".join(["A" * columns] * rows), households=" ".join(map(str, counts)))


def network(graph: Graph, present: Present | None = None, band: Band | None = None) -> Network:
    """A graph as one zone, whatever its borders."""
    passable = graph.borders.adjacent
    parting = parting_costs(graph, passable)
    return network_of(graph, np.arange(len(graph)), passable, parting, present, band=band)


@st.composite
def towns(draw: st.DrawFn, *, most: int = 180) -> Graph:
    """A connected town of 2 to 24 units: walls with gates and without, ties, estates, households from 0 to `most`."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(2, 6))
    count = rows * columns
    dice = np.random.Generator(np.random.PCG64(draw(st.integers(0, 2**32 - 1))))
    sizes = [size for size in (0, 0, 3, 24, 60, 110, 180, 290, 520) if size <= most]
    counts = dice.choice(sizes, count)
    ends = dice.integers(0, count, (draw(st.integers(0, 12)), 2))
    ties = [(int(a), int(b), float(w)) for (a, b), w in zip(ends, dice.integers(1, 9, len(ends)) / 2, strict=True)]
    graph = drawn("\n".join(["A" * columns] * rows), households=" ".join(map(str, counts))).graph(ties)
    return _with_estates(_with_wall(graph, dice, rows, columns), dice, draw(st.integers(0, 3)))


def _with_wall(graph: Graph, dice: np.random.Generator, rows: int, columns: int) -> Graph:
    """Return the town with a wall between two columns; at least one border of it can be passed."""
    wall = int(dice.integers(0, columns))
    borders = graph.borders
    across = (borders.b == borders.a + 1) & (borders.a % columns == wall)
    barrier = np.where(across, dice.choice([20.0, 38.5, 40.0, 40.0], len(borders.a)), 0.0)
    if across.any():
        barrier[int(dice.choice(np.flatnonzero(across)))] = 38.5
    return dataclasses.replace(graph, borders=dataclasses.replace(borders, barrier_m=barrier))


def _with_estates(graph: Graph, dice: np.random.Generator, estates: int) -> Graph:
    """Return the town with some units in estates."""
    estate = dice.integers(-1, estates, len(graph))
    return dataclasses.replace(graph, units=dataclasses.replace(graph.units, estate=estate.astype(np.int64)))


@st.composite
def presents(draw: st.DrawFn, graph: Graph) -> Present:
    """Grids in force of a town, connected or not, with some units locked."""
    dice = np.random.Generator(np.random.PCG64(draw(st.integers(0, 2**32 - 1))))
    grid = dice.integers(-1, draw(st.integers(0, 4)), len(graph)).astype(np.int64)
    return Present(grid, (dice.random(len(graph)) < 0.2) & (grid >= 0))


# ---- Counted from nothing ----------------------------------------------------------------------------------------


def pieces(zone: Network, labels: Integers) -> int:
    """How many connected pieces the parts make together."""
    same = labels[zone.tails] == labels[zone.neighbours]
    return int(components(len(labels), zone.tails[same], zone.neighbours[same]).max()) + 1


def cost(zone: Network, labels: Integers, parts: int, rules: Rules) -> float:
    """What a plan costs, pair by pair and part by part."""
    total = 0.0
    for unit, label in enumerate(labels.tolist()):
        for entry in range(zone.first_link[unit], zone.first_link[unit + 1]):
            other = int(zone.links[entry])
            if other > unit and labels[other] != label:
                total += float(zone.costs[entry])
        if zone.home[unit] not in {-1, label}:
            total += float(zone.stay[unit])
    grids_of: dict[int, set[int]] = defaultdict(set)
    for estate, label in zip(zone.estate.tolist(), labels.tolist(), strict=True):
        grids_of[estate].add(label)
    total += sum((len(grids) - 1) * float(zone.estate_costs[e]) for e, grids in grids_of.items() if e >= 0)
    for part in range(parts):
        total += rules.pull * abs(int(zone.households[labels == part].sum()) - rules.target)
    return total


def assert_sound(zone: Network, state: State, parts: int, rules: Rules) -> None:
    """Every part is there and connected, and all books are what counting anew gives, to the last bit."""
    labels = state.labels
    assert sorted(set(labels.tolist())) == list(range(parts)), "no part is lost"
    assert pieces(zone, labels) == parts, "every part is connected"
    assert state.loads.tolist() == [int(zone.households[labels == part].sum()) for part in range(parts)]
    assert state.sizes.tolist() == [int((labels == part).sum()) for part in range(parts)]
    for part in range(parts):
        members = state.members[part, : state.sizes[part]]
        assert sorted(members.tolist()) == np.flatnonzero(labels == part).tolist()
        assert state.place[members].tolist() == list(range(len(members)))
    for estate in range(len(zone.estate_costs)):
        held = [int(((zone.estate == estate) & (labels == part)).sum()) for part in range(parts)]
        assert state.estate_units[estate].tolist() == held
    assert state.cost[0] == cost(zone, labels, parts, rules)


def locked(zone: Network) -> Integers:
    """The units of a zone that are locked to a part."""
    return np.flatnonzero(zone.stay >= LOCK_COST)
