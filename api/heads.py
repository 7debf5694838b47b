"""The fronts of an app, and the heads of questions that they have answered: what stood before need not be read again.

Room: the front door on the wire. In: whole requests of a connection at rest. Out: answers.

A program that asks for one place after the other sends the same header lines each time. Once httptools has read a
request and a front has answered it, its header lines are known by their digest, and with them the caller's key by its
own: of a later request that has the same lines, byte for byte, only the first line is new. Nothing else is read here;
where a request ends, httptools alone has decided.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final

from api.front import Front

_GET: Final = b"GET "
_VERSION: Final = b" HTTP/1.1"
_OK: Final = b"HTTP/1.1 200 OK\r\n"
_REMEMBERED: Final = 10_000
_HEAD_LIMIT: Final = 4_096


class Fronts:
    """The fronts of an app by what they answer.

    Parameters
    ----------
    fronts
        One for each method and path.
    """

    def __init__(self, fronts: Iterable[Front] = ()) -> None:
        self._fronts = {(front.method.encode(), front.path.encode()): front for front in fronts}
        self._without_body = {path: front for (_, path), front in self._fronts.items() if not front.body_limit}
        self._keys: OrderedDict[bytes, bytes] = OrderedDict()
        self._told: Sequence[tuple[bytes, bytes]] = ()
        self._opening = _OK

    def at(self, method: bytes, path: bytes) -> Front | None:
        """Return the front for that method and path."""
        return self._fronts.get((method, path))

    def remember(self, request: bytes, key: bytes) -> None:
        """Keep by whom a whole request came that had no body and was answered, and after which the line stays open."""
        parts = self._parts(request)
        if parts is not None:
            self._keys[_digest(parts[2])] = key
            if len(self._keys) > _REMEMBERED:  # the one that was first seen longest ago makes room
                self._keys.popitem(last=False)

    def known(self, request: bytes) -> tuple[Front, bytes, bytes] | None:
        """Return front, query and caller's key of a question whose header lines stood before; None for all else."""
        parts = self._parts(request)
        if parts is None:
            return None
        front, query, lines = parts
        key = self._keys.get(_digest(lines))
        return None if key is None else (front, query, key)

    def opening(self, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
        """Return the first lines of every answer, with these headers, which the server makes anew once a second."""
        if headers is not self._told:
            self._told = headers
            self._opening = _OK + b"".join(b"%b: %b\r\n" % header for header in headers)
        return self._opening

    def _parts(self, request: bytes) -> tuple[Front, bytes, bytes] | None:
        """Return front, query and header lines of what may be a question without a body."""
        line, _, lines = request.partition(b"\r\n")
        if not (line.startswith(_GET) and line.endswith(_VERSION) and len(lines) <= _HEAD_LIMIT):
            return None
        path, _, query = line[len(_GET) : -len(_VERSION)].partition(b"?")
        front = self._without_body.get(path)
        return None if front is None else (front, query, lines)


def _digest(lines: bytes) -> bytes:
    return hashlib.blake2b(lines, digest_size=32).digest()
