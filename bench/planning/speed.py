"""How long a planner waits: until the first valid plan of a community, and until the final one.

In: communities. Out: a table of CPU seconds by effort. A community has a valid plan once the search has found one in
band for each of its zones, one zone after the other.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

from bench.planning import ours
from bench.planning.instances import Community
from bench.planning.report import markdown
from gisgrid.model import Effort
from gisgrid.plan.improve import BUDGETS, Found, improve

EFFORTS: tuple[Effort, ...] = ("draft", "normal", "thorough")


def speed(communities: Sequence[Community]) -> str:
    """Return the table of seconds until the first valid and the final plan."""
    ours.draw(communities[0], 0, 0.1)
    rows = []
    for effort in EFFORTS:
        times = [_waits(community, effort) for community in communities]
        first, final = [wait[0] for wait in times], [wait[1] for wait in times]
        rows.append([effort, *(f"{value:.2f}" for value in (median(first), max(first), median(final), max(final)))])
    heads = ("effort", "first valid plan: median", "most", "final plan: median", "most")
    return markdown(heads, rows)


def _waits(community: Community, effort: Effort) -> tuple[float, float]:
    """Return CPU seconds until the first valid plan of all zones, and until the final one."""
    first = final = 0.0
    for number, (_, network, _) in enumerate(ours.networks(community)):
        begun = time.process_time()
        valid: list[float] = []

        def watch(found: Found, begun: float = begun, valid: list[float] = valid) -> bool:
            if found.off == 0:
                valid.append(time.process_time() - begun)
            return True

        parts = ours.grids_of(network)
        improve(network, parts, ours.RULES, (0, number), BUDGETS[effort], watch)
        final += time.process_time() - begun
        first += valid[0] if valid else time.process_time() - begun
    return first, final
