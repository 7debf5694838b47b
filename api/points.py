"""Points by the thousand on their way in and out: one question, one answer, in JSON, CSV or as an Arrow stream.

Room: the front door on the wire. In: a body and its media type. Out: the answer in the media type that was asked for.
A body is read whole before anything is answered, so that an answer is whole or a problem detail; what it may hold is
bounded, and so is the memory that it takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
import orjson
import pyarrow as pa

from api import schemas
from api.bodies import JSON_TYPE, parse_json
from api.errors import BadRequest
from gisgrid.in_force import Floats, LocatedPoints
from gisgrid.lookup.index import METHODS, PointIndex
from gisgrid.lookup.spelling import Texts

CSV_TYPE: Final = "text/csv"
ARROW_TYPE: Final = "application/vnd.apache.arrow.stream"
POINT_TYPES: Final = (JSON_TYPE, CSV_TYPE, ARROW_TYPE)

PLACE_COLUMNS: Final = (("lon", "lat"), ("x", "y"))
"""The columns that hold a place in CSV and Arrow, x before y; the first pair that is there."""
COLUMNS_LIMIT: Final = 100
FAULTS_LIMIT: Final = 100


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Points that were asked about.

    Attributes
    ----------
    lon, lat
        In the system `crs`: float64, shape (n,).
    crs, at
        As declared; checked by nobody yet.
    columns
        All columns of a CSV body as the texts that they were; None for other bodies.
    """

    lon: Floats
    lat: Floats
    crs: str | None
    at: datetime | None
    columns: pa.Table | None = None


def read_points_json(body: bytes, crs: str | None, at: datetime | None) -> Points:
    """Return the points of a JSON body, which declares `crs` and `at` itself.

    Raises
    ------
    BadRequest
        They stand in the address as well; no strict JSON, or of another shape than `schemas.LocateBody`, with a
        pointer to each member that is wrong.
    """
    if crs is not None or at is not None:
        raise BadRequest(422, "invalid_parameters", "A JSON body declares crs and at itself: not in the address.")
    return _plain_points(body) or _checked_points(body)


def _checked_points(body: bytes) -> Points:
    """Return the points of a JSON body of any kind; what is wrong is named."""
    value = parse_json(body)
    pairs: Any = value.get("points") if isinstance(value, dict) else None
    if _are_pairs(pairs):  # a model of each would cost as much as all the rest
        wanted = schemas.checked(schemas.LocateBody, {**value, "points": []})
    else:
        wanted = schemas.checked(schemas.LocateBody, value)
        pairs = wanted.points
    flat = np.fromiter(chain.from_iterable(pairs), np.float64, 2 * len(pairs))
    return Points(flat[::2].copy(), flat[1::2].copy(), wanted.crs, wanted.at)


_CRS: Final = rb'"crs" : "([0-9a-z]+)"'
_BEFORE: Final = re.compile((rb' { (?:%b , )?"points" : \[ \[' % _CRS).replace(b" ", rb"[ \t\r\n]*"))
_AFTER: Final = re.compile((rb"\] \](?: , %b)? } " % _CRS).replace(b" ", rb"[ \t\r\n]*"))
_WITHIN_PAIRS: Final = b"0123456789.-+eE \t\r\n"
_BRACKETS: Final = b"[]"


def _plain_points(body: bytes) -> Points | None:
    """Return the points of a body that has but them and `crs`, None for every other: whatever is wrong is said there.

    Lists of two are dear to make by the thousand. What is left of the pairs without their numbers says that all are
    pairs; without their brackets they are one list of numbers, which the same strict reader reads.
    """
    before, end = _BEFORE.match(body), body.rfind(b"[")
    after = _AFTER.search(body, end) if before is not None else None
    if before is None or after is None or after.end() != len(body) or (before[1] is None) == (after[1] is None):
        return None
    pairs = body[before.end() : after.start()]
    commas = pairs.translate(None, _WITHIN_PAIRS)
    count = (len(commas) + 3) // 4
    if not 0 < count <= schemas.POINTS_LIMIT or commas != b"],[".join([b","] * count):
        return None
    try:
        flat = np.array(orjson.loads(b"[%b]" % pairs.translate(None, _BRACKETS)), np.float64)
    except ValueError:
        return None
    return Points(flat[::2].copy(), flat[1::2].copy(), (before[1] or after[1]).decode(), None)


def _are_pairs(value: Any) -> bool:
    """Return whether a value is a list of pairs of numbers, not too long; what is wrong otherwise says the model."""
    if not isinstance(value, list) or len(value) > schemas.POINTS_LIMIT:
        return False
    try:
        return set(map(len, value)) <= {2} and set(map(type, chain.from_iterable(value))) <= {float, int}
    except TypeError:  # a number among them has no length
        return False


@dataclass(frozen=True, slots=True, eq=False)
class Spelling:
    """The codes of an index as answers need them: made once, not once a request; no grid is the last.

    Attributes
    ----------
    json
        As members of a JSON array, each with its comma; no grid is null.
    plain
        As they are; no grid is empty.
    """

    json: Texts
    plain: Texts

    @classmethod
    def of(cls, index: PointIndex) -> Spelling:
        """Return the spelling of an index; that of an index that nobody uses any more is forgotten with it."""
        known = _SPELLINGS.get(index)
        if known is None:
            spelling = cls(Texts([*(f'"{code}",' for code in index.codes), "null,"]), Texts([*index.codes, ""]))
            known = _SPELLINGS.setdefault(index, spelling)
        return known


_SPELLINGS: Final[WeakKeyDictionary[PointIndex, Spelling]] = WeakKeyDictionary()
_METHODS: Final = Texts(f'"{method}",' for method in METHODS)


def json_answer(located: LocatedPoints) -> bytes:
    """Return the answer as JSON: codes and methods in the order of the points, and the editions by community."""
    return b'{"codes":[%b],"methods":[%b],"editions":%b}' % (
        Spelling.of(located.grids.index).json.joined(located.grid)[:-1],
        _METHODS.joined(located.method)[:-1],
        orjson.dumps(located.editions()),
    )


def joined(texts: pa.StringArray) -> bytes:
    """Return texts one after the other: an array of texts holds them so."""
    _, offsets, characters = texts.buffers()
    if characters is None:
        return b""
    return memoryview(characters)[: np.frombuffer(offsets, np.int32)[len(texts)]].tobytes()


def place_columns(names: Sequence[str]) -> tuple[str, str]:
    """Return which of a table's columns hold the place.

    Raises
    ------
    BadRequest
        There is no such pair; a column has no name of its own; there are too many.
    """
    if len(names) > COLUMNS_LIMIT:
        raise BadRequest(422, "invalid_body", f"There are {len(names):,} columns; send at most {COLUMNS_LIMIT}.")
    if len(set(names)) < len(names):
        raise BadRequest(422, "invalid_body", "Two columns have the same name; give every column a name of its own.")
    pair = next((pair for pair in PLACE_COLUMNS if set(pair) <= set(names)), None)
    if pair is None:
        raise BadRequest(
            422, "invalid_body", "There are no columns lon and lat (nor x and y); name the columns of the place so."
        )
    return pair


def require_few(rows: int) -> None:
    """Return nothing for a number of points that is answered at once.

    Raises
    ------
    BadRequest
        There are more.
    """
    if rows > schemas.POINTS_LIMIT:
        raise BadRequest(
            422, "invalid_body",
            f"There are {rows:,} points, at most {schemas.POINTS_LIMIT:,} are answered at once; send them in several "
            "requests, or assign the file with `gisgrid assign`.",
        )  # fmt: skip


def faulty_rows(faults: Iterable[tuple[int, str]], form: str, code: str = "invalid_body") -> BadRequest:
    """Return the refusal that names the first hundred faulty rows of a body.

    Parameters
    ----------
    faults
        Position of each row, from 0, and what is wrong with it; at least one.
    form
        The media type of the body: points have pointers in JSON, rows of a table the same with `rows`.
    """
    list_name = "points" if form == JSON_TYPE else "rows"
    named = [{"pointer": f"/{list_name}/{row}", "message": why} for row, why in islice(faults, FAULTS_LIMIT)]
    return BadRequest(422, code, f"{named[0]['pointer']}: {named[0]['message']}", named)
