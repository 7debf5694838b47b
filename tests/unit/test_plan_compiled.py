"""The cache of machine code: keyed by every source that compiled code is made from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gisgrid.plan
from gisgrid.plan import compiled

FOLDER = Path(gisgrid.plan.__file__).parent


def test_every_module_with_compiled_code_is_in_the_digest() -> None:
    users = {path.stem for path in FOLDER.glob("*.py") if "@compiled" in path.read_text(encoding="utf-8")}
    assert users
    assert users < set(compiled.SOURCES)


def test_modules_with_compiled_code_take_names_only_from_the_digest_or_types() -> None:
    for name in ("moves", "trees"):
        source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
        origins = set(re.findall(r"from gisgrid\.plan\.(\w+) import", source))
        assert origins <= {*compiled.SOURCES, "graph"}, "graph gives array types only"


def test_a_folder_that_cannot_be_written_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setattr(compiled, "_bases", lambda here: iter([blocked, tmp_path / "home"]))
    assert compiled._cache_folder.__wrapped__().parent == tmp_path / "home"
    monkeypatch.setattr(compiled, "_bases", lambda here: iter([blocked]))
    assert compiled._cache_folder.__wrapped__() is None
