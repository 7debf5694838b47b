"""The type of a printed sheet: a font with Chinese characters, found on this machine or named by its user.

Room: maps. In: a path, or nothing. Out: a `TypeFace` that measures texts. A font that is missing is an error that says
which to install, never a page of empty boxes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from fontTools.ttLib import TTFont, TTLibError

from gisgrid.errors import UsageError

CANDIDATES: Final = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/opentype/source-han-sans/SourceHanSansSC-Regular.otf",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/System/Library/Fonts/STHeiti Medium.ttc",
    "/System/Library/Fonts/Hiragino Sans GB.ttc",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/simhei.ttf",
    "C:/Windows/Fonts/simsun.ttc",
)
"""Where Debian, macOS and Windows keep their Chinese fonts, the best first."""

NEEDED: Final = "网格社区街道图例比例尺"
STAND_IN: Final = "\N{GETA MARK}"
"""What printers set for a character that their fount lacks."""

INSTALL: Final = (
    "Install one: on Debian or Ubuntu `apt-get install fonts-noto-cjk` (or the smaller fonts-wqy-zenhei); elsewhere "
    "name a font file with --font."
)


@dataclass(frozen=True, slots=True)
class TypeFace:
    """A font file and what it can show.

    Attributes
    ----------
    path
        The font file; of a collection its first face is used.
    """

    path: Path
    _glyphs: Mapping[int, str] = field(repr=False, compare=False)
    _advances: Mapping[str, tuple[int, int]] = field(repr=False, compare=False)
    _em: int = field(repr=False, compare=False)

    @classmethod
    def of(cls, path: Path | None = None) -> Self:
        """Return the font of this path, or the first known one on this machine.

        Raises
        ------
        UsageError
            There is none, it cannot be read, or it has no Chinese characters.
        """
        found = path or next((Path(each) for each in CANDIDATES if Path(each).is_file()), None)
        if found is None:
            raise UsageError(f"This machine has no font with Chinese characters, so no sheet can be printed. {INSTALL}")
        try:
            with found.open("rb") as file, TTFont(file, fontNumber=0, lazy=True) as font:
                face = cls(found, font.getBestCmap(), font["hmtx"].metrics, int(font["head"].unitsPerEm))
        except (OSError, TTLibError) as error:
            raise UsageError(f"The font {found} cannot be read: {error}. {INSTALL}") from error
        missing = [character for character in NEEDED if ord(character) not in face._glyphs]
        if missing:
            raise UsageError(f"The font {found} has no character {missing[0]}. {INSTALL}")
        return face

    def shown(self, text: str) -> str:
        """Return the text with a stand-in for each character that the font lacks or that cannot be printed."""
        return "".join(
            character if ord(character) in self._glyphs and _prints(character) else STAND_IN for character in text
        )

    def width(self, text: str, height_mm: float) -> float:
        """Return how wide a text is at this size, mm."""
        glyphs = [self._glyphs.get(ord(character), ".notdef") for character in text]
        return sum(self._advances[glyph][0] for glyph in glyphs) / self._em * height_mm


def _prints(character: str) -> bool:
    """Return whether a character makes a mark of its own: controls and changes of direction do not."""
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
