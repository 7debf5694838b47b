"""One process for each method: imports and compilation are paid before the clock starts, and no method meets another.

In: the name of a method. Out: `Drawn`s. The process is started afresh (spawn), so it holds only what its method
imports. One that does not come back long after its CPU seconds is ended and started again: nothing is drawn then, in
the seconds on the wall that it was waited for.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
import time
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from bench.planning.generator import generate
from bench.planning.instances import Community
from bench.planning.zones import Drawn

OURS = "ours"
PATIENCE_S = 60.0
"""Wall seconds granted beyond twenty times the CPU seconds: other work may run on the machine."""
WARM_SEED = 7


class MissingPeerError(Exception):
    """A peer cannot be loaded; the sentence says which module is missing."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is asked for: a plan, or (of gisgrid alone) a redraw of a present plan."""

    community: Community
    seed: int
    seconds: float
    present: list[int] | None = None
    move_cost: float = 0.0


class Worker:
    """A process that draws with one method."""

    def __init__(self, method: str) -> None:
        self.method = method
        self._start()

    def draw(self, task: Task) -> Drawn:
        """Return what the method draws, with its CPU seconds.

        Raises
        ------
        RuntimeError
            If gisgrid raised. A peer that raises has drawn nothing, and that is said.
        """
        begun = time.perf_counter()
        answer = None
        self._here.send(task)
        with contextlib.suppress(EOFError):  # the method's compiled code took the process down
            if self._here.poll(PATIENCE_S + 20.0 * task.seconds):
                answer = self._here.recv()
        if answer is None:
            print(f"{self.method} did not return from {task.community.id}: nothing drawn", file=sys.stderr, flush=True)
            self.close()
            self._start()
            return Drawn([-1] * len(task.community.households), time.perf_counter() - begun)
        if isinstance(answer, Drawn):
            return answer
        if self.method == OURS:
            raise RuntimeError(f"{self.method} on {task.community.id}: {answer}")
        print(f"{self.method} on {task.community.id}: {answer}: nothing drawn", file=sys.stderr, flush=True)
        return Drawn([-1] * len(task.community.households), time.perf_counter() - begun)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._here.close()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(self.method, there), daemon=True)
        self._process.start()
        there.close()
        missing = self._here.recv()
        if missing:
            self.close()
            raise MissingPeerError(missing)


def draw_with(method: str, task: Task) -> Drawn:
    """Return what a method draws, in this process."""
    if method != OURS:
        from bench.planning import peers  # noqa: PLC0415  (each process imports only its own method)

        return peers.draw(method, task.community, task.seed, task.seconds)
    from bench.planning import ours  # noqa: PLC0415

    begun = time.process_time()
    if task.present is None:
        labels = ours.draw(task.community, task.seed, task.seconds)
    else:
        labels = ours.redraw(task.community, task.present, task.seed, task.seconds, task.move_cost)
    return Drawn(labels, time.process_time() - begun)


def warm_up(method: str) -> None:
    """Import and compile what a method needs."""
    for community in generate("tiny", WARM_SEED, 2):
        drawn = draw_with(method, Task(community, 0, 0.3))
        if method == OURS:
            draw_with(method, Task(community, 0, 0.1, drawn.labels, 1.0))


def _serve(method: str, there: Connection[Any, Any]) -> None:
    warnings.simplefilter("ignore")  # what the peers' libraries say to each other is not the bench's business
    try:
        warm_up(method)
    except ImportError as missing:
        there.send(f"{method} is left out: {missing}")
        return
    there.send("")
    while True:
        try:
            task = there.recv()
        except EOFError:
            return
        try:
            there.send(draw_with(method, task))
        except Exception as error:  # noqa: BLE001  (told to the parent, which raises it)
            there.send(f"{type(error).__name__}: {error}")
