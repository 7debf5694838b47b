"""A body that was read and is to be read again by whom the request is handed on to.

Room: the front door on the wire. In: ASGI messages. Out: the same again.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import Message, Receive


async def whole(receive: Receive) -> list[Message]:
    """Return the messages that a body comes in; the server holds it to the length that its head declares."""
    messages = [await receive()]
    while messages[-1].get("more_body", False):
        messages.append(await receive())
    return messages


def body_of(messages: Sequence[Message]) -> bytes:
    """Return the body that these messages carry."""
    return b"".join(message.get("body", b"") for message in messages)


def from_the_start(messages: Sequence[Message], receive: Receive) -> Receive:
    """Return a way to receive these messages again, and then what comes."""
    waiting = iter(messages)

    async def receiving() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return receiving
