"""Who serves a grid, and who may do what in the service.

Room: the words. In: nothing. Out: frozen values; a noun that several rooms share stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Role = Literal["viewer", "dispatch", "planner", "reviewer", "admin"]
ROLES: Final[tuple[Role, ...]] = ("viewer", "dispatch", "planner", "reviewer", "admin")


@dataclass(frozen=True, slots=True)
class Post:
    """A worker's post in a grid (网格岗位): role, name and duty phone of the worker, dated."""

    grid: str
    role: str
    name: str
    duty_phone: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
