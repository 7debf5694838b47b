"""How far it is to walk: from places to the nearest of several goals, over the streets, round rivers, through gates.

Room: geometry. In: points and lines of one place, in metres. Out: index-aligned arrays of distances. Must not import
anything of the rooms above.

One walks along streets; what joins them are their crossings with each other. A place reaches the nearest point of a
street from which no river, railway or wall parts it. Where a bridge, an underpass or a gate is given as a point off
every street, it is joined to the nearest street before it and the nearest behind it. A place with no street in reach
is measured in a straight line, and said so; one beside a lane that leads nowhere may take the main streets instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from gisgrid.geometry.adjacency import CROSSING_REACH_M, components
from gisgrid.geometry.edges import Floats, Integers
from gisgrid.geometry.linework import Geometries, line_parts, node

STREET_REACH_M: Final = 300.0
"""The nearest street of a place is at most this far: half the side of a large block."""

ON_STREET_M: Final = 1.0
"""A bridge or gate this near to a street is part of it and needs no way of its own."""

NOWHERE: Final = -1


@dataclass(frozen=True, slots=True)
class Walks:
    """The way from each place to its nearest goal.

    Attributes
    ----------
    distance_m
        Infinite where no goal can be reached.
    goal
        Position of that goal, -1 where none can be reached.
    walked
        Whether it was measured along streets; else in a straight line.
    """

    distance_m: Floats
    goal: Integers
    walked: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Legs:
    """Ways from points to the network: each point's foot on a piece of street or a gate, or several to choose."""

    point: Integers
    target: Integers
    foot: Floats
    length: Floats


@dataclass(frozen=True, slots=True)
class _Network:
    """Straight pieces of street between nodes, and the gates that are joined to them by ways of their own.

    Attributes
    ----------
    nodes
        (n, 2) metres.
    a, b
        The ends of each piece, as positions in `nodes`.
    gates
        Positions in `nodes`.
    gate_ways
        (k, 2) pairs of nodes: a gate and a foot on a street.
    """

    nodes: Floats
    a: Integers
    b: Integers
    gates: Integers
    gate_ways: Integers

    @property
    def on_main(self) -> NDArray[np.bool_]:
        """Which targets hang together with most metres of street; the others are lanes that lead nowhere else."""
        a, b = np.append(self.a, self.gate_ways[:, 0]), np.append(self.b, self.gate_ways[:, 1])
        label = components(len(self.nodes), a, b)
        length = np.hypot(*(self.nodes[self.a] - self.nodes[self.b]).T)
        of_target = label[np.append(self.a, self.gates)]
        return np.asarray(of_target == np.bincount(label[self.a], length).argmax(), dtype=np.bool_)

    @property
    def targets(self) -> Geometries:
        """What a place can set foot on: the pieces of street, then the gates."""
        pieces = shapely.linestrings(np.stack([self.nodes[self.a], self.nodes[self.b]], axis=1))
        return np.concatenate([np.atleast_1d(pieces), np.atleast_1d(shapely.points(self.nodes[self.gates]))])


def nearest_goals(
    places: ArrayLike,
    goals: ArrayLike,
    *,
    streets_m: ArrayLike = (),
    obstacles_m: ArrayLike = (),
    crossings_m: ArrayLike = (),
) -> Walks:
    """Return the walk from each place to the goal that is nearest by the streets.

    One run of Dijkstra's algorithm from all goals at once (source: Dijkstra 1959; `scipy.sparse.csgraph`). A distance
    is the sum of the straight ways to and from the street and of the way along it, so it is never less than the
    straight distance, and one more goal never makes it longer.

    Parameters
    ----------
    places, goals
        (n, 2) and (k, 2) metres.
    streets_m
        Lines that can be walked along their whole length, metres.
    obstacles_m
        Rivers, railways, walls: lines that no way to a street leads over, but for 15 m around a crossing.
    crossings_m
        Bridges, underpasses, gates: points, or lines that can be walked too.
    """
    start = np.asarray(places, dtype=np.float64).reshape(-1, 2)
    end = np.asarray(goals, dtype=np.float64).reshape(-1, 2)
    distance, goal = _straight(start, end)
    walked = np.zeros(len(start), dtype=bool)
    crossings = np.atleast_1d(np.asarray(crossings_m, dtype=object))
    streets = line_parts(np.concatenate([line_parts(streets_m), line_parts(crossings)]))
    if not len(streets) or not len(start) or not len(end):
        return Walks(distance, goal, walked)
    obstacles = _obstacles(line_parts(obstacles_m), crossings)
    network = _network(streets, crossings, obstacles)
    ways, goal_ways = _legs(start, network, obstacles), _legs(end, network, obstacles)
    off = np.setdiff1d(np.arange(len(end)), goal_ways.point)
    by_street, street_goal = _along(network, ways, goal_ways)
    shortest = _first_of_each(ways.point, by_street)
    ways, by_street, street_goal = _those(ways, shortest), by_street[shortest], street_goal[shortest]
    # A goal that no street leads to is near or far in a straight line, for whoever goes there.
    beside, beside_goal = _straight(start[ways.point], end[off])
    nearer = beside < by_street
    distance[ways.point] = np.where(nearer, beside, by_street)
    goal[ways.point] = np.where(nearer, off[beside_goal] if len(off) else NOWHERE, street_goal)
    walked[ways.point] = ~nearer
    return Walks(distance, goal, walked)


def _straight(start: Floats, end: Floats) -> tuple[Floats, Integers]:
    """Return the straight distance from each place to the nearest goal, and which it is."""
    if not len(end) or not len(start):
        return np.full(len(start), np.inf), np.full(len(start), NOWHERE, dtype=np.int64)
    distance, goal = KDTree(end).query(start)
    return np.asarray(distance, dtype=np.float64), np.asarray(goal, dtype=np.int64)


def _obstacles(lines: Geometries, crossings: Geometries) -> Geometries:
    """Return the obstacles without what lies within reach of a crossing."""
    if not len(lines) or not len(crossings):
        return lines
    reach = shapely.union_all(shapely.buffer(crossings, CROSSING_REACH_M))
    return line_parts(shapely.difference(lines, reach))


def _network(streets: Geometries, crossings: Geometries, obstacles: Geometries) -> _Network:
    """Return the streets cut at their crossings with each other, and the gates off every street joined to them."""
    xy, line = shapely.get_coordinates(node(streets), return_index=True)
    nodes, at = np.unique(xy, axis=0, return_inverse=True)
    at = at.ravel().astype(np.int64)
    together = line[1:] == line[:-1]
    none = np.empty(0, dtype=np.int64)
    network = _Network(nodes, at[:-1][together], at[1:][together], none, none.reshape(0, 2))
    gates = _gates(crossings, network.targets)
    if not len(gates):
        return network
    ways = _gate_ways(gates, network.targets, obstacles)
    joined, position = np.unique(ways.point, return_inverse=True)
    gates, ways = gates[joined], _Legs(position.ravel(), ways.target, ways.foot, ways.length)
    first = len(nodes) + len(gates)
    gate = len(nodes) + np.arange(len(gates))
    feet = first + np.arange(len(ways.point))
    a, b = _cut(network, ways, feet)
    return _Network(
        np.concatenate([nodes, gates, ways.foot]), a, b, gate, np.column_stack([gate[ways.point], feet]).reshape(-1, 2)
    )


def _gates(crossings: Geometries, pieces: Geometries) -> Floats:
    """Return the crossings that are points and lie on no street."""
    points = crossings[np.isin(shapely.get_type_id(crossings), (0, 4))] if len(crossings) else crossings
    points = np.atleast_1d(shapely.get_parts(points))
    if not len(points):
        return np.empty((0, 2))
    on = shapely.STRtree(pieces).query(points, predicate="dwithin", distance=ON_STREET_M)[0]
    return np.asarray(np.delete(shapely.get_coordinates(points), np.unique(on), axis=0), dtype=np.float64)


def _cut(network: _Network, ways: _Legs, feet: Integers) -> tuple[Integers, Integers]:
    """Return the ends of the pieces of street after they were cut at the feet of ways, which are the nodes `feet`."""
    touched = np.unique(ways.target)
    along = np.hypot(*(ways.foot - network.nodes[network.a[ways.target]]).T)
    piece = np.concatenate([touched, ways.target, touched])
    place = np.concatenate([np.full(len(touched), -1.0), along, np.full(len(touched), np.inf)])
    knot = np.concatenate([network.a[touched], feet, network.b[touched]])
    order = np.lexsort((place, piece))
    piece, knot = piece[order], knot[order]
    together = piece[1:] == piece[:-1]
    whole = np.delete(np.arange(len(network.a)), touched)
    return (
        np.concatenate([network.a[whole], knot[:-1][together]]),
        np.concatenate([network.b[whole], knot[1:][together]]),
    )


def _gate_ways(gates: Floats, pieces: Geometries, obstacles: Geometries) -> _Legs:
    """Return the shortest free way from each gate to a street, and the shortest one back the other way."""
    pairs = shapely.STRtree(pieces).query(shapely.points(gates), predicate="dwithin", distance=STREET_REACH_M)
    free = _free(gates, pairs, pieces, obstacles)
    before = _shortest(free)
    ahead = np.zeros_like(gates)
    ahead[before.point] = before.foot - gates[before.point]
    behind = np.einsum("ij,ij->i", free.foot - gates[free.point], ahead[free.point]) < 0
    return _joined(before, _shortest(_those(free, behind)))


def _legs(points: Floats, network: _Network, obstacles: Geometries) -> _Legs:
    """Return the shortest free way from each point to the network, and one to its main part where that is another.

    None where none is in reach. The second one is for those beside a lane whose other end is on no map.
    """
    targets, on_main = network.targets, network.on_main
    found = _nearest(points, np.arange(len(points)), targets, np.arange(len(targets)), obstacles)
    astray = found.point[~on_main[found.target]]
    return _joined(found, _nearest(points, astray, targets, np.flatnonzero(on_main), obstacles))


def _nearest(points: Floats, asked: Integers, targets: Geometries, offered: Integers, obstacles: Geometries) -> _Legs:
    """Return the shortest free way of each point that is asked about to a target that is offered."""
    tree, places = shapely.STRtree(targets[offered]), np.atleast_1d(shapely.points(points[asked]))
    place, target = tree.query_nearest(places, max_distance=STREET_REACH_M, all_matches=False)
    found = _free(points, np.stack([asked[place], offered[target]]), targets, obstacles)
    barred = np.setdiff1d(asked[place], found.point)
    place, target = tree.query(shapely.points(points[barred]), predicate="dwithin", distance=STREET_REACH_M)
    return _joined(found, _shortest(_free(points, np.stack([barred[place], offered[target]]), targets, obstacles)))


def _free(points: Floats, pairs: Integers, targets: Geometries, obstacles: Geometries) -> _Legs:
    """Return the ways of (point, target) pairs that cross no obstacle."""
    point, target = pairs.astype(np.int64)
    lines = np.atleast_1d(shapely.shortest_line(shapely.points(points[point]), targets[target]))
    free = np.ones(len(lines), dtype=bool)
    if len(obstacles) and len(lines):
        free[np.unique(shapely.STRtree(obstacles).query(lines, predicate="intersects")[0])] = False
    point, foot = point[free], shapely.get_coordinates(lines[free]).reshape(-1, 2, 2)[:, 1]
    return _Legs(point, target[free], foot, np.hypot(*(foot - points[point]).T))


def _shortest(ways: _Legs) -> _Legs:
    """Return the shortest way of each point."""
    return _those(ways, _first_of_each(ways.point, ways.length))


def _first_of_each(point: Integers, length: Floats) -> Integers:
    """Return which row of each point is the shortest, in order of the points."""
    order = np.lexsort((length, point))
    return np.asarray(order[np.unique(point[order], return_index=True)[1]], dtype=np.int64)


def _those(ways: _Legs, which: Integers | NDArray[np.bool_]) -> _Legs:
    return _Legs(ways.point[which], ways.target[which], ways.foot[which], ways.length[which])


def _joined(one: _Legs, other: _Legs) -> _Legs:
    return _Legs(
        np.concatenate([one.point, other.point]),
        np.concatenate([one.target, other.target]),
        np.concatenate([one.foot, other.foot]),
        np.concatenate([one.length, other.length]),
    )


def _along(network: _Network, ways: _Legs, goal_ways: _Legs) -> tuple[Floats, Integers]:
    """Return the distance of each way's point to the nearest goal along the streets, and which goal it is."""
    if not len(goal_ways.point):
        return np.full(len(ways.point), np.inf), np.full(len(ways.point), NOWHERE, dtype=np.int64)
    ends, reach = _ends(network, goal_ways)
    goals = len(network.nodes) + np.arange(len(goal_ways.point))
    first = np.concatenate([network.a, network.gate_ways[:, 0], goals, goals])
    second = np.concatenate([network.b, network.gate_ways[:, 1], ends[:, 0], ends[:, 1]])
    pieces = [network.nodes[network.a] - network.nodes[network.b]]
    pieces.append(network.nodes[network.gate_ways[:, 0]] - network.nodes[network.gate_ways[:, 1]])
    length = np.concatenate([np.hypot(*np.concatenate(pieces).T), reach[:, 0], reach[:, 1]])
    distance, source = _dijkstra(first, second, length, len(network.nodes) + len(goals), goals)
    ends, reach = _ends(network, ways)
    both = distance[ends] + reach
    side = np.argmin(both, axis=1)
    rows = np.arange(len(ends))
    best, nearest = both[rows, side], source[ends[rows, side]]
    for position, target in enumerate(goal_ways.target):
        # On one piece of street the way does not lead over its ends.
        same = np.flatnonzero(ways.target == target)
        direct = ways.length[same] + np.hypot(*(ways.foot[same] - goal_ways.foot[position]).T)
        direct += goal_ways.length[position]
        shorter = direct < best[same]
        best[same[shorter]], nearest[same[shorter]] = direct[shorter], goals[position]
    reached = np.isfinite(best)
    goal = np.full(len(best), NOWHERE, dtype=np.int64)
    goal[reached] = goal_ways.point[nearest[reached] - len(network.nodes)]
    return best, goal


def _ends(network: _Network, ways: _Legs) -> tuple[Integers, Floats]:
    """Return the nodes at both ends of what each way leads to, and how far they are over its foot; (n, 2) each."""
    pieces = len(network.a)
    at_gate = ways.target >= pieces
    piece = np.where(at_gate, 0, ways.target)
    gate = np.append(network.gates, 0)[np.where(at_gate, ways.target - pieces, -1)]
    ends = np.stack([np.where(at_gate, gate, network.a[piece]), np.where(at_gate, gate, network.b[piece])], axis=1)
    return ends, ways.length[:, None] + np.hypot(*np.moveaxis(network.nodes[ends] - ways.foot[:, None], -1, 0))


def _dijkstra(
    first: Integers, second: Integers, length: Floats, count: int, sources: Integers
) -> tuple[Floats, Integers]:
    """Return the distance of every node to the nearest source, and which source it is."""
    low, high = np.minimum(first, second), np.maximum(first, second)
    order = np.lexsort((length, high, low))
    low, high, length = low[order], high[order], length[order]
    kept = np.ones(len(low), dtype=bool)  # of pieces between the same nodes the shortest: a matrix would add them up
    kept[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    graph = coo_array((length[kept], (low[kept], high[kept])), shape=(count, count)).tocsr()
    distance, _, source = dijkstra(graph, directed=False, indices=sources, min_only=True, return_predecessors=True)
    return np.asarray(distance), np.asarray(source, dtype=np.int64)
