"""What can be asked of a plan by hand: one frozen value for each operation.

Room: plan. In: what a front door has read. Out: values that `plan.edits` carries out and that a journal keeps as plain
values. Imports shapely for the lines and areas that are drawn (longitude, latitude).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import shapely

from gisgrid.model import GridKind


@dataclass(frozen=True, slots=True)
class Assign:
    """Buildings, and cells without any, that go to another grid.

    Attributes
    ----------
    to
        Key of a grid; `new` stands for one still to begin, and among several moves `new-1`, `new-2` … for as many.
    buildings
        Codes; buildings that share a cell move together.
    cells
        Numbers of cells of the plan's tessellation.
    """

    to: str
    buildings: tuple[str, ...] = ()
    cells: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrange:
    """Several assignments as one step: a suggestion that is taken, or a stroke over several grids."""

    moves: tuple[Assign, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """A grid that is split into two connected parts, both in band where there is a way."""

    grid: str
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SplitByLine:
    """A grid that is split along a line drawn across it."""

    grid: str
    line: shapely.LineString


@dataclass(frozen=True, slots=True)
class Merge:
    """Grids that become one, which keeps the first one's key."""

    grids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Annex:
    """A grid that takes over the ground of an area drawn by hand."""

    grid: str
    area: shapely.Polygon


@dataclass(frozen=True, slots=True)
class Rename:
    """A grid that gets another name."""

    grid: str
    name: str


@dataclass(frozen=True, slots=True)
class SetKind:
    """A grid that becomes residential or dedicated."""

    grid: str
    kind: GridKind


@dataclass(frozen=True, slots=True)
class SetLocks:
    """Grids and buildings that are locked where they are, or freed."""

    locked: bool
    grids: tuple[str, ...] = ()
    buildings: tuple[str, ...] = ()


Operation = Assign | Arrange | Split | SplitByLine | Merge | Annex | Rename | SetKind | SetLocks

OPS: Final[Mapping[type[Operation], str]] = MappingProxyType(
    {
        Assign: "assign",
        Arrange: "arrange",
        Split: "split",
        SplitByLine: "split",
        Merge: "merge",
        Annex: "annex",
        Rename: "rename",
        SetKind: "kind",
        SetLocks: "lock",
    }
)
"""What each operation is called on the wire and in the journal."""


def document(operation: Operation) -> dict[str, Any]:
    """Return an operation as plain values, as it stands on the wire.

    Examples
    --------
    >>> document(Merge(("3", "4")))
    {'op': 'merge', 'grids': ['3', '4']}
    """
    return {"op": OPS[type(operation)], **_members(operation)}


def _members(value: Any) -> dict[str, Any]:
    """Return the members of an operation; what was left empty is left out."""
    members = {}
    for field in dataclasses.fields(value):
        each = getattr(value, field.name)
        if each != () or field.default is dataclasses.MISSING:
            members[field.name] = _plain(each)
    if isinstance(value, Split):
        members["auto"] = True
    return members


def _plain(value: Any) -> Any:
    """Return a member as JSON has it."""
    if isinstance(value, tuple):
        return [_members(each) if dataclasses.is_dataclass(each) else each for each in value]
    return shapely.geometry.mapping(value) if isinstance(value, shapely.Geometry) else value
