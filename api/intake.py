"""Group commit: reports that come at the same time are kept in one transaction.

Room: the front door on the wire. In: single reports from many requests, and batches. Out: what became of each, after
the commit that holds it. A commit waits for the disk, however little it writes; under load it is the number of commits
that limits.

Two writers take turns: while the disk makes one batch durable, the other's batch is placed and written. Batches that
come as such have two writers of their own, so that a large one keeps no single report waiting. More would only get in
each other's way. What waits is bounded: beyond that a sender is told to come again, which keeps those that wait from
waiting ever longer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from gisgrid import filing
from gisgrid.directory import GridDirectory
from gisgrid.errors import GisgridError, Overloaded
from gisgrid.filing import FiledReport, Submission
from gisgrid.model import Report
from gisgrid.store.database import Database

WAITING_LIMIT: Final = 2_000
BATCH_LIMIT: Final = 500
BATCHES_LIMIT_BYTES: Final = 64 * 1024 * 1024
"""Bodies of batches that may wait; each becomes some ten times as large in memory once it is its turn."""
_WRITERS: Final = 2
Answer = TypeVar("Answer")
_Waiting = tuple[Submission, "asyncio.Future[FiledReport]"]


class ReportIntake:
    """Files reports for many requests at once; used on one event loop."""

    def __init__(self, database: Database, directory: GridDirectory) -> None:
        self._database = database
        self._directory = directory
        self._waiting: deque[_Waiting] = deque()
        self._writing = 0
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="gisgrid intake")
        self._batch_writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="gisgrid batches")
        self._batch_bytes = 0

    async def file(self, report: Report, *, actor: str) -> FiledReport:
        """Return the report as it was kept, after the commit that holds it.

        Raises
        ------
        Overloaded
            Too many wait already; nothing of it was kept.
        DifferentReport
            Another report came before with the same source and external_id; nothing was changed.
        DatabaseUnavailable
            The database does not answer.
        """
        if len(self._waiting) >= WAITING_LIMIT:
            raise Overloaded(f"{WAITING_LIMIT:,} reports wait to be kept; send this one again in a moment.")
        kept: asyncio.Future[FiledReport] = asyncio.get_running_loop().create_future()
        self._waiting.append((Submission(report, actor), kept))
        self._start_writing()
        return filing.require_same(await kept, report)

    async def file_batch(self, body: bytes, write: Callable[[bytes], Answer]) -> Answer:
        """Return what `write` makes of a batch, in a thread of its own once it is its turn.

        Raises
        ------
        Overloaded
            Too many wait already; nothing of it was kept.
        """
        if self._batch_bytes and self._batch_bytes + len(body) > BATCHES_LIMIT_BYTES:
            raise Overloaded(
                f"{self._batch_bytes:,} bytes of batches wait to be kept; send this one again in a moment."
            )
        self._batch_bytes += len(body)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._batch_writers, write, body)
        finally:
            self._batch_bytes -= len(body)

    async def stop(self) -> None:
        """Wait for what is being written."""
        for writers in (self._writers, self._batch_writers):
            await asyncio.get_running_loop().run_in_executor(None, writers.shutdown)

    def _start_writing(self) -> None:
        while self._waiting and self._writing < _WRITERS:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_LIMIT))]
            self._writing += 1
            submissions = [submission for submission, _ in batch]
            written = asyncio.get_running_loop().run_in_executor(
                self._writers, filing.file_together, self._database, self._directory, submissions
            )
            written.add_done_callback(partial(self._tell, batch))

    def _tell(self, batch: Sequence[_Waiting], written: asyncio.Future[list[FiledReport | GisgridError]]) -> None:
        """Answer everybody of a batch, and let the next begin."""
        self._writing -= 1
        fault = written.exception()
        outcomes = [fault] * len(batch) if fault is not None else written.result()
        for (_, kept), outcome in zip(batch, outcomes, strict=True):
            if kept.done():  # its request was given up meanwhile
                continue
            if isinstance(outcome, BaseException):
                kept.set_exception(outcome)
            else:
                kept.set_result(outcome)
        self._start_writing()
