"""Webhooks sent: each destination by its own clock, at least once, to checked addresses only.

Room: the corridor, above `feeding`. In: a `Database`. Out: HTTP requests. Must not import a web framework, SQL or
settings.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import random
import secrets
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx
import orjson

import gisgrid
from gisgrid import feeding
from gisgrid.dispatch.webhooks import SECRET_BYTES, Address, Answer, may_connect, next_step, secret_of, signed_headers
from gisgrid.store import feed, webhook_queue
from gisgrid.store.database import Database
from gisgrid.store.feed import FeedEvent
from gisgrid.store.webhook_queue import Lease
from gisgrid.store.webhooks import Delivery

LOOK_EVERY_S: Final = 0.5
ANSWER_WITHIN_S: Final = 15.0
CONNECT_WITHIN_S: Final = 5.0
AT_ONCE: Final = 8
"""So many destinations are served at the same time; each has one request under way."""
OUTCOMES: Final = ("delivered", "failed", "given up")
"""How an attempt ends: taken, to be repeated, or the last one."""
TURN_S: Final = 60.0
"""So long one destination is served before others have their turn; well within the lease."""

_log = logging.getLogger("gisgrid.webhooks")


class WebhookSender:
    """Sends what is due to the webhooks of a database, in threads of its own while it is started.

    Any number of processes may do so at the same time: a webhook is leased by one of them.

    Parameters
    ----------
    loopback
        Whether this machine itself may be a destination, for trials.
    context
        How certificates are judged; by the machine's own authorities by default.
    """

    def __init__(self, database: Database, *, loopback: bool = False, context: ssl.SSLContext | None = None) -> None:
        self._database = database
        self._loopback = loopback
        self._context = context or ssl.create_default_context()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._free = threading.Semaphore(AT_ONCE)
        self._outcomes = dict.fromkeys(OUTCOMES, 0)
        self._counting = threading.Lock()

    def start(self) -> None:
        """Begin to look for what is due, twice a second."""
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; a request that is under way is waited for."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def outcomes(self) -> dict[str, int]:
        """Return how many attempts of this process ended how, by the words of `OUTCOMES`."""
        with self._counting:
            return dict(self._outcomes)

    def _count(self, outcome: str) -> None:
        with self._counting:
            self._outcomes[outcome] += 1

    def _run(self) -> None:
        failing = False
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as pool:
            while not self._stopping.wait(LOOK_EVERY_S):
                try:
                    self._look(pool)
                except Exception as fault:  # noqa: BLE001  whatever happens, it goes on; what is due stays due
                    if not failing:
                        _log.warning("webhooks are not sent for now: %s", fault)
                    failing = True
                else:
                    failing = False

    def _look(self, pool: ThreadPoolExecutor) -> None:
        """Lay out what is new, and hand each destination to which something is due to a thread that is free."""
        with self._database.transaction() as connection:
            laid_out = webhook_queue.is_anybody_there(connection)
        if not laid_out:
            return
        while laid_out and not self._stopping.is_set():
            with self._database.transaction() as connection:
                laid_out = webhook_queue.lay_out(connection)
        while self._free.acquire(blocking=False):
            lease = None
            try:
                with self._database.transaction() as connection:
                    lease = webhook_queue.lease(connection)
            finally:
                if lease is None:
                    self._free.release()
            if lease is None:
                return
            pool.submit(self._turn, lease)

    def _turn(self, lease: Lease) -> None:
        try:
            self.serve(lease)
        except Exception as fault:  # noqa: BLE001  in a thread that nobody asks; the lease ends by itself
            _log.warning("webhook %s waits for its lease to end: %s", lease.webhook, fault)
        finally:
            self._free.release()

    def serve(self, lease: Lease) -> None:
        """Send what is due to one destination, one message after the other, until it fails or its turn is over."""
        end = time.monotonic() + TURN_S
        failures, failing_since = lease.failures, lease.failing_since
        while not self._stopping.is_set() and time.monotonic() < end:
            with self._database.transaction() as connection:
                delivery = webhook_queue.due(connection, lease.webhook)
                event = None if delivery is None else feed.get(connection, delivery.position)
            if delivery is None or event is None:
                break
            answer = self._send(lease, event)
            if answer.is_success:
                failures, failing_since = 0, None
                with self._database.transaction() as connection:
                    webhook_queue.record_success(connection, lease.webhook, delivery.position)
                self._count("delivered")
                continue
            failures, failing_since = failures + 1, failing_since or datetime.now(UTC)
            if self._record_failure(lease, delivery, answer, failures, failing_since):
                break
        with self._database.transaction() as connection:
            webhook_queue.release(connection, lease.webhook)

    def _record_failure(
        self, lease: Lease, delivery: Delivery, answer: Answer, failures: int, failing_since: datetime
    ) -> bool:
        """Record a failed attempt; return whether the destination is left alone now."""
        step = next_step(
            answer,
            attempts=delivery.attempts + 1,
            failures=failures,
            failing_for_s=(datetime.now(UTC) - failing_since).total_seconds(),
            chance=random.random(),  # noqa: S311  jitter, no secret
        )
        with self._database.transaction() as connection:
            webhook_queue.record_failure(
                connection,
                lease.webhook,
                delivery.position,
                status=answer.status,
                fault=answer.fault,
                retry_in_s=step.retry_in_s,
                pause_s=step.pause_s,
                disabled=step.disabled,
            )
        self._count("failed" if step.disabled is not None or step.retry_in_s is not None else "given up")
        if step.disabled is not None:
            _log.warning("webhook %s is disabled: %s", lease.webhook, step.disabled)
        return step.disabled is not None or step.pause_s > 0

    def _send(self, lease: Lease, event: FeedEvent) -> Answer:
        content = body(event)
        headers = signed_headers(message_id(event), int(time.time()), content, lease.secrets)
        return asyncio.run(_post(lease.url, content, headers, loopback=self._loopback, context=self._context))


def new_secret() -> str:
    """Return a new random secret, as it is shown to the administrator once."""
    return secret_of(secrets.token_bytes(SECRET_BYTES))


def message_id(event: FeedEvent) -> str:
    """Return the id of an event's message: the same in every attempt, so that a receiver knows it again."""
    return f"event_{event.position}"


def body(event: FeedEvent) -> bytes:
    """Return an event as the body of its message: `type`, `timestamp`, and the rest as `data`."""
    data = feeding.document(event)
    return orjson.dumps({"type": data.pop("type"), "timestamp": data.pop("at"), "data": data})


async def _post(
    url: str, content: bytes, headers: dict[str, str], *, loopback: bool, context: ssl.SSLContext
) -> Answer:
    """Return what the destination answers, all in all within `ANSWER_WITHIN_S`; its body is not read.

    The name is resolved once and the connection goes to the addresses that were judged, so that a name that changes
    between the look and the leap leads nowhere else. No redirects, no cookies, no proxies of the environment.
    """
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            target = httpx.URL(url)
            addresses = await _resolved(target)
            if not may_connect(addresses, loopback=loopback):
                return Answer(None, "the name leads to an address that is not public")
            timeout = httpx.Timeout(ANSWER_WITHIN_S, connect=CONNECT_WITHIN_S)
            async with httpx.AsyncClient(trust_env=False, verify=context, timeout=timeout) as client:
                for address in addresses[:-1]:
                    try:
                        return await _ask(client, target, address, content, headers)
                    except (httpx.ConnectError, httpx.ConnectTimeout):
                        continue
                return await _ask(client, target, addresses[-1], content, headers)
    except TimeoutError:
        return Answer(None, f"no answer within {ANSWER_WITHIN_S:.0f} s")
    except socket.gaierror:
        return Answer(None, "the name is not known")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        # The kind only: a sentence may quote what the destination said.
        return Answer(None, type(error).__name__)


async def _resolved(target: httpx.URL) -> list[Address]:
    port = target.port or (443 if target.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(target.host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(address[0]) for *_, address in found))


async def _ask(
    client: httpx.AsyncClient, target: httpx.URL, address: Address, content: bytes, headers: dict[str, str]
) -> Answer:
    """Post to this very address, under the name that the destination goes by."""
    request = client.build_request(
        "POST",
        target.copy_with(host=str(address)),
        content=content,
        headers={
            **headers,
            "Host": target.netloc.decode("ascii"),
            "Content-Type": "application/json",
            "User-Agent": f"gisgrid/{gisgrid.__version__}",
        },
        extensions={"sni_hostname": target.host},
    )
    response = await client.send(request, stream=True)
    await response.aclose()
    return Answer(response.status_code, None, _retry_after_s(response.headers.get("retry-after")))


def _retry_after_s(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header, which holds a number or an instant; None where it holds neither."""
    if value is None:
        return None
    if value.isascii() and value.isdigit() and len(value) <= 9:
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
