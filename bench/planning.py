"""Draws the planning bench's communities and prints feasibility, J and CPU seconds, scored by a scorer of its own.

The scorer below reads nothing from `gisgrid.plan`: it counts units, loads, connectivity and J from the file itself,
by the definition in the bench's README. Run: `python bench/planning.py FOLDER [tiny|sized|com|district] [--first N]`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from gisgrid.model import Band
from gisgrid.plan.graph import Borders, Graph, Integers, Ties, Units, canonical
from gisgrid.plan.improve import Budget, improve
from gisgrid.plan.objective import network_of, parting_costs

BAND = Band()
BUDGET = Budget()


def load(folder: Path, name: str) -> list[dict[str, Any]]:
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def graph_of(instance: dict[str, Any]) -> Graph:
    count = len(instance["households"])
    units = Units.of(
        [f"{i:06d}" for i in range(count)],
        instance["households"],
        instance["area"],
        np.column_stack([instance["x"], instance["y"]]),
        estate=instance["estate"],
    )
    a, b, length, barred = zip(*instance["borders"], strict=True)
    barrier = np.where(barred, length, 0.0)
    ties = np.array(instance["ties"], dtype=np.float64).reshape(-1, 3)
    graph, order = canonical(units, Borders.of(a, b, length, barrier), Ties.of(ties[:, 0], ties[:, 1], ties[:, 2]))
    assert (order == np.arange(count)).all()
    return graph


def grid_count(households: int) -> int:
    fits = range(math.ceil(households / BAND.maximum), households // BAND.minimum + 1)
    return min(fits, key=lambda k: abs(households / k - BAND.target))


def draw(instance: dict[str, Any], seed: int, budget: Budget) -> Integers:
    """Return a label for each unit; those that stand alone keep -1."""
    graph = graph_of(instance)
    zones = np.array(instance["zone"])
    labels = np.full(len(zones), -1, dtype=np.int64)
    parting = parting_costs(graph, graph.borders.adjacent)
    for zone in np.unique(zones[zones >= 0]):
        units = np.flatnonzero(zones == zone)
        home = np.full(len(units), -1, dtype=np.int64)
        network = network_of(graph, units, graph.borders.adjacent, parting, home)
        parts = grid_count(int(network.households.sum()))
        found = improve(network, parts, BAND, (seed, int(zone)), budget)
        labels[units] = found.labels + labels.max() + 1
    return labels


def score(instance: dict[str, Any], labels: Integers) -> dict[str, float]:
    """Return the plan's score by the bench's own definition."""
    zones = instance["zone"]
    neighbours: dict[int, list[int]] = defaultdict(list)
    cost: dict[tuple[int, int], float] = defaultdict(float)
    for a, b, length, barred in instance["borders"]:
        if not barred and length >= 1.0 and zones[a] == zones[b] >= 0:
            neighbours[a].append(b)
            neighbours[b].append(a)
            cost[a, b] += max(1, round(length / 8))
    tied = tied_cut = 0.0
    for a, b, weight in instance["ties"]:
        cost[min(a, b), max(a, b)] += 10 * weight
        tied += weight
        tied_cut += weight * (labels[a] != labels[b])
    grids: dict[int, list[int]] = defaultdict(list)
    for unit, label in enumerate(labels):
        if zones[unit] >= 0:
            assert label >= 0
            grids[int(label)].append(unit)
    out_of_band = pieces = 0
    for members in grids.values():
        inside, seen, stack = set(members), {members[0]}, [members[0]]
        while stack:
            for other in neighbours[stack.pop()]:
                if other in inside and other not in seen:
                    seen.add(other)
                    stack.append(other)
        pieces += len(seen) != len(inside)
        out_of_band += not BAND.minimum <= sum(instance["households"][u] for u in members) <= BAND.maximum
    total = sum(value for (a, b), value in cost.items() if labels[a] != labels[b])
    return {"grids": len(grids), "out": out_of_band, "pieces": pieces, "J": total, "cut": tied_cut / max(tied, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("sets", nargs="*", default=["tiny", "com"])
    parser.add_argument("--first", type=int, default=None)
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    warm = load(arguments.folder, "tiny")[0]
    draw(warm, 0, Budget())
    for name in arguments.sets:
        rows = []
        for instance in load(arguments.folder, name)[: arguments.first]:
            for seed in range(arguments.seeds):
                begun = time.process_time()
                labels = draw(instance, seed, BUDGET)
                seconds = time.process_time() - begun
                rows.append({"id": instance["id"], "seconds": seconds, **score(instance, labels)})
                row = rows[-1]
                print(
                    f"{row['id']} seed {seed}: {row['grids']} grids, {row['out']} out of band, {row['pieces']} in "
                    f"pieces, J {row['J']:.0f}, tie cut {row['cut']:.3f}, {row['seconds']:.2f} s",
                    flush=True,
                )
        feasible = sum(row["out"] == 0 and row["pieces"] == 0 for row in rows)
        print(
            f"{name}: {feasible}/{len(rows)} feasible, {sum(r['pieces'] for r in rows)} grids in pieces, "
            f"sum of J {sum(r['J'] for r in rows):.0f}, median {np.median([r['seconds'] for r in rows]):.2f} CPU s, "
            f"worst {max(r['seconds'] for r in rows):.2f} CPU s"
        )


if __name__ == "__main__":
    main()
