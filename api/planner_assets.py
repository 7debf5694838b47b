"""The scripts and styles of the planner's pages as they are sent: without comments and indentation, compressed once.

Room: the front door on the wire. In: the sources in `api/editor/`, which stay as they are read and written, and the
core of Leaflet. Out: files by name under one version, so that a browser keeps them for good and asks anew when one
changed. There is no bundler: modules stay modules, and a page names at once all that it will import.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import rcssmin
import rjsmin

from gisgrid.maps.resources import leaflet_core

_MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}
_ZIP_LEVEL: Final = 9
_IMPORT: Final = re.compile(r'^(?:import|export)\b[^"]*"\./([\w-]+\.js)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that the pages load: its content, plain and compressed, what it is, and the modules that it imports."""

    content: bytes
    zipped: bytes
    media_type: str
    imports: tuple[str, ...]


@cache
def assets() -> Mapping[str, Asset]:
    """Return the files that may be loaded, by name; there are no others.

    Raises
    ------
    Unavailable
        The package was not built, and Leaflet is not there.
    """
    folder = resources.files("api") / "editor"
    sources = {each.name: each.read_text(encoding="utf-8") for each in folder.iterdir() if _suffix(each.name)}
    sources |= {"leaflet.js": leaflet_core().script, "leaflet.css": leaflet_core().style}
    return {name: _packed(name, source) for name, source in sources.items()}


@cache
def version() -> str:
    """Return what changes whenever one of the files does."""
    seal = hashlib.sha256()
    for name, asset in sorted(assets().items()):
        seal.update(name.encode() + b"\0" + asset.content + b"\0")
    return seal.hexdigest()[:16]


def address(name: str) -> str:
    """Return the path of a file on this service."""
    return f"/planner/assets/{version()}/{name}"


def links(script: str, *styles: str) -> str:
    """Return the tags of a page's head that load its styles, its script and at once all modules that it imports."""
    tags = [f'<link rel="stylesheet" href="{address(name)}">' for name in styles]
    tags += [f'<link rel="modulepreload" href="{address(name)}">' for name in modules_of(script)]
    return "\n".join([*tags, f'<script type="module" src="{address(script)}"></script>'])


def modules_of(script: str) -> list[str]:
    """Return the modules that a script imports, and those that they import, in the order in which they are found."""
    found = [script]
    for name in found:
        found += [each for each in assets()[name].imports if each not in found]
    return found[1:]


def _packed(name: str, source: str) -> Asset:
    text = rjsmin.jsmin(source) if name.endswith(".js") else rcssmin.cssmin(source)
    content = text.encode()
    imports = tuple(dict.fromkeys(_IMPORT.findall(source)))
    return Asset(content, gzip.compress(content, _ZIP_LEVEL, mtime=0), _MEDIA_TYPES[_suffix(name)], imports)


def _suffix(name: str) -> str:
    """Return the ending of a file that pages load, or nothing."""
    ending = name[name.rfind(".") :]
    return ending if ending in _MEDIA_TYPES else ""
