"""The staff map (网格图): one HTML file that opens with no network, on any desk or phone, by double-click.

Room: maps. In: `MapData` and the audience. Out: a `folium.Map`, or its HTML text. Must not write files or know a clock.

folium makes the frame and the map; everything that a person typed travels as JSON data or escaped table text
(see `frame`). Without script the page is still the plain table of grids.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Final

from branca.element import MacroElement
from folium.template import Template

from gisgrid.maps.content import (
    Audience,
    MapCommunity,
    MapData,
    grid_name,
    posts_on_duty,
    shown_count,
)
from gisgrid.maps.frame import OfflineMap, Page, Verbatim, figure_of
from gisgrid.maps.grid_layer import GridLayer
from gisgrid.maps.resources import page_file
from gisgrid.maps.workbook import Table
from gisgrid.model import Grid, Post

__all__ = ["MapCommunity", "MapData", "StaffMap", "render_staff_map"]

PAGE_SCRIPTS: Final = ("legend.js", "search.js", "where.js", "staff_map.js")
"""Of the folder `page`, after those of the layer of grids."""
COLUMNS: Final = "".join(
    f'<th scope="col" data-en="{english}">{chinese}'
    for chinese, english in (("网格", "Grid"), ("户数", "HH"), ("楼栋", "Bldgs"), ("联系人", "Contact"))
)
SYSTEMS: Final = {
    "gcj02": "GCJ-02 高德、腾讯、微信",
    "bd09": "BD-09 百度",
    "wgs84": "WGS-84 GPS",
    "cgcs2000": "CGCS2000 天地图",
}
FOOTER: Final = "界线仅供网格管理使用"
FOOTER_EN: Final = "Borders are for grid management only"


class StaffMap(OfflineMap):
    """The staff map as a `folium.Map`: shows in a notebook, takes further elements, is saved by `save`.

    Parameters
    ----------
    data
        The division with its communities, editions, buildings, posts, sites and lines, WGS-84.
    audience
        `internal` shows households of each building; `public` leaves them out and bands counts below five.
    phones
        Whether the duty phones of posts are shown.
    tables
        Shown in the panel above the list of all grids.

    Raises
    ------
    UsageError
        The division has neither a polygon nor a community with one: there is nothing to draw.
    Unavailable
        The package was not built, so Leaflet is not beside it.
    """

    def __init__(
        self, data: MapData, *, audience: Audience = "public", phones: bool = False, tables: Sequence[Table] = ()
    ) -> None:
        layer = GridLayer(data, audience=audience, phones=phones, opacity=1, popups=False, show=False)
        page = Page(f"{data.division.name} 网格图", images=data.base_map.hosts if data.base_map else ())
        for name, text in (
            ("heading", _heading(data)),
            ("panel", _panel(data, audience, phones=phones, told="".join(map(_told, tables)))),
            ("legend", '<ul class="legend" id="legend"></ul>'),
            ("footer", _footer(data, audience)),
        ):
            page.html.add_child(Verbatim(text), name=name)
        west, south, east, north = layer.bounds
        super().__init__(page, ((south + north) / 2, (west + east) / 2))
        self._name, self._id = "map", "staff"
        self.add_child(layer)
        self.add_child(_PageScripts(layer))
        self._ours = len(self._children)
        self._tiled = data.base_map is not None

    def needs_all_of_leaflet(self) -> bool:
        """Return whether there are tiles, or anybody has put a further element on the map."""
        return len(self._children) > self._ours or self._tiled


class _PageScripts(MacroElement):
    """What joins map, panel, search and address bar; comes after the scripts of the layer."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "gisgrid.openStaffMap({{ this._parent.get_name() }}, {{ this.layer.get_name() }});"
        "{% endmacro %}"
    )

    def __init__(self, layer: GridLayer) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca leaves this one initialiser without types
        self._name, self._id = "PageScripts", "staff"
        self.layer = layer

    def render(self, **kwargs: Any) -> str:
        """Put style and scripts of the page into the head of the figure; return nothing to stand where they are."""
        header = figure_of(self).header
        header.add_child(Verbatim(f"<style>{page_file('staff_map.css')}</style>"), name="page_style")
        for script in PAGE_SCRIPTS:
            header.add_child(Verbatim(f"<script>{page_file(script)}</script>"), name=script)
        super().render(**kwargs)  # type: ignore[no-untyped-call]  # branca leaves it without types
        return ""


def render_staff_map(data: MapData, *, audience: Audience, phones: bool = False) -> str:
    """Return the staff map of a division as one HTML text that asks nothing of any network.

    Parameters and exceptions are those of `StaffMap`.
    """
    html: str = StaffMap(data, audience=audience, phones=phones).get_root().render()
    return html


def _both(chinese: str, english: str) -> str:
    """Return a text of ours that the page can show in English."""
    return f'<span data-en="{escape(english)}">{escape(chinese)}</span>'


def _heading(data: MapData) -> str:
    name = f"<bdi>{escape(data.division.name)}</bdi>"  # a name may turn the direction of what follows it
    path = "".join(f"<bdi>{escape(parent.name)}</bdi> › " for parent in data.path)
    return (
        f"<header><h1>{name} {_both('网格图', 'grid map')}</h1>"
        f'<p class="path">{path}{name} · {escape(data.division.code)} · '
        f"{_state(data)}</p>"
        '<p class="tools"><button type="button" id="language" lang="en">English</button>'
        f'<button type="button" id="print">{_both("打印", "Print")}</button></p></header>'
    )


def _state(data: MapData) -> str:
    """Return which edition is shown: its date of force and number, or how many of the communities are published."""
    if data.subject is not None:
        return escape(data.subject)
    editions = [each.edition for each in data.communities if each.edition is not None]
    if not editions:
        return _both("尚未发布网格", "no grids published yet")
    since = data.date(max(edition.valid_from for edition in editions))
    if len(data.communities) == 1:
        return _both(f"版本 {editions[0].id}，{since} 起施行", f"edition {editions[0].id}, in force since {since}")
    total, done = len(data.communities), len(editions)
    return _both(
        f"{total} 个社区中 {done} 个已发布，最近版本 {since} 起施行",
        f"{done} of {total} communities published, the latest in force since {since}",
    )


def _panel(data: MapData, audience: Audience, *, phones: bool, told: str) -> str:
    """Return the side panel: the card, which the script fills, and the plain table of every grid."""
    tables = "".join(_table(data, community, audience, phones=phones) for community in data.communities)
    return (
        '<aside class="panel"><div class="search"><input type="search" id="search" autocomplete="off" '
        'placeholder="查找网格、地址、楼栋、小区、联系人" aria-label="查找 Search" maxlength="60">'
        f'<ul id="found" aria-live="polite"></ul></div>{_where()}'
        '<section class="card" id="card" aria-live="polite"></section>'
        f'{told}<div class="list"><h2>{_both("全部网格", "All grids")}</h2>{tables}</div></aside>'
    )


def _where() -> str:
    """Return the form that asks which grid a place is in."""
    options = "".join(f'<option value="{system}">{name}</option>' for system, name in SYSTEMS.items())
    return (
        f'<details class="where" id="where"><summary>{_both("我在哪个网格？", "Which grid am I in?")}</summary>'
        f'<button type="button" id="here">{_both("用我的位置", "Use my position")}</button>'
        '<form id="place" autocomplete="off"><input id="coordinates" placeholder="111.70123, 40.80456" '
        'aria-label="经度, 纬度 Longitude, latitude" maxlength="80">'
        '<select id="system" aria-label="坐标系 Coordinate system">'
        f'<option value="" data-en="Coordinate system">坐标系</option>{options}</select>'
        f'<button>{_both("查询", "Look up")}</button></form><p id="told" class="hint" aria-live="polite"></p></details>'
    )


def _told(table: Table) -> str:
    """Return a table that stands in the panel as it is."""
    rows = [*table.rows, *([] if table.total is None else [table.total])]
    cells = ["".join(f"<td>{escape('' if each is None else str(each))}" for each in row) for row in rows]
    head = "".join(f'<th scope="col">{escape(heading)}' for heading in table.headings)
    body = "".join(f"<tr>{row}" for row in cells)
    return (
        f'<div class="told"><table><caption>{escape(table.title)}</caption><thead><tr>{head}<tbody>{body}</table></div>'
    )


def _table(data: MapData, community: MapCommunity, audience: Audience, *, phones: bool) -> str:
    """Return the table of a community's grids, in a box of its own: what is not seen need not be laid out."""
    duty = posts_on_duty(community, data.drawn_at)
    grids = community.edition.grids if community.edition else ()
    caption = f"<bdi>{escape(community.division.name)}</bdi> · "
    if not grids:
        caption += _both("尚未发布", "not published yet")
    else:
        caption += _both(f"{len(grids)} 个网格", f"{len(grids)} grids") + _total(grids, audience)
    rows = "".join(_table_row(grid, duty.get(grid.code or "", []), audience, phones=phones) for grid in grids)
    return f"<section><table><caption>{caption}<thead><tr>{COLUMNS}<tbody>{rows}</table></section>"


def _total(grids: Sequence[Grid], audience: Audience) -> str:
    """Return the sum of households; nothing for the public where it would give a banded count away."""
    if any(shown_count(grid.households, audience) != str(grid.households) for grid in grids):
        return ""
    total = sum(grid.households for grid in grids)
    return _both(f"，{total} 户", f", {total} households")


def _table_row(grid: Grid, posts: list[Post], audience: Audience, *, phones: bool) -> str:
    """Return a row; HTML lets the end tags of rows and cells be left out, which a district has ten thousand of."""
    contact = escape(posts[0].name) if posts else "—"
    if phones and posts and posts[0].duty_phone:
        contact += f" <i>{escape(posts[0].duty_phone)}</i>"
    kind = f" <small>{_both('专属', 'dedicated')}</small>" if grid.kind == "dedicated" else ""
    return (
        f'<tr><td><a href="#{escape(grid.code or grid.key)}">{escape(grid_name(grid))}</a>{kind}'
        f"<td>{escape(shown_count(grid.households, audience))}<td>{len(grid.buildings)}<td>{contact}"
    )


def _footer(data: MapData, audience: Audience) -> str:
    parts = [_both(FOOTER, FOOTER_EN)]
    if data.approval_number:
        parts.append(f"{_both('审图号', 'Map approval number')} <bdi>{escape(data.approval_number)}</bdi>")
    if data.base_map is not None and data.base_map.credit:
        parts.append(f"{_both('底图', 'Base map')} <bdi>{escape(data.base_map.credit)}</bdi>")
    drawn = data.date(data.drawn_at)
    parts.append(_both(f"制图日期 {drawn}", f"Drawn {drawn}"))
    if audience == "internal":
        parts.append(_both("内部使用，请勿外传", "For internal use, do not pass on"))
    return f"<footer>{' · '.join(parts)}</footer>"
