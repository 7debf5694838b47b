"""The notebooks run from the first cell to the last on an empty database, and are kept without output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


def cells(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_there_are_three() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["01_draw", "02_publish_and_locate", "03_compare"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_output(path: Path) -> None:
    for cell in cells(json.loads(path.read_text(encoding="utf-8"))):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, database_url: str, tmp_path: Path) -> None:
    pytest.importorskip("nbconvert", reason="nbconvert is not installed: pip install -e '.[dev]'")
    arguments = ["--to", "notebook", "--execute", "--output-dir", str(tmp_path), "--output", "run", str(path)]
    run = subprocess.run(
        [sys.executable, "-m", "nbconvert", *arguments],
        env={**os.environ, "GISGRID_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    executed = cells(json.loads((tmp_path / "run.ipynb").read_text(encoding="utf-8")))
    assert all(cell["execution_count"] for cell in executed if cell["source"])
    outputs = [output for cell in executed for output in cell["outputs"]]
    pictures = [output for output in outputs if output.get("data", {}).keys() & {"image/png", "text/html"}]
    assert pictures  # a picture, a table or the map
