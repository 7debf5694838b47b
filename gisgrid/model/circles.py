"""The service circle (15 分钟服务圈): who lives within a walk of a service centre, and what it is worked out from.

Room: the words. In: nothing. Out: frozen dataclasses. Geometry is WGS-84.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shapely import Geometry

from gisgrid.model.findings import Finding
from gisgrid.model.grids import CoverageRow
from gisgrid.model.places import Barrier, Division, Site

SERVICE_CENTRE: Final = "service_centre"
"""The kind of the sites that a circle is drawn around: 党群服务中心, 服务站."""
CIRCLE_M: Final = 1000.0
"""A quarter of an hour on foot."""


@dataclass(frozen=True, slots=True)
class CircleBuilding:
    """A building where households live: a point on it, and the grid in force that it belongs to."""

    code: str
    community: str
    grid: str | None
    households: int
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class CircleInputs:
    """What the service circle of a division is worked out from.

    Attributes
    ----------
    communities
        The division's communities.
    grids
        Their grids in force.
    centres
        Service centres in the division and within reach around it.
    lines
        Streets and barriers in the same stretch of ground.
    """

    communities: tuple[Division, ...]
    grids: tuple[CoverageRow, ...]
    buildings: tuple[CircleBuilding, ...]
    centres: tuple[Site, ...]
    lines: tuple[Barrier, ...]


@dataclass(frozen=True, slots=True)
class CircleGrid:
    """How a grid lies to the service centres.

    Attributes
    ----------
    households
        In its buildings of today.
    within
        Those of them within the reach of a centre.
    walked
        Those whose way was measured along streets; the others in a straight line.
    farthest_m
        The longest way that a household of the grid has to its nearest centre; None where some have no way to any, or
        nobody lives there.
    centre
        The code of the centre that is nearest for most households; None where there is none.
    """

    code: str
    name: str
    community: str
    households: int
    within: int
    walked: int
    farthest_m: float | None
    centre: str | None

    @property
    def share(self) -> float | None:
        """Which share of the households lives within reach; None where nobody lives."""
        return self.within / self.households if self.households else None


@dataclass(frozen=True, slots=True)
class CircleCentre:
    """A service centre, and the community that it stands in; None beyond the division."""

    code: str
    name: str
    community: str | None
    area_m2: float | None
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class ServiceCircle:
    """The service circle of a division.

    Attributes
    ----------
    reach_m
        How far a household may live from a centre.
    communities
        Their names, by code.
    grids
        In order of their codes.
    centres
        Of the division and around it, in order of their codes.
    off_street
        Households that were measured in a straight line, because no street is loaded near them.
    findings
        Grids that are not covered, communities without a centre, centres that are too small or of unknown size.
    """

    reach_m: float
    communities: Mapping[str, str]
    grids: tuple[CircleGrid, ...]
    centres: tuple[CircleCentre, ...]
    off_street: int
    findings: tuple[Finding, ...]

    @property
    def households(self) -> int:
        """Households of all grids."""
        return sum(grid.households for grid in self.grids)

    @property
    def within(self) -> int:
        """Those of them within reach of a centre."""
        return sum(grid.within for grid in self.grids)

    @property
    def measured(self) -> str:
        """How the ways were measured: `streets`, `straight`, or `both` where streets are loaded for a part only."""
        walked = sum(grid.walked for grid in self.grids)
        return "streets" if walked and not self.off_street else "both" if walked else "straight"
