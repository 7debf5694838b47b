"""The lookup's machine code: keyed by every source that it is made from, the same answers without it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gisgrid.lookup
from gisgrid.lookup import compiled

FOLDER = Path(gisgrid.lookup.__file__).parent
USERS = {path.stem for path in FOLDER.glob("*.py") if "\n@compiled" in path.read_text(encoding="utf-8")}

ANSWERS = """
import json, numpy as np, shapely
from gisgrid.lookup.index import PointIndex
town = [shapely.Polygon([(0.1, 0.2), (0.7, 0.3), (0.4, 0.9)]), shapely.box(0.3, 0.1, 0.9, 0.6)]
x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(0, 1, 41), np.linspace(0, 1, 41)))
x, y = np.append(x, [0.1, 0.55, 0.3]), np.append(y, [0.2, 0.6, 0.35])
index = PointIndex(["a", "b"], town, ["e", "e"])
found = index.locate_many(x, y, nearest_tolerance_m=6_000.0)
metres = np.nan_to_num(index.border_distances_m(x, y, found), nan=-1.0).tolist()
near = [[each.code, each.distance_m] for each in index.locate(0.5, 0.5, neighbours_within_m=80_000.0).neighbours]
print(json.dumps([found.grid.tolist(), found.method.tolist(), metres, near]))
"""


def test_every_module_with_compiled_code_is_in_the_digest() -> None:
    assert {"orientation", "distance", "rasterising", "raster", "nearby"} <= USERS
    assert set(compiled.SOURCES) > USERS


@pytest.mark.parametrize("name", sorted(USERS))
def test_modules_with_compiled_code_take_names_only_from_the_digest(name: str) -> None:
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    origins = set(re.findall(r"from gisgrid\.lookup\.(\w+) import", source))
    assert origins <= set(compiled.SOURCES)


def test_without_the_compiler_the_answers_are_the_same() -> None:
    answers = [
        subprocess.run(
            [sys.executable, "-c", ANSWERS],
            env=os.environ | {"NUMBA_DISABLE_JIT": switch},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for switch in ("0", "1")
    ]
    assert answers[0] == answers[1]
    grids, methods, metres, near = json.loads(answers[0])
    assert set(grids) == {-1, 0, 1}
    assert set(methods) == {0, 1, 2, 3}
    assert min(metres) == -1.0
    assert near == [["b", 0.0]]
