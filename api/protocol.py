"""HTTP as uvicorn speaks it, except that plain lookups are answered where their request ends.

Room: the front door on the wire. In: bytes of a connection. Out: the answer of a front, else whatever the app says.

uvicorn parses every request (httptools, so one reader decides where a request ends). Where a front may answer, the
request is held back from the app until its body is there: it is answered in one write, or handed on as if nothing had
happened. So a lookup costs no task, no ASGI messages and no layers of the framework, and the app knows nothing of it.
A question with the very header lines of one before it is not even parsed again (see `api.heads`).
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from api.front import Front, Headers, key_of, plain_length
from api.heads import Fronts

_CLOSE: Final = b"connection: close\r\n"
_log = logging.getLogger(__name__)


class FrontProtocol(HttpToolsProtocol):
    """A connection of uvicorn's that asks the fronts first; they come in the state of the app's lifespan, `fronts`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        # What uvicorn would do before or beside the app is uvicorn's: a prefix, a log, a limit.
        plain = not (config.root_path or config.access_log or config.limit_concurrency)
        self._fronts: Fronts = app_state["fronts"] if plain and "fronts" in app_state else Fronts()
        self._front: Front | None = None
        self._query = b""
        self._body = b""
        self._begun = 0
        self._between = True
        self._declined = False
        self._asked_by: bytes | None = None
        self._last_answer = 0.0

    def data_received(self, data: bytes) -> None:
        """Answer what is one more question like those before it; have everything else parsed."""
        if not (self._between and self._may_answer()):
            super().data_received(data)
            return
        known = self._fronts.known(data)
        if known is not None:
            front, query, key = known
            answer = self._answer(front, key, query)
            if answer is not None:
                self._send(answer)
                return
        self._declined = known is not None  # who declined once is not asked twice
        self._begun, self._asked_by = 0, None
        super().data_received(data)
        if self._asked_by is not None and self._begun == 1 and self._between:
            self._fronts.remember(data, self._asked_by)
        self._declined = False

    def on_message_begin(self) -> None:
        """Note that a request has begun."""
        self._begun += 1
        self._between = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Hold back what a front may answer; begin everything else."""
        path, _, query = self.url.partition(b"?")
        front = self._fronts.at(self.parser.get_method(), path)
        if front is not None and not self.parser.should_upgrade():
            length = plain_length(self.headers)
            if length is not None and length <= front.body_limit:
                self._front, self._query, self._body = front, query, b""
                return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Keep the body with the request that is held back."""
        if self._front is None:
            super().on_body(body)
        else:
            self._body += body

    def on_message_complete(self) -> None:
        """Answer what was held back, or hand it on."""
        self._between = True
        if self._front is not None:
            if self._answered(self._front):
                self._front = None
                return
            self._hand_on()
        super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which nothing was asked for a while: the timer does not know of every question."""
        rest = self._last_answer + self.timeout_keep_alive - self.loop.time()
        if rest > 0.0:
            self.timeout_keep_alive_task = self.loop.call_later(rest, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def shutdown(self) -> None:
        """End gracefully: a request whose body is still coming in gets its answer."""
        self._hand_on()
        super().shutdown()

    def _may_answer(self) -> bool:
        """Return whether no earlier request of the connection waits for its own answer."""
        return not self.flow.write_paused and (self.cycle is None or self.cycle.response_complete)

    def _answer(self, front: Front, key: bytes, query: bytes, headers: Headers = (), body: bytes = b"") -> bytes | None:
        try:
            return front.answer(key, query, headers, body)
        except Exception:  # noqa: BLE001  a fault here must cost speed, never an answer
            _log.exception("a front failed; the route answers")
            return None

    def _answered(self, front: Front) -> bool:
        """Return whether a front answered the request that is held back."""
        key = key_of(self.headers)
        if key is None or self._declined or not self._may_answer():
            return False
        answer = self._answer(front, key, self._query, self.headers, self._body)
        if answer is None:
            return False
        if self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0":
            self._asked_by = None if self._body else key
            self._send(answer)
        else:
            self._send(_CLOSE + answer)
            self.transport.close()
        return True

    def _send(self, answer: bytes) -> None:
        self.transport.write(self._fronts.opening(self.server_state.default_headers) + answer)
        self._last_answer = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.on_response_complete()
        else:  # the timer runs, and will see that the connection is in use
            self.server_state.total_requests += 1

    def _hand_on(self) -> None:
        """Begin the request that is held back, if there is one, as uvicorn does."""
        if self._front is not None:
            self._front = None
            super().on_headers_complete()
            if self._body:
                super().on_body(self._body)
