"""A page opened in a browser of its own: how long until it marks itself ready, on the clock and in processor time.

Processor time is that of the page's main thread; on a busy machine it says more than the clock.
"""

from __future__ import annotations

import statistics
from typing import Any


def opened(browser: Any, address: str, ready: str, repeats: int) -> tuple[Any, dict[str, int]]:
    """Return the page as it was opened last, and the figures of all times in milliseconds.

    Parameters
    ----------
    ready
        A JavaScript function that says whether the page has marked itself ready.
    """
    clock, cpu, page = [], [], None
    for turn in range(repeats):
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        context.add_init_script("Element.prototype.setPointerCapture = () => {};")
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(address, wait_until="commit")
        page.wait_for_function(ready, timeout=120_000)
        metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        cpu.append(1_000 * metrics["TaskDuration"])
        clock.append(page.evaluate("() => performance.getEntriesByName('ready')[0].startTime"))
        if turn < repeats - 1:
            context.close()
    figures = {
        "ready_ms": statistics.median(clock),
        "ready_least_ms": min(clock),
        "ready_cpu_ms": statistics.median(cpu),
    }
    return page, {name: round(value) for name, value in figures.items()}
