"""Webhooks by Standard Webhooks 1.0: how a message is signed, when it is tried again, whereto it may go.

Room `dispatch`, pure. In: messages, answers of a destination, addresses. Out: headers, the next step, refusals.
Imports the errors only.

Formula: `webhook-signature` is `v1,` + base64(HMAC-SHA256(secret, `id.timestamp.body`)), one for each secret that is
valid, separated by blanks (https://github.com/standard-webhooks/standard-webhooks, spec 1.0.0).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from gisgrid.errors import UsageError

SECRET_PREFIX: Final = "whsec_"  # noqa: S105  what every secret begins with, by the specification
SECRET_BYTES: Final = 32
RETRY_AFTER_S: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""The specification's schedule: ten attempts within 75 h 35 min and 5 s."""
GIVES_UP_AFTER_S: Final = sum(RETRY_AFTER_S)
JITTER: Final = 0.1
LONGEST_PAUSE_S: Final = 300.0
LONGEST_WISH_S: Final = 86_400.0
_FAILURES_BEFORE_PAUSE: Final = 3
_BUSY: Final = frozenset({429, 502, 503, 504})
_BUSY_PAUSE_S: Final = 30.0
_URL_LENGTH: Final = 2_000
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")

DisabledBecause = Literal["gone", "failing"]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Answer:
    """What a destination answered.

    Attributes
    ----------
    status
        Its HTTP status, or None where there was none.
    fault
        Why there was none, in a few words; nothing of what the destination said.
    retry_after_s
        The seconds after which it wants to be asked again, if it said so.
    """

    status: int | None
    fault: str | None = None
    retry_after_s: float | None = None

    @property
    def is_success(self) -> bool:
        """Whether the message is delivered: any 2xx; a redirect is none."""
        return self.status is not None and 200 <= self.status <= 299


@dataclass(frozen=True, slots=True)
class Step:
    """What follows a failed attempt.

    Attributes
    ----------
    retry_in_s
        Seconds until the message is tried again; None: never by itself, it is dead.
    pause_s
        Seconds in which the destination is left alone.
    disabled
        Why the destination gets nothing more until somebody enables it.
    """

    retry_in_s: float | None
    pause_s: float
    disabled: DisabledBecause | None


def secret_of(random: bytes) -> str:
    """Return the secret made of these random bytes, in the form in which it is shown and kept."""
    return SECRET_PREFIX + base64.b64encode(random).decode("ascii")


def signed_headers(message: str, timestamp: int, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """Return the three headers of a message: its id, the time of this attempt, a signature for each secret."""
    content = f"{message}.{timestamp}.".encode() + body
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(secret, content) for secret in secrets),
    }


def next_step(answer: Answer, *, attempts: int, failures: int, failing_for_s: float, chance: float) -> Step:
    """Return what follows a failed attempt.

    Parameters
    ----------
    attempts
        How often this message was tried, this time included.
    failures
        How often the destination failed in a row, this time included.
    failing_for_s
        Seconds since the first of them.
    chance
        A random number from 0 to 1: messages that failed together shall not all come back together.
    """
    if answer.status == 410:
        return Step(None, 0.0, "gone")
    wish = min(answer.retry_after_s or 0.0, LONGEST_WISH_S)
    busy = _BUSY_PAUSE_S if answer.status in _BUSY else 0.0
    repeated = failures - _FAILURES_BEFORE_PAUSE
    growing = 0.0 if repeated < 0 else min(5.0 * 2.0 ** min(repeated, 20), LONGEST_PAUSE_S)
    pause = max(wish, busy, growing)
    retry: float | None = None
    if attempts <= len(RETRY_AFTER_S):
        retry = max(RETRY_AFTER_S[attempts - 1] * (1.0 + JITTER * (2.0 * chance - 1.0)), wish)
    return Step(retry, pause, "failing" if failing_for_s > GIVES_UP_AFTER_S else None)


def require_target(url: str, *, loopback: bool) -> None:
    """Return nothing for an address that webhooks may be sent to, as far as its text tells.

    Parameters
    ----------
    loopback
        Whether this machine itself may be addressed, by `http` too: for tests and demonstrations.

    Raises
    ------
    UsageError
        It is no `https` URL, holds a password or a fragment, or names an address that is not public.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or len(url) > _URL_LENGTH or not url.isascii() or not url.isprintable() or " " in url:
        raise UsageError("The url must be an absolute https URL in ASCII of at most 2,000 characters.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise UsageError("The url must hold no user, password or fragment; the signature tells who sends.")
    if parts.scheme != "https" and not (loopback and parts.scheme == "http"):
        raise UsageError("The url must begin with https://, so that nobody on the way reads what is sent.")
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        return
    if not may_connect([literal], loopback=loopback):
        raise UsageError("The url names an address that is not public; webhooks go to public addresses only.")


def may_connect(addresses: Iterable[Address], *, loopback: bool) -> bool:
    """Return whether a name with these addresses may be connected to: every one of them must be public.

    A name with a public and a private address is refused as a whole: which one is taken would be the sender's luck.
    With `loopback`, a name all of whose addresses are this machine's own may be connected to as well.
    """
    found = [_innermost(address) for address in addresses]
    if not found:
        return False
    if loopback and all(address.is_loopback for address in found):
        return True
    return all(map(_is_public, found))


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _innermost(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return inner
    return address


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode("ascii")
