"""The protocol that asks the fronts first, on a bare connection: what it answers, what it hands on, in which order."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import NamedTuple

import orjson
import pytest
from served_town import Service

from api import callers
from api.front import Front, Headers, Reply
from api.heads import Fronts
from api.locate_front import LocateFront
from api.points_front import PointsFront
from api.protocol import FrontProtocol

PLAIN = b"/v1/locate?lon=111.7012&lat=40.8012&crs=wgs84"
ROUTED = PLAIN + b"&accuracy_m=0"
"""The same answer, but not the plain question."""
BODY = orjson.dumps({"crs": "wgs84", "points": [[111.7012, 40.8012]]})


class Told(NamedTuple):
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes


class Line:
    """A bare connection of a known caller."""

    def __init__(self, service: Service) -> None:
        client = service.clients[0] if service.clients else service.client("viewer")
        host, port = service.url.removeprefix("http://").split(":")
        self.key = client.headers["Authorization"].encode()
        self._socket = socket.create_connection((host, int(port)), timeout=30)
        self._stream = self._socket.makefile("rb")
        assert self.ask(self.get(ROUTED)).status == 200  # from now on the key is known

    def get(self, target: bytes = PLAIN, *lines: bytes, method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
        head = (b"%b %b HTTP/%b" % (method, target, version), b"Host: gisgrid", b"Authorization: " + self.key, *lines)
        return b"\r\n".join((*head, b"", b""))

    def post(self, body: bytes = BODY) -> bytes:
        length = b"Content-Length: %d" % len(body)
        return self.get(b"/v1/locate", b"Content-Type: application/json", length, method=b"POST") + body

    def send(self, piece: bytes) -> None:
        self._socket.sendall(piece)

    def ask(self, request: bytes) -> Told:
        self.send(request)
        return self.told()

    def told(self, *, with_body: bool = True) -> Told:
        """Return the next answer, read to its declared end and not a byte farther."""
        status = int(self._stream.readline().split()[1])
        lines = iter(self._stream.readline, b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.decode().partition(":") for line in lines)}
        return Told(status, headers, self._stream.read(int(headers.get("content-length", 0))) if with_body else b"")

    def is_over(self) -> bool:
        return self._stream.read() == b""

    def close(self) -> None:
        self._stream.close()
        self._socket.close()


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The queries and bodies that the fronts answered themselves; keys are trusted however slow the machine is."""
    monkeypatch.setattr(callers, "TRUSTED_S", 60.0)
    noted: list[bytes] = []
    answer = Front.answer

    def noting(self: Front, key: bytes, query: bytes, headers: Headers, body: bytes) -> bytes | None:
        found = answer(self, key, query, headers, body)
        if found is not None:
            noted.append(query or body)
        return found

    monkeypatch.setattr(Front, "answer", noting)
    return noted


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[FrontProtocol]:
    """The connection of each request that was parsed."""
    noted: list[FrontProtocol] = []
    begin = FrontProtocol.on_message_begin

    def noting(self: FrontProtocol) -> None:
        noted.append(self)
        begin(self)

    monkeypatch.setattr(FrontProtocol, "on_message_begin", noting)
    return noted


@pytest.fixture
def line(shared_service: Service, answered: list[bytes], parsed: list[FrontProtocol]) -> Iterator[Line]:
    connection = Line(shared_service)
    answered.clear()
    parsed.clear()
    yield connection
    connection.close()


def without_date(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "date"}


def test_a_front_answers_with_the_bytes_and_headers_of_the_route(line: Line, answered: list[bytes]) -> None:
    plain, routed = line.ask(line.get()), line.ask(line.get(ROUTED))
    assert len(answered) == 1
    assert (plain.status, plain.body) == (200, routed.body)
    assert without_date(plain.headers) == without_date(routed.headers)
    assert plain.headers["date"]


def test_requests_sent_at_once_are_answered_in_their_order_by_whomever(line: Line, answered: list[bytes]) -> None:
    other = PLAIN.replace(b"111.7012", b"111.7052")
    # The third arrives while the second, which the route has, is under way: it waits and is handed on.
    line.send(line.get() + line.get(ROUTED) + line.get(other) + line.post())
    here, routed, there, many = (line.told() for _ in range(4))
    assert len(answered) == 1
    assert here.body == routed.body != there.body
    assert orjson.loads(there.body)["grid"]["community"]["code"] == "990101002001"
    assert orjson.loads(many.body)["codes"] == [orjson.loads(here.body)["grid"]["code"]]
    line.send(line.get() * 3 + line.post() * 2)
    assert [line.told().body for _ in range(5)] == [here.body] * 3 + [many.body] * 2
    assert len(answered) == 6


@pytest.mark.parametrize("pieces", [1, 2, 7, 50])
def test_a_request_in_pieces_is_answered_once_it_is_whole(line: Line, answered: list[bytes], pieces: int) -> None:
    request = line.post()
    size = len(request) // pieces + 1
    for begin in range(0, len(request), size):
        line.send(request[begin : begin + size])
    assert line.told().status == 200
    assert answered == [BODY]


@pytest.mark.parametrize(("lines", "version"), [((b"Connection: close",), b"1.1"), ((), b"1.0")])
def test_who_wants_no_more_is_answered_and_the_connection_ends(
    line: Line, answered: list[bytes], lines: tuple[bytes, ...], version: bytes
) -> None:
    told = line.ask(line.get(PLAIN, *lines, version=version))
    assert (told.status, told.headers["connection"], len(answered)) == (200, "close", 1)
    assert line.is_over()


def test_what_is_not_plain_is_handed_on_whole(line: Line, answered: list[bytes]) -> None:
    expected = line.get(b"/v1/locate", b"Content-Type: application/json", b"Content-Length: 2", method=b"POST")
    refused = [
        line.get(b"/v1/locate?lon=111.7012&lat=40.8012"),
        line.get(PLAIN.replace(b"40.8012", b"91")),
        line.get(b"/v1/locate?lon=-180&lat=0&crs=bd09"),  # no place on earth, once it is converted
        line.post(b'{"crs":"wgs84","points":[[1]]}'),
        expected + b"{}",
    ]
    for request in refused:
        told = line.ask(request)
        assert told.status == 422, told
        assert told.headers["content-type"] == "application/problem+json"
    chunked = line.get(
        b"/v1/locate", b"Content-Type: application/json", b"Transfer-Encoding: chunked", method=b"POST"
    ) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
    assert line.ask(chunked).status == 200
    assert line.ask(line.get(PLAIN, b"Authorization: Bearer other")).status == 200  # the route judges
    assert line.ask(line.get(PLAIN, b"Content-Length: 4") + b"body").status == 200
    line.send(line.get(method=b"HEAD"))
    assert line.told(with_body=False).status == 405
    assert not answered
    assert line.ask(line.get()).status == 200
    assert len(answered) == 1


def test_who_waits_to_be_told_to_go_on_is_told_so(line: Line, answered: list[bytes]) -> None:
    request = line.post().replace(b"\r\nHost", b"\r\nExpect: 100-continue\r\nHost")
    head, body = request.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", BODY
    line.send(head)
    assert line.told().status == 100
    assert line.ask(body).status == 200
    assert not answered


@pytest.mark.parametrize("front", [LocateFront, PointsFront])
def test_a_fault_in_a_front_costs_no_answer(
    line: Line, answered: list[bytes], monkeypatch: pytest.MonkeyPatch, front: type[Front]
) -> None:
    def failing(*_: object) -> Reply:
        raise ZeroDivisionError

    monkeypatch.setattr(front, "reply", failing)
    assert line.ask(line.get() if front is LocateFront else line.post()).status == 200
    assert not answered


def test_a_question_with_header_lines_that_stood_before_is_not_parsed_again(
    line: Line, answered: list[bytes], parsed: list[FrontProtocol]
) -> None:
    other = PLAIN.replace(b"111.7012", b"111.7052")
    here, there = line.ask(line.get(ROUTED)), line.ask(line.get(other + b"&accuracy_m=0"))
    line.ask(line.get(PLAIN, b"X-Seen: no"))
    assert (len(answered), len(parsed)) == (1, 3)
    told = [line.ask(line.get(target, b"X-Seen: no")) for target in (other, PLAIN)]
    assert (len(answered), len(parsed)) == (3, 3)
    assert [each.body for each in told] == [there.body, here.body]
    assert [without_date(each.headers) for each in told] == [without_date(here.headers)] * 2
    line.ask(line.get(PLAIN, b"X-Seen: No"))  # another head by one letter
    assert (len(answered), len(parsed)) == (4, 4)


def test_what_is_known_of_a_head_changes_no_answer(
    line: Line, shared_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = line.get()
    first, _, lines = plain.partition(b"\r\n")
    requests = [
        plain + b"\r\n",
        b"\r\n" + plain,
        plain[:-2] + b" folded: no\r\n\r\n",
        *(
            changed + b"\r\n" + lines
            for changed in (
                first + b" HTTP/1.1", first.replace(b"1.1", b"1.0"), first.replace(b"1.1", b"2.0"),
                first.replace(b"GET ", b"GET  "), first.replace(b"GET", b"PUT"), first.replace(b"GET", b"get"),
                first.replace(b"crs=", b"crs=%00"), first.replace(b"&crs=wgs84", b""), first + b"\n",
                first.replace(b"?", b"#?"), first.replace(b"/v1", b"//v1"), first.replace(b"/v1", b"http://gisgrid/v1"),
            )
        ),
    ]  # fmt: skip

    def told() -> list[tuple[int, dict[str, str], bytes]]:
        found = []
        for request in requests:
            fresh = Line(shared_service)
            fresh.ask(plain)
            answer = fresh.ask(request)
            found.append((answer.status, without_date(answer.headers), answer.body))
            fresh.close()
        return found

    knowing = told()
    monkeypatch.setattr(Fronts, "known", lambda *_: None)
    assert knowing == told()


def test_a_front_that_declines_a_known_head_is_not_asked_again(
    line: Line, answered: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    line.ask(line.get())
    asked: list[bytes] = []

    def declining(_: Front, key: bytes, *__: object) -> None:
        asked.append(key)  # a second question would find the key trusted for another second

    monkeypatch.setattr(LocateFront, "reply", declining)
    assert line.ask(line.get()).status == 200
    assert len(asked) == len(answered) == 1


def test_a_line_is_closed_when_nothing_was_asked_for_a_while_not_before(
    shared_service: Service, parsed: list[FrontProtocol], answered: list[bytes]
) -> None:
    line = Line(shared_service)
    parsed[-1].timeout_keep_alive = 0.5  # type: ignore[assignment]  # uvicorn takes whole seconds from its options
    line.ask(line.get())  # arms the timer
    for _ in range(5):
        time.sleep(0.2)
        assert line.ask(line.get()).status == 200
    assert line.is_over()
    assert len(answered) == 6
    line.close()
