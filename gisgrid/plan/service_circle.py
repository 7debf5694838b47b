"""The service circle (15 分钟服务圈): which share of each grid's households lives within a walk of a service centre.

Room: plan, pure. In: `CircleInputs`. Out: a `ServiceCircle` with findings. Imports numpy, shapely, `geometry.walking`.

What counts are households, not area and not buildings: an empty field far from every centre wants nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import shapely
from shapely import Geometry

from gisgrid.geometry.crs import from_wgs84, metric_crs
from gisgrid.geometry.walking import NOWHERE, Walks, nearest_goals
from gisgrid.model import Finding, Rule
from gisgrid.model.circles import CIRCLE_M, CircleCentre, CircleGrid, CircleInputs, ServiceCircle

SMALLEST_CENTRE_M2: Final = 300.0
SMALLEST_PER_100_M2: Final = 30.0
"""The size that the centres of a community have together: 300 m², or 30 m² for each 100 households."""
_WALKED: Final = frozenset({"main_road", "street"})
_IN_THE_WAY: Final = frozenset({"river", "railway", "wall"})

GRID_UNCOVERED: Final = Rule(
    "grid_beyond_circle",
    "warning",
    "Grid {grid}: {beyond} of {households} households live more than {reach} m from a service centre ({share} within); "
    "the farthest way is {farthest}. Open a service point nearer to them, or import the streets and crossings that are "
    "missing.",
    "网格{grid}：{households}户中有{beyond}户距服务中心超过{reach}米（圈内{share}），最远{farthest_zh}。"
    "请就近增设服务点，或补充缺少的道路与通道。",
)
NO_CENTRE: Final = Rule(
    "no_service_centre",
    "warning",
    "Community {community} has no service centre; import it: gisgrid import sites FILE, kind service_centre.",
    "社区{community}没有服务中心；请用 gisgrid import sites 导入，类型为服务中心。",
)
CENTRE_TOO_SMALL: Final = Rule(
    "service_centre_too_small",
    "warning",
    "The service centres of community {community} have {area} m² together: less than 300 m², and {per_100} m² for each "
    "100 of its {households} households, less than 30 m². Extend one, or open another.",
    "社区{community}服务中心合计{area}平方米，不足300平方米，且每百户{per_100}平方米（{households}户），"
    "不足30平方米。请扩建或增设。",
)
CENTRE_SIZE_UNKNOWN: Final = Rule(
    "service_centre_size_unknown",
    "info",
    "Service centre {centre} has no area, so the size of the centres of community {community} is not judged; import it "
    "with area_m2.",
    "服务中心{centre}没有面积，社区{community}的服务中心规模未作判断；请补充面积。",
)


def service_circle(inputs: CircleInputs, *, reach_m: float = CIRCLE_M) -> ServiceCircle:
    """Return the share of each grid's households that live within reach of a service centre.

    A household lives where its building stands. Its way leads along the streets and main roads that are loaded, never
    over a river, railway or wall but at a crossing; where no street is near it is the straight line.

    Parameters
    ----------
    reach_m
        A quarter of an hour on foot.
    """
    centres = tuple(
        CircleCentre(site.code, site.name, _community_at(inputs, site.geometry), site.area_m2, _point(site.geometry))
        for site in inputs.centres
    )
    walks = _walks(inputs, centres)
    grids = tuple(_grids(inputs, centres, walks, reach_m))
    counted = {grid.code for grid in grids}
    off_street = sum(
        building.households
        for building, walked in zip(inputs.buildings, walks.walked.tolist(), strict=True)
        if building.grid in counted and not walked
    )
    findings = [*_uncovered(grids, reach_m), *_sizes(inputs, centres)]
    names = {community.code: community.name for community in inputs.communities}
    return ServiceCircle(reach_m, names, grids, centres, off_street, tuple(findings))


def _walks(inputs: CircleInputs, centres: Sequence[CircleCentre]) -> Walks:
    """Return the walk from each building to its nearest centre, in metres of the place."""
    shapes = [building.geometry for building in inputs.buildings]
    if not shapes:
        return nearest_goals([], [])
    west, south, east, north = shapely.total_bounds(shapes)
    crs = metric_crs((west + east) / 2, (south + north) / 2)

    def metres(geometries: Sequence[Geometry]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        flat = np.asarray([*geometries, None], dtype=object)  # None keeps an array of objects, even an empty one
        return np.asarray(
            shapely.transform(flat, lambda xy: np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], crs))), dtype=object
        )[:-1]

    def of_kind(*kinds: str) -> list[Geometry]:
        return [line.geometry for line in inputs.lines if line.kind in kinds]

    return nearest_goals(
        shapely.get_coordinates(metres(shapes)),
        shapely.get_coordinates(metres([centre.geometry for centre in centres])),
        streets_m=metres(of_kind(*_WALKED)),
        obstacles_m=metres(of_kind(*_IN_THE_WAY)),
        crossings_m=metres(of_kind("crossing")),
    )


def _grids(inputs: CircleInputs, centres: Sequence[CircleCentre], walks: Walks, reach_m: float) -> Iterator[CircleGrid]:
    """Yield how each grid lies to the centres."""
    members: dict[str, list[int]] = defaultdict(list)
    for position, building in enumerate(inputs.buildings):
        if building.grid is not None and building.households:
            members[building.grid].append(position)
    households = np.array([building.households for building in inputs.buildings], dtype=np.int64)
    within = walks.distance_m <= reach_m
    for grid in inputs.grids:
        own = np.array(members[grid.code], dtype=np.int64)
        farthest = float(walks.distance_m[own].max()) if len(own) else np.inf
        nearest: Counter[int] = Counter()
        for position in own.tolist():
            if walks.goal[position] != NOWHERE:
                nearest[int(walks.goal[position])] += int(households[position])
        yield CircleGrid(
            code=grid.code,
            name=grid.name,
            community=grid.community,
            households=int(households[own].sum()),
            within=int(households[own][within[own]].sum()),
            walked=int(households[own][walks.walked[own]].sum()),
            farthest_m=round(farthest, 1) if np.isfinite(farthest) else None,
            centre=centres[min(nearest, key=lambda each: (-nearest[each], each))].code if nearest else None,
        )


def _uncovered(grids: Sequence[CircleGrid], reach_m: float) -> Iterator[Finding]:
    """Yield a finding for each grid with households beyond the reach, those with most of them first."""
    for grid in sorted(grids, key=lambda each: (each.within - each.households, each.code)):
        beyond = grid.households - grid.within
        if beyond:
            known = grid.farthest_m is not None
            yield GRID_UNCOVERED.finding(
                codes=(grid.code,),
                grid=grid.code,
                beyond=beyond,
                households=grid.households,
                reach=round(reach_m),
                share=f"{grid.within / grid.households:.0%}",
                farthest=f"{grid.farthest_m:.0f} m" if known else "none that is known",
                farthest_zh=f"{grid.farthest_m:.0f}米" if known else "路径未知",
            )


def _sizes(inputs: CircleInputs, centres: Sequence[CircleCentre]) -> Iterator[Finding]:
    """Yield findings about the size of each community's centres, and about communities that have none."""
    households: Counter[str] = Counter()
    for building in inputs.buildings:
        households[building.community] += building.households
    for community in inputs.communities:
        own = [centre for centre in centres if centre.community == community.code]
        unknown = [centre for centre in own if centre.area_m2 is None]
        area = sum(centre.area_m2 or 0.0 for centre in own)
        count = households[community.code]
        enough = area >= SMALLEST_CENTRE_M2 or area >= SMALLEST_PER_100_M2 * count / 100
        if not own:
            if count:
                yield NO_CENTRE.finding(codes=(community.code,), community=community.code)
        elif unknown and not enough:
            for centre in unknown:
                yield CENTRE_SIZE_UNKNOWN.finding(
                    codes=(centre.code, community.code), centre=centre.code, community=community.code
                )
        elif not enough:
            yield CENTRE_TOO_SMALL.finding(
                codes=(community.code, *(centre.code for centre in own)),
                community=community.code,
                area=round(area, 1),
                per_100=round(100 * area / count, 1),
                households=count,
            )


def _community_at(inputs: CircleInputs, geometry: Geometry) -> str | None:
    """Return the first community that a centre stands in."""
    point = _point(geometry)
    return next(
        (each.code for each in inputs.communities if each.geometry is not None and each.geometry.intersects(point)),
        None,
    )


def _point(geometry: Geometry) -> Geometry:
    return shapely.point_on_surface(geometry)
