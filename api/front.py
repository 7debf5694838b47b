"""Plain lookups of known callers, answered ahead of the router and of the framework: what the fronts have in common.

Room: the front door on the wire. In: a request's query, headers and body as they came. Out: the very bytes that the
route would have sent, at a fraction of the cost, most of which is the framework's; `api.protocol` sends them.

Only the success is here. Whatever is not plainly sound goes on to the app untouched: another parameter than a front
knows, a spelling that needs decoding, a number out of range, a key that was not checked within the last second, a
browser's session. So there is one place that refuses, and one sentence for each fault.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar, NamedTuple

from starlette.exceptions import HTTPException

from api.access import ACCESS
from api.callers import Caller, digest_of
from api.deps import Services
from gisgrid.errors import GisgridError
from gisgrid.model import Role

Headers = Sequence[tuple[bytes, bytes]]
"""Names in lower case, values as they came."""

_BEARER = b"Bearer "


class Reply(NamedTuple):
    """What a front has to say.

    Attributes
    ----------
    form
        The media type of the body.
    """

    form: bytes
    body: bytes


class Front(ABC):
    """Answers the plain questions at one method and path.

    Parameters
    ----------
    headers
        Those that every answer of the service carries.

    Attributes
    ----------
    body_limit
        A question with a larger body is none of a front's.
    """

    method: ClassVar[str]
    path: ClassVar[str]
    body_limit: ClassVar[int] = 0

    def __init__(self, services: Services, headers: Mapping[str, str]) -> None:
        self._services = services
        self._roles: Collection[Role] = ACCESS[self.method, self.path].roles or ()
        self._figures = services.metrics.requests.of(self.method, self.path)
        self._head = "".join(f"{name.lower()}: {value}\r\n" for name, value in headers.items()).encode()

    @abstractmethod
    def reply(self, key: bytes, query: bytes, headers: Headers, body: bytes) -> Reply | None:
        """Return the answer to a plain question of a known caller; None for everything else.

        Parameters
        ----------
        key
            The digest of the caller's key.
        """

    def answer(self, key: bytes, query: bytes, headers: Headers, body: bytes) -> bytes | None:
        """Return the header lines and the body of a 200, counted; None for what the route is to answer."""
        started = time.perf_counter()
        try:
            reply = self.reply(key, query, headers, body)
        except (GisgridError, HTTPException):
            return None
        if reply is None:
            return None
        age = self._services.age()
        head = self._head if age is None else b"%bage: %b\r\n" % (self._head, age.encode())
        self._figures.count(200, time.perf_counter() - started)
        return b"content-type: %b\r\ncontent-length: %d\r\n%b\r\n%b" % (reply.form, len(reply.body), head, reply.body)

    def caller(self, key: bytes) -> Caller | None:
        """Return who asks, if in a role that may."""
        return known_caller(self._services, key, self._roles)


def key_of(headers: Headers) -> bytes | None:
    """Return the digest of the one key that the headers bring."""
    given = [value for name, value in headers if name == b"authorization"]
    if len(given) != 1 or not given[0].startswith(_BEARER):
        return None
    return digest_of(given[0][len(_BEARER) :].decode("latin-1").strip())


def known_caller(services: Services, key: bytes, roles: Collection[Role]) -> Caller | None:
    """Return who asks in one of these roles, where that was checked a moment ago, or before the database went away."""
    known = services.callers.lately(key)
    if known is None and services.watch.fault is not None:
        known = services.callers.while_away(key)
    return known if known is not None and known.role in roles else None


def plain_length(headers: Headers) -> int | None:
    """Return the bytes of the body that follows; None where that is not plain, or the caller waits to be told to go on.

    >>> plain_length([(b"host", b"gisgrid")]), plain_length([(b"content-length", b"12")])
    (0, 12)
    >>> plain_length([(b"transfer-encoding", b"chunked")]) is plain_length([(b"expect", b"100-continue")]) is None
    True
    """
    length = 0
    for name, value in headers:
        if name == b"content-length":
            if not (value.isdigit() and len(value) < 8):
                return None
            length = int(value)
        elif name in (b"transfer-encoding", b"expect"):
            return None
    return length
