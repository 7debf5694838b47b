"""The files that a page carries inside itself: Leaflet, and the script and style of the staff map.

Room: maps. In: the installed package. Out: text. Must not reach for the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

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


def _vendored(name: str) -> Leaflet:
    folder = resources.files("gisgrid.maps") / "vendor" / "leaflet"
    try:
        return Leaflet(
            script=(folder / f"{name}.js").read_text(encoding="utf-8"),
            style=(folder / f"{name}.css").read_text(encoding="utf-8"),
        )
    except FileNotFoundError as error:
        raise Unavailable(
            "Leaflet is not beside gisgrid.maps, because the package was not built; "
            "install it once from the checkout: pip install -e ."
        ) from error


@cache
def page_file(name: str) -> str:
    """Return a script or style of ours from the folder `page`."""
    return (resources.files("gisgrid.maps") / "page" / name).read_text(encoding="utf-8")
