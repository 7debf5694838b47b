"""Bodies, read strictly: bounded, of the declared kind, and JSON without tricks.

Room: the front door on the wire. In: a request. Out: plain values. RFC 8259 leaves open what duplicate names, NaN,
numbers beyond a double and lone surrogates mean; here each of them is refused with a sentence, so that no two readers
of one body can disagree. Parsing happens off the event loop: a large body keeps nobody else waiting.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
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


async def read_lines(request: Request) -> list[Any]:
    """Return the values of a batch: a JSON array, or one JSON value a line (a dependency for routes).

    A line that is no JSON becomes its `BadRequest`, so that one bad line does not take the others with it.
    """
    if require_type(request, JSON_TYPE, LINES_TYPE) == JSON_TYPE:
        values = await run_in_threadpool(parse_json, await read_bytes(request))
        if not isinstance(values, list):
            raise BadRequest(422, "invalid_body", f"The batch must be a JSON array, or lines of type {LINES_TYPE}.")
        return values
    lines = (await read_bytes(request)).split(b"\n")
    return await run_in_threadpool(lambda: [_line(line) for line in lines if line.strip()])


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


def parse_json(body: bytes) -> Any:
    """Return the value of a JSON text that every reader understands alike.

    Raises
    ------
    BadRequest
        No JSON, NaN or Infinity, a number beyond a double, a lone surrogate, a name twice in one object, too deep.
    """
    try:
        value = orjson.loads(body)
        if b'"' in body:
            json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BadRequest(400, "bad_json", f"The body is not strict JSON ({reason}); see RFC 8259.") from error
    return value


def _line(line: bytes) -> Any:
    try:
        return parse_json(line)
    except BadRequest as error:
        return error


def _once(pairs: Iterable[tuple[str, Any]]) -> None:
    """Refuse an object that has a name twice."""
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            raise ValueError("a name stands twice in one object")
        names.add(name)
