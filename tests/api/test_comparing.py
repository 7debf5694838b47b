"""Plans and editions compared at the keyboard, with the map of who moves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from served_town import WEST

from gisgrid import cli, workflow
from gisgrid.model import DrawSettings
from gisgrid.store.database import Database


def test_a_plan_is_compared_with_an_edition_and_drawn(
    town: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GISGRID_DATABASE_URL", town.url)
    drawn = workflow.draw_plans(town, [WEST], DrawSettings(grids=3))[0]
    published, *_ = [each.id for each in workflow.list_plans(town, WEST) if each.state == "published"]
    file = tmp_path / "变动.html"
    with pytest.raises(SystemExit) as ended:
        cli.main(["compare", "edition:1", drawn.plan.id, "-o", str(file), "--json"])
    assert not ended.value.code
    told = json.loads(capsys.readouterr().out)
    assert (told["community"], told["plan"], told["path"]) == (WEST, "edition:1", str(file))
    assert told["households_moved"] > 0
    page = file.read_text("utf-8")
    assert f"版本 1 → 方案 {drawn.plan.id}" in page
    assert "谁变动" in page
    with pytest.raises(SystemExit):
        cli.main(["compare", "edition:1", published, "--json"])
    assert json.loads(capsys.readouterr().out)["households_moved"] == 0
    for arguments, status, sentence in (
        (["1", "2"], 2, "of one community"),
        (["edition:77", "1"], 1, "There is no edition"),
        (["1", drawn.plan.id, "-o", "a.pdf"], 2, "-o a.html"),
    ):
        with pytest.raises(SystemExit) as refused:
            cli.main(["compare", *arguments])
        assert refused.value.code == status
        assert sentence in capsys.readouterr().err.replace("\n", " ")
