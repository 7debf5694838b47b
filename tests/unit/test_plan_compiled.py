"""The cache of machine code: keyed by every source that compiled code is made from."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import gisgrid.plan
from gisgrid.plan import compiled

FOLDER = Path(gisgrid.plan.__file__).parent
USERS = {path.stem for path in FOLDER.glob("*.py") if "\n@compiled" in path.read_text(encoding="utf-8")}


def test_every_module_with_compiled_code_is_in_the_digest() -> None:
    assert {"chance", "moves", "trees", "anneal"} <= USERS
    assert set(compiled.SOURCES) > USERS
    assert all((FOLDER / f"{name}.py").is_file() for name in compiled.SOURCES)


@pytest.mark.parametrize("name", sorted(USERS))
def test_modules_with_compiled_code_take_names_only_from_the_digest_or_types(name: str) -> None:
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    origins = set(re.findall(r"from gisgrid\.plan\.(\w+) import", source))
    assert origins <= {*compiled.SOURCES, "graph"}, "graph gives array types only"


@pytest.mark.parametrize("name", sorted(USERS))
def test_compiled_code_uses_nothing_that_gives_other_bits_elsewhere(name: str) -> None:
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    loops = [
        ast.get_source_segment(source, node) or ""
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(each) == "compiled" for each in node.decorator_list)
    ]
    assert len(loops) == source.count("\n@compiled\n")
    for loop in loops:
        for word in ("fastmath", "parallel", "prange", "np.random", "math.", "np.exp", "np.log", "np.sqrt", "**"):
            assert word not in loop, loop.partition("(")[0]


def test_a_folder_that_cannot_be_written_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setattr(compiled, "_bases", lambda here: iter([blocked, tmp_path / "home"]))
    assert compiled.cache_folder.__wrapped__().parent == tmp_path / "home"
    monkeypatch.setattr(compiled, "_bases", lambda here: iter([blocked]))
    assert compiled.cache_folder.__wrapped__() is None
