"""A closed loop of requests on some connections, and whose processor time they cost."""

from __future__ import annotations

import http.client
import os
import selectors
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil


class Load:
    """Some connections, on each of which the next question follows the answer."""

    def __init__(self, port: int, requests: list[bytes], connections: int) -> None:
        self._requests = requests
        self._sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
        self._pieces: dict[socket.socket, bytes] = {}
        self.latencies_s: list[float] = []
        self.answers: dict[int, bytes] = {}

    def run(self, seconds: float, *, first: int = 0) -> int:
        """Return how many requests were answered, beginning with the one at that place."""
        waiting = selectors.DefaultSelector()
        sent: dict[socket.socket, tuple[int, float]] = {}
        number = first
        for each in self._sockets:
            waiting.register(each, selectors.EVENT_READ)
            sent[each] = self._send(each, number)
            number += 1
        end = time.perf_counter() + seconds
        while sent:
            for ready, _ in waiting.select():
                connection = ready.fileobj
                assert isinstance(connection, socket.socket)
                piece = self._pieces.pop(connection, b"") + connection.recv(65536)
                if not _is_whole(piece):
                    self._pieces[connection] = piece
                    continue
                asked, begin = sent.pop(connection)
                self.answers[asked] = piece.partition(b"\r\n\r\n")[2]
                now = time.perf_counter()
                self.latencies_s.append(now - begin)
                if now < end:
                    sent[connection] = self._send(connection, number)
                    number += 1
                else:  # left alone for long, it is closed by the server
                    waiting.unregister(connection)
        waiting.close()
        return number - first

    def _send(self, connection: socket.socket, number: int) -> tuple[int, float]:
        connection.sendall(self._requests[number % len(self._requests)])
        return number % len(self._requests), time.perf_counter()

    def close(self) -> None:
        """Close every connection."""
        for each in self._sockets:
            each.close()


def _is_whole(answer: bytes) -> bool:
    """Return whether an answer has come in whole."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 20"), answer[:500]
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return length.isdigit() and len(body) == int(length)


def database_seconds(postmaster: int) -> float:
    """Return the processor time of the database's living and ended backends."""
    times = [process.cpu_times() for process in psutil.Process(postmaster).children()]
    fields = Path(f"/proc/{postmaster}/stat").read_text().rpartition(")")[2].split()
    ended = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    return sum(each.user + each.system for each in times) + ended


def postmaster_of(home: Path) -> int:
    """Return the process of the private database under this home."""
    return int((home / "cluster" / "data" / "postmaster.pid").read_text().split()[0])


@contextmanager
def running(command: Sequence[str], port: int, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """Yield the process of a server that answers at this port."""
    server = subprocess.Popen(command, env=environment)
    try:
        for _ in range(900):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port)
                connection.request("GET", "/health/live")
                connection.getresponse().read()
                break
            except OSError:
                time.sleep(0.1)
        yield server.pid
    finally:
        server.terminate()
        server.wait()
