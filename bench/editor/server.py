"""The files that the measured pages load, from a process of its own, kept alive and compressed as the service does it.

Edits are answered at once with what they asked for, so that the figures are the page's alone.
"""

from __future__ import annotations

import gzip
import json
import multiprocessing
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection

from api import planner_assets, planner_pages

Files = Mapping[str, tuple[str, bytes]]
"""Media type and content of each path."""
FOLLOW_S = 15
NOTHING_NEW = b'{"edits": [], "state": "draft", "revision": 1, "undo": null, "redo": null}'


def files_of(document: object) -> dict[str, tuple[str, bytes]]:
    """Return the planner's page of plan 1 with all that it loads."""
    scripts = {
        planner_assets.address(name): (asset.media_type, asset.content)
        for name, asset in planner_assets.assets().items()
    }
    board = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    page = bytes(planner_pages.editor_page("1").body)
    return {
        **scripts,
        "/planner/1": ("text/html; charset=utf-8", page),
        "/v1/plans/1/board": ("application/json", board),
    }


@contextmanager
def served(files: Files) -> Iterator[str]:
    """Serve files until the block ends; gives the address."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(dict(files), there), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(files: Files, told: Connection) -> None:
    zipped = {path: (media_type, gzip.compress(content, 6)) for path, (media_type, content) in files.items()}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # head and body leave together

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path in zipped:
                self._send(*zipped[path], "gzip")
            elif path.endswith("/edits"):
                time.sleep(FOLLOW_S)
                self._send("application/json", NOTHING_NEW)
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            revision = int(self.headers["if-match"].strip('"')) + 1
            document = {"revision": revision, "cells": [], "grids": [], "tessellation": "1"}
            self._send("application/json", json.dumps(document).encode())

        def _send(self, media_type: str, content: bytes, encoding: str | None = None) -> None:
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            if encoding:
                self.send_header("Content-Encoding", encoding)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.send(server.server_port)
    server.serve_forever()
