"""A whole district with the engine's own budget, by one and by two processes: wall, CPU, memory, the same bytes.

In: communities. Out: a few lines of text. The hard rules are checked by the independent scorer.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import resource
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import median

from bench.planning.instances import Community
from bench.planning.report import percent
from bench.planning.scorer import score, verify
from bench.planning.workers import OURS, warm_up
from gisgrid.model import Effort


@dataclass(frozen=True, slots=True)
class Pass:
    """The district drawn once: labels in the communities' order, wall and CPU seconds, peak memory in MB."""

    workers: int
    labels: list[list[int]]
    wall: float
    seconds: float
    memory: float

    def digest(self) -> str:
        """Return the SHA-256 of all labels."""
        return hashlib.sha256(json.dumps(self.labels, separators=(",", ":")).encode()).hexdigest()


def measure(communities: Sequence[Community], workers: int, effort: Effort, seed: int = 0) -> Pass:
    """Return the district drawn by so many processes.

    Parameters
    ----------
    communities
        Instances.
    workers
        Number of processes; each is warm before the clock starts.
    effort
        Which of the engine's budgets.
    seed
        Of the engine.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=warm_up, initargs=(OURS,)) as pool:
        list(pool.map(_nothing, range(8 * workers)))  # all processes are up and warm
        begun = time.perf_counter()
        drawn = list(pool.map(_draw, communities, [seed] * len(communities), [effort] * len(communities)))
        wall = time.perf_counter() - begun
    peaks: dict[int, float] = {}
    for _, _, process, peak in drawn:
        peaks[process] = max(peak, peaks.get(process, 0.0))
    memory = sum(peaks.values()) + _peak()
    return Pass(workers, [labels for labels, *_ in drawn], wall, sum(seconds for _, seconds, *_ in drawn), memory)


def _nothing(_: int) -> None:
    time.sleep(0.05)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _draw(community: Community, seed: int, effort: Effort) -> tuple[list[int], float, int, float]:
    from bench.planning import ours  # noqa: PLC0415  (in the worker alone)

    begun = time.process_time()
    labels = ours.drawn(community, seed, effort)
    return labels, time.process_time() - begun, multiprocessing.current_process().pid or 0, _peak()


def district(
    communities: Sequence[Community], most_workers: int, known: dict[str, float], effort: Effort = "normal"
) -> str:
    """Return what the district takes with one process and with so many, and whether the plans hold the rules."""
    passes = [measure(communities, workers, effort) for workers in dict.fromkeys((1, most_workers))]
    lines = [
        f"processes {one.workers}: {one.wall:.1f} s wall, {one.seconds:.1f} s CPU, peak memory {one.memory:.0f} MB, "
        f"sha256 {one.digest()}"
        for one in passes
    ]
    same = len({one.digest() for one in passes}) == 1
    lines.append("the same labels" if same else "DIFFERENT labels")
    plans = passes[0].labels
    scores = [score(community, labels) for community, labels in zip(communities, plans, strict=True)]
    faults = [
        fault for community, labels in zip(communities, plans, strict=True) for fault in verify(community, labels)
    ]
    broken = [fault for fault in faults if not fault.startswith("band:")]
    lines.append(
        f"{sum(one.feasible for one in scores)} of {len(scores)} communities feasible, "
        f"{sum(one.in_band for one in scores)} of {sum(one.grids for one in scores)} grids in band, "
        f"{len(broken)} faults in other hard rules"
    )
    pairs = [
        (one.cost, known[community.digest()])
        for community, one in zip(communities, scores, strict=True)
        if one.feasible and community.digest() in known
    ]
    if pairs:
        over = [cost / max(best, 1.0) - 1 for cost, best in pairs]
        whole = sum(cost for cost, _ in pairs) / max(sum(best for _, best in pairs), 1.0) - 1
        lines.append(
            f"J over best known: in sum {percent(whole)}, median {percent(median(over))}, worst {percent(max(over))} "
            f"({len(over)})"
        )
    return "\n".join([*lines, *faults])
