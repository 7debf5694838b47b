"""Bodies, read strictly: bounded, of the declared kind, and JSON without tricks.

Room: the front door on the wire. In: a request. Out: plain values. RFC 8259 leaves open what duplicate names, NaN,
numbers beyond a double and lone surrogates mean; here each of them is refused with a sentence, so that no two readers
of one body can disagree. Parsing happens off the event loop: a large body keeps nobody else waiting.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.errors import BadRequest

BODY_LIMIT: Final = 20 * 1024 * 1024
FORM_LIMIT: Final = 16 * 1024
JSON_TYPE: Final = "application/json"
LINES_TYPE: Final = "application/x-ndjson"


async def read_json(request: Request) -> Any:
    """Return the value of a JSON body (a dependency for routes)."""
    require_type(request, JSON_TYPE)
    return await run_in_threadpool(parse_json, await read_bytes(request))


async def read_optional_json(request: Request) -> Any:
    """Return the value of a JSON body, None where there is no body at all (a dependency for routes)."""
    body = await read_bytes(request)
    if not body:
        return None
    require_type(request, JSON_TYPE)
    return await run_in_threadpool(parse_json, body)


async def read_bytes(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """Return the body; more than the limit is refused while it comes in, not after."""
    too_large = BadRequest(413, "too_large", f"The body is larger than {limit:,} bytes; send it in several requests.")
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > limit:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)


def require_type(request: Request, *accepted: str) -> str:
    """Return the media type of the body, which must be one of those accepted."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared not in accepted:
        raise BadRequest(
            415, "unsupported_media_type", f"Send the body as Content-Type {' or '.join(accepted)}."
        )  # fmt: skip
    return declared


def accepted_type(request: Request, offered: Sequence[str], usual: str) -> str:
    """Return the media type in which the caller wants the answer: the first of the best that `Accept` names.

    Parameters
    ----------
    offered
        What there is.
    usual
        One of them: what is given where the caller does not care (RFC 9110, section 12.5.1).

    Raises
    ------
    BadRequest
        406: it takes none of them.
    """
    best, found = 0.0, ""
    for part in request.headers.get("accept", "*/*").lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        weight = _weight(parameters)
        group = name.removesuffix("*")
        match = usual if name == "*/*" or (group != name and usual.startswith(group)) else name
        if match in offered and weight > best:
            best, found = weight, match
    if not found:
        raise BadRequest(406, "not_acceptable", f"The answer comes as {' or '.join(offered)}; accept one of them.")
    return found


def _weight(parameters: Iterable[str]) -> float:
    """Return the `q` among the parameters of a media type; 1 where there is none, or none that can be read."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(float(value), 1.0)
            except ValueError:
                return 1.0
    return 1.0


def parse_json(body: bytes) -> Any:
    """Return the value of a JSON text that every reader understands alike.

    Raises
    ------
    BadRequest
        No JSON, NaN or Infinity, a number beyond a double, a lone surrogate, a name twice in one object, too deep.
    """
    try:
        value = orjson.loads(body)
        if not _names_are_distinct(value, body):
            json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BadRequest(400, "bad_json", f"The body is not strict JSON ({reason}); see RFC 8259.") from error
    return value


def parse_lines(body: bytes, media_type: str) -> list[Any]:
    """Return the values of a batch: a JSON array, or one JSON value a line.

    A line that is no JSON becomes its `BadRequest`, so that one bad line does not take the others with it.
    """
    if media_type == LINES_TYPE:
        return [_line(line) for line in body.split(b"\n") if line.strip()]
    values = parse_json(body)
    if not isinstance(values, list):
        raise BadRequest(422, "invalid_body", f"The batch must be a JSON array, or lines of type {LINES_TYPE}.")
    return values


def _line(line: bytes) -> Any:
    try:
        return parse_json(line)
    except BadRequest as error:
        return error


def _names_are_distinct(value: Any, body: bytes) -> bool:
    """Return whether a body certainly has no name twice in one object; False says that it must be read to know.

    Of a name that stands twice only the last is in the value. So count colons: each in the text stands behind a name or
    within a name or text, and all are found in the value unless a name was dropped. Only an escaped colon would upset
    the count. The walk ends with the last colon: long lists of numbers are hardly ever entered.
    """
    if rb"\u003a" in body or rb"\u003A" in body:
        return False
    missing: int = body.count(b":")
    waiting: list[Any] = [[value]]
    while missing and waiting:
        each = waiting.pop()
        members = each
        if isinstance(each, dict):
            missing -= len(each)
            members = [*each, *each.values()]
        missing -= "".join([member for member in members if isinstance(member, str)]).count(":")
        waiting += [member for member in members if isinstance(member, dict | list)]
    return missing == 0


def _once(pairs: Iterable[tuple[str, Any]]) -> None:
    """Refuse an object that has a name twice."""
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            raise ValueError("a name stands twice in one object")
        names.add(name)
