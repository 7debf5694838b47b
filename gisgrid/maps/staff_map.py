"""The staff map (网格图): one HTML file that opens with no network, on any desk or phone, by double-click.

Room: maps. In: `MapData` and the audience. Out: the HTML text. Must not write files or know a clock.

folium makes the frame and the map; everything that a person typed travels as JSON data or escaped table text
(see `frame`). Without script the page is still the plain table of grids.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import shapely

from gisgrid.errors import UsageError
from gisgrid.maps.content import (
    Audience,
    MapCommunity,
    MapData,
    grid_name,
    posts_on_duty,
    shown_count,
)
from gisgrid.maps.frame import GridLayer, OfflineMap, Page, Verbatim
from gisgrid.maps.payload import data_block
from gisgrid.maps.resources import leaflet, page_file
from gisgrid.model import Grid, Post

__all__ = ["MapCommunity", "MapData", "render_staff_map"]

SCRIPTS = ("content.js", "words.js", "ground.js", "labels.js", "panel.js", "staff_map.js")
"""Of the folder `page`, in the order in which they build on each other."""
FOOTER = "界线仅供网格管理使用"
FOOTER_EN = "Borders are for grid management only"


def render_staff_map(data: MapData, *, audience: Audience) -> str:
    """Return the staff map of a division as one HTML text that asks nothing of any network.

    Parameters
    ----------
    data
        The division with its communities, editions, buildings, posts, sites and lines, WGS-84.
    audience
        `internal` shows households of each building; `public` leaves them out and bands counts below five.

    Raises
    ------
    UsageError
        The division has neither a polygon nor a community with one: there is nothing to draw.
    Unavailable
        The package was not built, so Leaflet is not beside it.
    """
    bounds = _bounds(data)
    page = Page(f"{data.division.name} 网格图")
    for name, text in (
        ("leaflet_style", f"<style>{leaflet().style}</style>"),
        ("page_style", f"<style>{page_file('staff_map.css')}</style>"),
        ("leaflet_script", f"<script>{leaflet().script}</script>"),
        *((script, f"<script>{page_file(script)}</script>") for script in SCRIPTS),
    ):
        page.header.add_child(Verbatim(text, name))
    page.html.add_child(Verbatim(_heading(data), "heading"))
    page.html.add_child(Verbatim(_panel(data, audience), "panel"))
    page.html.add_child(Verbatim('<ul class="legend" id="legend"></ul>', "legend"))
    page.html.add_child(Verbatim(_footer(data, audience), "footer"))
    block = data_block(data, audience, bounds)
    page.html.add_child(Verbatim(f'<script type="application/json" id="gisgrid-data">{block}</script>', "data"))
    frame = OfflineMap(((bounds[1] + bounds[3]) / 2, (bounds[0] + bounds[2]) / 2))
    frame.add_child(GridLayer())
    page.add_child(frame)
    return page.render()


def _bounds(data: MapData) -> tuple[float, float, float, float]:
    shapes = [each.division.geometry for each in data.communities if each.division.geometry is not None]
    shapes += [data.division.geometry] if data.division.geometry is not None and not shapes else []
    if not shapes:
        raise UsageError(
            f"Division {data.division.code} has no polygon and no community with one, so there is nothing to draw; "
            "import boundaries: gisgrid import divisions FILE."
        )
    west, south, east, north = shapely.total_bounds(shapes)
    return float(west), float(south), float(east), float(north)


def _both(chinese: str, english: str) -> str:
    """Return a text of ours that the page can show in English."""
    return f'<span data-en="{escape(english)}">{escape(chinese)}</span>'


def _heading(data: MapData) -> str:
    path = "".join(f"{escape(parent.name)} › " for parent in data.path)
    return (
        f"<header><h1>{escape(data.division.name)} {_both('网格图', 'grid map')}</h1>"
        f'<p class="path">{path}{escape(data.division.name)} · {escape(data.division.code)} · '
        f"{_state(data)}</p>"
        '<p class="tools"><button type="button" id="language" lang="en">English</button>'
        f'<button type="button" id="print">{_both("打印", "Print")}</button></p></header>'
    )


def _state(data: MapData) -> str:
    """Return which edition is shown: its date of force and number, or how many of the communities are published."""
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


def _panel(data: MapData, audience: Audience) -> str:
    """Return the side panel: the card, which the script fills, and the plain table of every grid."""
    columns = (("网格", "Grid"), ("户数", "HH"), ("楼栋", "Bldgs"), ("联系人", "Contact"))
    head = "".join(f'<th scope="col">{_both(*column)}</th>' for column in columns)
    bodies = "".join(_table_body(data, community, audience) for community in data.communities)
    return (
        '<aside class="panel"><div class="search"><input type="search" id="search" autocomplete="off" '
        'placeholder="查找网格、地址、楼栋、联系人" aria-label="查找 Search" maxlength="60">'
        '<ul id="found" aria-live="polite"></ul></div>'
        '<section class="card" id="card" aria-live="polite"></section>'
        f'<div class="list"><table><caption>{_both("全部网格", "All grids")}</caption>'
        f"<thead><tr>{head}</tr></thead>{bodies}</table></div></aside>"
    )


def _table_body(data: MapData, community: MapCommunity, audience: Audience) -> str:
    duty = posts_on_duty(community, data.drawn_at)
    grids = community.edition.grids if community.edition else ()
    heading = f'<tr class="community"><th colspan="4" scope="rowgroup">{escape(community.division.name)} · '
    if not grids:
        heading += _both("尚未发布", "not published yet")
    else:
        heading += _both(f"{len(grids)} 个网格", f"{len(grids)} grids") + _total(grids, audience)
    rows = "".join(_table_row(grid, duty.get(grid.code or "", []), audience) for grid in grids)
    return f"<tbody>{heading}</th></tr>{rows}</tbody>"


def _total(grids: Sequence[Grid], audience: Audience) -> str:
    """Return the sum of households; nothing for the public where it would give a banded count away."""
    if any(shown_count(grid.households, audience) != str(grid.households) for grid in grids):
        return ""
    total = sum(grid.households for grid in grids)
    return _both(f"，{total} 户", f", {total} households")


def _table_row(grid: Grid, posts: list[Post], audience: Audience) -> str:
    code = escape(grid.code or grid.key)
    contact = escape(posts[0].name) if posts else "—"
    if posts and posts[0].duty_phone:
        contact += f'<br><span class="phone">{escape(posts[0].duty_phone)}</span>'
    kind = f" <small>{_both('专属', 'dedicated')}</small>" if grid.kind == "dedicated" else ""
    return (
        f'<tr data-code="{code}"><td><a href="#{code}">{escape(grid_name(grid))}</a>{kind}</td>'
        f"<td>{escape(shown_count(grid.households, audience))}</td><td>{len(grid.buildings)}</td>"
        f"<td>{contact}</td></tr>"
    )


def _footer(data: MapData, audience: Audience) -> str:
    parts = [_both(FOOTER, FOOTER_EN)]
    if data.approval_number:
        parts.append(f"{_both('审图号', 'Map approval number')} {escape(data.approval_number)}")
    drawn = data.date(data.drawn_at)
    parts.append(_both(f"制图日期 {drawn}", f"Drawn {drawn}"))
    if audience == "internal":
        parts.append(_both("内部使用，请勿外传", "For internal use, do not pass on"))
    return f"<footer>{' · '.join(parts)}</footer>"
