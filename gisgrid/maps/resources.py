"""The files that a page carries inside itself: Leaflet, and the script and style of the staff map.

Room: maps. In: the installed package. Out: text. Must not reach for the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import rcssmin
import rjsmin

from gisgrid.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Leaflet:
    """Leaflet's script and style, as published or its core."""

    script: str
    style: str


@cache
def leaflet() -> Leaflet:
    """Return Leaflet as it was put beside this module when gisgrid was built.

    Raises
    ------
    Unavailable
        The package was not built: a copied folder without the build step.
    """
    return _vendored("leaflet")


@cache
def leaflet_core() -> Leaflet:
    """Return the part of Leaflet that the planner's page needs, as a module and its style.

    Raises
    ------
    Unavailable
        The package was not built: a copied folder without the build step.
    """
    return _vendored("leaflet-core")


@cache
def leaflet_map() -> Leaflet:
    """Return the part of Leaflet that the staff map needs by itself, as a script that makes `L`, and its style.

    Raises
    ------
    Unavailable
        The package was not built: a copied folder without the build step.
    """
    found = _vendored("leaflet-map", "leaflet-core")
    return Leaflet(rjsmin.jsmin(found.script), rcssmin.cssmin(found.style))


def _vendored(name: str, style: str | None = None) -> Leaflet:
    folder = resources.files("gisgrid.maps") / "vendor" / "leaflet"
    try:
        return Leaflet(
            script=(folder / f"{name}.js").read_text(encoding="utf-8"),
            style=(folder / f"{style or name}.css").read_text(encoding="utf-8"),
        )
    except FileNotFoundError as error:
        raise Unavailable(
            "Leaflet is not beside gisgrid.maps, because the package was not built; "
            "install it once from the checkout: pip install -e ."
        ) from error


@cache
def page_file(name: str) -> str:
    """Return a script or style of ours from the folder `page`, without the blanks and comments that only we read."""
    text = (resources.files("gisgrid.maps") / "page" / name).read_text(encoding="utf-8")
    short: str = rjsmin.jsmin(text) if name.endswith(".js") else rcssmin.cssmin(text)
    return short
