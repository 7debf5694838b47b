"""The shapes of edits on the wire: what is asked of a plan by hand, and what is answered.

Room: the front door on the wire, beside `schemas`. In: JSON. Out: an `Operation`. Read as strictly.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

import shapely
from annotated_types import Len
from pydantic import BaseModel, Field, TypeAdapter

from api import schemas
from api.errors import BadRequest
from api.schemas import Strict
from gisgrid.model import GridKind, PlanState, RevisionAction
from gisgrid.plan import operations
from gisgrid.plan.operations import Operation

BUILDINGS_LIMIT: Final = 10_000
CELLS_LIMIT: Final = 100_000
GRIDS_LIMIT: Final = 1_000
POINTS_LIMIT: Final = 2_000

Code = Annotated[str, Len(1, 100)]
Key = Annotated[str, Len(1, 50)]
Target = Annotated[Key, Field(description="Key of a grid; `new` begins one, among moves `new-1`, `new-2` … several.")]
Buildings = Annotated[list[Code], Len(0, BUILDINGS_LIMIT), Field(description="Codes of buildings of the plan.")]
Cells = Annotated[
    list[Annotated[int, Field(ge=0, le=2**31 - 1)]],
    Len(0, CELLS_LIMIT),
    Field(description="Numbers of cells of the plan, for ground without buildings."),
]
Positions = Annotated[list[Annotated[list[float], Len(2, 2)]], Len(2, POINTS_LIMIT)]


class AssignBody(Strict):
    """Buildings, and cells without any, go to another grid."""

    op: Literal["assign"]
    buildings: Buildings = Field(default=[])
    cells: Cells = Field(default=[])
    to: Target

    def operation(self) -> operations.Assign:
        """Return the operation in the words of the product."""
        return operations.Assign(self.to, tuple(self.buildings), tuple(self.cells))


class MoveBody(Strict):
    """One of several assignments that are one step."""

    buildings: Buildings = Field(default=[])
    cells: Cells = Field(default=[])
    to: Target


class ArrangeBody(Strict):
    """A suggestion that is taken, or a stroke over several grids: one step of undo."""

    op: Literal["arrange"]
    moves: Annotated[list[MoveBody], Len(1, GRIDS_LIMIT)]

    def operation(self) -> operations.Arrange:
        """Return the operation in the words of the product."""
        moves = (operations.Assign(each.to, tuple(each.buildings), tuple(each.cells)) for each in self.moves)
        return operations.Arrange(tuple(moves))


class SplitBody(Strict):
    """A grid is split into two connected parts, both in band where there is a way."""

    op: Literal["split"]
    grid: Key
    auto: Literal[True]
    seed: Annotated[int, Field(ge=0, le=2**31 - 1, description="The same seed splits alike.")] = 0

    def operation(self) -> operations.Split:
        """Return the operation in the words of the product."""
        return operations.Split(self.grid, self.seed)


class LineBody(Strict):
    """A GeoJSON LineString, WGS-84 as RFC 7946 has it."""

    type: Literal["LineString"]
    coordinates: Positions


class PolygonBody(Strict):
    """A GeoJSON Polygon, WGS-84 as RFC 7946 has it."""

    type: Literal["Polygon"]
    coordinates: Annotated[list[Annotated[list[Annotated[list[float], Len(2, 2)]], Len(4, POINTS_LIMIT)]], Len(1, 100)]


class SplitByLineBody(Strict):
    """A grid is split along a line drawn across it."""

    op: Literal["split"]
    grid: Key
    line: LineBody

    def operation(self) -> operations.SplitByLine:
        """Return the operation in the words of the product."""
        return operations.SplitByLine(self.grid, shapely.LineString(_on_globe(self.line.coordinates, "/line")))


class MergeBody(Strict):
    """Grids become one, which keeps the first one's key."""

    op: Literal["merge"]
    grids: Annotated[list[Key], Len(2, GRIDS_LIMIT)]

    def operation(self) -> operations.Merge:
        """Return the operation in the words of the product."""
        return operations.Merge(tuple(self.grids))


class AnnexBody(Strict):
    """A grid takes over the ground of an area drawn by hand."""

    op: Literal["annex"]
    grid: Key
    area: PolygonBody

    def operation(self) -> operations.Annex:
        """Return the operation in the words of the product."""
        shell, *holes = (_on_globe(ring, "/area") for ring in self.area.coordinates)
        try:
            return operations.Annex(self.grid, shapely.Polygon(shell, holes))
        except (ValueError, shapely.GEOSException) as error:
            raise _refused("/area", "each ring begins and ends at the same point") from error


class RenameBody(Strict):
    """A grid gets another name."""

    op: Literal["rename"]
    grid: Key
    name: Annotated[str, Len(1, 200)]

    def operation(self) -> operations.Rename:
        """Return the operation in the words of the product."""
        return operations.Rename(self.grid, self.name)


class KindBody(Strict):
    """A grid becomes residential or dedicated."""

    op: Literal["kind"]
    grid: Key
    kind: GridKind

    def operation(self) -> operations.SetKind:
        """Return the operation in the words of the product."""
        return operations.SetKind(self.grid, self.kind)


class LockBody(Strict):
    """Grids and buildings are locked where they are, or freed."""

    op: Literal["lock"]
    grids: Annotated[list[Key], Len(0, GRIDS_LIMIT)] = Field(default=[])
    buildings: Buildings = Field(default=[])
    locked: bool

    def operation(self) -> operations.SetLocks:
        """Return the operation in the words of the product."""
        return operations.SetLocks(self.locked, tuple(self.grids), tuple(self.buildings))


AnyEditBody = (
    AssignBody | ArrangeBody | SplitBody | SplitByLineBody | MergeBody | AnnexBody | RenameBody | KindBody | LockBody
)
_BODIES: Final[Mapping[str, type[AnyEditBody]]] = MappingProxyType(
    {
        "assign": AssignBody,
        "arrange": ArrangeBody,
        "split": SplitBody,
        "merge": MergeBody,
        "annex": AnnexBody,
        "rename": RenameBody,
        "kind": KindBody,
        "lock": LockBody,
    }
)


def operation_of(value: Any) -> Operation:
    """Return the operation that a body asks for.

    Raises
    ------
    BadRequest
        422, with a pointer to each member that is wrong.
    """
    op = value.get("op") if isinstance(value, dict) else None
    model = _BODIES.get(op) if isinstance(op, str) else None
    if model is None:
        raise _refused("/op", f"name one of {', '.join(_BODIES)}")
    if model is SplitBody and "line" in value:
        model = SplitByLineBody
    return schemas.checked(model, value).operation()


def edit_schema() -> dict[str, Any]:
    """Return the JSON schema of all bodies, for the documentation."""
    schema = TypeAdapter(AnyEditBody).json_schema(ref_template="#/{model}")
    definitions = schema.pop("$defs")
    found: dict[str, Any] = _inlined(schema, definitions)
    return found


class StepOut(BaseModel):
    """An edit that can be taken back or made again; `cells`: the grid that each cell would go to, null for none."""

    revision: int
    actor: str
    op: dict[str, Any]
    cells: list[tuple[int, str | None]]


class EditOut(BaseModel):
    """The line that an edit, undo or redo added to the journal; `of` is the edit that it is about."""

    revision: int
    action: RevisionAction
    of: int
    actor: str
    at: datetime
    op: dict[str, Any]


class EditedGridOut(BaseModel):
    """A grid that changed."""

    key: str
    code: str | None
    name: str | None
    kind: GridKind
    households: int
    buildings: int
    area_m2: float
    locked: bool
    geometry: dict[str, Any]


class EditedPlanOut(BaseModel):
    """A plan after an edit: what changed, and the findings of all of it."""

    plan: str
    community: str
    revision: int
    edit: EditOut
    grids: list[EditedGridOut]
    gone: list[str] = Field(description="Keys of grids that ended.")
    cells: list[tuple[int, str | None]] = Field(description="Cells that changed hands, with the key of their grid.")
    tessellation: str = Field(description="Another id says that the cells are others, and `cells` holds all of them.")
    findings: list[dict[str, Any]]
    undo: StepOut | None
    redo: StepOut | None


class GridLabelOut(BaseModel):
    """What a revision says of a grid beside its ground."""

    key: str
    name: str | None
    kind: GridKind
    code: str | None
    locked: bool


class RevisionOut(EditOut):
    """One line of the journal with what it changed."""

    cells: list[tuple[int, str | None]]
    grids: list[GridLabelOut]
    gone: list[str]
    tessellation: str


class PlanEditsOut(BaseModel):
    """What was done to a plan since a revision, and how it stands."""

    plan: str
    community: str
    state: PlanState
    revision: int
    edits: list[RevisionOut]
    undo: StepOut | None
    redo: StepOut | None


def _on_globe(positions: list[list[float]], pointer: str) -> list[list[float]]:
    """Return positions that are longitude and latitude, or refuse them."""
    if not all(-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0 for lon, lat in positions):
        raise _refused(pointer, "write each position as longitude, latitude in WGS-84 degrees")
    return positions


def _refused(pointer: str, message: str) -> BadRequest:
    return BadRequest(
        422,
        "invalid_body",
        f"{pointer}: {message}; the documentation at /docs has the shape.",
        [{"pointer": pointer, "message": message}],
    )


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """Return a schema with its definitions where they are referred to: the document has no place for them."""
    if isinstance(schema, list):
        return [_inlined(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if reference is not None:
        return _inlined(definitions[str(reference).removeprefix("#/")], definitions)
    return {name: _inlined(value, definitions) for name, value in schema.items()}
