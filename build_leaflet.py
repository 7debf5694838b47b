"""Build hook: puts Leaflet beside the maps, pinned by hash, so that a page needs no network.

In: the build requirement XStatic-Leaflet (Leaflet 1.9.3 as published, carried by PyPI). Out: the folder
`gisgrid/maps/vendor/leaflet/`, which git ignores and every wheel, source archive and editable installation carries.
A file whose SHA-256 is not the one below stops the build; the two sums are those that leafletjs.com publishes as
`integrity` for this version.
"""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DISTRIBUTION: Final = "XStatic-Leaflet"
SOURCE_FOLDER: Final = "xstatic/pkg/leaflet/data"
VENDOR_FOLDER: Final = Path("gisgrid/maps/vendor/leaflet")
SHA256: Final = {
    "leaflet.js": "5819285cec137b229c94e1ee5ad73e8b6b84345a4367d60f75fe477fe0fb7b03",
    "leaflet.css": "90b693d86392a4779c861b28cf307e7e59c3fb35328c4d8b95f58f814d38c722",
}
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
        if target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == expected:
            continue
        content = _published(name)
        found = hashlib.sha256(content).hexdigest()
        if found != expected:
            raise RuntimeError(
                f"{name} of {DISTRIBUTION} has SHA-256 {found}, not the pinned {expected}; do not ship it."
            )
        target.write_bytes(content)
    (folder / "LICENSE").write_text(LICENSE, encoding="utf-8")


def _published(name: str) -> bytes:
    try:
        source = metadata.distribution(DISTRIBUTION).locate_file(f"{SOURCE_FOLDER}/{name}")
    except metadata.PackageNotFoundError as error:
        raise RuntimeError(
            f"{DISTRIBUTION} is not installed: build with isolation, or install the requirements of [build-system]."
        ) from error
    return Path(str(source)).read_bytes()
