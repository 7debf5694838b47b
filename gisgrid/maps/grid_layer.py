"""The layer of grids as a folium element: add it to any `folium.Map`, and it shows in a notebook.

Room: maps. In: `MapData` and the audience. Out: the element. Must not be given a user's text as a template.

    import folium
    from gisgrid import workflow

    here = folium.Map(location=(40.80, 111.70), zoom_start=15)
    workflow.grid_layer(database, "150105001001").add_to(here)
    folium.LayerControl().add_to(here)
    here

The element brings its own scripts and data and draws all grids and buildings on one canvas, so that a district does not
become 30,000 SVG paths; a click opens a card, and the switches of its layers stand in a corner of the map.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from folium.map import Layer
from folium.template import Template

from gisgrid.maps.content import Audience, MapData
from gisgrid.maps.figure_layers import FIGURE_LAYERS
from gisgrid.maps.frame import Verbatim, figure_of
from gisgrid.maps.payload import data_block, map_bounds, map_document
from gisgrid.maps.resources import page_file

SCRIPTS: Final = (
    "words.js",
    "coordinates.js",
    "unpacking.js",
    "content.js",
    "layers.js",
    "labels.js",
    "ground.js",
    "cards.js",
    "grid_layer.js",
)
"""Of the folder `page`, in the order in which they build on each other; each layer's own follows `layers.js`."""


class GridLayer(Layer):
    """The grids of a division with their buildings, estates, lines and sites, as one layer of a folium map.

    Parameters
    ----------
    data
        The division with its communities, editions, buildings, posts, sites and lines, WGS-84.
    audience
        `internal` shows households of each building; `public` leaves them out and bands counts below five.
    phones
        Whether the duty phones of posts are shown.
    name, show
        As of every layer of folium: how `folium.LayerControl` lists it, whether it is shown at first.
    opacity
        Of the colours of the grids, from 0 to 1; below 1 the map's tiles are seen through them.
    popups
        Whether a click opens a card on the map; the staff map shows it in its panel instead.

    Raises
    ------
    UsageError
        The division has neither a polygon nor a community with one: there is nothing to draw.
    """

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "var {{ this.get_name() }} = gisgrid.gridLayer({{ this.get_name()|tojson }}, {{ this.options|tojavascript }});"
        "{% if this.show %}{{ this.get_name() }}.addTo({{ this._parent.get_name() }});{% endif %}"
        "{% endmacro %}"
    )

    def __init__(
        self,
        data: MapData,
        *,
        audience: Audience = "public",
        phones: bool = False,
        name: str = "网格 Grids",
        show: bool = True,
        opacity: float = 0.65,
        popups: bool = True,
    ) -> None:
        super().__init__(name=name, overlay=True, show=show)
        document = map_document(data, audience, phones=phones)
        self.bounds = map_bounds(data)
        self.options = {"popups": popups, "opacity": opacity}
        self._scripts = _scripts(tuple(document["layers"]))
        self._block = data_block(document)
        # The same data make the same page, and two layers on one map do not meet.
        self._name, self._id = "GridLayer", hashlib.sha256(self._block.encode()).hexdigest()[:12]

    def get_bounds(self) -> list[list[float | None]]:
        """Return south-west and north-east corners as folium wants them, (latitude, longitude)."""
        west, south, east, north = self.bounds
        return [[south, west], [north, east]]

    def render(self, **kwargs: Any) -> str:
        """Put scripts, style and data into the figure, none of them as a template; return nothing to stand here."""
        figure = figure_of(self)
        figure.header.add_child(Verbatim(f"<style>{page_file('grid_layer.css')}</style>"), name="gisgrid_style")
        for script in self._scripts:
            figure.header.add_child(Verbatim(f"<script>{page_file(script)}</script>"), name=f"gisgrid_{script}")
        name = f"{self.get_name()}_data"
        block = f'<script type="application/json" id="{name}">{self._block}</script>'
        figure.html.add_child(Verbatim(block), name=name)
        # Not Layer's own, which adds the layer to its map once more with every rendering.
        super(Layer, self).render(**kwargs)  # type: ignore[no-untyped-call]  # branca leaves it without types
        return ""


def _scripts(layers: tuple[str, ...]) -> tuple[str, ...]:
    after = SCRIPTS.index("layers.js") + 1
    classes = ("choropleth.js",) if FIGURE_LAYERS.intersection(layers) else ()
    return (*SCRIPTS[:after], *classes, *(f"layer_{key}.js" for key in layers), *SCRIPTS[after:])
