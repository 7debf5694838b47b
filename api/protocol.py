"""HTTP as uvicorn speaks it, except that plain lookups are answered where their request ends.

Room: the front door on the wire. In: bytes of a connection. Out: the answer of a front, else whatever the app says.

uvicorn parses every request (httptools, so one reader decides where a request ends). Where a front may answer, the
request is held back from the app until its body is there: it is answered in one write, or handed on as if nothing had
happened. So a lookup costs no task, no ASGI messages and no layers of the framework, and the app knows nothing of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from api.front import Front, plain_length

_OK: Final = b"HTTP/1.1 200 OK\r\n"
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
        fronts: Mapping[tuple[bytes, bytes], Front] = app_state.get("fronts", {})
        # What uvicorn would do before or beside the app is uvicorn's: a prefix, a log, a limit.
        plain = not (config.root_path or config.access_log or config.limit_concurrency)
        self._fronts = fronts if plain else {}
        self._front: Front | None = None
        self._query = b""
        self._body = b""

    def on_headers_complete(self) -> None:
        """Hold back what a front may answer; begin everything else."""
        path, _, query = self.url.partition(b"?")
        front = self._fronts.get((self.parser.get_method(), path))
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
        if self._front is not None:
            answer = self._answer(self._front)
            if answer is not None:
                self._front = None
                self._send(answer)
                return
            self._hand_on()
        super().on_message_complete()

    def shutdown(self) -> None:
        """End gracefully: a request whose body is still coming in gets its answer."""
        self._hand_on()
        super().shutdown()

    def _answer(self, front: Front) -> bytes | None:
        """Return the front's answer; None while an earlier request of the connection waits for its own."""
        if self.flow.write_paused or not (self.cycle is None or self.cycle.response_complete):
            return None
        try:
            return front.answer(self._query, self.headers, self._body)
        except Exception:  # noqa: BLE001  a fault here must cost speed, never an answer
            _log.exception("a front failed; the route answers")
            return None

    def _send(self, answer: bytes) -> None:
        keep_alive = self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0"
        pieces = [_OK]
        for name, value in self.server_state.default_headers:
            pieces += (name, b": ", value, b"\r\n")
        pieces.append(b"" if keep_alive else _CLOSE)
        pieces.append(answer)
        self.transport.write(b"".join(pieces))
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _hand_on(self) -> None:
        """Begin the request that is held back, if there is one, as uvicorn does."""
        if self._front is not None:
            self._front = None
            super().on_headers_complete()
            if self._body:
                super().on_body(self._body)
