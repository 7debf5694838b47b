"""What a text may mean: the estates and buildings that it names, as candidates with scores. Nothing is decided here.

Room `dispatch`, pure. In: the names of estates and buildings, then texts of reports. Out: `Match`es, best first.
Imports `dispatch.addresses` and the nouns; no other room, no database.

A voice order has a text and no place. The names that the text holds are found by look-up of its pieces, and where it
holds none, names that differ by a character or two (龙凤嘉园 for 龙凤嘉苑). The numbers that follow a name choose among
the buildings of that name: a number that contradicts excludes, one that is missing costs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gisgrid.dispatch.addresses import Part, building_parts, normalise, parts_after, take_apart
from gisgrid.model import Candidate, CandidateField, Finding, PlaceKind, Rule

PLACE_CANDIDATES: Final = Rule(
    "report_place_candidates",
    "warning",
    "Its words may mean {name} (score {score:.2f}, grid {grids}){others}. Confirm the place and reassign the report.",
    "根据文字，可能是{name}（匹配度{score:.2f}，网格{grids}）{others_zh}；请核实后改派。",
)
MOST_CANDIDATES: Final = 20
TEXT_READ: Final = 400
"""So many characters of a text are looked at: a place is named early, and nobody waits for a novel."""

_LONGEST_NAME: Final = 40
_LEAST_SCORE: Final = 0.3
_IN_TEXT: Final = 0.9
_SHORTER_NAME: Final = 0.6
_MOST_ALIKE: Final = 48
_LIKENESS: Final = 0.9
_LEAST_ALIKE: Final = 0.6
_COMMON: Final = 200
_WITHOUT_LEVEL: Final = ("街道", "社区", "居委会")
"""Ends of divisions' names that a full address begins with."""


@dataclass(frozen=True, slots=True)
class PlaceName:
    """One name of an estate or a building as it is spelled.

    Attributes
    ----------
    of_estate
        The estate's name where the building's own is told apart from it (3栋 of 龙凤嘉苑); None where `spelled` is the
        whole name.
    """

    kind: PlaceKind
    code: str
    spelled: str
    of_estate: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A place that a text may mean.

    Attributes
    ----------
    score
        From 0 to 1: how much of the name and its numbers the text holds.
    matched
        The name that was found, as it is spelled in the register.
    field
        Where it was found: the report's `address` or its `text`.
    """

    kind: PlaceKind
    code: str
    score: float
    matched: str
    field: CandidateField


@dataclass(frozen=True, slots=True)
class _Entry:
    """A name in the index: the numbers that follow the stem, and whose they are."""

    parts: tuple[Part, ...]
    kind: PlaceKind
    code: str
    spelled: str


@dataclass(frozen=True, slots=True)
class _Found:
    """A stem that a text holds, up to `end`; `score` tells how well."""

    stem: str
    start: int
    end: int
    score: float


class PlaceIndex:
    """The names of estates and buildings, ready to be found in texts; safe to use from several threads.

    Parameters
    ----------
    names
        Every name there is; one place may have several.
    divisions
        Names of districts, streets and communities: full addresses begin with them, callers leave them out.

    Examples
    --------
    >>> index = PlaceIndex([PlaceName("estate", "E1", "龙凤嘉苑"), PlaceName("building", "B3", "3幢", "龙凤嘉苑"),
    ...                     PlaceName("building", "B5", "5幢", "龙凤嘉苑")])
    >>> [(match.code, match.score) for match in index.match("龙凤嘉苑小区五号楼二单元", None)]
    [('B5', 1.0), ('E1', 0.7)]
    """

    def __init__(self, names: Iterable[PlaceName], divisions: Iterable[str] = ()) -> None:
        known = {name for name in (normalise(each) for each in divisions) if len(name) > 1}
        self._divisions = tuple(sorted(known, key=lambda name: (-len(name), name)))
        self._entries: dict[str, list[_Entry]] = defaultdict(list)
        stems: dict[str, str] = {}  # an estate's name is the stem of hundreds of buildings
        for name in names:
            for stem, parts in self._keys(name, stems):
                self._entries[stem].append(_Entry(parts, name.kind, name.code, f"{name.of_estate or ''}{name.spelled}"))
        self._entries.default_factory = None
        self._longest = max((len(stem) for stem in self._entries), default=0)
        self._by_pair: dict[str, list[str]] = defaultdict(list)
        for stem in self._entries:
            if len(stem) > 2:
                for pair in set(_pairs(stem)):
                    self._by_pair[pair].append(stem)
        self._by_pair.default_factory = None

    def __len__(self) -> int:
        """Return how many names there are."""
        return sum(map(len, self._entries.values()))

    def match(self, address: str | None, text: str | None) -> list[Match]:
        """Return what the address and the text may mean, best first, at most 20; the address counts for more."""
        best: dict[tuple[PlaceKind, str], Match] = {}
        asked: tuple[tuple[CandidateField, str | None, float], ...] = (
            ("address", address, 1.0),
            ("text", text, _IN_TEXT),
        )
        for field, value, weight in asked:
            for match in self._matches(field, value, weight) if value else ():
                known = best.get((match.kind, match.code))
                if known is None or match.score > known.score:
                    best[match.kind, match.code] = match
        ranked = sorted(best.values(), key=lambda match: (-match.score, match.kind, match.code))
        return ranked[:MOST_CANDIDATES]

    def _keys(self, name: PlaceName, stems: dict[str, str]) -> Iterator[tuple[str, tuple[Part, ...]]]:
        """Return the stem and the numbers under which a name is kept."""
        own = normalise(name.spelled[:TEXT_READ])
        if name.of_estate is not None:
            estate = take_apart(normalise(name.of_estate))
            parts = building_parts(own)
            whole = (estate.name, (*estate.parts, *parts)) if parts else (estate.name + own, estate.parts)
        elif building_parts(own):
            return  # 3栋 alone: of which estate?
        else:
            address = take_apart(self._without_divisions(own))
            whole = (address.name, address.parts)
        stem = whole[0][:_LONGEST_NAME]
        if len(stem) > 1:
            yield stems.setdefault(stem, stem), whole[1]

    def _without_divisions(self, address: str) -> str:
        """Return an address without the divisions that it begins with."""
        cut = 0
        for division in self._divisions:
            at = address.find(division, cut)
            if at >= 0:
                cut = at + len(division)
        name = take_apart(address).name
        for ending in _WITHOUT_LEVEL:
            at = name.rfind(ending)
            if at > 1:
                cut = max(cut, at + len(ending))
        return address[cut:] if len(address) - cut > 1 else address

    def _matches(self, field: CandidateField, value: str, weight: float) -> Iterator[Match]:
        text = normalise(value[:TEXT_READ])
        found = list(self._named(text)) or list(self._alike(text))
        for each in found:
            said = parts_after(text, each.end)
            entries = self._entries[each.stem]
            estate_itself = any(entry.kind == "estate" for entry in entries)
            for entry in entries:
                if estate_itself and entry.parts and not said:
                    continue  # the estate stands for its buildings where no number chooses among them
                score = round(each.score * agreement(entry.parts, said) * weight, 3)
                if score >= _LEAST_SCORE:
                    yield Match(entry.kind, entry.code, score, entry.spelled, field)

    def _named(self, text: str) -> Iterator[_Found]:
        """Return the stems that the text holds as they are; one within a longer one counts for less."""
        held = [
            _Found(stem, start, start + length, 1.0)
            for start in range(len(text) - 1)
            for length in range(min(self._longest, len(text) - start), 1, -1)
            if (stem := text[start : start + length]) in self._entries
        ]
        for each in held:
            within = any(
                other.start <= each.start and each.end <= other.end and len(other.stem) > len(each.stem)
                for other in held
            )
            yield _Found(each.stem, each.start, each.end, _SHORTER_NAME) if within else each

    def _alike(self, text: str) -> Iterator[_Found]:
        """Return the stems that differ from a piece of the text by a character or two."""
        positions: dict[str, int] = {}
        for position, pair in enumerate(_pairs(text)):
            positions.setdefault(pair, position)
        shared: dict[str, int] = defaultdict(int)
        rare_first = sorted((self._by_pair[pair] for pair in positions if pair in self._by_pair), key=len)
        for stems in rare_first:
            if len(stems) > _COMMON and shared:
                break
            for stem in stems:
                shared[stem] += 1
        likely = sorted(shared, key=lambda stem: (-shared[stem] / (len(stem) - 1), stem))[:_MOST_ALIKE]
        for stem in likely:
            best = max(_windows(stem, text, positions), key=lambda each: (each.score, -each.start), default=None)
            if best is not None and best.score >= _LEAST_ALIKE:
                yield best


def candidates_finding(candidates: Sequence[Candidate]) -> Finding:
    """Return the finding that tells of a report's candidates, the likeliest by name."""
    best, more = candidates[0], len(candidates) - 1
    return PLACE_CANDIDATES.finding(
        codes=[candidate.code for candidate in candidates],
        name=best.name,
        score=best.score,
        grids=", ".join(best.grids) or "—",
        others=f" or {more} other place{'s' if more > 1 else ''}" if more else "",
        others_zh=f"，另有{more}处" if more else "",
    )


def agreement(entry: Sequence[Part], said: Sequence[Part]) -> float:
    """Return how well the numbers that were said agree with those of a name: 1 the same, 0 they contradict.

    >>> agreement((("3", "栋"),), (("3", "号"),)), agreement((("3", "栋"),), (("13", "栋"),))
    (0.9, 0.0)
    """
    kept, told = {unit: number for number, unit in entry}, {unit: number for number, unit in said}
    factor = 1.0
    # 龙凤嘉苑3号 is said for building 3 where no street number stands beside it.
    if "栋" in kept and "号" not in kept and "号" in told and "栋" not in told:
        told["栋"] = told.pop("号")
        factor = 0.9
    if any(told[unit] != number for unit, number in kept.items() if unit in told):
        return 0.0
    if kept == told:
        return factor
    common = kept.keys() & told.keys()
    if not common:
        return 0.7 if not kept else 0.5 if not told else 0.35
    return factor * (0.8 if len(common) == len(kept) else 0.7 if len(common) == len(told) else 0.5)


def _pairs(text: str) -> list[str]:
    return [text[position : position + 2] for position in range(len(text) - 1)]


def _windows(stem: str, text: str, positions: dict[str, int]) -> Iterator[_Found]:
    """Return the pieces of a text that lie over a stem where they share two characters, with their likeness."""
    starts = {
        max(positions[pair] - offset + shift, 0)
        for offset, pair in enumerate(_pairs(stem))
        if pair in positions
        for shift in (-1, 0, 1)
    }
    letters = set(stem)
    for start in starts:
        for length in (len(stem), len(stem) - 1, len(stem) + 1):
            piece = text[start : start + length]
            # Fewer common characters than this cannot be made good by two edits.
            if len(letters.intersection(piece)) >= len(letters) - 2:
                yield _Found(stem, start, start + len(piece), _LIKENESS * (1.0 - _edits(stem, piece) / len(stem)))


def _edits(a: str, b: str) -> int:
    """Return how many characters must be put in, left out or replaced to make one text the other (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, start=1):
        diagonal, row[0] = row[0], i
        for j, right in enumerate(b, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (left != right))
    return row[-1]
