"""Tiles under the staff map: an optional layer that asks for nothing until somebody switches it on.

Room: maps. In: an address of tiles in web Mercator, the system that they are drawn in, whom to name. Out: a layer of
the map, and the hosts that the page's policy has to allow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, cast

from gisgrid.errors import UsageError

if TYPE_CHECKING:
    from gisgrid.maps.content import Audience
    from gisgrid.maps.lattice import Lattice

TileSystem = Literal["wgs84", "gcj02"]
SUBDOMAINS: Final = "01234567"
_ADDRESS: Final = re.compile(r"(https?://)([A-Za-z0-9.-]*)(\{s\})?([A-Za-z0-9.-]+(?::\d+)?)(/[^\s\"'<>;,\\]*)")


@dataclass(frozen=True, slots=True)
class BaseMap:
    """Tiles from elsewhere, such as Tianditu's `_w` sets (web Mercator; its EPSG:4490 sets would lie off).

    On tiles of GCJ-02 the drawing is shifted by the page, never the data.

    Parameters
    ----------
    url
        `https://t{s}.tianditu.gov.cn/vec_w/wmts?…&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=KEY`; `{s}` is 0 to 7.
    system
        `wgs84` also for CGCS2000, `gcj02` for Amap and Tencent.
    credit
        Whose map it is, with its approval number; stands in the footer.

    Raises
    ------
    UsageError
        The address is none of tiles, or the system is not one of these.
    """

    key: ClassVar[str] = "base"
    url: str
    system: TileSystem = "wgs84"
    credit: str = ""

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.url) or not all(part in self.url for part in ("{z}", "{x}", "{y}")):
            raise UsageError(
                f"{self.url!r} is no address of tiles; write https://HOST/… with {{z}}, {{x}} and {{y}} in it, and "
                "{s} in the host where it has several (0 to 7)."
            )
        if self.system not in ("wgs84", "gcj02"):
            raise UsageError(f"Tiles are in wgs84 (also CGCS2000) or gcj02, not in {self.system!r}.")

    @classmethod
    def configured(cls, url: str | None, system: str, credit: str) -> BaseMap | None:
        """Return the tiles that the settings name, or None where they name none."""
        return None if url is None else cls(url, cast("TileSystem", system), credit)

    @property
    def hosts(self) -> list[str]:
        """Return the origins that the tiles come from."""
        found = _ADDRESS.fullmatch(self.url)
        if found is None:
            return []
        scheme, before, several, after, _ = found.groups()
        return [f"{scheme}{before}{each}{after}" for each in (SUBDOMAINS if several else ("",))]

    def document(self, lattice: Lattice, audience: Audience) -> dict[str, Any]:  # noqa: ARG002
        """Return what the page asks tiles with."""
        return {"url": self.url, "system": self.system, "subdomains": SUBDOMAINS}
