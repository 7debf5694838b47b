"""Addresses as people spell them, brought to one form: 十二幢, １２号楼, 12# and 第12栋 are the same building.

Room `dispatch`, pure. In: a text. Out: its normal form, or the name and the numbered parts of it. Imports nothing.

The normal form has no blanks, a comma where a sentence stops (12号，楼上 is not 12号楼), no other punctuation but the
hyphen between figures, small letters, and figures for Chinese numerals where they count something (五一路 keeps its
name). It is meant to be compared, not to be shown. Entrances, floors and rooms are told from buildings, so that
3栋2单元501室 is found as 3栋.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

Part = tuple[str, str]
"""A numbered part of an address: its number, letters allowed, and its unit (`栋`, `号`, `弄`, `巷`, `期`, `区`, …)."""

_NUMERALS: Final = "〇零一二三四五六七八九十百两壹贰叁肆伍陆柒捌玖拾佰"
_DIGITS: Final = {
    **{character: value for value, character in enumerate("零一二三四五六七八九")},
    **{character: value for value, character in enumerate("壹贰叁肆伍陆柒捌玖", start=1)},
    "〇": 0,
    "两": 2,
}
_TENS: Final = {"十": 10, "拾": 10, "百": 100, "佰": 100}
_UNITS: Final = "栋|号|弄|巷|期|区|组|队|排|单元|层|室"
_PLACES: Final = frozenset({"栋", "号", "弄", "巷", "期", "区", "组", "队", "排"})
"""Units that tell where a building is; the others are within it."""

_SIMPLER: Final = str.maketrans("號棟樓單層戶區〇", "号栋楼单层户区零")
_HYPHENS: Final = re.compile(r"[\u2010-\u2015\u2212~～—]")
_BETWEEN_FIGURES: Final = re.compile(r"(?<=[0-9a-z])(?:[^\w#,]|_)+(?=[0-9a-z])")
_STOPS: Final = re.compile(r"[,;!?、。\n]+")
_NOISE: Final = re.compile(r"[^\w#,-]|_")
_LONE_HYPHEN: Final = re.compile(r"(?<![0-9a-z])-+|-+(?![0-9a-z])|(?<=-)-+")
_COUNTED: Final = re.compile(rf"第?([0-9{_NUMERALS}]+)(?=栋|幢|座|号|#|楼|弄|巷|期|区|组|队|排|单元|门|层|室|户|房|院)")
_ZEROS: Final = re.compile(r"(?<![0-9])0+(?=[0-9])")
_NUMBER: Final = r"(?:[a-z]?[0-9]+[a-z]?|[a-z])"
_DASHED: Final = re.compile(
    r"(?<![0-9栋号弄-])([0-9]{1,3})-(?:([0-9]{1,2})-)?([0-9]{3,4})(?:室|房|户)?(?![0-9a-z-])(?!栋|号|弄|#|单元)"
)
_SAME: Final = (
    (re.compile(rf"({_NUMBER})(?:号楼|号栋|#楼|#栋|幢楼?|座|栋楼|#)"), r"\1栋"),
    (re.compile(rf"({_NUMBER})楼(?={_NUMBER}(?:单元|门))"), r"\1栋"),
    (re.compile(rf"({_NUMBER})楼"), r"\1层"),
    (re.compile(r"栋-?([0-9]{1,2})-([0-9]{3,4})(?![0-9a-z-])室?"), r"栋\1单元\2室"),
    (re.compile(r"([0-9]+)门(?!牌)"), r"\1单元"),
    (re.compile(r"([0-9]+)[户房]"), r"\1室"),
    (re.compile(r"([0-9])号(?:大?院|门牌)"), r"\1号"),
)
_PART: Final = re.compile(rf"({_NUMBER}(?:-[0-9]+)*)({_UNITS})")
_TRAILING_NUMBER: Final = re.compile(rf"(?<![0-9a-z])({_NUMBER})$")
_GENERIC_ENDING: Final = re.compile(r"(?<=..)(?:住宅小区|生活小区|住宅区|小区)$")
_GAP: Final = 4
"""So many characters may stand between a name and its number: 小区, 那边的, 里面."""


@dataclass(frozen=True, slots=True)
class Address:
    """A normal form taken apart.

    Attributes
    ----------
    name
        What stands before the first numbered part: an estate or a street.
    parts
        The numbered parts that tell where the building is, in order; entrances, floors and rooms are left out.
    """

    name: str
    parts: tuple[Part, ...]


def normalise(text: str) -> str:
    """Return the normal form of a text; that of a normal form is itself.

    >>> normalise("龙凤嘉苑 第十二幢２单元五〇一室"), normalise("龙凤嘉苑12#楼-2单元-501")
    ('龙凤嘉苑12栋2单元501室', '龙凤嘉苑12栋2单元501')
    """
    # A rule may make room for another; each only shortens the text or changes it towards fewer spellings.
    while (simpler := _simplified(text)) != text:
        text = simpler
    return text


def take_apart(normal: str) -> Address:
    """Return the name and the numbered parts of a normal form; a text that begins with a number is all name.

    >>> take_apart("科苑南路12号3栋2单元501室")
    Address(name='科苑南路', parts=(('12', '号'), ('3', '栋')))
    """
    parts = [found for found in _PART.finditer(normal) if found[2] in _PLACES]
    name = (normal[: parts[0].start()] if parts else normal).replace(",", "")
    if len(name) < 2:
        return Address(normal.replace(",", ""), ())
    return Address(_GENERIC_ENDING.sub("", name), tuple((found[1], found[2]) for found in parts))


def parts_after(normal: str, position: int) -> tuple[Part, ...]:
    """Return the numbered parts that follow a position of a normal form closely, as they follow a name in a sentence.

    >>> parts_after("你好龙凤嘉苑小区的5栋2单元灯坏了", 6)
    (('5', '栋'),)
    """
    parts: list[Part] = []
    for found in _PART.finditer(normal, position):
        if found.start() - position > _GAP:
            break
        if found[2] in _PLACES:
            parts.append((found[1], found[2]))
        position = found.end()
    return tuple(parts)


def building_parts(normal: str) -> tuple[Part, ...] | None:
    """Return the parts that a building's own name is (3栋, 3, A座), or None where it is a name of another kind.

    >>> building_parts("3栋"), building_parts("3"), building_parts("综合楼")
    ((('3', '栋'),), (('3', '栋'),), None)
    """
    if _TRAILING_NUMBER.fullmatch(normal):
        return ((normal, "栋"),)
    parts = tuple((found[1], found[2]) for found in _PART.finditer(normal))
    if not parts or "".join(number + unit for number, unit in parts) != normal:
        return None
    return tuple(part for part in parts if part[1] in _PLACES) or None


def _simplified(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).translate(_SIMPLER)
    plain = _NOISE.sub("", _BETWEEN_FIGURES.sub("-", _HYPHENS.sub("-", _STOPS.sub(",", folded)))).strip(",")
    plain = _LONE_HYPHEN.sub("", plain)
    plain = _COUNTED.sub(lambda found: _figures(found[1]), plain)
    plain = _ZEROS.sub("", plain)
    for pattern, same in _SAME:
        plain = pattern.sub(same, plain)
    return _DASHED.sub(_undashed, plain)


def _undashed(found: re.Match[str]) -> str:
    """Return 3-2-501 as 3栋2单元501室, and 3-501 as 3栋501室."""
    building, entrance, room = found.groups()
    return f"{building}栋{f'{entrance}单元' if entrance else ''}{room}室"


def _figures(numeral: str) -> str:
    """Return a numeral in figures: 十二 → 12, 两百零三 → 203, 一百二 → 120, 五〇一 → 501."""
    if numeral.isdecimal():
        return numeral
    if not any(character in _TENS for character in numeral):
        return "".join(str(_DIGITS.get(character, character)) for character in numeral)
    total, pending, last = 0, 0, 1
    for character in numeral:
        if character in _TENS:
            last = _TENS[character]
            total += (pending or 1) * last
            pending = 0
        else:
            digit = int(_DIGITS.get(character, character))
            last = 1 if digit == 0 else last
            pending = pending * 10 + digit
    colloquial = numeral[-1] not in _TENS and numeral[-2] in "百佰"
    return str(total + pending * (10 if colloquial else 1))
