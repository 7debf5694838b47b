"""What every refusal must look like, whichever route answers and whatever was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from xml.etree import ElementTree as ET

import orjson

OPEN311 = "/open311/v2/"


class Answer(Protocol):
    """What the HTTP clients of the tests have in common."""

    status_code: int

    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def content(self) -> bytes: ...
    @property
    def text(self) -> str: ...


def check(answer: Answer, path: str) -> None:
    """Check that an answer is no failure and that a refusal has the shape that this route's readers expect."""
    assert answer.status_code < 500, answer.text
    if answer.status_code < 400:
        return
    if path.startswith(OPEN311):
        check_open311(answer)
        return
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document = orjson.loads(answer.content)
    assert document["status"] == answer.status_code
    assert document["code"] not in ("internal", "error")
    assert len(document["detail"]) > 20


def check_open311(answer: Answer) -> None:
    """Check that a refusal is a list of code and description, in JSON or, where no format is named, in XML."""
    if answer.headers["content-type"] == "application/json; charset=utf-8":
        told = [(each["code"], each["description"]) for each in orjson.loads(answer.content)]
    else:
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
        root = ET.fromstring(answer.content)
        assert root.tag == "errors"
        told = [(int(each.findtext("code") or 0), each.findtext("description") or "") for each in root]
    assert [code for code, _ in told] == [answer.status_code]
    assert answer.status_code in (400, 403, 404, 405)
    assert len(told[0][1]) > 20
