"""The page around a map: folium's figure and map, with every file inside the page and a policy that lets nothing out.

Room: maps. In: finished HTML parts, scripts and styles. Out: a figure and a map of folium. Must not be given a user's
text as a template.

folium compiles every string that it is handed as a Jinja template, so `{{7*7}}` in a grid's name would print 49 and a
worse name would run on the server. Here only the constants of the classes are templates; all else is `Verbatim`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from html import escape
from typing import Any, Final

import folium
from branca.element import Element, Figure
from folium.template import Template

from gisgrid.errors import UsageError
from gisgrid.maps.resources import Leaflet, leaflet, leaflet_map

_CODE_BLOCK: Final = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)
_NOTEBOOK_HEIGHT: Final = "680px"


class Verbatim(Element):
    """A part of the page that is what it is: never read as a template."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._name = "Verbatim"
        self.text = text

    def render(self, **_: Any) -> str:
        """Return the text unchanged."""
        return self.text


class Page(Figure):
    """A figure in Chinese whose Content-Security-Policy allows its own scripts and styles by hash, and nothing else.

    The hashes are those of the finished page, so whatever of folium is added to the map runs, as long as it stands in
    the page itself; what asks for a file from elsewhere is refused by the browser.
    """

    _template = Template(
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        "{{ this.header.render(**kwargs) }}\n</head>\n<body>\n"
        "{{ this.html.render(**kwargs) }}\n"
        "<script>\n{{ this.script.render(**kwargs) }}\n</script>\n</body>\n</html>\n"
    )

    def __init__(self, title: str, *, images: Sequence[str] = ()) -> None:
        """Take the page's title, and from where it may fetch pictures."""
        super().__init__(height=_NOTEBOOK_HEIGHT)
        self._images = tuple(images)
        self.header.add_child(Verbatim(f"<title>{escape(title)}</title>"), name="meta_http")

    def carry(self, library: Leaflet) -> None:
        """Put Leaflet into the head, before anything that needs it."""
        self.header.add_child(Verbatim(f"<style>{library.style}</style>"), name="leaflet_style", index=1)
        self.header.add_child(Verbatim(f"<script>{library.script}</script>"), name="leaflet_script", index=2)

    def render(self, **kwargs: Any) -> str:
        """Return the page with the policy in its head, before anything that the policy is about."""
        html = super().render(**kwargs)
        policy = f'<meta http-equiv="Content-Security-Policy" content="{_policy(html, self._images)}">\n'
        return html.replace('<meta charset="utf-8">\n', f'<meta charset="utf-8">\n{policy}', 1)


class OfflineMap(folium.Map):
    """folium's map without its links: the page carries Leaflet itself, and no tiles unless somebody adds them."""

    _template = Template(
        "{% macro header(this, kwargs) %}"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "{% endmacro %}"
        '{% macro html(this, kwargs) %}<main class="map" id={{ this.get_name()|tojson }}></main>{% endmacro %}'
        "{% macro script(this, kwargs) %}"
        "var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, {{ this.options|tojavascript }});"
        "{% endmacro %}"
    )

    def __init__(self, page: Page, centre: tuple[float, float]) -> None:
        super().__init__(
            location=centre,
            tiles=None,
            zoom_start=15,
            prefer_canvas=True,
            zoom_control=False,
            attribution_control=False,
            zoom_snap=0.25,
            zoom_delta=0.5,
        )
        self.default_js, self.default_css = [], []
        self.options |= {"center": list(centre), "maxZoom": 20}
        self.page = page
        page.add_child(self)

    def needs_all_of_leaflet(self) -> bool:
        """Return whether anything of folium's is on the map; ours needs the map itself and little more."""
        return True

    def render(self, **kwargs: Any) -> str:
        """Put the map into its figure with as much of Leaflet as what is on it needs; return nothing to stand here."""
        self.page.carry(leaflet() if self.needs_all_of_leaflet() else leaflet_map())
        super().render(**kwargs)  # type: ignore[no-untyped-call]  # branca leaves it without types
        return ""


def figure_of(element: Element) -> Figure:
    """Return the figure in which an element is rendered.

    Raises
    ------
    UsageError
        The element is on no map.
    """
    figure = element.get_root()
    if not isinstance(figure, Figure):
        raise UsageError("A layer is rendered with its map; add it to a folium.Map first.")
    return figure


def _policy(html: str, images: Sequence[str]) -> str:
    """Return the Content-Security-Policy of a page: its own scripts and styles by SHA-256, pictures, no more."""
    allowed: dict[str, list[str]] = {"script": [], "style": []}
    for kind, text in _CODE_BLOCK.findall(html):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        allowed[kind].append(f"'sha256-{digest}'")
    return (
        f"default-src 'none'; script-src {' '.join(allowed['script'])}; style-src {' '.join(allowed['style'])}; "
        f"img-src {' '.join(('data:', *images))}; base-uri 'none'; form-action 'none'"
    )
