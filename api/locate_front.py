"""`GET /v1/locate`, answered ahead of the router: the plain question of a known caller, and nothing else.

Room: the front door on the wire. In: a request's query and headers. Out: the body of the answer, see `api.front`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from api.deps import Services
from api.front import Front, Headers, Reply
from gisgrid.geometry.crs import NAMED
from gisgrid.in_force import Answer
from gisgrid.model import CoverageRow, Division

_NUMBER: Final = rb"(-?[0-9]{1,3}(?:\.[0-9]{1,30})?)"
_QUERY: Final = re.compile(rb"lon=" + _NUMBER + rb"&lat=" + _NUMBER + rb"&crs=(" + "|".join(NAMED).encode() + rb")")
_ORDER: Final = b"lon lat crs"
_FORM: Final = b"application/json"


class LocateFront(Front):
    """Answers plain lookups of one point."""

    method, path = "GET", "/v1/locate"

    def __init__(self, services: Services, headers: Mapping[str, str]) -> None:
        super().__init__(services, headers)
        self._grids: dict[str, tuple[CoverageRow, Sequence[Division], tuple[orjson.Fragment, orjson.Fragment]]] = {}

    def reply(self, key: bytes, query: bytes, headers: Headers, body: bytes) -> Reply | None:  # noqa: ARG002  none needed
        """Return the answer to a plain question of a known caller; None for everything else."""
        asked = _QUERY.fullmatch(query) or _QUERY.fullmatch(_in_order(query))
        if asked is None:
            return None
        lon, lat = float(asked[1]), float(asked[2])
        if not (abs(lon) <= 180.0 and abs(lat) <= 90.0):
            return None
        caller = self.caller(key)
        if caller is None:
            return None
        found = self._services.directory.locate(lon, lat, asked[3].decode())
        self._services.metrics.located[found.location.method].inc()
        document = found.document_with(*self._written(found))
        if found.row is not None and not caller.reaches(found.row.community):
            document["posts"] = []
        return Reply(_FORM, orjson.dumps(document))

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
