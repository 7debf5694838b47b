"""The command line without a database: what it says to a call that is wrong or asks for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gisgrid import cli
from gisgrid.cli import output
from gisgrid.errors import UsageError


def test_without_a_verb_it_tells_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main([])
    told = capsys.readouterr()
    assert end.value.code in {0, 2}
    for verb in (*cli.VERBS, *cli.GROUPS):
        assert verb in told.out + told.err


def test_a_file_that_cannot_be_written_is_a_usage_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        output.write_whole(tmp_path / "absent" / "map.html", "text")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        output.write_whole(tmp_path / "folder", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_place_for_a_file_is_asked_for_before_the_work(tmp_path: Path) -> None:
    output.require_writable(tmp_path / "map.html", option="--output")
    with pytest.raises(UsageError, match=r"^--output .*absent.* \(its folder does not exist\)"):
        output.require_writable(tmp_path / "absent" / "map.html", option="--output")
    with pytest.raises(UsageError, match="it is a folder"):
        output.require_writable(tmp_path, option="--output")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("osm", "a.osm", "--rejects", "b.csv"), "--rejects is not an option of `gisgrid import osm`"),
        (("osm", "a.osm", "--estimate-households"), "--estimate-households is not an option of `gisgrid import osm`"),
        (("ties", "a.csv", "--estimate-households"), "--estimate-households belongs to `gisgrid import buildings`"),
        (("ties", "a.csv", "--area", "b.gpkg"), "--area belongs to `gisgrid import osm`"),
        (("posts", "a.csv", "--measure", "dwelling"), "belongs to `gisgrid import buildings or households`"),
        (("osm", "a.osm", "--community", "x"), "'x' is not CODE=NAME"),
    ],
)
def test_an_option_that_means_nothing_here_is_refused(
    arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["import", *arguments])
    assert end.value.code == 2
    assert sentence in capsys.readouterr().err.replace("\n", " ").replace("  ", " ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Name the communities to draw, or --all"),
        (("990101001001", "--all"), "Name the communities to draw, or --all"),
        (("990101001001", "--min", "500", "--max", "300"), "are not in that order; put them in order"),
        (("990101001001", "--grids", "most"), "--grids 'most' is neither target nor fewest nor a number"),
        (("990101001001", "--grids", "0"), "neither target nor fewest nor a number from 1 to 999"),
        (
            ("990101001001", "--weight", "ties=3"),
            "'ties=3' names no weight; they are estate, tie, move, border, street",
        ),
        (("990101001001", "--weight", "tie"), "--weight 'tie' is no number from 0 to 1,000,000"),
        (("990101001001", "--weight", "tie=-1"), "a weight is a cost, and what shall be sought"),
        (("990101001001", "--weight", "tie=nan"), "--weight 'tie=nan' is no number"),
        (("990101001001", "--weight", "street=2"), "--weight 'street=2' is no number from 0 to 1;"),
    ],
)
def test_a_draw_that_cannot_be_meant_is_refused_in_a_sentence(
    arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["draw", *arguments])
    assert end.value.code == 2
    assert sentence in capsys.readouterr().err.replace("\n", " ").replace("  ", " ")


def test_an_effort_that_is_none_is_refused_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["draw", "990101001001", "--effort", "heroic"])
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert all(effort in told for effort in ("draft", "normal", "thorough"))
