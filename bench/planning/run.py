"""The comparison: all methods on all communities at equal CPU, taking turns, judged by the independent scorer.

In: communities, methods, seeds. Out: a record for each run, plain values that JSON holds.
"""

from __future__ import annotations

import dataclasses
import json
import queue
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.planning.instances import Community
from bench.planning.scorer import score
from bench.planning.workers import MissingPeerError, Task, Worker

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A method in the comparison, with CPU seconds of its own where its name says so: `ours@0.5`."""

    name: str
    method: str
    seconds: float

    @classmethod
    def of(cls, name: str, budget: float) -> Entry:
        """Return the entry of a name."""
        method, _, own = name.partition("@")
        return cls(name, method, float(own) if own else budget)


def compare(communities: Sequence[Community], entries: Sequence[Entry], seeds: int, jobs: int) -> list[Record]:
    """Return the records of all runs.

    Parameters
    ----------
    communities
        Instances.
    entries
        The methods; those that are not installed are said on stderr and left out.
    seeds
        Seeds 0 to seeds - 1 for each community and method.
    jobs
        Communities that are drawn side by side, each by a set of processes of its own.
    """
    waiting: queue.SimpleQueue[Community] = queue.SimpleQueue()
    for community in communities:
        waiting.put(community)
    crews = [hire([entry.method for entry in entries]) for _ in range(jobs)]
    try:
        with ThreadPoolExecutor(jobs) as lanes:
            done = [lanes.submit(_lane, waiting, entries, seeds, crew) for crew in crews]
        records = [record for lane in done for record in lane.result()]
    finally:
        for crew in crews:
            dismiss(crew)
    order = {community.id: place for place, community in enumerate(communities)}
    return sorted(records, key=lambda record: order[record["community"]])


def _lane(
    waiting: queue.SimpleQueue[Community], entries: Sequence[Entry], seeds: int, crew: dict[str, Worker]
) -> list[Record]:
    """Draw one community after the other until none is waiting."""
    records = []
    while True:
        try:
            community = waiting.get_nowait()
        except queue.Empty:
            return records
        records.extend(_turns(community, entries, seeds, crew))
        print(f"{community.id} done, {waiting.qsize()} waiting", file=sys.stderr, flush=True)


def hire(methods: Sequence[str]) -> dict[str, Worker]:
    """Return a worker for each method that is installed, warm."""
    crew = {}
    for method in dict.fromkeys(methods):
        try:
            crew[method] = Worker(method)
        except MissingPeerError as missing:
            print(missing, file=sys.stderr)
    return crew


def dismiss(crew: dict[str, Worker]) -> None:
    """End the workers."""
    for worker in crew.values():
        worker.close()


def _turns(community: Community, entries: Sequence[Entry], seeds: int, crew: dict[str, Worker]) -> list[Record]:
    """Draw one community with every seed and method, in turn."""
    digest = community.digest()
    records = []
    for seed in range(seeds):
        for entry in entries:
            if entry.method not in crew:
                continue
            drawn = crew[entry.method].draw(Task(community, seed, entry.seconds))
            figures = dataclasses.asdict(score(community, drawn.labels))
            figures.pop("zone")
            own = {"community": community.id, "digest": digest, "method": entry.name, "seed": seed}
            records.append({**own, "seconds": drawn.seconds, "proofs": drawn.proofs, **figures})
    return records


def best_known(records: Sequence[Record], path: Path | None) -> dict[str, float]:
    """Return the least J of a feasible plan for each community, ever where there is a file; the file is updated."""
    known: dict[str, float] = json.loads(path.read_text()) if path and path.exists() else {}
    for record in records:
        if record["feasible"]:
            known[record["digest"]] = min(record["cost"], known.get(record["digest"], record["cost"]))
    if path:
        path.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")
    return known
