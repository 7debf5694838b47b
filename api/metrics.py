"""What the service counts of itself, for Prometheus.

Room: the front door on the wire. In: requests and outcomes. Out: the exposition text. Held per process and per app;
with several workers each scrape shows the worker that answered it.
"""

from __future__ import annotations

import time
from bisect import bisect_left
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
        self._routes: dict[tuple[str, str], RouteFigures] = {}

    def of(self, method: str, route: str) -> RouteFigures:
        """Return the figures of one method at one route, to be counted up."""
        figures = self._routes.get((method, route))
        return figures if figures is not None else self._routes.setdefault((method, route), RouteFigures())

    def collect(self) -> Iterator[Metric]:
        """Yield what Prometheus asks for: a counter and a histogram, the latter over all methods of a route."""
        answered = CounterMetricFamily(
            "gisgrid_http_requests", "Requests answered.", labels=("method", "route", "status")
        )
        routes: dict[str, list[RouteFigures]] = {}
        for (method, route), figures in list(self._routes.items()):
            for status, count in list(figures.answered.items()):
                answered.add_metric((method, route, str(status)), count)
            routes.setdefault(route, []).append(figures)
        yield answered
        seconds = HistogramMetricFamily("gisgrid_http_request_seconds", "Time to answer.", labels=("route",))
        bounds = [*map(str, _BUCKETS), "+Inf"]
        for route, all_figures in routes.items():
            within = map(sum, zip(*(figures.within for figures in all_figures), strict=True))
            buckets = list(zip(bounds, accumulate(within), strict=True))
            seconds.add_metric([route], buckets=buckets, sum_value=sum(figures.seconds for figures in all_figures))
        yield seconds


class RouteFigures:
    """The figures of one method at one route.

    Attributes
    ----------
    answered
        Requests by status.
    seconds
        That they took together.
    within
        Requests by the first of `_BUCKETS` that they took no longer than; the last of all took longer than any.
    """

    __slots__ = ("answered", "seconds", "within")

    def __init__(self) -> None:
        self.answered: dict[int, int] = {}
        self.seconds = 0.0
        self.within = [0] * (len(_BUCKETS) + 1)

    def count(self, status: int, seconds: float) -> None:
        """Count one request."""
        self.answered[status] = self.answered.get(status, 0) + 1
        self.seconds += seconds
        self.within[bisect_left(_BUCKETS, seconds)] += 1


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
            self._metrics.requests.of(method, route).count(status, time.perf_counter() - started)
