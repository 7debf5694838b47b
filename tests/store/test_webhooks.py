"""Webhooks reach a real server at least once, each by its own clock, whoever fails, is slow or is killed."""

from __future__ import annotations

import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from receiver import Receiver, receiving, verify
from sqlalchemy import text
from test_feed import add_event, file

from gisgrid import sending
from gisgrid.errors import NotFound
from gisgrid.feeding import Feed
from gisgrid.sending import WebhookSender
from gisgrid.store import webhook_queue, webhooks
from gisgrid.store.database import Database
from gisgrid.store.webhooks import Delivery, Webhook

KILLED_SENDER = """
import sys
from gisgrid.sending import WebhookSender
from gisgrid.store import webhook_queue
from gisgrid.store.database import Database
database = Database(sys.argv[1])
with database.transaction() as connection:
    lease = webhook_queue.lease(connection)
WebhookSender(database, loopback=True).serve(lease)
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def subscribe(database: Database, url: str, **wanted: object) -> tuple[Webhook, str]:
    secret = sending.new_secret()
    with database.transaction() as connection:
        return webhooks.create(connection, url=url, secret=secret, actor="admin", **wanted), secret  # type: ignore[arg-type]


def happen(database: Database, events: int = 1, first: int = 1) -> None:
    """So many reports come in, and are numbered."""
    with database.transaction() as connection:
        for number in range(first, first + events):
            file(connection, number)
    Feed(database).advance()


def send(database: Database, sender: WebhookSender | None = None) -> None:
    """Lay out and send whatever is due, as the sender's threads do."""
    sender = sender or WebhookSender(database, loopback=True)
    while True:
        with database.transaction() as connection:
            if not webhook_queue.lay_out(connection):
                break
    while True:
        with database.transaction() as connection:
            lease = webhook_queue.lease(connection)
        if lease is None:
            return
        sender.serve(lease)


def pass_time(database: Database) -> None:
    """Make everything due that waits for its time, leases and pauses over."""
    with database.transaction() as connection:
        for change in (
            "webhook_deliveries SET next_at = clock_timestamp() WHERE next_at IS NOT NULL",
            "webhooks SET paused_until = NULL, leased_until = NULL",
        ):
            connection.execute(text(f"UPDATE gisgrid.{change}"))


def kept(database: Database, webhook: Webhook, *, dead: bool | None = None) -> list[Delivery]:
    with database.transaction() as connection:
        return webhooks.deliveries(connection, webhook.id, dead=dead)


def known(database: Database, webhook: Webhook) -> Webhook:
    with database.transaction() as connection:
        return webhooks.get(connection, webhook.id)


def test_events_from_now_on_arrive_in_order_signed_and_without_what_a_citizen_wrote(
    database: Database, receiver: Receiver
) -> None:
    happen(database)
    webhook, secret = subscribe(database, receiver.url)
    happen(database, events=3, first=2)
    send(database)
    assert receiver.ids() == ["event_2", "event_3", "event_4"]
    for message in receiver.messages:
        assert verify(message, secret)
        assert not verify(message, sending.new_secret())
        assert message.headers["content-type"] == "application/json"
        assert message.headers["host"] == receiver.url.split("/")[2]
        assert "cookie" not in message.headers
        assert "路灯" not in message.body.decode()
    document = receiver.messages[0].document
    assert list(document) == ["type", "timestamp", "data"]
    assert document["type"] == "report.received"
    assert document["data"]["external_id"] == "A-2"  # type: ignore[index]
    assert kept(database, webhook) == []
    assert known(database, webhook).behind == 0


def test_only_what_was_asked_for(database: Database, receiver: Receiver) -> None:
    subscribe(database, receiver.url, types=["report.note"])
    with database.transaction() as connection:
        report = file(connection, 1)
        add_event(connection, report, "note")
        add_event(connection, report, "close")
    Feed(database).advance()
    send(database)
    assert [message.document["type"] for message in receiver.messages] == ["report.note"]


def test_a_message_that_fails_is_sent_again_with_its_id_until_it_is_dead_and_then_by_hand(
    database: Database, receiver: Receiver
) -> None:
    webhook, secret = subscribe(database, receiver.url)
    happen(database)
    receiver.answers = lambda _: 500
    sender = WebhookSender(database, loopback=True)
    for attempt in range(1, 11):
        send(database, sender)
        (delivery,) = kept(database, webhook)
        assert (delivery.attempts, delivery.status) == (attempt, 500)
        send(database, sender)
        assert len(receiver.messages) == attempt, "it was not left alone until its time"
        pass_time(database)
    assert set(receiver.ids()) == {"event_1"}
    assert all(verify(message, secret) for message in receiver.messages)
    assert kept(database, webhook, dead=False) == []
    (dead,) = kept(database, webhook, dead=True)
    assert dead.next_at is None
    assert sender.outcomes() == {"delivered": 0, "failed": 9, "given up": 1}
    with database.transaction() as connection:
        (backlog,) = webhook_queue.backlogs(connection)
    assert (backlog.waiting, backlog.dead) == (0, 1)
    receiver.answers = lambda _: 204
    with database.transaction() as connection:
        revived = webhooks.retry(connection, webhook.id, str(dead.position), actor="admin")
    assert revived.attempts == 0
    send(database)
    assert receiver.ids() == ["event_1"] * 11
    assert kept(database, webhook) == []
    assert known(database, webhook).failures == 0
    with database.transaction() as connection, pytest.raises(NotFound, match="stays in GET /v1/feed"):
        webhooks.retry(connection, webhook.id, "1", actor="admin")


def test_one_bad_message_does_not_hold_up_those_behind_it(database: Database, receiver: Receiver) -> None:
    webhook, _ = subscribe(database, receiver.url)
    happen(database, events=3)
    receiver.answers = lambda message: 500 if message.id == "event_1" else 204
    send(database)
    assert receiver.ids() == ["event_1", "event_2", "event_3"]
    assert [delivery.position for delivery in kept(database, webhook)] == [1]


def test_a_redirect_is_not_followed(database: Database, receiver: Receiver) -> None:
    webhook, _ = subscribe(database, receiver.url)
    happen(database)
    receiver.answers = lambda _: (302, {"Location": receiver.url + "/elsewhere"})
    send(database)
    assert [message.path for message in receiver.messages] == ["/hook"]
    assert [delivery.status for delivery in kept(database, webhook)] == [302]


def test_who_answers_gone_gets_nothing_more_until_it_is_enabled_and_then_everything(
    database: Database, receiver: Receiver
) -> None:
    webhook, _ = subscribe(database, receiver.url)
    happen(database)
    receiver.answers = lambda _: 410
    send(database)
    assert known(database, webhook).disabled == "gone"
    happen(database, events=2, first=2)
    pass_time(database)
    send(database)
    assert receiver.ids() == ["event_1"]
    receiver.answers = lambda _: 200
    with database.transaction() as connection:
        webhooks.enable(connection, webhook.id, actor="admin")
    send(database)
    assert receiver.ids() == ["event_1", "event_1", "event_2", "event_3"]


def test_who_fails_for_three_days_is_disabled(database: Database, receiver: Receiver) -> None:
    webhook, _ = subscribe(database, receiver.url)
    happen(database, events=2)
    receiver.answers = lambda _: 500
    send(database)
    with database.transaction() as connection:
        connection.execute(text("UPDATE gisgrid.webhooks SET failing_since = failing_since - interval '76 hours'"))
    pass_time(database)
    send(database)
    assert known(database, webhook).disabled == "failing"
    assert len(kept(database, webhook, dead=False)) == 2


def test_retry_after_is_kept(database: Database, receiver: Receiver) -> None:
    webhook, _ = subscribe(database, receiver.url)
    happen(database, events=2)
    receiver.answers = lambda _: (503, {"Retry-After": "7200"})
    send(database)
    send(database)
    assert receiver.ids() == ["event_1"], "it asked to be left alone"
    first = kept(database, webhook)[0]
    assert first.next_at is not None
    assert first.tried_at is not None
    assert 7_190 <= (first.next_at - first.tried_at).total_seconds() <= 7_210


def test_what_does_not_answer_is_given_up_in_time_and_others_do_not_wait(
    database: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slow one sends a byte now and then, which no timeout of single reads would notice."""
    monkeypatch.setattr(sending, "ANSWER_WITHIN_S", 3.0)
    dripping = threading.Event()

    def drip(_: object) -> int:
        dripping.wait(60)
        return 204

    with receiving() as slow:
        slow.answers = drip
        stuck, _ = subscribe(database, slow.url)
        subscribe(database, receiver.url)
        happen(database)
        sender = WebhookSender(database, loopback=True)
        sender.start()
        try:
            receiver.wait_for(1)
            assert [delivery.attempts for delivery in kept(database, stuck)] == [0]
            end = time.monotonic() + 30
            while kept(database, stuck)[0].attempts == 0 and time.monotonic() < end:
                time.sleep(0.1)
        finally:
            sender.stop()
            dripping.set()
        delivery = kept(database, stuck)[0]
    assert (delivery.status, delivery.fault) == (None, "no answer within 3 s")


def test_a_sender_that_is_killed_has_sent_at_least_once_and_the_next_sends_the_same(
    database: Database, receiver: Receiver
) -> None:
    webhook, secret = subscribe(database, receiver.url)
    happen(database)
    with database.transaction() as connection:
        webhook_queue.lay_out(connection)
    hold = threading.Event()
    receiver.answers = lambda _: 204 if hold.wait(60) else 500
    with subprocess.Popen([sys.executable, "-c", KILLED_SENDER, database.url]) as process:
        receiver.wait_for(1, within_s=60)
        process.kill()
    hold.set()
    send(database)
    assert receiver.ids() == ["event_1"], "its lease still holds"
    pass_time(database)
    send(database)
    assert receiver.ids() == ["event_1", "event_1"]
    assert receiver.messages[0].body == receiver.messages[1].body
    assert all(verify(message, secret) for message in receiver.messages)
    assert kept(database, webhook) == []


def test_two_senders_do_not_send_the_same_twice(database: Database, receiver: Receiver) -> None:
    subscribe(database, receiver.url)
    happen(database, events=40)
    senders = [WebhookSender(database, loopback=True) for _ in range(3)]
    for sender in senders:
        sender.start()
    receiver.wait_for(40)
    for sender in senders:
        sender.stop()
    assert receiver.ids() == [f"event_{position}" for position in range(1, 41)]


def test_a_secret_changes_over_without_a_gap(database: Database, receiver: Receiver) -> None:
    webhook, old = subscribe(database, receiver.url)
    new = sending.new_secret()
    with database.transaction() as connection:
        webhooks.rotate(connection, webhook.id, new, actor="admin")
    happen(database)
    send(database)
    assert verify(receiver.messages[0], old)
    assert verify(receiver.messages[0], new)
    with database.transaction() as connection:
        connection.execute(text("UPDATE gisgrid.webhooks SET previous_until = clock_timestamp()"))
    happen(database, first=2)
    send(database)
    assert not verify(receiver.messages[1], old)
    assert verify(receiver.messages[1], new)


def test_a_backlog_stays_in_the_feed_and_not_in_the_table(
    database: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_queue, "LAID_OUT_AT_MOST", 5)
    webhook, _ = subscribe(database, receiver.url)
    happen(database, events=12)
    receiver.answers = lambda _: 500
    send(database)
    assert len(kept(database, webhook)) == 5
    assert known(database, webhook).behind == 7
    receiver.answers = lambda _: 204
    for _ in range(3):
        pass_time(database)
        send(database)
    assert kept(database, webhook) == []
    assert set(receiver.ids()) == {f"event_{position}" for position in range(1, 13)}


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://2130706433:{port}/"])
def test_this_machine_is_never_reached_where_it_is_not_allowed(
    database: Database, receiver: Receiver, url: str
) -> None:
    webhook, _ = subscribe(database, url.format(port=receiver.url.split(":")[2].split("/")[0]))
    happen(database)
    send(database, WebhookSender(database))
    assert receiver.messages == []
    (delivery,) = kept(database, webhook)
    assert (delivery.status, delivery.fault) == (None, "the name leads to an address that is not public")


class TestTls:
    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Path:
        """A certificate of `localhost`, and of no address."""
        both = tmp_path / "both.pem"
        command = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "certificate.pem"),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
        both.write_bytes((tmp_path / "key.pem").read_bytes() + (tmp_path / "certificate.pem").read_bytes())
        return both

    def test_the_name_is_proven_though_the_address_is_connected_to(self, database: Database, certificate: Path) -> None:
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(certificate)
        trusting = ssl.create_default_context(cafile=str(certificate))
        with receiving(serving) as receiver:
            by_name, _ = subscribe(database, receiver.url.replace("127.0.0.1", "localhost"))
            by_address, _ = subscribe(database, receiver.url)
            happen(database)
            send(database, WebhookSender(database, loopback=True, context=trusting))
            assert receiver.ids() == ["event_1"]
            assert receiver.messages[0].headers["host"].startswith("localhost:")
            assert kept(database, by_name) == []
            assert [delivery.fault for delivery in kept(database, by_address)] == ["ConnectError"]

    def test_a_certificate_that_nobody_vouches_for_is_refused(self, database: Database, certificate: Path) -> None:
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(certificate)
        with receiving(serving) as receiver:
            webhook, _ = subscribe(database, receiver.url.replace("127.0.0.1", "localhost"))
            happen(database)
            send(database)
            assert receiver.messages == []
            assert [delivery.fault for delivery in kept(database, webhook)] == ["ConnectError"]
