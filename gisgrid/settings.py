"""What the environment decides, read once at a front door and passed in.

Room: beside the front doors. In: environment variables. Out: one frozen `Settings`.
Only `gisgrid.cli` and `api` import it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gisgrid.errors import UsageError


@dataclass(frozen=True, slots=True)
class Settings:
    """The service's settings.

    Attributes
    ----------
    database_url
        A PostGIS that you run yourself (`GISGRID_DATABASE_URL`), or None for the private cluster.
    home
        Where the private cluster and generated files live (`GISGRID_HOME`).
    nearest_tolerance_m
        A point outside every grid is given to the nearest one within this distance
        (`GISGRID_NEAREST_TOLERANCE_M`), 20 m by default: the error of an ordinary phone.
    require_keys
        False only while `gisgrid demo` serves its own loopback address; no variable sets it.
    webhooks_to_loopback
        Whether webhooks may go to this machine itself, by `http` too (`GISGRID_WEBHOOKS_TO_LOOPBACK`): for trials.
    approval_number
        The map approval number 审图号 that staff maps carry in their footer (`GISGRID_MAP_APPROVAL_NUMBER`).
    tiles_url, tiles_system, tiles_credit
        Tiles that can be switched on under a staff map, the system that they are drawn in and whose they are
        (`GISGRID_TILES_URL`, `GISGRID_TILES_SYSTEM`, `GISGRID_TILES_CREDIT`); without an address there are none.
    """

    database_url: str | None
    home: Path
    nearest_tolerance_m: float = 20.0
    require_keys: bool = True
    webhooks_to_loopback: bool = False
    approval_number: str | None = None
    tiles_url: str | None = None
    tiles_system: str = "wgs84"
    tiles_credit: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Return the settings that the environment variables describe.

        Parameters
        ----------
        environment
            The variables; those of the process by default.

        Raises
        ------
        UsageError
            A variable holds what cannot be read.
        """
        variables = os.environ if environment is None else environment
        tolerance = variables.get("GISGRID_NEAREST_TOLERANCE_M", "20")
        try:
            nearest_tolerance_m = float(tolerance)
        except ValueError:
            nearest_tolerance_m = -1.0
        if not 0.0 <= nearest_tolerance_m <= 1000.0:
            raise UsageError(
                f"GISGRID_NEAREST_TOLERANCE_M is {tolerance!r}; set it to a distance in metres from 0 to 1000."
            )
        return cls(
            database_url=variables.get("GISGRID_DATABASE_URL") or None,
            home=_home(variables),
            nearest_tolerance_m=nearest_tolerance_m,
            webhooks_to_loopback=_switch(variables, "GISGRID_WEBHOOKS_TO_LOOPBACK"),
            approval_number=variables.get("GISGRID_MAP_APPROVAL_NUMBER") or None,
            tiles_url=variables.get("GISGRID_TILES_URL") or None,
            tiles_system=variables.get("GISGRID_TILES_SYSTEM") or "wgs84",
            tiles_credit=variables.get("GISGRID_TILES_CREDIT", ""),
        )


def _switch(variables: Mapping[str, str], name: str) -> bool:
    """Return whether a variable is 1; unset and 0 are no."""
    value = variables.get(name, "") or "0"
    if value not in ("0", "1"):
        raise UsageError(f"{name} is {value!r}; set it to 1 or 0.")
    return value == "1"


def _home(variables: Mapping[str, str]) -> Path:
    """Return GISGRID_HOME, or the user's data folder by the XDG base directory specification."""
    if chosen := variables.get("GISGRID_HOME"):
        return Path(chosen).expanduser().absolute()
    data_home = variables.get("XDG_DATA_HOME") or str(Path("~/.local/share").expanduser())
    return Path(data_home) / "gisgrid"
