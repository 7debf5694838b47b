"""`/point/4326/LON,LAT`: the areas that hold a point, in the form of MapIt, for programs that ask MapIt today.

Room: the front door on the wire. In: a WGS-84 point. Out: a map of areas by id. Grid, community, street and district
are the areas; the answer is that of `/v1/locate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

from fastapi import Query, Response

from api.access import guarded_router
from api.deps import Decimal, Instant, ServicesDep, answer
from api.errors import BadRequest
from gisgrid.in_force import Answer

router = guarded_router("mapit")

TYPES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "grid": ("GRD", "网格 grid"),
        "community": ("COM", "社区 community"),
        "street": ("STR", "街道 street"),
        "district": ("DIS", "区县 district"),
    }
)
"""Level → MapIt's three letters and the name of the type."""
_LETTERS: Final = frozenset(letters for letters, _ in TYPES.values())


@router.get("/point/4326/{lon},{lat}")
@router.get("/point/4326/{lon},{lat}.json")  # asked first, or its ending would belong to the latitude
def areas_of_point(
    services: ServicesDep,
    lon: Decimal,
    lat: Decimal,
    type_: Annotated[
        str, Query(alias="type", max_length=50, description="Some of GRD, COM, STR, DIS, by commas.")
    ] = "",
    at: Annotated[Instant | None, Query(description="As of this instant; now by default.")] = None,
    api_key: Annotated[str | None, Query(description="The key; or as X-Api-Key or Authorization: Bearer.")] = None,  # noqa: ARG001  # read by the guard
) -> Response:
    """Tell which areas hold a WGS-84 point, by id; an empty map outside.

    Ids are the codes. There are no generations that all areas share, so `generation` is refused: ask by `at`;
    `generation_low` and `generation_high` name the edition that answered.
    """
    wanted = {letters for letters in type_.split(",") if letters}
    if not wanted <= _LETTERS:
        raise BadRequest(422, "invalid_parameters", f"type must be some of {', '.join(sorted(_LETTERS))}, by commas.")
    found = services.directory.locate(lon, lat, "wgs84", at=at)
    services.metrics.located[found.location.method].inc()
    areas = {area["id"]: area for area in _areas(found) if not wanted or area["type"] in wanted}
    return answer(areas, Age=services.age() if at is None else None)


def _areas(found: Answer) -> list[dict[str, Any]]:
    """Return the grid and the divisions above it, the nearest first; nothing outside."""
    row = found.row
    if row is None:
        return []
    named = [(row.code, row.name, "grid"), *((each.code, each.name, each.level) for each in found.chain)]
    parents = [*(code for code, _, _ in named[1:]), None]
    edition = int(row.edition)
    return [_area(*each, parent, edition) for each, parent in zip(named, parents, strict=True)]


def _area(code: str, name: str, level: str, parent: str | None, edition: int) -> dict[str, Any]:
    letters, type_name = TYPES[level]
    return {
        "id": code,
        "name": name,
        "parent_area": parent,
        "type": letters,
        "type_name": type_name,
        "country": "",
        "country_name": "-",
        "generation_low": edition,
        "generation_high": edition,
        "codes": {"gisgrid": code},
        "all_names": {},
    }
