"""The tables: what the records of a comparison amount to, one row for each method.

In: records. Out: Markdown. Figures of J are of feasible runs alone: the median over the seeds of each community, set
against the best known J of any method; the row says how many communities that leaves. Ties are set against those of
`ours` on the communities that both solved, so minus 12 % means that gisgrid cuts 12 % less than the method.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import mean, median

from bench.planning.run import Record
from bench.planning.workers import OURS

HEADS = (
    "method",
    "feasible",
    "… of those with a known plan",
    "grids in band",
    "in pieces",
    "units in no grid",
    "J over best known: median · mean · worst (communities)",
    "worst run",
    "ties cut, ours against it",
    "at proven optimum",
    "Polsby-Popper: mean · least",
    "CPU s: median · most",
)


def table(records: Sequence[Record], known: dict[str, float]) -> str:
    """Return the table of a set.

    Parameters
    ----------
    records
        Of all methods on one set.
    known
        Best known J by the digest of the community.
    """
    optima = proven(records)
    rows = [
        _row(name, [record for record in records if record["method"] == name], records, known, optima)
        for name in dict.fromkeys(record["method"] for record in records)
    ]
    return markdown(HEADS, rows)


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def proven(records: Sequence[Record]) -> dict[str, float]:
    """Return the optimum of each community of which every zone's was proved."""
    return {
        record["digest"]: record["cost"]
        for record in records
        if record["feasible"] and record["proofs"] and all(proof == "optimal" for proof in record["proofs"])
    }


def impossible(records: Sequence[Record]) -> list[str]:
    """Return the communities that have a zone proved to have no plan."""
    return sorted({record["community"] for record in records if "infeasible" in record["proofs"]})


def _row(
    name: str,
    own: Sequence[Record],
    records: Sequence[Record],
    known: dict[str, float],
    optima: dict[str, float],
) -> list[str]:
    solvable = [record for record in own if record["digest"] in known]
    over = [cost / max(known[digest], 1.0) - 1 for digest, cost in _medians(own, "cost").items()]
    runs = [record["cost"] / max(known[record["digest"]], 1.0) - 1 for record in own if record["feasible"]]
    tried = [record for record in own if record["digest"] in optima]
    met = sum(record["feasible"] and record["cost"] <= optima[record["digest"]] for record in tried)
    shapes = [value for record in own for value in record["compactness"]]
    seconds = [record["seconds"] for record in own]
    return [
        name,
        share(sum(record["feasible"] for record in own), len(own)),
        share(sum(record["feasible"] for record in solvable), len(solvable)),
        share(sum(record["in_band"] for record in own), sum(record["grids"] for record in own)),
        str(sum(record["pieces"] for record in own)),
        str(sum(record["unassigned"] + record["twice"] for record in own)),
        f"{percent(median(over))} · {percent(mean(over))} · {percent(max(over))} ({len(over)})" if over else "-",
        percent(max(runs)) if runs else "-",
        _against(own, [record for record in records if record["method"] == OURS]),
        f"{met}/{len(tried)}" if tried else "-",
        f"{mean(shapes):.3f} · {min(shapes):.2f}" if shapes else "-",
        f"{median(seconds):.2f} · {max(seconds):.2f}",
    ]


def _medians(records: Sequence[Record], field: str) -> dict[str, float]:
    """Return the median of a field over the feasible runs of each community."""
    values: dict[str, list[float]] = defaultdict(list)
    for record in records:
        if record["feasible"]:
            values[record["digest"]].append(record[field])
    return {digest: median(found) for digest, found in values.items()}


def _against(own: Sequence[Record], ours: Sequence[Record]) -> str:
    theirs, mine = _medians(own, "ties_cut"), _medians(ours, "ties_cut")
    both = theirs.keys() & mine.keys()
    total = sum(theirs[digest] for digest in both)
    return percent(sum(mine[digest] for digest in both) / total - 1) if total else "-"


def share(part: float, whole: float) -> str:
    """Return a share in per cent."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def percent(value: float) -> str:
    """Return a signed per cent."""
    return f"{100 * value:+.1f} %"
