"""Build hook: puts Leaflet beside the maps, pinned by hash, so that a page needs no network.

In: the build requirement XStatic-Leaflet (Leaflet 1.9.3 as published, carried by PyPI). Out: the folder
`gisgrid/maps/vendor/leaflet/`, which git ignores and every wheel, source archive and editable installation carries:
Leaflet whole for a staff map with other elements of folium on it, its core for the planner's page, which paints by
itself and needs of Leaflet only the map that is moved and zoomed, two controls, and the renderer that its canvas is,
and the like for the staff map by itself, which also listens to keys and double clicks and is a plain script.
A file whose SHA-256 is not the one below stops the build; the sums of `leaflet.js` and `leaflet.css` are those that
leafletjs.com publishes as `integrity` for this version.
"""

from __future__ import annotations

import hashlib
import re
from importlib import metadata
from pathlib import Path
from typing import Any, Final, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DISTRIBUTION: Final = "XStatic-Leaflet"
SOURCE_FOLDER: Final = "xstatic/pkg/leaflet/data"
VENDOR_FOLDER: Final = Path("gisgrid/maps/vendor/leaflet")
SHA256: Final = {
    "leaflet.js": "5819285cec137b229c94e1ee5ad73e8b6b84345a4367d60f75fe477fe0fb7b03",
    "leaflet.css": "90b693d86392a4779c861b28cf307e7e59c3fb35328c4d8b95f58f814d38c722",
}
SOURCE: Final = "leaflet-src.esm.js"
SOURCE_SHA256: Final = "17cbba56c1ad018677d9471328cf31e2c3c8fe6930504b0345453ca38c97ba3d"
CORE_SHA256: Final = {
    "leaflet-map.js": "1f4f67f25d63e9ed6ff54027537af6248237fc163c57326c993087babf7be86e",
    "leaflet-core.js": "113465908de2f6a7958a60833564dd39bcc1f6c52df3f7aeceffbbc2b4cc7134",
    "leaflet-core.css": "bbea7130f361ba3bed125ce8f32bbf70abddf2fc7d0c53e5e69767f87fd1a1a2",
}
CORE: Final = {
    "createMap": "map",
    "Renderer": "Renderer",
    "Zoom": "ZoomControl",
    "Scale": "ScaleControl",
    "toLatLngBounds": "latLngBounds",
    "setPosition": "setPosition",
}
"""What the planner's page imports from the core: Leaflet's name inside its source, and the name that it gets."""
MAP: Final = {
    "map": "createMap",
    "Renderer": "Renderer",
    "Control": "Control",
    "Control.Zoom": "Zoom",
    "Control.Scale": "Scale",
    "latLngBounds": "toLatLngBounds",
    "setOptions": "setOptions",
    "DomUtil.setPosition": "setPosition",
    "DomEvent.disableClickPropagation": "disableClickPropagation",
    "DomEvent.disableScrollPropagation": "disableScrollPropagation",
}
"""What the staff map calls of `L`, by what that is called inside the source."""
HANDLERS: Final = frozenset({"Drag", "ScrollWheelZoom", "TouchZoom"})
"""Parts of the core that no other part names: they add themselves to the map."""
MAP_HANDLERS: Final = HANDLERS | {"DoubleClickZoom", "Keyboard"}
LEFT_OUT: Final = frozenset(
    {"Attribution", "BoxZoom", "Canvas", "CircleMarker", "Circle", "DivOverlay", "DoubleClickZoom", "EPSG3395"}
    | {"EPSG4326", "FeatureGroup", "GeoJSON", "GridLayer", "Icon", "ImageOverlay", "Keyboard", "LayerGroup", "Layers"}
    | {"Marker", "Path", "Polygon", "Polyline", "Popup", "Rectangle", "SVG", "Simple", "TapHold", "TileLayer"}
    | {"Tooltip", "VideoOverlay", "canvas", "svg"}
)
"""Parts that the pages do without, unless they are handlers of theirs; what only ties them to others goes as well."""
STYLES_LEFT_OUT: Final = re.compile(
    r"marker|popup|tooltip|tile|layers|attribution|image|overlay-pane|shadow-pane|zoom-box|vml|lvml|svg|path|div-icon"
    r"|crosshair|canvas|oldie"
)
LICENSE: Final = """\
BSD 2-Clause License

Copyright (c) 2010-2022, Volodymyr Agafonkin
Copyright (c) 2010-2011, CloudMade
All rights reserved.

Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this
   list of conditions and the following disclaimer.

2. Redistributions in binary form must reproduce the above copyright notice,
   this list of conditions and the following disclaimer in the documentation
   and/or other materials provided with the distribution.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS"
AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
"""


class LeafletHook(BuildHookInterface[Any]):
    """Copies Leaflet into the package before anything is packed, and puts the sample into wheels."""

    PLUGIN_NAME = "leaflet"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Put the pinned files in place; files that are there already are only checked.

        A wheel carries `data/` as `gisgrid/sample`. An editable installation does not: it finds `data/` itself, and a
        copy among the installed packages would only grow old.
        """
        copy_leaflet(Path(self.root) / VENDOR_FOLDER)
        if self.target_name == "wheel" and version == "standard":
            build_data["force_include"][str(Path(self.root) / "data")] = "gisgrid/sample"


def copy_leaflet(folder: Path) -> None:
    """Write Leaflet and its licence into the folder, checked against the pinned sums.

    Raises
    ------
    RuntimeError
        The build requirement is not installed, or carries another file than the pinned one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, expected in SHA256.items():
        target = folder / name
        if not _is(target, expected):
            target.write_bytes(_published(name, expected))
    if not all(_is(folder / name, expected) for name, expected in CORE_SHA256.items()):
        source = _published(SOURCE, SOURCE_SHA256).decode()
        style = style_of((folder / "leaflet.css").read_text(encoding="utf-8"))
        for name, text in (
            ("leaflet-core.js", core_of(source)),
            ("leaflet-map.js", map_of(source)),
            ("leaflet-core.css", style),
        ):
            (folder / name).write_text(text, encoding="utf-8")
    (folder / "LICENSE").write_text(LICENSE, encoding="utf-8")


def _is(file: Path, expected: str) -> bool:
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == expected


def _published(name: str, expected: str) -> bytes:
    """Return a file of the distribution, if it is the pinned one."""
    content = _read(name)
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise RuntimeError(f"{name} of {DISTRIBUTION} has SHA-256 {found}, not the pinned {expected}; do not ship it.")
    return content


def _read(name: str) -> bytes:
    try:
        source = metadata.distribution(DISTRIBUTION).locate_file(f"{SOURCE_FOLDER}/{name}")
    except metadata.PackageNotFoundError as error:
        raise RuntimeError(
            f"{DISTRIBUTION} is not installed: build with isolation, or install the requirements of [build-system]."
        ) from error
    return Path(str(source)).read_bytes()


# ---- The core: statements of Leaflet's own source, none of them changed ---------------------------------------------


class Statement(NamedTuple):
    """A statement at the top of Leaflet's source.

    Attributes
    ----------
    defines
        Names that it declares; none for one that adds to something, such as `Map.include({…})`.
    words
        Every name in its code that could be one of the source, texts and comments aside.
    """

    text: str
    defines: frozenset[str]
    words: tuple[str, ...]


_NO_CODE: Final = re.compile(r"/\*.*?\*/|//[^\n]*|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"", re.DOTALL)
_WORD: Final = re.compile(r"(?<![.\w$])[A-Za-z$_][\w$]*")
_KEY: Final = re.compile(r"([{,]\s*)[\w$]+(\s*:)")
_PARAMETERS: Final = re.compile(r"function[^(]*\(([^)]*)\)")
_LOCAL: Final = re.compile(r"(?<=\svar )[\w$]+|(?<=,\s)[\w$]+(?= =)")
_DECLARATION: Final = re.compile(r"(?:function\s+([\w$]+)|var\s+([\w$]+(?:\s*,\s*[\w$]+)*)\s*[=;])")


def core_of(source: str) -> str:
    """Return the statements of Leaflet's source that `CORE` and `HANDLERS` need, as a module that exports `CORE`."""
    exports = ", ".join(name if name == given else f"{name} as {given}" for name, given in CORE.items())
    return f"{_statements_for(source, frozenset(CORE), HANDLERS)}\nexport {{ {exports} }};\n"


def map_of(source: str) -> str:
    """Return the statements of Leaflet's source that `MAP` and `MAP_HANDLERS` need, as a script that makes `L`."""
    text = _statements_for(source, frozenset(MAP.values()), MAP_HANDLERS)
    given = "\n".join(f"L.{path} = {name};" for path, name in MAP.items())
    return f"(function () {{\n{text}\nvar L = window.L = {{ DomUtil: {{}}, DomEvent: {{}} }};\n{given}\n}})();\n"


def _statements_for(source: str, wanted: frozenset[str], handlers: frozenset[str]) -> str:
    """Return the statements that these names need, in the order of the source.

    A declaration is kept where something kept names it, and what adds to a kept name is kept too, unless it names
    something of `LEFT_OUT`.

    Raises
    ------
    RuntimeError
        A declaration that is needed names something of `LEFT_OUT`.
    """
    statements = _statements(source)
    declared = {name for each in statements for name in each.defines}
    names: set[str] = set()
    left_out = LEFT_OUT - handlers
    found = wanted | handlers
    while found - names:
        names |= found
        kept = [each for each in statements if _belongs(each, names, left_out)]
        found = {word for each in kept for word in each.words if word in declared}
    missing = names & left_out
    if missing:
        raise RuntimeError(f"The core of Leaflet needs {', '.join(sorted(missing))}, which LEFT_OUT leaves out.")
    return "\n".join(each.text.rstrip() for each in kept)


def _belongs(statement: Statement, names: set[str], left_out: frozenset[str]) -> bool:
    if statement.defines:
        return bool(statement.defines & names)
    return statement.words[0] in names | {"if"} and not left_out.intersection(statement.words)


def _statements(source: str) -> list[Statement]:
    """Return the statements of the source: each begins a line, and what is inside one is indented."""
    code = _NO_CODE.sub(_blank, source)
    starts = [match.start() for match in re.finditer(r"^[A-Za-z$_]", code, re.MULTILINE)]
    found = []
    for start, end in zip(starts, [*starts[1:], len(code)], strict=True):
        words = tuple(_names_in(code[start:end]))
        declaration = _DECLARATION.match(code, start)
        declared = (declaration[1] or declaration[2]) if declaration else ""
        if words[0] not in {"export", "import"}:
            found.append(Statement(source[start:end], frozenset(re.findall(r"[\w$]+", declared)), words))
    return found


def _names_in(code: str) -> list[str]:
    """Return the names that code uses, in order; keys of objects, and what it declares inside, are its own."""
    own = {name for listed in _PARAMETERS.findall(code) for name in re.findall(r"[\w$]+", listed)}
    own |= set(_LOCAL.findall(code))
    return [word for word in _WORD.findall(_KEY.sub(r"\1 \2", code)) if word not in own]


def _blank(match: re.Match[str]) -> str:
    """Return as many blanks as a text or comment is long, so that places stay what they are."""
    return re.sub(r"[^\n]", " ", match[0])


def style_of(style: str) -> str:
    """Return the rules of Leaflet's style that speak of something that the core has."""
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/|@media print \{.*", "", style, flags=re.DOTALL))
    lines = []
    for selectors, body in rules:
        left = [each.strip() for each in selectors.split(",") if not STYLES_LEFT_OUT.search(each)]
        if left:
            lines.append(f"{', '.join(left)} {{ {' '.join(body.split())} }}")
    return "\n".join(lines) + "\n"
