"""Points as an Arrow IPC stream: two columns of float64, `lon` and `lat` (or `x` and `y`); other columns are not read.

Room: the front door on the wire. In: a body from anybody. Out: its points; `grid_code` and `method` in their order.

What a stream claims is believed only where the body itself bears it out: nothing is decompressed, so that no buffer is
larger than the body, and every batch is validated before a number of it is read.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa

from api.errors import BadRequest
from api.points import ARROW_TYPE, COLUMNS_LIMIT, Points, Spelling, faulty_rows, place_columns, require_few
from gisgrid.in_force import Floats, LocatedPoints
from gisgrid.lookup.index import METHODS
from gisgrid.lookup.spelling import Texts

EDITIONS_KEY: Final = b"editions"
"""In the metadata of the answer's schema: the editions that answered, as in JSON."""
_BATCHES_LIMIT: Final = 1_000
_MESSAGES: Final = ("record batch", "dictionary")
_METHODS: Final = Texts(METHODS)
_ANSWER: Final = pa.schema([("grid_code", pa.string()), pa.field("method", pa.string(), nullable=False)])
_END_OF_STREAM: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"


def read_points_arrow(body: bytes, crs: str | None, at: datetime | None) -> Points:
    """Return the points of an Arrow stream.

    Raises
    ------
    BadRequest
        400 for what is no such stream; 422 for other columns, compressed buffers, and rows without a value.
    """
    try:
        batches = _batches(body)
    except (pa.ArrowException, OSError, UnicodeDecodeError, struct.error) as error:
        raise BadRequest(
            400,
            "bad_arrow",
            "The body is no whole Arrow IPC stream; write it as one, not as a file, and whole.",
        ) from error
    require_few(sum(batch.num_rows for batch in batches))
    lon, lat = (_numbers(batches, column) for column in (0, 1))
    return Points(lon, lat, crs, at)


def arrow_answer(located: LocatedPoints) -> bytes:
    """Return a stream of one batch: `grid_code` (null outside) and `method`.

    Its messages are put together here, which takes a third of the time of a stream writer (source: IPC Streaming
    Format of the Arrow columnar format).
    """
    codes = _texts(
        Spelling.of(located.grids.index).plain, located.grid, np.packbits(located.grid >= 0, bitorder="little")
    )
    schema = _ANSWER.with_metadata({EDITIONS_KEY: orjson.dumps(located.editions())})
    batch = pa.RecordBatch.from_arrays([codes, _texts(_METHODS, located.method)], schema=schema)
    return b"".join((schema.serialize(), batch.serialize(), _END_OF_STREAM))


def _texts(texts: Texts, numbers: np.ndarray[Any, Any], validity: np.ndarray[Any, Any] | None = None) -> pa.StringArray:
    """Return the texts of these numbers as a column."""
    starts, characters = texts.column(numbers)
    buffers = [None if validity is None else pa.py_buffer(validity), pa.py_buffer(starts), pa.py_buffer(characters)]
    return pa.StringArray.from_buffers(len(numbers), buffers[1], buffers[2], buffers[0])


def _batches(body: bytes) -> list[pa.RecordBatch]:
    """Return the batches of a stream, each with the two columns of the place."""
    _require_plain(body)
    stream = pa.ipc.open_stream(body)
    schema = stream.schema
    pair = place_columns(schema.names[: COLUMNS_LIMIT + 1])
    for name in pair:
        if schema.field(name).type != pa.float64():
            raise BadRequest(422, "invalid_body", f"The column {name} is of another type; send it as float64.")
    if len(schema) > len(pair):
        wanted = pa.ipc.IpcReadOptions(included_fields=[schema.get_field_index(name) for name in pair])
        stream = pa.ipc.open_stream(body, options=wanted)
    batches = [batch.select(pair) for batch in stream]
    for batch in batches:
        batch.validate(full=True)
    return batches


def _require_plain(body: bytes) -> None:
    """Refuse compressed messages, whose size is only a claim, and more messages than anybody needs."""
    for number, message in enumerate(pa.ipc.MessageReader.open_stream(body)):
        if number > _BATCHES_LIMIT:
            raise BadRequest(422, "invalid_body", f"There are more than {_BATCHES_LIMIT:,} messages; send few batches.")
        if message.type in _MESSAGES and _is_compressed(message):
            raise BadRequest(422, "invalid_body", "The stream is compressed; write it without compression.")


def _is_compressed(message: pa.Message) -> bool:
    """Return whether the buffers of a record batch or dictionary are compressed: pyarrow tells it to nobody.

    The metadata are flatbuffers, whose soundness Arrow has verified. Message: version, header type, header …; its
    header is a RecordBatch (length, nodes, buffers, compression …), or a DictionaryBatch (id, RecordBatch …) (source:
    Message.fbs of the Arrow columnar format).
    """
    metadata = memoryview(message.metadata)
    batch = _member(metadata, struct.unpack_from("<I", metadata)[0], 2)
    if message.type == "dictionary" and batch is not None:
        batch = _member(metadata, batch, 1)
    return batch is not None and _member(metadata, batch, 3) is not None


def _member(metadata: memoryview, table: int, number: int) -> int | None:
    """Return where the table that a flatbuffer table has as its member of that number begins, None without one."""
    index = table - struct.unpack_from("<i", metadata, table)[0]
    slot = 4 + 2 * number
    if slot >= struct.unpack_from("<H", metadata, index)[0]:
        return None
    offset = struct.unpack_from("<H", metadata, index + slot)[0]
    place: int = table + offset
    return place + int(struct.unpack_from("<I", metadata, place)[0]) if offset else None


def _numbers(batches: Sequence[pa.RecordBatch], column: int) -> Floats:
    """Return the numbers of a column in memory of their own; a row without one is refused."""
    parts = [batch.column(column) for batch in batches]
    if any(part.null_count for part in parts):
        missing = np.flatnonzero(np.concatenate([part.is_null().to_numpy(zero_copy_only=False) for part in parts]))
        name = batches[0].schema.names[column]
        raise faulty_rows(((row, f"{name} is null; leave such rows out.") for row in missing.tolist()), ARROW_TYPE)
    return np.concatenate([np.empty(0), *(part.to_numpy() for part in parts)])
