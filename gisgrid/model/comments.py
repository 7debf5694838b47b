"""What is said of a plan: comments 意见, pinned to a grid or a building.

Room: the words. In: nothing. Out: frozen values; a noun that several rooms share stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shapely import Point

PinKind = Literal["plan", "grid", "building"]
CommentAction = Literal["comment", "answer", "resolve"]


@dataclass(frozen=True, slots=True)
class CommentLine:
    """One thing that somebody said; a resolution may go without words."""

    action: CommentAction
    actor: str
    at: datetime
    words: str | None


@dataclass(frozen=True, slots=True)
class CommentThread:
    """A comment with its answers.

    Attributes
    ----------
    pin
        What it is about.
    code
        Key of the grid or code of the building; None for the plan as a whole.
    present
        Whether that grid is in the plan, or that building in the community, now.
    place
        A point in it when the comment was written, WGS-84.
    lines
        What was said, in order.
    """

    id: str
    pin: PinKind
    code: str | None
    present: bool
    place: Point | None
    lines: tuple[CommentLine, ...]

    @property
    def resolved(self) -> bool:
        """Whether it is settled: an answer opens it again."""
        return self.lines[-1].action == "resolve"
