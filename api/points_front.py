"""`POST /v1/locate`, answered ahead of the router: a small body of points from a known caller, and nothing else.

Room: the front door on the wire. In: a request's query, headers and body. Out: the body of the answer, see `api.front`.
"""

from __future__ import annotations

import re
from typing import Final

from api.bodies import JSON_TYPE
from api.bulk import READERS, answer_points
from api.front import Front, Headers, Reply
from api.points import CSV_TYPE, POINT_TYPES
from gisgrid.geometry.crs import NAMED

_QUERY: Final = re.compile(b"crs=(" + "|".join(NAMED).encode() + b")")
_FORMS: Final = {form.encode(): form for form in POINT_TYPES}


class PointsFront(Front):
    """Answers small bodies of points."""

    method, path = "POST", "/v1/locate"
    body_limit = 64 * 1024
    """A larger body would hold up the lookups behind it for more than a few milliseconds; the route takes a thread."""

    def reply(self, key: bytes, query: bytes, headers: Headers, body: bytes) -> Reply | None:
        """Return the answer to small, sound points of a known caller; None for everything else.

        Points of a past instant are among that, which the database knows.
        """
        asked = _asked(query, dict(headers))
        if asked is None or self.caller(key) is None:
            return None
        given, wanted, crs = asked
        points = READERS[given](body, crs, None)
        if points.at is not None:
            return None
        form = f"{wanted}; charset=utf-8" if wanted == CSV_TYPE else wanted
        return Reply(form.encode(), answer_points(self._services, points, (given, wanted)))


def _asked(query: bytes, headers: dict[bytes, bytes]) -> tuple[str, str, str | None] | None:
    """Return the media types of question and answer and the system in the address; None where not all is plain."""
    given = _FORMS.get(headers.get(b"content-type", b""))
    accepted = headers.get(b"accept", b"*/*")
    wanted = given if accepted == b"*/*" else _FORMS.get(accepted)
    if given is None or wanted is None:
        return None
    if given == JSON_TYPE:
        return None if query else (given, wanted, None)
    declared = _QUERY.fullmatch(query)
    return None if declared is None else (given, wanted, declared[1].decode())
