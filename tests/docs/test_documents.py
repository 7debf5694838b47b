"""The documents name files that exist, and are as short as they promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
DOCUMENTS = ("README.md", "README.zh.md", "CONTRIBUTING.md", "docs/architecture.md")
ROOTS = ("gisgrid/", "api/", "data/", "docs/", "tests/", "notebooks/", "bench/")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_path_that_a_document_names_exists(name: str) -> None:
    text = (TOP / name).read_text(encoding="utf-8")
    named = re.findall(r"`([\w./-]+)`", text) + re.findall(r"\]\(([\w./-]+)\)", text)
    paths = {path for path in named if path.startswith(ROOTS) or path.endswith((".md", ".toml"))}
    assert paths, f"{name} names no file: the pattern of this test is broken"
    here = (TOP, (TOP / name).parent)
    assert [path for path in sorted(paths) if not any((folder / path).exists() for folder in here)] == []


def test_the_architecture_fits_on_two_screens() -> None:
    assert len((TOP / "docs/architecture.md").read_text(encoding="utf-8").splitlines()) < 120


def test_every_room_of_the_package_is_in_the_architecture() -> None:
    text = (TOP / "docs/architecture.md").read_text(encoding="utf-8")
    rooms = [folder.name for folder in (TOP / "gisgrid").iterdir() if (folder / "__init__.py").is_file()]
    assert [room for room in rooms if room not in text] == []
