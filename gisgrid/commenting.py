"""What people say of a plan: comments, answers, resolutions, and the reasons of decisions.

Room: a part of the corridor, beside `editing`. In: a `Database`, a plan's id, words. Out: `CommentThread`s. Must not
import a web framework, SQL or settings.
"""

from __future__ import annotations

import re
from typing import Final

from gisgrid.errors import UsageError
from gisgrid.model import CommentAction, CommentThread, PinKind
from gisgrid.store import plan_comments
from gisgrid.store.database import Database

WORDS_LIMIT: Final = 2_000
_PERSONAL: Final = re.compile(r"(?<![0-9])(1[3-9][0-9]{9}|[0-9]{17}[0-9Xx])(?![0-9])")
"""A mobile number or an identity number of China: neither belongs into a plan, which many read."""


def sound_words(name: str, text: str) -> str:
    """Return what somebody wrote, without the blanks around it.

    Parameters
    ----------
    name
        The field that it stands in, for the sentence of a refusal.

    Raises
    ------
    UsageError
        It says nothing, is too long, cannot be kept, or holds a person's telephone or identity number.
    """
    words = text.strip()
    if not words:
        raise UsageError(f"{name} is empty; write at least a word.")
    if len(words) > WORDS_LIMIT:
        raise UsageError(f"{name} has {len(words)} characters; write at most {WORDS_LIMIT}.")
    if "\x00" in words:
        raise UsageError(f"{name} holds the character U+0000, which no text may hold; remove it.")
    if _PERSONAL.search(words):
        raise UsageError(f"{name} holds a mobile or identity number (不得填写手机号、身份证号); name the building.")
    return words


def list_comments(database: Database, plan_id: str) -> tuple[CommentThread, ...]:
    """Return what was said of a plan, the oldest thread first.

    Raises
    ------
    NotFound
        There is no plan of this id.
    """
    with database.transaction() as connection:
        return plan_comments.threads(connection, plan_id)


def comment_on_plan(
    database: Database, plan_id: str, words: str, *, actor: str, grid: str | None = None, building: str | None = None
) -> CommentThread:
    """Return the thread that a comment begins, in whichever state the plan is.

    Parameters
    ----------
    grid, building
        What it is pinned to: the key of a grid or the code of a building; neither for the plan as a whole.

    Raises
    ------
    NotFound
        There is no plan of this id.
    UsageError
        Both are named, or the plan has none of that name; the words cannot be kept.
    Conflict
        Too much was said of the plan.
    """
    if grid is not None and building is not None:
        raise UsageError("grid and building are both given; pin the comment to one of them.")
    sound = sound_words("words", words)
    code = grid if building is None else building
    pin: PinKind = "grid" if grid is not None else "building" if building is not None else "plan"
    with database.transaction() as connection:
        return plan_comments.begin(connection, plan_id, pin=pin, code=code, words=sound, actor=actor)


def answer_comment(
    database: Database, plan_id: str, thread: str, words: str | None, *, actor: str, resolve: bool = False
) -> CommentThread:
    """Return a thread with an answer, which opens it where it was resolved; or resolved, with or without words.

    Raises
    ------
    NotFound
        There is no plan of this id, or no such thread of it.
    UsageError
        An answer without words, or words that cannot be kept.
    Conflict
        It is resolved already, or too much was said of the plan.
    """
    sound = None if resolve and words is None else sound_words("words", words or "")
    with database.transaction() as connection:
        done: CommentAction = "resolve" if resolve else "answer"
        return plan_comments.add(connection, plan_id, thread, action=done, words=sound, actor=actor)
