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
    monkeypatch.setattr(hook, "_read", lambda name: b"alert(1)")
    with pytest.raises(RuntimeError, match="do not ship it"):
        hook.copy_leaflet(tmp_path)
    assert not (tmp_path / "leaflet.js").exists()


def test_the_core_is_the_pinned_one_and_lacks_what_the_page_does_without(hook: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("xstatic.pkg.leaflet", reason="the build requirement is not installed here")
    hook.copy_leaflet(tmp_path)
    for name, expected in hook.CORE_SHA256.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == expected
    core = (tmp_path / "leaflet-core.js").read_text(encoding="utf-8")
    assert "var Map = Evented.extend" in core
    assert "var TileLayer" not in core
    assert "popup" not in (tmp_path / "leaflet-core.css").read_text(encoding="utf-8")


SMALL = """\
var Map = Class.extend({ add: function (layer) { return layer + helper('Popup'); }, Popup: 1 });
function helper(text) {
	return text; // as Popup does
}
var Class = {};
var Popup = Class.extend({});
Map.include({ openPopup: function () { return new Popup(); } });
Map.mergeOptions({ drag: true });
export { Map, Popup };
"""


def test_what_adds_to_a_kept_part_is_kept_unless_it_needs_what_is_left_out(
    hook: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook, "CORE", {"Map": "map"})
    monkeypatch.setattr(hook, "HANDLERS", frozenset())
    core = hook.core_of(SMALL)
    assert [name in core for name in ("function helper", "mergeOptions", "openPopup", "var Popup")] == [
        True,
        True,
        False,
        False,
    ]
    assert core.endswith("export { Map as map };\n")
    with pytest.raises(RuntimeError, match="needs Popup"):
        hook.core_of(SMALL.replace("helper('Popup')", "new Popup()"))
