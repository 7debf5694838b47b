"""Which headings of a file are meant by which columns of a layer.

Room: ingest. In: the headings of a file. Out: the heading that each of our columns is read from. Knows no file format
and imports nothing of gisgrid but the words and the errors.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from gisgrid.errors import RefusedData, UsageError
from gisgrid.ingest.forms import GEOMETRY_HEADINGS, LAT_HEADINGS, LON_HEADINGS, Layer
from gisgrid.model import Finding, Rule

MISSING_COLUMNS = Rule(
    "missing_columns",
    "error",
    "The layer {layer} needs {missing}, and the file has no such column. Found: {found}. "
    "Name the columns with --columns {example}.",
    "图层 {layer} 需要列 {missing}，文件中没有。文件的列：{found}。请用 --columns {example} 指明对应关系。",
)
COLUMNS_READ = Rule(
    "columns_read",
    "info",
    "Columns were recognised by their headings: {pairs}. Use --columns to read others.",
    "按表头识别了以下列：{pairs}。如需改用其他列，请使用 --columns。",
)


def plain(text: object) -> str:
    """Return a heading or spelling as it is compared: NFKC, lower case, without blanks, `_`, `-` and bracketed units.

    >>> plain(" 建筑高度（米）"), plain("Height_M")
    ('建筑高度', 'heightm')
    """
    folded = unicodedata.normalize("NFKC", str(text)).casefold()
    return re.sub(r"[\s_\-*]+|\([^()]*\)$", "", folded.strip())


def match_columns(
    layer: Layer, headings: Sequence[str], columns: Mapping[str, str]
) -> tuple[dict[str, str], list[Finding]]:
    """Return our column → the file's heading, and what was recognised by an alias.

    Parameters
    ----------
    layer
        The layer that is read.
    headings
        The file's headings as they stand.
    columns
        Ours → theirs as declared by the caller; it goes before every guess.

    Raises
    ------
    UsageError
        `columns` names a column of ours that the layer has not, or a heading that the file has not.
    """
    geometry_names = ("lon", "lat", "geometry") if layer.geometry else ()
    ours = (*(each.name for each in layer.columns), *geometry_names)
    matched = {}
    for name, heading in columns.items():
        if name not in ours:
            raise UsageError(f"The layer {layer.name} has no column {name!r}; it has {', '.join(dict.fromkeys(ours))}.")
        matched[name] = _declared_heading(name, heading, headings)
    taken = set(matched.values())
    by_plain: dict[str, str] = {}
    for heading in headings:
        if heading not in taken:
            by_plain.setdefault(plain(heading), heading)
    spellings = [(each.name, (each.name, *each.aliases)) for each in layer.columns]
    if layer.geometry:
        spellings += [("lon", LON_HEADINGS), ("lat", LAT_HEADINGS), ("geometry", GEOMETRY_HEADINGS)]
    _match_exact_then_alias(spellings, by_plain, matched)
    plainly = {*columns, "geometry"}
    guessed = [f"{name} ← {heading}" for name, heading in matched.items() if name != heading and name not in plainly]
    findings = [COLUMNS_READ.finding(pairs=", ".join(guessed))] if guessed else []
    return matched, findings


def _declared_heading(name: str, heading: str, headings: Sequence[str]) -> str:
    """Return the file's heading that the caller means; exact first, then regardless of case and blanks."""
    if heading in headings:
        return heading
    alike = [each for each in headings if plain(each) == plain(heading)]
    if len(alike) == 1:
        return alike[0]
    found = ", ".join(headings) or "none"
    raise UsageError(f"--columns {name}={heading}: the file has no column {heading!r}. Its columns: {found}.")


def _match_exact_then_alias(
    spellings: Iterable[tuple[str, tuple[str, ...]]], by_plain: dict[str, str], matched: dict[str, str]
) -> None:
    """Fill `matched` from the headings left: first every column by its own name, then by its aliases in order."""
    listed = list(spellings)
    for rank in range(max(len(names) for _, names in listed)):
        for name, names in listed:
            if name not in matched and rank < len(names):
                heading = by_plain.pop(plain(names[rank]), None)
                if heading is not None:
                    matched[name] = heading


def require_columns(layer: Layer, matched: Mapping[str, str], headings: Sequence[str], *, has_geometry: bool) -> None:
    """Refuse a file that lacks a column without which no row of the layer can be read.

    Raises
    ------
    RefusedData
        With one finding that lists what is missing and what was found.
    """
    missing = [each.name for each in layer.columns if each.required and each.name not in matched]
    example = ",".join(f"{name}=<heading>" for name in missing)
    if layer.geometry_required and not has_geometry:
        missing.append("geometry (a vector file, or a column wkt)" if layer.geometry == "polygon" else "geometry")
        example = example or "geometry=<heading>"
    if not missing:
        return
    found = ", ".join(_shown_heading(layer, each) for each in headings) or "nothing"
    finding = MISSING_COLUMNS.finding(layer=layer.name, missing=", ".join(missing), found=found, example=example)
    raise RefusedData(finding.message, (finding,))


def _shown_heading(layer: Layer, heading: str) -> str:
    """Return a heading as it may be shown: in a file of persons without headings the first row is a person."""
    if layer.name in ("households", "posts") and re.search(r"\d{4}", heading):
        return "…"
    return heading[:60]
