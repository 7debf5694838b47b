"""What leaves the service and how far it is behind, for Prometheus: the feed and the webhooks.

Room: the front door on the wire. In: the database, what this process has sent. Out: families of figures. What all
processes share is read at each scrape, and left out while the database is away: an old figure would look new.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gisgrid.errors import DatabaseUnavailable
from gisgrid.sending import WebhookSender
from gisgrid.store import feed, webhook_queue
from gisgrid.store.database import Database


class OutgoingFigures(Collector):
    """Figures of the feed and of every webhook."""

    def __init__(self, database: Database, sender: WebhookSender) -> None:
        self._database = database
        self._sender = sender

    def collect(self) -> Iterator[Metric]:
        """Yield what Prometheus asks for: attempts of this process, and the backlogs of all."""
        attempts = CounterMetricFamily(
            "gisgrid_webhook_attempts", "Deliveries attempted by this process, by outcome.", labels=("outcome",)
        )
        for outcome, count in self._sender.outcomes().items():
            attempts.add_metric((outcome,), count)
        yield attempts
        try:
            with self._database.transaction() as connection:
                position, unnumbered = feed.last_position(connection), feed.count_pending(connection)
                backlogs = webhook_queue.backlogs(connection)
        except DatabaseUnavailable:
            return
        yield GaugeMetricFamily("gisgrid_feed_position", "The newest position of the feed.", position)
        yield GaugeMetricFamily("gisgrid_feed_unnumbered_events", "Committed events without a position.", unnumbered)
        behind, waiting, dead = (
            GaugeMetricFamily(f"gisgrid_webhook_{name}", meaning, labels=("webhook",))
            for name, meaning in (
                ("events_behind", "Events of the feed that were not looked at for it yet."),
                ("deliveries_waiting", "Deliveries that are to be attempted."),
                ("deliveries_dead", "Deliveries that were given up."),
            )
        )
        for each in backlogs:
            labels = (str(each.webhook),)
            behind.add_metric(labels, each.behind)
            waiting.add_metric(labels, each.waiting)
            dead.add_metric(labels, each.dead)
        yield from (behind, waiting, dead)
