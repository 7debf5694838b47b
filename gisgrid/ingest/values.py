"""One cell becomes one value, or a fault with its remedy.

Room: ingest. In: a cell as the file gives it (text, or a number or None where the format has types). Out: a value of
the kind that the column declares, or `BadCell`. Knows no files and no geometry; dates and times are read by `times`.

What is forgiven: blanks around a text, full-width digits and letters (NFKC), `12.0` for a whole number, line breaks in
a text (they become one blank). What is not: everything that would have to be guessed.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final

from gisgrid.ingest.columns import plain
from gisgrid.ingest.forms import Column
from gisgrid.model import Rule

MISSING_VALUE = Rule(
    "missing_value",
    "error",
    "{field} is empty; every row needs one: fill it in.",
    "{field} 为空；每一行都必须填写。",
)
CONTROL_CHARACTER = Rule(
    "control_character",
    "error",
    "{field} holds a control character ({character}); delete it.",
    "{field} 含有控制字符（{character}），请删除。",
)
TOO_LONG = Rule(
    "too_long",
    "error",
    "{field} has {length} characters, at most {longest} are kept; shorten it.",
    "{field} 有 {length} 个字符，最多 {longest} 个，请缩短。",
)
CODE_WITH_POINT = Rule(
    "code_with_point",
    "error",
    "{field} is {value}: a code that a spreadsheet took for a number; format the column as text and enter it again.",
    "{field} 的值 {value} 被表格软件当成了小数；请把该列设为文本格式后重新填写。",
)
DIGITS_LOST = Rule(
    "digits_lost",
    "error",
    "{field} is a number of {digits} digits, and a spreadsheet keeps 15: its last digits are lost. "
    "Format the column as text and enter it again.",
    "{field} 是 {digits} 位的数字，表格软件只保留 15 位，末尾数字已丢失；请把该列设为文本格式后重新填写。",
)
PERSONAL_NUMBER = Rule(
    "personal_number",
    "error",
    "{field} looks like {what}; no personal number is ever stored. Give households codes of their own.",
    "{field} 疑似{what_zh}；系统不保存任何个人号码，请使用自编的户编码。",
)
UNKNOWN_CHOICE = Rule(
    "unknown_choice",
    "error",
    "{field} is “{value}”; it is one of {choices}.",
    "{field} 的值“{value}”不在允许范围：{choices}。",
)
NOT_A_NUMBER = Rule(
    "not_a_number",
    "error",
    "{field} is “{value}”, not a number; write digits only, such as 12.",
    "{field} 的值“{value}”不是数字；请只填数字，例如 12。",
)
NOT_WHOLE = Rule(
    "not_whole",
    "error",
    "{field} is {value}; it counts whole things: round it.",
    "{field} 的值 {value} 不是整数，请取整。",
)
NEGATIVE = Rule(
    "negative",
    "error",
    "{field} is {value}; it cannot be below zero: correct it.",
    "{field} 的值 {value} 为负数，请更正。",
)
NOT_POSITIVE = Rule(
    "not_positive",
    "error",
    "{field} is 0; it must be above zero, or leave the row out.",
    "{field} 的值为 0；必须大于 0，否则请删除该行。",
)
TOO_LARGE = Rule(
    "too_large",
    "error",
    "{field} is {value}, above {most}; correct it.",
    "{field} 的值 {value} 超过 {most}，请更正。",
)
CITIZEN_ID: Final = re.compile(r"\d{6}(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])\d{3}[\dXx]")
MOBILE_PHONE: Final = re.compile(r"1[3-9]\d{9}")
SPREADSHEET_DIGITS: Final = 15
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


class BadCell(Exception):
    """A cell that cannot be read; carries the rule and the figures of its sentence."""

    def __init__(self, rule: Rule, **values: Any) -> None:
        super().__init__(rule.name)
        self.rule = rule
        self.values = values


def shown(value: object) -> str:
    """Return a cell as a sentence may show it: short, without line breaks and control characters."""
    text = "".join(each if each.isprintable() else "·" for each in str(value))
    return text if len(text) <= 40 else text[:39] + "…"


def is_empty(cell: object) -> bool:
    """Return whether a cell says nothing: None, NaN, blanks."""
    if cell is None:
        return True
    if isinstance(cell, float):
        return math.isnan(cell)
    return isinstance(cell, str) and not cell.strip()


def read_text(cell: Any, column: Column) -> str:
    """Return the text of a cell with its blanks put in order.

    Raises
    ------
    BadCell
        Control characters, surrogates, or longer than the column allows.
    """
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = re.sub(r"[ \t\r\n\u3000\u00a0]+", " ", str(cell)).strip()
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs"):
            raise BadCell(CONTROL_CHARACTER, character=f"U+{ord(character):04X}")
    if len(text) > column.longest:
        raise BadCell(TOO_LONG, length=len(text), longest=column.longest)
    return text


def read_code(cell: Any, column: Column) -> str:
    """Return a code as text; what a spreadsheet may have done to it is a fault, not repaired.

    Raises
    ------
    BadCell
        A decimal point from a number column, more digits than a spreadsheet keeps, or a fault of `read_text`.
    """
    if isinstance(cell, bool):
        raise BadCell(NOT_A_NUMBER, value=cell)
    if isinstance(cell, int | float):
        if isinstance(cell, float) and not cell.is_integer():
            raise BadCell(CODE_WITH_POINT, value=shown(cell))
        digits = len(str(abs(int(cell))))
        if isinstance(cell, float) and digits > SPREADSHEET_DIGITS:
            raise BadCell(DIGITS_LOST, digits=digits)
        return str(int(cell))
    text = unicodedata.normalize("NFKC", read_text(cell, column))
    if re.fullmatch(r"\d+\.0+|\d(\.\d+)?[eE]\+\d+", text):
        raise BadCell(CODE_WITH_POINT, value=shown(text))
    return text


def read_flagged_code(cell: Any, column: Column) -> str:
    """Return a household's code; a citizen's number or a mobile phone is refused and not repeated."""
    code = read_code(cell, column)
    if CITIZEN_ID.fullmatch(code):
        raise BadCell(PERSONAL_NUMBER, what="a citizen's ID number", what_zh="身份证号")
    if MOBILE_PHONE.fullmatch(code):
        raise BadCell(PERSONAL_NUMBER, what="a mobile phone number", what_zh="手机号")
    return code


def read_choice(cell: Any, column: Column) -> str:
    """Return our value for a spelling.

    Raises
    ------
    BadCell
        No such spelling; the sentence lists our values.
    """
    text = read_text(cell, column)
    found = _spelling(text, column)
    if found is None:
        choices = ", ".join(dict.fromkeys(column.choices.values()))
        raise BadCell(UNKNOWN_CHOICE, value=shown(text), choices=choices)
    return found


def read_open_choice(cell: Any, column: Column) -> str:
    """Return our value for a known spelling, any other text as it stands."""
    text = read_text(cell, column)
    return _spelling(text, column) or text


def _spelling(text: str, column: Column) -> str | None:
    """Return the value that a text spells, regardless of case, blanks, `_` and `-`."""
    if text in column.choices:
        return column.choices[text]
    wanted = plain(text)
    return next((value for spelling, value in column.choices.items() if plain(spelling) == wanted), None)


def read_number(cell: Any, column: Column) -> float:
    """Return a finite number from 0 to the column's greatest.

    Raises
    ------
    BadCell
        Not a number, not finite, negative, too large.
    """
    number = read_coordinate(cell, column)
    if number < 0:
        raise BadCell(NEGATIVE, value=f"{number:g}")
    if number > column.most:
        raise BadCell(TOO_LARGE, value=f"{number:g}", most=f"{column.most:g}")
    return number


def read_coordinate(cell: Any, _column: Column | None = None) -> float:
    """Return a number of either sign; whether it is a place is asked later.

    Raises
    ------
    BadCell
        Not a number. `nan` and `inf` are texts here, not numbers; so is `113_5`, which Python itself would take.
    """
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        number = float(cell)
    else:
        text = unicodedata.normalize("NFKC", str(cell)).strip()
        if not _NUMBER.fullmatch(text) or not text.isascii():
            raise BadCell(NOT_A_NUMBER, value=shown(cell))
        number = float(text)
    if not math.isfinite(number):
        raise BadCell(NOT_A_NUMBER, value=shown(cell))
    return number


def read_count(cell: Any, column: Column) -> int:
    """Return a whole number from 0.

    Raises
    ------
    BadCell
        Not a number, negative, not whole, too large.
    """
    number = read_number(cell, column)
    if not number.is_integer():
        raise BadCell(NOT_WHOLE, value=f"{number:g}")
    return int(number)


READERS: Final[dict[str, Callable[[Any, Column], Any]]] = {
    "text": read_text,
    "code": read_code,
    "flagged_code": read_flagged_code,
    "choice": read_choice,
    "open_choice": read_open_choice,
    "number": read_number,
    "count": read_count,
    "coordinate": read_coordinate,
}
