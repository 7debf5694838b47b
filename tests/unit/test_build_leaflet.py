"""Leaflet comes pinned: a file with another sum is replaced where it lies and refused where it comes from."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

HOOK = Path(__file__).resolve().parents[2] / "build_leaflet.py"
pytest.importorskip("hatchling", reason="the build back end is not installed here; wheels are built without it")


@pytest.fixture
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_leaflet", HOOK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_leaflet_and_its_licence_are_written(hook: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("xstatic.pkg.leaflet", reason="the build requirement is not installed here")
    hook.copy_leaflet(tmp_path)
    assert b"Leaflet 1.9.3" in (tmp_path / "leaflet.js").read_bytes()[:200]
    assert "BSD 2-Clause" in (tmp_path / "LICENSE").read_text(encoding="utf-8")


def test_a_changed_file_in_place_is_replaced(hook: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("xstatic.pkg.leaflet", reason="the build requirement is not installed here")
    hook.copy_leaflet(tmp_path)
    (tmp_path / "leaflet.js").write_text("alert(1)", encoding="utf-8")
    hook.copy_leaflet(tmp_path)
    assert hashlib.sha256((tmp_path / "leaflet.js").read_bytes()).hexdigest() == hook.SHA256["leaflet.js"]


def test_another_file_than_the_pinned_one_is_refused(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook, "_published", lambda name: b"alert(1)")
    with pytest.raises(RuntimeError, match="do not ship it"):
        hook.copy_leaflet(tmp_path)
    assert not (tmp_path / "leaflet.js").exists()
