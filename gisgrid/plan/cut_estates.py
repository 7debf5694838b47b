"""Why an estate lies in several grids: every way to have it whole is tried, and what stands against it is told.

Room: plan. In: a `PlanBoard`. Out: findings of severity info. Imports numpy, scipy, `plan.board`, `plan.alternatives`.

"It cannot be whole" is only said where it is proven: the estate holds more than a grid may, or its parts and the
households between them do. Otherwise the sentence says what moving its parts into one grid would bring about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from gisgrid.geometry.adjacency import components
from gisgrid.model import Finding, Rule
from gisgrid.plan.alternatives import Reason
from gisgrid.plan.board import PlanBoard
from gisgrid.plan.effect import Effect
from gisgrid.plan.graph import Integers

ESTATE_EXPLAINED: Final = Rule(
    "estate_explained",
    "info",
    "Estate {estate} ({households} households) lies in {grids_en}; {reason_en}.",
    "小区{estate}（{households}户）分属{grids_zh}；{reason_zh}。",
)

NAMED_BUILDINGS: Final = 4
"""So many buildings are named in a sentence; the others are counted."""


class _Joined(NamedTuple):
    """An estate made whole in one of its grids."""

    grid: int
    moved: Integers
    labels: Integers
    effect: Effect

    @property
    def better(self) -> bool:
        """Whether the plan would be nearer to the band, or as near and cheaper."""
        return self.effect.off_band_change < 0 or (self.effect.off_band_change == 0 and self.effect.cost_change < 0.0)


def explain_estates(board: PlanBoard) -> Iterator[Finding]:
    """Yield one finding for each estate whose buildings with households lie in several grids."""
    for estate in np.flatnonzero(board.estates_split).tolist():
        code, name = board.estates[estate]
        members = np.unique(board.residents[board.residents[:, 0] == estate, 1])
        members = members[board.labels[members] >= 0]
        loads = {
            int(grid): int(board.network.households[members[board.labels[members] == grid]].sum())
            for grid in np.unique(board.labels[members])
        }
        order = sorted(loads, key=lambda grid: (-loads[grid], grid))
        reason = _why(board, members, order)
        yield ESTATE_EXPLAINED.finding(
            codes=(code,),
            estate=name,
            households=sum(loads.values()),
            grids=[board.keys[grid] for grid in order],
            grids_en=" and ".join(f"grid {board.keys[grid]} ({loads[grid]})" for grid in order),
            grids_zh="、".join(f"网格{board.keys[grid]}（{loads[grid]}户）" for grid in order),
            reason=reason.name,
            reason_en=reason.en,
            reason_zh=reason.zh,
        )


def _why(board: PlanBoard, members: Integers, order: list[int]) -> Reason:
    """Return why an estate is not whole: its size, the ground between its parts, or what moving them would do."""
    reason = _too_large(board, members, len(order)) or _too_far_apart(board, members)
    if reason is not None:
        return reason
    homes = [grid for grid in order if board.residential[grid]]
    if not homes:
        return Reason("dedicated", "all of its grids are dedicated ground", "所在网格均为专属网格")
    joined = [_joined(board, members, grid) for grid in homes]
    possible = [each for each in joined if _fault(board, each, members) is None]
    better = [each for each in possible if each.better]
    if better:
        return _could_be_whole(board, min(better, key=lambda each: each.effect.cost_change))
    if possible:
        return _dearer(board, min(possible, key=lambda each: each.effect.cost_change))
    fault = _fault(board, joined[0], members)
    if fault is None:
        raise AssertionError("a way to join that is not possible has a fault")
    return fault


def _too_large(board: PlanBoard, members: Integers, grids: int) -> Reason | None:
    """Return that the estate holds more than a grid may, if it does."""
    households, maximum = board.network.households[members], board.band.maximum
    total = int(households.sum())
    if total <= maximum:
        return None
    tower = int(members[households.argmax()])
    alone = int(households.max())
    if alone > maximum:
        return Reason(
            "tower",
            f"its building {board.titles[tower]} alone holds {alone} households, more than the {maximum} that a grid "
            "may hold",
            f"其{board.titles[tower]}一栋即有{alone}户，超过单个网格上限{maximum}户",
        )
    least = -(-total // maximum)
    as_few = grids == least
    return Reason(
        "larger_than_a_grid",
        f"a grid holds at most {maximum}, so it takes at least {least} grids"
        + ("" if as_few else f", and what fits around it led to {grids}"),
        f"单个网格上限{maximum}户，至少需{least}个网格" + ("" if as_few else f"，结合周边条件划为{grids}个"),
    )


def _too_far_apart(board: PlanBoard, members: Integers) -> Reason | None:
    """Return that no grid can hold the estate because of the ground between its parts, if that is so.

    A connected grid with all parts holds at least the households of the estate and, for any two parts, those on the
    way between them that has fewest.
    """
    count = len(board.labels)
    a, b = board.graph.borders.a[board.passable], board.graph.borders.b[board.passable]
    inside = np.zeros(count, dtype=np.bool_)
    inside[members] = True
    own = inside[a] & inside[b]
    parts = components(count, a[own], b[own])[members]
    if len(np.unique(parts)) < 2:
        return None
    # A step onto a unit costs its households; onto the estate itself next to nothing.
    steps = np.where(inside, 0.0, board.network.households.astype(np.float64)) + 1e-6
    ways = csr_matrix((steps[np.concatenate([b, a])], (np.concatenate([a, b]), np.concatenate([b, a]))), (count, count))
    starts = np.array([members[parts == part][0] for part in np.unique(parts)])
    between = dijkstra(ways, indices=starts)[:, starts]
    own_households, maximum = int(board.network.households[members].sum()), board.band.maximum
    if not np.isfinite(between).all():
        return Reason(
            "parted",
            "barriers part it, and no way leads from one part to the other",
            "被分界线隔开，各部分之间没有通道",
        )
    farthest = int(between.max())
    if own_households + farthest <= maximum:
        return None
    return Reason(
        "ground_between",
        f"its {len(starts)} parts do not touch, and a grid with it whole would hold at least "
        f"{own_households + farthest} households with the {farthest} that live between them (at most {maximum})",
        f"其{len(starts)}部分互不相连，完整归入一个网格须连同其间{farthest}户，至少{own_households + farthest}户，"
        f"超过上限{maximum}户",
    )


def _joined(board: PlanBoard, members: Integers, grid: int) -> _Joined:
    """Return what becomes of the plan with the whole estate in one of its grids."""
    moved = members[board.labels[members] != grid]
    labels = board.labels.copy()
    labels[moved] = grid
    return _Joined(grid, moved, labels, board.effect(labels))


def _fault(board: PlanBoard, joined: _Joined, members: Integers) -> Reason | None:
    """Return the hard rule that stands against having the estate whole in a grid, or None."""
    here, band = board.keys[joined.grid], board.band
    moved = int(board.network.households[joined.moved].sum())
    total = int(board.network.households[members].sum())
    part = _listed(board, joined.moved)
    locked = joined.moved[board.locked[joined.moved]]
    if len(locked) or board.locked_grids[joined.grid]:
        name = board.titles[int(locked[0])] if len(locked) else here
        return Reason("locked", f"{name} is locked where it is", f"{name}已锁定")
    for change in joined.effect.grids:
        before, after = change.before, change.after
        if after is None or before is None:
            continue
        if after.pieces > before.pieces or after.pieces_on_foot > before.pieces_on_foot:
            pieces = max(after.pieces, after.pieces_on_foot)
            return Reason(
                "apart",
                f"with {part} ({moved} households) moved to grid {here}, grid {change.key} would lie in "
                f"{pieces} pieces",
                f"将{part}（{moved}户）划入网格{here}后，网格{change.key}将分成{pieces}块",
            )
        if joined.effect.off_band_change < 0 or after.in_band:
            continue
        if after.households > band.maximum and after.households > before.households:
            return Reason(
                "above",
                f"with all {total} of its households grid {here} would hold {after.households} (at most "
                f"{band.maximum})",
                f"{total}户全部归入网格{here}后该格将有{after.households}户，超过上限{band.maximum}户",
            )
        if after.households < band.minimum and after.households < before.households:
            return Reason(
                "below",
                f"moving {part} ({moved} households) to grid {here} would leave grid {change.key} with "
                f"{after.households} (at least {band.minimum})",
                f"将{part}（{moved}户）划入网格{here}后，网格{change.key}仅剩{after.households}户，低于下限{band.minimum}户",
            )
    return None


def _could_be_whole(board: PlanBoard, joined: _Joined) -> Reason:
    """Return that the estate could be whole, and the plan better for it."""
    part, here = _listed(board, joined.moved), board.keys[joined.grid]
    households = int(board.network.households[joined.moved].sum())
    return Reason(
        "could_be_whole",
        f"it could be whole and the plan better for it: move {part} ({households} households) to grid {here}",
        f"可完整归入一个网格且方案更优：请将{part}（{households}户）划入网格{here}",
    )


def _dearer(board: PlanBoard, joined: _Joined) -> Reason:
    """Return that the estate could be whole, but at a price."""
    part, here, effect = _listed(board, joined.moved), board.keys[joined.grid], joined.effect
    before, after = board.cost_shares(board.labels), board.cost_shares(joined.labels)
    weights = board.settings.weights
    borders = after.cut - before.cut + weights.tie * effect.ties_change
    if effect.ties_change < 0.0:
        en = f"cut neighbours' ties of weight {-effect.ties_change:g} more"
        zh = f"将多割断权重{-effect.ties_change:g}的邻里关系"
    elif effect.estates_cut:
        name = board.estates[board.estate_of_code[effect.estates_cut[0]]][1]
        en, zh = f"cut estate {name} instead", f"将改为拆分小区{name}"
    elif borders >= max(after.balance - before.balance, after.homes - before.homes) and weights.border > 0.0:
        metres = borders / weights.border
        en = f"make borders {metres:.0f} m longer, metres along streets counted at {weights.street:.0%}"
        zh = f"界线将延长{metres:.0f}米（沿街部分按{weights.street:.0%}计）"
    elif after.balance - before.balance >= after.homes - before.homes:
        loads = ", ".join(f"{each.after.households}" for each in effect.grids if each.after is not None)
        en = f"leave its grids with {loads} households, farther from {board.band.target}"
        zh = f"各格将为{loads}户，更偏离{board.band.target}户的目标"
    else:
        en = "take its households out of the grid they are in today"
        zh = "其住户将离开现属网格"
    return Reason(
        "dearer",
        f"moving {part} to grid {here} would be possible but would {en}",
        f"将{part}划入网格{here}可行，但{zh}",
    )


def _listed(board: PlanBoard, units: Integers) -> str:
    """Return the names of some buildings, the rest counted."""
    names = [board.titles[unit] for unit in units[:NAMED_BUILDINGS].tolist()]
    more = len(units) - len(names)
    return ", ".join(names) + (f" +{more}" if more > 0 else "")
