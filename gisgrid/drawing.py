"""The draw of many communities: here, in several processes or over a Dask cluster, each plan saved as it is done.

Room: a part of the corridor, beside `workflow`. In: a `Database`, codes, settings. Out: `DrawnPlan`. The clock lives
here: the room that draws is pure and is asked to stop by a function that it is given. Dask is imported only where it is
used.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import signal
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gisgrid.errors import Conflict, UsageError
from gisgrid.model import CommunityInputs, Division, Drawing, DrawSettings, Plan, Weights
from gisgrid.plan.check_proof import proof_words
from gisgrid.plan.figures import PlanFigures, figures_of
from gisgrid.plan.sheet import Sheet
from gisgrid.spreading import dask_client, dask_distributed
from gisgrid.store import divisions, inputs, plans
from gisgrid.store.database import Connection, Database

Progress = Callable[[int, int], None]
Drawings = Generator[tuple[int, Drawing, float], None, None]

CHOICES: Final[Mapping[str, float]] = MappingProxyType({"fewest moves": 16.0, "middle": 1.0, "best cut": 0.125})
"""The plans that a redraw offers, and by how much each multiplies what a household that changes grid costs."""

HEAVIEST: Final = 1_000_000.0
"""The largest weight that the front doors take; a larger one would drown all others."""


@dataclass(frozen=True, slots=True)
class DrawnPlan:
    """A plan with the figures that plans are compared by.

    Attributes
    ----------
    proof
        How good the plan is known to be, as one phrase.
    seconds
        How long its draw took, in seconds of the clock on the wall.
    choice
        Which of `CHOICES` it is, where several were asked for.
    """

    plan: Plan
    figures: PlanFigures
    proof: str
    seconds: float
    choice: str | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """Where communities are drawn, and for how long each.

    Attributes
    ----------
    jobs
        Processes that draw side by side on this machine.
    dask
        Address of a Dask scheduler, which then draws them all instead.
    seconds
        Each community is drawn so long at most, and the best plan so far is taken; None: as long as the effort says,
        and then the plans do not depend on the machine.
    """

    jobs: int = 1
    dask: str | None = None
    seconds: float | None = None


class DrawInterrupted(KeyboardInterrupt):
    """Somebody pressed Ctrl-C during a draw; `drawn` holds the plans that were saved by then, of `wanted`."""

    def __init__(self, drawn: Sequence[DrawnPlan], wanted: int) -> None:
        super().__init__()
        self.drawn = tuple(drawn)
        self.wanted = wanted


class Deadline:
    """Answers whether so many seconds have passed since it was made."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def __call__(self) -> bool:
        """Return whether the time is up."""
        return time.monotonic() >= self.end


@dataclass(frozen=True, slots=True)
class _Task:
    """One plan to be drawn; it travels to a worker."""

    inputs: CommunityInputs
    settings: DrawSettings
    seconds: float | None
    choice: str | None = None


def draw_plans(
    database: Database,
    codes: Sequence[str],
    settings: DrawSettings,
    *,
    spread: Spread | None = None,
    choices: bool = False,
    progress: Progress | None = None,
) -> list[DrawnPlan]:
    """Return one new draft plan for each community, in the order of the codes; each is saved as soon as it is drawn.

    Parameters
    ----------
    codes
        Division codes; a street or district stands for all its communities.
    settings
        What is asked for. A lock concerns the community that it names something in.
    spread
        Where they are drawn; the plans do not depend on it but for `seconds`.
    choices
        Three plans a community along the line between few moves and a good cut (`CHOICES`), in that order; only for
        a redraw.
    progress
        Called with (plans done, plans in all).

    Raises
    ------
    NotFound, Conflict
        An unknown code; a community without polygon or buildings, or without an edition in force to choose against.
    UsageError
        Choices without a redraw; a lock that names nothing in force; no Dask there or at that address.
    DrawInterrupted
        Ctrl-C.
    """
    if choices and not settings.keep_current:
        raise UsageError(
            "The choices lie between few moves and a good cut, so there are some only where the current grids are "
            "kept; ask for that too (--keep-current)."
        )
    material = _material(database, codes)
    tasks = _tasks(material, settings, choices=choices, seconds=(spread or Spread()).seconds)
    drawn: dict[int, DrawnPlan] = {}
    try:
        with closing(_drawings(tasks, spread or Spread())) as drawings:
            for position, drawing, seconds in drawings:
                drawn[position] = _saved(database, tasks[position], drawing, seconds)
                if progress is not None:
                    progress(len(drawn), len(tasks))
    except KeyboardInterrupt as interrupt:
        raise DrawInterrupted([drawn[position] for position in sorted(drawn)], len(tasks)) from interrupt
    return [drawn[position] for position in range(len(tasks))]


def _material(database: Database, codes: Sequence[str]) -> list[CommunityInputs]:
    """Return what the draws of the communities read, which the codes stand for, each once and in order."""
    with database.transaction() as connection:
        material = [inputs.read_community(connection, each.code) for each in _communities(connection, codes)]
    for each in material:
        if not each.buildings:
            raise Conflict(
                f"Community {each.community.code} has no buildings; import them first: gisgrid import buildings FILE."
            )
    return material


def _communities(connection: Connection, codes: Sequence[str]) -> list[Division]:
    """Return the communities that the codes stand for, each once, in order; none without a polygon."""
    found: dict[str, Division] = {}
    for code in codes:
        for community in divisions.communities_under(connection, code):
            found.setdefault(community.code, community)
    bare = [code for code, community in found.items() if community.geometry is None]
    if bare:
        raise Conflict(
            f"{len(bare)} of these communities have no polygon yet, first {bare[0]}; import their boundaries: "
            "gisgrid import divisions FILE."
        )
    return list(found.values())


def _tasks(
    material: Sequence[CommunityInputs], settings: DrawSettings, *, choices: bool, seconds: float | None
) -> list[_Task]:
    """Return the plans to be drawn, in the order in which they are given back."""
    tasks = []
    for each, own in zip(material, _with_own_locks(material, settings), strict=True):
        if not choices:
            tasks.append(_Task(each, own, seconds))
            continue
        if each.current is None:
            raise Conflict(
                f"Community {each.community.code} has no edition in force, so nobody in it can move; draw it without "
                "choices first, and publish that plan."
            )
        tasks += [_Task(each, _weighed(own, factor), seconds, choice) for choice, factor in CHOICES.items()]
    return tasks


def _weighed(settings: DrawSettings, factor: float) -> DrawSettings:
    """Return the settings with the cost of a household that moves multiplied."""
    weights: Weights = dataclasses.replace(settings.weights, move=settings.weights.move * factor)
    return dataclasses.replace(settings, weights=weights)


def _with_own_locks(material: Sequence[CommunityInputs], settings: DrawSettings) -> list[DrawSettings]:
    """Return the settings for each community, with the locks that name something in it.

    Raises
    ------
    UsageError
        A lock names nothing in force in any of them.
    """
    grids, buildings = set(settings.locked_grids), set(settings.locked_buildings)
    own, used = [], set()
    for each in material:
        current = each.current.grids if each.current is not None else ()
        here = (
            grids & {grid.code for grid in current},
            buildings & {code for grid in current for code in grid.buildings},
        )
        used |= here[0] | here[1]
        own.append(
            dataclasses.replace(settings, locked_grids=tuple(sorted(here[0])), locked_buildings=tuple(sorted(here[1])))
        )
    astray = sorted((grids | buildings) - used)
    if astray:
        raise UsageError(
            f"The lock on {astray[0]!r} names nothing in force in the communities to be drawn; give the code of a grid "
            "or a building of the edition in force, or take the lock away."
        )
    return own


def _saved(database: Database, task: _Task, drawing: Drawing, seconds: float) -> DrawnPlan:
    """Return the drawing as a plan that is kept, with its figures."""
    ground = (drawing.cells, drawing.borders)
    figures = figures_of(Sheet.of(drawing.grids, ground, task.inputs, task.settings, drawing.proofs))
    proof = proof_words(drawing.proofs)
    # Saved last, so that an interrupt finds every plan that is saved among those that it tells of.
    with database.transaction() as connection:
        plan = plans.get(connection, plans.save_drawing(connection, drawing))
    return DrawnPlan(plan, figures, proof, round(seconds, 2), task.choice)


# ---- where it is drawn -------------------------------------------------------------------------------------------


def _draw(task: _Task) -> tuple[Drawing, float]:
    """Return a drawing and the seconds it took; runs in whichever process draws it."""
    from gisgrid.plan import drawing  # noqa: PLC0415 - compiled loops take a second to load

    begin = time.perf_counter()
    stop = None if task.seconds is None else Deadline(task.seconds)
    drawn = drawing.draw_community(task.inputs, task.settings, stop)
    return drawn, time.perf_counter() - begin


def _drawings(tasks: Sequence[_Task], spread: Spread) -> Drawings:
    """Yield the drawings as they are done, each with the position of its task and the seconds it took."""
    if spread.dask is not None:
        yield from _over_dask(tasks, spread.dask)
    elif spread.jobs <= 1 or len(tasks) <= 1:
        for position, task in enumerate(tasks):
            yield position, *_draw(task)
    else:
        yield from _in_processes(tasks, spread.jobs)


def _largest_first(tasks: Sequence[_Task]) -> list[int]:
    """Return the positions in the order in which they are begun: no process is left alone with a long one."""
    return sorted(range(len(tasks)), key=lambda position: -len(tasks[position].inputs.buildings))


def _in_processes(tasks: Sequence[_Task], jobs: int) -> Drawings:
    """Yield the drawings of processes on this machine; none of them outlives an interrupt."""
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(max_workers=min(jobs, len(tasks)), initializer=_begin_worker)
    try:
        waiting: dict[Future[tuple[Drawing, float]], int] = {
            pool.submit(_draw, tasks[position]): position for position in _largest_first(tasks)
        }
        for future in as_completed(waiting):
            yield waiting.pop(future), *future.result()
    except BaseException:
        for worker in set(multiprocessing.active_children()) - others:
            worker.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, which ends the workers and tells what was saved."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _over_dask(tasks: Sequence[_Task], address: str) -> Drawings:
    """Yield the drawings of a Dask cluster, whose workers have gisgrid installed."""
    with dask_client(address) as client:
        order = _largest_first(tasks)
        # Not pure: what the cluster drew before is not asked for again.
        futures = client.map(_draw, [tasks[at] for at in order], pure=False)
        position = {future.key: at for future, at in zip(futures, order, strict=True)}
        for future in dask_distributed().as_completed(futures, loop=client.loop):
            yield position[future.key], *future.result()
