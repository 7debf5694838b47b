"""What the environment decides about maps: nothing unless it is said, and what is said is looked at."""

from __future__ import annotations

import pytest

from gisgrid.errors import UsageError
from gisgrid.maps.base_map import BaseMap
from gisgrid.settings import Settings


def test_a_map_has_no_tiles_and_no_approval_number_unless_they_are_named() -> None:
    settings = Settings.from_environment({})
    assert settings.approval_number is None
    assert BaseMap.configured(settings.tiles_url, settings.tiles_system, settings.tiles_credit) is None


def test_tiles_and_the_approval_number_come_from_the_environment() -> None:
    variables = {
        "GISGRID_MAP_APPROVAL_NUMBER": "示例S(2026)001号",
        "GISGRID_TILES_URL": "https://tiles.example/{z}/{x}/{y}.png",
        "GISGRID_TILES_SYSTEM": "gcj02",
        "GISGRID_TILES_CREDIT": "示例图",
    }
    settings = Settings.from_environment(variables)
    assert settings.approval_number == "示例S(2026)001号"
    base_map = BaseMap.configured(settings.tiles_url, settings.tiles_system, settings.tiles_credit)
    assert base_map == BaseMap("https://tiles.example/{z}/{x}/{y}.png", "gcj02", "示例图")
    wrong = Settings.from_environment(variables | {"GISGRID_TILES_SYSTEM": "bd09"})
    with pytest.raises(UsageError, match="gcj02, not in 'bd09'"):
        BaseMap.configured(wrong.tiles_url, wrong.tiles_system, wrong.tiles_credit)
