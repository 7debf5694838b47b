"""`GET /v1/locate`, answered ahead of the router: the plain question of a known caller, and nothing else.

Room: the front door on the wire. In: an ASGI request. Out: the very bytes that the route would have sent, at a quarter
of the cost, most of which is the framework's.

Only the success is here. Whatever is not plainly sound goes on to the app untouched: another parameter than `lon`,
`lat` and `crs`, a spelling that needs decoding, a number out of range, a key that was not checked within the last
second, a browser's session. So there is one place that refuses, and one sentence for each fault.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Final, get_args

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access import ACCESS
from api.callers import Caller
from api.deps import Services
from api.metrics import Metrics
from gisgrid.geometry.crs import NAMED
from gisgrid.in_force import Answer
from gisgrid.model import Division, LocateMethod, Role
from gisgrid.store.editions import CoverageRow

_PATH: Final = "/v1/locate"
_ROLES: Final = ACCESS["GET", _PATH].roles or frozenset()
_NUMBER: Final = rb"(-?[0-9]{1,3}(?:\.[0-9]{1,30})?)"
_QUERY: Final = re.compile(rb"lon=" + _NUMBER + rb"&lat=" + _NUMBER + rb"&crs=(" + "|".join(NAMED).encode() + rb")")
_ORDER: Final = b"lon lat crs"
_BEARER: Final = b"Bearer "


class LocateFront:
    """Answers plain lookups itself and hands everything else on.

    Parameters
    ----------
    headers
        Those that every answer of the service carries.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = [
            (b"content-type", b"application/json"),
            *((name.lower().encode(), value.encode()) for name, value in headers.items()),
        ]
        self._requests = metrics.requests
        self._grids: dict[str, tuple[CoverageRow, Sequence[Division], tuple[orjson.Fragment, orjson.Fragment]]] = {}
        self._located = {method: metrics.located.labels(method) for method in get_args(LocateMethod)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on as it came."""
        if scope["type"] == "http" and scope["path"] == _PATH and scope["method"] == "GET":
            started = time.perf_counter()
            services: Services = scope["app"].state.services
            body = self._body(services, scope)
            if body is not None:
                headers = [*self._headers, (b"content-length", b"%d" % len(body))]
                age = services.age()
                if age is not None:
                    headers.append((b"age", age.encode()))
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": body})
                self._requests.count("GET", _PATH, 200, time.perf_counter() - started)
                return
        await self._app(scope, receive, send)

    def _body(self, services: Services, scope: Scope) -> bytes | None:
        """Return the answer to a plain question of a known caller; None for everything else."""
        query: bytes = scope["query_string"]
        asked = _QUERY.fullmatch(query) or _QUERY.fullmatch(_in_order(query))
        if asked is None:
            return None
        lon, lat = float(asked[1]), float(asked[2])
        if not (abs(lon) <= 180.0 and abs(lat) <= 90.0):
            return None
        caller = known_caller(services, scope, _ROLES)
        if caller is None:
            return None
        found = services.directory.locate(lon, lat, asked[3].decode())
        self._located[found.location.method].inc()
        document = found.document_with(*self._written(found))
        if found.row is not None and not caller.reaches(found.row.community):
            document["posts"] = []
        return orjson.dumps(document)

    def _written(self, found: Answer) -> tuple[orjson.Fragment, orjson.Fragment] | tuple[None, None]:
        """Return what is told of the grid and its edition, written once for each grid of a state."""
        row = found.row
        if row is None:
            return None, None
        known = self._grids.get(row.code)
        if known is None or known[0] is not row or known[1] is not found.chain:  # another state answers now
            grid, edition = (
                orjson.Fragment(orjson.dumps(each)) for each in (found.grid_document(), found.edition_document())
            )
            known = self._grids[row.code] = row, found.chain, (grid, edition)
        return known[2]


def _in_order(query: bytes) -> bytes:
    """Return the parameters in the order of `_QUERY`; one that it does not have may stand anywhere."""
    parameters: list[bytes] = sorted(query.split(b"&"), key=lambda parameter: _ORDER.find(parameter[:3]))
    return b"&".join(parameters)


def known_caller(services: Services, scope: Scope, roles: Collection[Role]) -> Caller | None:
    """Return who asks in one of these roles, where that was checked a moment ago, or before the database went away."""
    given = [bytes(value) for name, value in scope["headers"] if name == b"authorization"]
    if len(given) != 1 or not given[0].startswith(_BEARER):
        return None
    key = given[0][len(_BEARER) :].decode("latin-1").strip()
    known = services.callers.lately(key)
    if known is None and services.watch.fault is not None:
        known = services.callers.while_away(key)
    return known if known is not None and known.role in roles else None
