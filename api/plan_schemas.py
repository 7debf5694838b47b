"""The shapes of what planners ask for on the wire: a draw, its weights, micro grids.

Room: the front door on the wire, beside `schemas`. In: JSON. Out: `DrawSettings`, `Band`. Read as strictly.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Len
from pydantic import AfterValidator, Field

from api.errors import BadRequest
from api.schemas import Strict
from gisgrid.commenting import WORDS_LIMIT, sound_words
from gisgrid.drawing import HEAVIEST
from gisgrid.errors import UsageError
from gisgrid.model import MICRO_BAND, Band, DrawSettings, Effort, Weights

Weight = Annotated[float, Field(ge=0, le=HEAVIEST)]
Codes = Annotated[list[Annotated[str, Len(1, 200)]], Len(0, 1000)]


class WeightsBody(Strict):
    """What a draw weighs plans by: the larger, the more it is avoided."""

    estate: Weight = Field(default=Weights().estate, description="Each further grid that an estate lies in.")
    tie: Weight = Field(default=Weights().tie, description="Each unit of tie weight that is cut.")
    move: Weight = Field(default=Weights().move, description="Each household that leaves the grid in force.")
    border: Weight = Field(default=Weights().border, description="Each metre of border off barriers.")
    street: Annotated[float, Field(ge=0, le=1)] = Field(
        default=Weights().street, description="Share of that cost that remains on a street."
    )
    balance: Weight = Field(default=Weights().balance, description="Each household that a grid is off the target.")


class DrawBody(Strict):
    """A new draft plan of a community: drawn by the service, from an edition, or blank."""

    community: Annotated[str, Field(pattern=r"^[0-9]{12}$")]
    origin: Literal["draw", "edition", "blank"] = Field(
        alias="from",
        description="How it begins: `draw` searches for a plan, `edition` is as it is in force, `blank` has no grid.",
    )
    edition: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")] | None = Field(
        default=None, description="With from `edition`: an old one that is to be restored."
    )
    min: Annotated[int, Field(ge=1, le=100_000)] = 300
    max: Annotated[int, Field(ge=1, le=100_000)] = 500
    target: Annotated[int, Field(ge=1, le=100_000)] = 400
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    cross_barriers: bool = True
    dedicated_area_m2: Annotated[float, Field(ge=0, le=1e9)] = 8000.0
    keep_current: bool = Field(default=False, description="Start from the edition in force; move few households.")
    weights: WeightsBody = Field(default_factory=WeightsBody, description="What is avoided, and how much.")
    grids: Literal["target", "fewest"] | Annotated[int, Field(ge=1, le=999)] = "target"
    effort: Effort = "normal"
    prove: bool = Field(default=False, description="Prove small zones the best.")
    locked_grids: Codes = Field(default=[], description="Codes of grids in force that stay as they are.")
    locked_buildings: Codes = Field(default=[], description="Codes of buildings that stay in their grid in force.")
    villages: bool = Field(default=False, description="One estate (natural village 自然村) = one grid.")
    seconds: Annotated[float, Field(ge=0.1, le=600)] | None = Field(
        default=None, description="Draw so long at most and take the best plan so far; else as long as the effort says."
    )
    choices: bool = Field(
        default=False, description="With keep_current: three plans, from fewest moves to the best cut."
    )

    searched: ClassVar[frozenset[str]] = frozenset(
        {"keep_current", "grids", "prove", "locked_grids", "locked_buildings", "villages", "seconds", "choices"}
    )
    """What is asked of a search, and of nothing else."""

    def settings(self) -> DrawSettings:
        """Return the settings of the draw.

        Raises
        ------
        BadRequest
            422 where min, target and max are not in that order, or the members contradict each other.
        """
        if self.edition is not None and self.origin != "edition":
            raise BadRequest(422, "invalid_body", "/edition: an edition is named only where the plan is from one.")
        if self.origin != "draw" and self.searched & self.model_fields_set:
            wrong = min(self.searched & self.model_fields_set)
            raise BadRequest(422, "invalid_body", f"/{wrong}: nothing is searched for in a plan from {self.origin}.")
        return DrawSettings(
            band=_band(self.min, self.max, self.target),
            seed=self.seed,
            cross_barriers=self.cross_barriers,
            dedicated_area_m2=self.dedicated_area_m2,
            keep_current=self.keep_current,
            weights=Weights(**self.weights.model_dump()),
            grids=self.grids,
            effort=self.effort,
            prove=self.prove,
            locked_grids=tuple(self.locked_grids),
            locked_buildings=tuple(self.locked_buildings),
            villages=self.villages,
        )


class RepairBody(Strict):
    """Whether a repair is only looked at."""

    dry_run: Annotated[bool, Field(description="Tell every change, write nothing.")] = False


def _told(text: str) -> str:
    """Return what somebody wrote, without the blanks around it; a refusal with the pointer to the member."""
    try:
        return sound_words("the text", text)
    except UsageError as fault:
        raise ValueError(str(fault)) from fault


Words = Annotated[str, Len(1, WORDS_LIMIT), AfterValidator(_told)]
"""What one person tells another, kept as it was written."""


class RejectBody(Strict):
    """Why a plan is sent back."""

    reason: Annotated[Words, Field(description="What has to change; who submitted the plan reads it.")]


class CommentBody(Strict):
    """A comment on a plan, a grid or a building of it; or an answer to one, or its resolution."""

    words: Words | None = Field(default=None, description="Needed but for a resolution; no names or numbers of people.")
    grid: Annotated[str, Len(1, 50)] | None = Field(default=None, description="Key of the grid that it is about.")
    building: Annotated[str, Len(1, 100)] | None = Field(default=None, description="Code of the building.")
    thread: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")] | None = Field(
        default=None, description="The comment that is answered or resolved."
    )
    resolve: bool = Field(default=False, description="Whether that comment is settled.")

    def require_one_purpose(self) -> None:
        """Return nothing for a body that begins a thread or goes on with one.

        Raises
        ------
        BadRequest
            422 where it does both, or says nothing.
        """
        if self.thread is not None and (self.grid or self.building):
            raise BadRequest(422, "invalid_body", "/thread: its pin stays; leave grid and building out.")
        if self.thread is None and self.resolve:
            raise BadRequest(422, "invalid_body", "/thread: it is missing; name the comment that is settled.")
        if self.words is None and not self.resolve:
            raise BadRequest(422, "invalid_body", "/words: it is missing; write what is to be said.")


class MicroGridsBody(Strict):
    """The band of micro grids 微网格."""

    min: Annotated[int, Field(ge=1, le=100_000)] = MICRO_BAND.minimum
    max: Annotated[int, Field(ge=1, le=100_000)] = MICRO_BAND.maximum
    target: Annotated[int, Field(ge=1, le=100_000)] = MICRO_BAND.target

    def band(self) -> Band:
        """Return the band.

        Raises
        ------
        BadRequest
            422 where min, target and max are not in that order.
        """
        return _band(self.min, self.max, self.target)


def _band(minimum: int, maximum: int, target: int) -> Band:
    """Return the household band, or refuse figures that are not in order."""
    if not minimum <= target <= maximum:
        raise BadRequest(
            422, "invalid_body", f"min {minimum}, target {target}, max {maximum} are not in that order."
        )  # fmt: skip
    return Band(minimum, maximum, target)
