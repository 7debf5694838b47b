"""Faults and warnings, and the rules that make them.

Room: the words. In: nothing. Out: frozen values; a noun that several rooms share stands here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shapely import Geometry

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault or warning (检查结果), of an import, a plan or an edit.

    Attributes
    ----------
    rule
        The rule's name, stable, snake_case: what a program switches on.
    severity
        `error` stops the work, `warning` asks for a look, `info` tells of a change made.
    message, message_zh
        The sentence with the figure, the reason and the remedy, in English and in Chinese.
    codes
        Codes of the buildings, grids, divisions … concerned.
    line, field
        The line in the source file (the heading is line 1; for layers without lines the feature's position from 1)
        and the column, where the finding is about an imported row.
    values
        The figures in the sentence, for programs.
    geometry
        Where it is, WGS-84.
    """

    rule: str
    severity: Severity
    message: str
    message_zh: str
    codes: tuple[str, ...] = ()
    line: int | None = None
    field: str | None = None
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    geometry: Geometry | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is checked, with its sentences; makes the findings of that rule.

    The sentences are `str.format` templates over the values of the finding; values are inserted once and never
    read as templates themselves.

    Examples
    --------
    >>> too_big = Rule("grid_above_band", "error", "Grid {grid} has {households} households; split it.",
    ...                "网格{grid}有{households}户，请拆分。")
    >>> too_big.finding(codes=("01",), grid="01", households=640).message
    'Grid 01 has 640 households; split it.'
    """

    name: str
    severity: Severity
    en: str
    zh: str

    def finding(
        self,
        *,
        codes: Sequence[str] = (),
        line: int | None = None,
        field: str | None = None,
        geometry: Geometry | None = None,
        **values: Any,
    ) -> Finding:
        """Return the finding of this rule with these values in its sentences."""
        where = {"line": line, "field": field, **values}
        return Finding(
            rule=self.name,
            severity=self.severity,
            message=self.en.format_map(where),
            message_zh=self.zh.format_map(where),
            codes=tuple(codes),
            line=line,
            field=field,
            values=dict(values),
            geometry=geometry,
        )
