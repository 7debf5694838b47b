"""How good the division of each zone is known to be: findings that are kept with the plan, and read back from them.

Room: plan. In: a `Sheet` with the proofs of its zones. Out: findings, and the one phrase for a table. Imports
`plan.sheet`; no compiled loops, so that checks load quickly.

A proof is dear and a check is cheap, so a check never proves anew: it keeps what the stored findings say for as long
as it holds. What is impossible stays so while the households of the zone's cells do not change; that a division is the
best one found holds only of that division.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from gisgrid.model import Band, Finding, Rule, ZoneProof
from gisgrid.plan.sheet import Sheet

ZONE_PROVEN_BEST: Final = Rule(
    "zone_proven_best",
    "info",
    "The division of {households} households in {zones} zone(s) into {grids} grids is proven best: no other division "
    "into so many grids costs less.",
    "{zones}个片区共{households}户划为{grids}个网格，已证明为最优划分。",
)
ZONE_SEARCHED: Final = Rule(
    "zone_searched",
    "info",
    "No better division of {households} households in {zones} zone(s) into {grids} grids was found in {starts} starts; "
    "draw with more effort, or with proof, to know more.",
    "{zones}个片区共{households}户划为{grids}个网格，搜索{starts}次未见更优划分；可提高搜索强度或要求证明后重新划分。",
)
ZONE_IMPOSSIBLE: Final = Rule(
    "zone_impossible",
    "warning",
    "The zone of {named} with {households} households has no plan in {minimum} to {maximum}, proven{culprits_en}. "
    "{remedy_en}",
    "{named_zh}所在片区共{households}户，已证明无法划分为{minimum}至{maximum}户的网格{culprits_zh}。{remedy_zh}",
)
_RULES: Final = (ZONE_PROVEN_BEST, ZONE_SEARCHED, ZONE_IMPOSSIBLE)

NAMED: Final = 6
"""So many buildings are named in a sentence; `codes` has them all."""


def proof_findings(sheet: Sheet) -> list[Finding]:
    """Return what is known of the zones of a sheet, one finding for all zones of a kind that can be told together."""
    holding = [proof for proof in sheet.proofs if holds(sheet, proof)]
    found = [_impossible(sheet, proof) for proof in holding if proof.kind == "impossible"]
    for rule, kind in ((ZONE_PROVEN_BEST, "best"), (ZONE_SEARCHED, "none_better")):
        # A zone that makes one grid leaves nothing to tell.
        told = [proof for proof in holding if proof.kind == kind and len(proof.grids) > 1]
        if told:
            found.append(
                rule.finding(
                    zones=len(told),
                    households=sum(_households(sheet, proof.buildings) for proof in told),
                    grids=sum(len(proof.grids) for proof in told),
                    starts=sum(proof.starts for proof in told),
                    proofs=[_document(proof) for proof in told],
                )
            )
    return found


def proofs_in(findings: Iterable[Finding]) -> tuple[ZoneProof, ...]:
    """Return the proofs that stored findings hold."""
    names = {rule.name for rule in _RULES}
    return tuple(
        _proof(document)
        for finding in findings
        if finding.rule in names
        for document in finding.values.get("proofs", ())
    )


def holds(sheet: Sheet, proof: ZoneProof) -> bool:
    """Return whether a proof still says something of a sheet, whose buildings and grids may have changed since."""
    cell_of = {code: cell.number for cell in sheet.cells for code in cell.buildings}
    if not sheet.buildings.keys() <= cell_of.keys():
        return False  # a building came since, and it may stand in this zone
    cells = {cell_of[code] for code in proof.buildings if code in cell_of}
    if any(sheet.cells[number].households != int(sheet.cell_households[number]) for number in cells):
        return False
    if proof.kind in {"impossible", "no_count"}:
        return True
    divisions = {frozenset(grid.buildings) for grid in sheet.grids}
    return all(frozenset(grid) in divisions for grid in proof.grids)


def impossible_for(sheet: Sheet, position: int) -> ZoneProof | None:
    """Return the proof that the zone of a grid has no plan in band, if there is one that holds."""
    buildings = set(sheet.grids[position].buildings)
    for proof in sheet.proofs:
        if proof.kind == "impossible" and not buildings.isdisjoint(proof.buildings) and holds(sheet, proof):
            return proof
    return None


def proof_words(proofs: Sequence[ZoneProof]) -> str:
    """Return how good a community's division is known to be, as one phrase for a table.

    Examples
    --------
    >>> proof_words([ZoneProof("none_better", (("a",), ("b",)), starts=12), ZoneProof("best", (("c",),))])
    'no better found in 12 starts'
    >>> proof_words([ZoneProof("best", (("c",),)), ZoneProof("no_count", (("d",),))])
    'proven impossible in 1 of 2 zones'
    >>> proof_words([])
    'proven best'
    """
    impossible = sum(proof.kind in {"impossible", "no_count"} for proof in proofs)
    if impossible:
        return "proven impossible" + (f" in {impossible} of {len(proofs)} zones" if len(proofs) > 1 else "")
    searched = [proof.starts for proof in proofs if proof.kind == "none_better"]
    starts = sum(searched)
    return f"no better found in {starts} start{'s' if starts != 1 else ''}" if searched else "proven best"


def _impossible(sheet: Sheet, proof: ZoneProof) -> Finding:
    """Return the finding that a zone has no plan in band: which buildings are in the way, and what would free it."""
    band = sheet.settings.band
    figures = [f"{code} ({_households(sheet, (code,))})" for code in proof.culprits[:NAMED]]
    more = len(proof.culprits) - len(figures)
    some, count = proof.buildings[:2], len(proof.buildings)
    return ZONE_IMPOSSIBLE.finding(
        codes=proof.buildings,
        named=f"buildings {', '.join(some)} …" if count > len(some) else f"building {' and '.join(some)}",
        named_zh="、".join(some) + (f"等{count}栋楼" if count > len(some) else ""),
        households=_households(sheet, proof.buildings),
        minimum=band.minimum,
        maximum=band.maximum,
        culprits=list(proof.culprits),
        culprits_en=f": no grid can hold two of {', '.join(figures)}{f' and {more} more' if more else ''}"
        if len(figures) > 1
        else f": building {figures[0]} leaves too little room"
        if figures
        else "",
        culprits_zh=f"：{'、'.join(figures)}{f'等{len(proof.culprits)}栋' if more else ''}"
        f"{'中任意两栋不能同属一个网格' if len(figures) > 1 else '占去过多户数'}"
        if figures
        else "",
        remedy_en=_remedy_en(proof),
        remedy_zh=_remedy_zh(proof),
        proofs=[_document(proof)],
    )


def _remedy_en(proof: ZoneProof) -> str:
    ways = []
    if proof.band is not None:
        ways.append(f"with {proof.band.minimum} to {proof.band.maximum} households there")
    if proof.divide:
        subject = f"building{'s' if len(proof.divide) > 1 else ''} {', '.join(proof.divide)}"
        ways.append(f"with {subject} entered by {'their' if len(proof.divide) > 1 else 'its'} entrances "
                    f"(divided into {proof.entrances})")  # fmt: skip
    if ways:
        return f"It would be possible {', or '.join(ways)}; else accept its grids outside the band."
    if not proof.tried:
        return (
            "What would free so large a zone was not looked for; draw with effort `thorough` to have it tried, enter "
            "large buildings by their entrances, or accept its grids."
        )
    return (
        "Neither a band wider by a quarter nor entrances of its large buildings help; accept its grids, or record a "
        "crossing to the ground beside it."
    )


def _remedy_zh(proof: ZoneProof) -> str:
    ways = []
    if proof.band is not None:
        ways.append(f"将该片区户数标准放宽至{proof.band.minimum}至{proof.band.maximum}户")
    if proof.divide:
        ways.append(f"将{'、'.join(proof.divide)}按单元拆分录入（每栋分为{proof.entrances}部分）")
    if ways:
        return f"{'，或'.join(ways)}，即可划分；否则请批准例外。"
    if not proof.tried:
        return "片区较大，未逐项试算解决办法；请以“thorough”强度重新划分试算，或将大楼按单元拆分录入，或批准例外。"
    return "标准放宽四分之一或按单元拆分大楼均无法解决；请批准例外，或补录通往邻区的通道。"


def _households(sheet: Sheet, codes: Iterable[str]) -> int:
    """Return the households of buildings today."""
    return sum(sheet.buildings[code].households for code in codes if code in sheet.buildings)


def _document(proof: ZoneProof) -> dict[str, Any]:
    """Return a proof as plain values."""
    return {
        "kind": proof.kind,
        "grids": [list(grid) for grid in proof.grids],
        "starts": proof.starts,
        "culprits": list(proof.culprits),
        "band": None if proof.band is None else asdict(proof.band),
        "divide": list(proof.divide),
        "entrances": proof.entrances,
        "tried": proof.tried,
    }


def _proof(document: Mapping[str, Any]) -> ZoneProof:
    """Return the proof that plain values hold."""
    return ZoneProof(
        kind=document["kind"],
        grids=tuple(tuple(grid) for grid in document["grids"]),
        starts=document["starts"],
        culprits=tuple(document["culprits"]),
        band=None if document["band"] is None else Band(**document["band"]),
        divide=tuple(document["divide"]),
        entrances=document["entrances"],
        tried=document["tried"],
    )
