"""What the service counts of itself, for Prometheus.

Room: the front door on the wire. In: requests and outcomes. Out: the exposition text. Held per process and per app;
with several workers each scrape shows the worker that answered it.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gisgrid.model import LocateMethod

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class Metrics:
    """The counters of one app."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = RequestFigures()
        self._registry.register(self.requests)
        located = Counter(
            "gisgrid_located_points", "Points looked up, by method.", ("method",), registry=self._registry
        )
        self.located: Mapping[LocateMethod, Counter] = {
            method: located.labels(method) for method in get_args(LocateMethod)
        }
        self.reports = Counter(
            "gisgrid_reports", "Reports received, by outcome.", ("outcome",), registry=self._registry
        )

    def add(self, figures: Collector) -> None:
        """Tell these figures too."""
        self._registry.register(figures)

    def exposition(self) -> bytes:
        """Return all counters in the text format of Prometheus."""
        return generate_latest(self._registry)


class RequestFigures(Collector):
    """How many requests were answered and how long they took; counted on the event loop alone, and so without locks."""

    def __init__(self) -> None:
        self._answered: Counts[tuple[str, str, str]] = Counts()
        self._seconds: dict[str, float] = {}
        self._within: dict[str, list[int]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._answered[method, route, str(status)] += 1
        self._seconds[route] = self._seconds.get(route, 0.0) + seconds
        within = self._within.get(route)
        if within is None:
            within = self._within[route] = [0] * (len(_BUCKETS) + 1)
        within[bisect_left(_BUCKETS, seconds)] += 1

    def collect(self) -> Iterator[Metric]:
        """Yield what Prometheus asks for: a counter and a histogram."""
        answered = CounterMetricFamily(
            "gisgrid_http_requests", "Requests answered.", labels=("method", "route", "status")
        )
        for labels, count in list(self._answered.items()):
            answered.add_metric(labels, count)
        yield answered
        seconds = HistogramMetricFamily("gisgrid_http_request_seconds", "Time to answer.", labels=("route",))
        for route, within in list(self._within.items()):
            bounds = [*map(str, _BUCKETS), "+Inf"]
            buckets = list(zip(bounds, accumulate(within), strict=True))
            seconds.add_metric([route], buckets=buckets, sum_value=self._seconds[route])
        yield seconds


class MetricsMiddleware:
    """Counts every request by its route (never by its address, which holds codes and coordinates)."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def counting_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, counting_send)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if route != "none" else "any"
            self._metrics.requests.count(method, route, status, time.perf_counter() - started)
