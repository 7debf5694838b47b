"""The shapes on the wire: what bodies must be, and what answers look like in the documentation.

Room: the front door on the wire; nothing of `gisgrid` imports it. Bodies are read strictly: no text for a number, no
unknown members, because a misspelled `lng` would otherwise make a report without a place.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeVar

from annotated_types import Len
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.deps import Instant
from api.errors import BadRequest
from gisgrid.dispatch.events import event_faults
from gisgrid.dispatch.intake import FieldFault, field_faults
from gisgrid.errors import MissingCrs, UnknownCrs
from gisgrid.geometry.crs import NAMED, parse_crs
from gisgrid.model import (
    AssignmentMethod,
    CandidateField,
    CoordinateSystem,
    DivisionLevel,
    GridKind,
    LocateMethod,
    PlaceKind,
    Report,
    ReportEventRequest,
    ReportEventType,
    ReportState,
)

POINTS_LIMIT: Final = 100_000
BATCH_LIMIT: Final = 10_000
_CRS_LENGTH: Final = 20

Body = TypeVar("Body", bound=BaseModel)


def checked(model: type[Body], value: Any) -> Body:
    """Return the value as the body that the model describes.

    Raises
    ------
    BadRequest
        422, with a pointer to each member that is wrong; values are not echoed.
    """
    if not isinstance(value, dict):
        raise BadRequest(422, "invalid_body", "This must be a JSON object; the documentation at /docs has the shape.")
    try:
        return model.model_validate(value, strict=True)
    except ValidationError as error:
        faults = [
            {"pointer": "/" + "/".join(map(str, fault["loc"])), "message": str(fault["msg"])}
            for fault in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        first = faults[0]
        raise BadRequest(
            422, "invalid_body", f"{first['pointer']}: {first['message']}; the documentation at /docs has the shape.",
            faults[:100],
        ) from error  # fmt: skip


def declared_system(text: str | None) -> str:
    """Return the normal form of a coordinate system declared on the wire.

    Raises
    ------
    MissingCrs
        None was declared.
    UnknownCrs
        It is none of the four; only files may carry others.
    """
    if text is None or not text.strip():
        raise MissingCrs(f"crs is missing; declare one of {', '.join(NAMED)}: it is never guessed.")
    # Longer texts are no names; PROJ shall not read them.
    system = parse_crs(text) if len(text) <= _CRS_LENGTH and "[" not in text else ""
    if system not in NAMED:
        raise UnknownCrs(f"This crs is none of {', '.join(NAMED)}; declare the one that the coordinates are in.")
    return system


def _require_none(faults: Sequence[FieldFault]) -> None:
    """Refuse a body with faults, naming each field."""
    if faults:
        pointers = [{"pointer": f"/{fault.field}", "message": fault.message} for fault in faults]
        raise BadRequest(422, "invalid_body", faults[0].message, pointers)


class Strict(BaseModel):
    """A body without unknown members."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class LocateBody(Strict):
    """Many points to look up."""

    points: Annotated[
        list[Annotated[list[float], Len(2, 2)]],
        Len(0, POINTS_LIMIT),
        Field(description="[lon, lat] pairs in the declared system, x first.", examples=[[[111.70123, 40.80456]]]),
    ]
    crs: str | None = Field(default=None, description="wgs84, cgcs2000, gcj02 or bd09; never guessed.")
    at: Instant | None = Field(default=None, description="As of this instant; now by default.")


class ReportBody(Strict):
    """A report as a sender gives it. `source` and `external_id` together make it known again."""

    source: str = Field(description="The system that sends it.", examples=["12345"])
    external_id: str = Field(description="Its id there.", examples=["2026-0504-0017"])
    category: str | None = None
    text: str | None = None
    lon: float | None = None
    lat: float | None = None
    crs: str | None = Field(default=None, description="wgs84, cgcs2000, gcj02 or bd09; required with coordinates.")
    accuracy_m: float | None = None
    address: str | None = None
    building_code: str | None = None
    target: Literal["grid", "property"] = "grid"
    reported_at: Instant | None = None
    urgency: str | None = Field(default=None, description="The sender's word for it, up to 50 characters.")
    grid_code: str | None = Field(
        default=None, description="The grid that the sender claims, 15 digits; compared, never followed by itself."
    )

    def report(self) -> Report:
        """Return the report in the words of the product.

        Raises
        ------
        MissingCrs, UnknownCrs
            Coordinates without one of the four systems.
        BadRequest
            422 with a pointer to each field that cannot be kept.
        """
        placed = self.lon is not None or self.lat is not None
        # The members are plain values: `model_dump` would only copy each of them, at ten times the cost.
        values = {**vars(self), "crs": declared_system(self.crs) if placed or self.crs is not None else None}
        report = Report(**values)
        _require_none(field_faults(report))
        return report


class EventBody(Strict):
    """What is to happen to a report. `note` is the reason, which `return` and `reassign` need."""

    type: ReportEventType
    note: str | None = Field(default=None, description="Up to 2,000 characters.")
    grid: str | None = Field(default=None, description="With `reassign`: the grid in force that it goes to.")
    building_code: str | None = Field(
        default=None,
        description="With `reassign`: the building whose grid it goes to. Without both it is located anew.",
    )
    event_id: str | None = Field(
        default=None, description="Your own id of the event, up to 200 characters: sent again, it happens once."
    )

    def event(self) -> ReportEventRequest:
        """Return the event in the words of the product.

        Raises
        ------
        BadRequest
            422 with a pointer to each field that cannot be kept.
        """
        request = ReportEventRequest(**self.model_dump())
        _require_none(event_faults(request))
        return request


class PublishBody(Strict):
    """What the reviewer accepts on publishing, and when the plan comes into force."""

    accept: Annotated[
        list[Annotated[str, Len(1, 200)]],
        Len(0, 1000),
        Field(description="Findings about the household band, as RULE:GRID, or `all`."),
    ] = []
    valid_from: Instant | None = Field(
        default=None, description="A future instant at which the plan comes into force by itself; now by default."
    )


class DivisionName(BaseModel):
    """A division by code and name."""

    code: str
    name: str


class LocatedGrid(BaseModel):
    """A grid with the divisions above it; null where a parent is not known."""

    code: str
    name: str
    kind: GridKind
    community: DivisionName | None
    street: DivisionName | None
    district: DivisionName | None


class NeighbourOut(BaseModel):
    """A grid near the point."""

    code: str
    distance_m: float


class EditionOfGrid(BaseModel):
    """The edition that answered."""

    id: str
    valid_from: datetime


class OnDuty(BaseModel):
    """Who serves the grid."""

    role: str
    name: str
    duty_phone: str | None


class LocateAnswer(BaseModel):
    """Which grid a point is in, with the evidence."""

    model_config = ConfigDict(extra="forbid")

    grid: LocatedGrid | None
    method: LocateMethod
    border_distance_m: float | None
    neighbours: list[NeighbourOut]
    edition: EditionOfGrid | None
    wgs84: Annotated[list[float], Len(2, 2)]
    posts: list[OnDuty]


class LocateManyAnswer(BaseModel):
    """The grids of many points in their order, and the editions that answered, by community."""

    model_config = ConfigDict(extra="forbid")

    codes: list[str | None]
    methods: list[LocateMethod]
    editions: dict[str, EditionOfGrid]


class CandidateOut(BaseModel):
    """A place that the words of a report may mean; reassigning the report to it is a dispatcher's decision."""

    model_config = ConfigDict(extra="forbid")

    kind: PlaceKind
    code: str
    name: str
    grids: list[str]
    score: float
    matched: str
    field: CandidateField


class AssignmentOut(BaseModel):
    """A report's grid with the evidence, and what speaks against it; without a grid, what its words may mean."""

    grid: str | None
    method: AssignmentMethod
    border_distance_m: float | None
    neighbours: list[NeighbourOut]
    edition: str | None
    building: str | None
    findings: list[dict[str, Any]]
    candidates: list[CandidateOut]


class DueOut(BaseModel):
    """Until when a report is to be accepted and closed; null where no time limit is set."""

    accept: datetime | None
    close: datetime | None


class ReportAnswer(ReportBody):
    """A kept report."""

    id: str
    received_at: datetime
    state: ReportState
    due: DueOut
    wgs84: list[float] | None
    assignment: AssignmentOut


class EventOut(BaseModel):
    """One line of a report's history."""

    type: str
    actor: str | None
    at: datetime
    note: str | None
    details: dict[str, Any]
    event_id: str | None


class ReportWithHistory(ReportAnswer):
    """A kept report, who is to deal with it now, and everything that happened to it."""

    posts: list[OnDuty]
    property_company: str | None = Field(description="Of the estate, where the target is `property`.")

    history: list[EventOut]


class ReportPage(BaseModel):
    """Reports in the order in which they were filed."""

    reports: list[ReportAnswer]
    next: str | None


class FitOut(BaseModel):
    """How a source's points lie over the buildings: the share that touches one, and the share by chance."""

    share: float
    chance: float


class SourceOut(BaseModel):
    """A source of reports with one declared system; findings tell where another fits."""

    model_config = ConfigDict(extra="forbid")

    source: str
    crs: CoordinateSystem | None
    reports: int
    unplaced: int
    last_received_at: datetime
    places: int | None
    fits: dict[CoordinateSystem, FitOut]
    findings: list[dict[str, Any]]


class SourceList(BaseModel):
    """The sources of the reports received since an instant."""

    since: datetime
    sources: list[SourceOut]


class DivisionOut(DivisionName):
    """A node of the tree of divisions."""

    level: DivisionLevel
    parent: str | None


class DivisionPage(BaseModel):
    """Divisions in order of their codes."""

    divisions: list[DivisionOut]
    next: str | None


class Problem(BaseModel):
    """A fault as RFC 9457 has it; `code` is what a program switches on."""

    type: str
    title: str
    status: int
    code: str
    detail: str
