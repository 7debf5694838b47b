"""Every Chinese text of the planner's page has its English, and none is kept that no page says."""

from __future__ import annotations

import re
from pathlib import Path

import api

FOLDER = Path(api.__file__).parent / "editor"
NOT_WORDS = {"中文"}  # what the switch itself says


def said() -> set[str]:
    """The Chinese texts in the page's modules and its HTML, comments left out."""
    texts = set(re.findall(r'data-(?:say|hint)="([^"]+)"', (FOLDER / "editor.html").read_text(encoding="utf-8")))
    for file in FOLDER.glob("*.js"):
        if file.name not in {"english.js", "start.js"}:
            code = re.sub(r"(^|\s)//.*$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
            texts |= {text for text in re.findall(r'"((?:[^"\\]|\\.)*)"', code) if re.search(r"[\u4e00-\u9fff]", text)}
    return texts - NOT_WORDS


def test_every_text_of_the_page_has_its_english() -> None:
    english = set(re.findall(r'^  "([^"]+)":', (FOLDER / "english.js").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert said() == english
