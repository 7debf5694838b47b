"""How a second net lies to the grids: which of its areas and grids hold each other, and which cut each other.

Room: plan, pure. In: buildings that grids and areas have in common, counted. Out: a `NetMatch` with findings. Imports
the nouns only.

Buildings decide, not outlines: two nets drawn from two base maps differ by metres everywhere, and what matters is whose
a house is. Whole grids in one beat, or whole monitoring areas in one grid, are no mismatch; a grid and an area that
both have buildings outside the other cut each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from gisgrid.model import Finding, Rule
from gisgrid.model.nets import NETS, NetMatch, NetPair, NetShare, Relation

NET_CROSSES_GRID: Final = Rule(
    "net_crosses_grid",
    "warning",
    "Grid {grid} and area {area} of the net {net} cut each other: {buildings} buildings with {households} households "
    "lie in both, {grid_rest} buildings of the grid outside the area, {area_rest} of the area outside the grid. Move "
    "them, or have the area's border follow the grid's.",
    "网格{grid}与{net_zh}{area}相互切割：共有{buildings}栋{households}户，网格另有{grid_rest}栋在片区外，"
    "片区另有{area_rest}栋在网格外。请调整其中一方的边界。",
)
GRID_OUTSIDE_NET: Final = Rule(
    "grid_outside_net",
    "warning",
    "Grid {grid}: {buildings} buildings with {households} households lie in no area of the net {net}; extend an area.",
    "网格{grid}有{buildings}栋{households}户不在任何{net_zh}内；请扩展片区。",
)


def match_nets(shares: Sequence[NetShare], grids: Collection[str]) -> NetMatch:
    """Return how the areas of second nets lie to grids.

    Parameters
    ----------
    shares
        Of these grids, and of all other grids that the same areas reach into; each building counts in one area a net.
    grids
        Codes of the grids that are asked about. A net without any area at their buildings is not theirs.
    """
    nets = sorted({share.net for share in shares if share.area is not None and share.grid in grids})
    whole_grid: Counter[tuple[str, str]] = Counter()
    whole_area: Counter[tuple[str, str]] = Counter()
    for share in shares:
        whole_grid[share.net, share.grid] += share.buildings
        if share.area is not None:
            whole_area[share.net, share.area] += share.buildings
    pairs: list[NetPair] = []
    findings: list[Finding] = []
    for share in sorted(shares, key=lambda each: (each.net, each.grid, each.area or "")):
        if share.net not in nets or share.grid not in grids:
            continue
        grid_rest = whole_grid[share.net, share.grid] - share.buildings
        area_rest = whole_area[share.net, share.area or ""] - share.buildings
        pair = NetPair(share, _relation(share, grid_rest, area_rest))
        pairs.append(pair)
        findings += _findings(pair, grid_rest, area_rest)
    return NetMatch(tuple(nets), tuple(pairs), tuple(findings))


def _relation(share: NetShare, grid_rest: int, area_rest: int) -> Relation:
    if share.area is None:
        return "outside"
    if grid_rest and area_rest:
        return "crossing"
    if grid_rest:
        return "area_inside"
    return "grid_inside" if area_rest else "same"


def _findings(pair: NetPair, grid_rest: int, area_rest: int) -> Iterator[Finding]:
    share = pair.share
    figures: dict[str, Any] = {"net": share.net, "net_zh": NETS.get(share.net, share.net), "grid": share.grid,
               "buildings": share.buildings, "households": share.households}  # fmt: skip
    if pair.relation == "outside":
        yield GRID_OUTSIDE_NET.finding(codes=(share.grid,), **figures)
    elif pair.relation == "crossing":
        area = share.area or ""
        yield NET_CROSSES_GRID.finding(
            codes=(share.grid, area), area=area, grid_rest=grid_rest, area_rest=area_rest, **figures
        )
