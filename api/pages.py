"""The few pages that the service writes itself: start, sign-in, documentation. Chinese first, no scripts at all.

Room: the front door on the wire. In: values. Out: HTML. Every value is escaped where it is put in; there is no template
language that could read one.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from fastapi import Response

_STYLE: Final = """
:root { color-scheme: light; --ink: #1d2733; --soft: #5b6b7b; --line: #d5dde5; --blue: #0b5cad; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #f5f7f9;
  font: 16px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
small, .soft { color: var(--soft); }
a { color: var(--blue); }
table { border-collapse: collapse; width: 100%; background: #fff; }
th, td { text-align: left; padding: .45rem .7rem; border: 1px solid var(--line); vertical-align: top; }
td.figure { text-align: right; font-variant-numeric: tabular-nums; }
form { display: flex; flex-wrap: wrap; gap: .6rem; align-items: end; }
label { display: flex; flex-direction: column; font-size: .9rem; color: var(--soft); }
input, select, button { font: inherit; height: 2.5rem; padding: 0 .6rem; border: 1px solid var(--line);
  border-radius: 4px; background: #fff; color: var(--ink); }
form.narrow { flex-direction: column; align-items: stretch; max-width: 20rem; }
h1 + p.soft { margin-top: 0; }
table.facts th { width: 14rem; }
button { padding: 0 1rem; background: var(--blue); color: #fff; border-color: var(--blue); cursor: pointer; }
.notice { background: #fff6d6; border: 1px solid #e5cf7f; padding: .6rem .9rem; border-radius: 4px; }
.fault { background: #fde9e7; border: 1px solid #e3aaa4; padding: .6rem .9rem; border-radius: 4px; }
code { font-family: ui-monospace, monospace; font-size: .9em; }
header { display: flex; justify-content: space-between; align-items: start; gap: 1rem; }
"""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content security policy of these pages: no script, no picture, nothing from elsewhere."""

METHODS: Final = {
    "inside": "在网格内 inside",
    "border": "在边界上 border",
    "nearest": "最近的网格 nearest",
    "outside": "不在任何网格内 outside",
}
SYSTEMS: Final = {
    "wgs84": "WGS-84（GPS）",
    "cgcs2000": "CGCS2000（天地图）",
    "gcj02": "GCJ-02（高德、腾讯、微信）",
    "bd09": "BD-09（百度）",
}


@dataclass(frozen=True, slots=True)
class CommunityLine:
    """A community with an edition in force, as the start page lists it."""

    code: str
    name: str
    street: str
    grids: int
    households: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A lookup asked on the start page: the fields as they were typed, and what came of it."""

    lon: str = ""
    lat: str = ""
    crs: str = ""
    answer: dict[str, Any] | None = None
    fault: str | None = None


def page(title: str, body: str, *, status: int = 200) -> Response:
    """Return a page with this body, which must be escaped already."""
    html = (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style><main>{body}</main></html>"
    )
    return Response(html, status, {"Content-Security-Policy": POLICY}, "text/html; charset=utf-8")


def start_page(
    communities: Sequence[CommunityLine], asked: Asked, *, actor: str, keyless: bool, papers: bool
) -> Response:
    """Return the start page: the maps in force, a lookup, the way to the documentation.

    `papers`: whether the caller may have wall sheet and ledger too.
    """
    notice = (
        '<p class="notice">演示模式：仅限本机访问，未启用密钥，任何访问者均为管理员。'
        "<br><small>Demonstration: this machine only, no keys, everybody is administrator.</small></p>"
    )
    leave = (
        '<form method="post" action="/logout"><small>'
        f'{escape(actor)}</small> <button type="submit">退出 Sign out</button></form>'
    )
    return page(
        "gisgrid 社区网格",
        f'<header><div><h1>社区网格服务</h1><p class="soft">gisgrid · Community grids</p></div>'
        f"{'' if keyless else leave}</header>{notice if keyless else ''}"
        f"<h2>查网格 <small>Which grid is this point in?</small></h2>{_locate_form(asked)}{_located(asked)}"
        f"<h2>网格图 <small>Maps in force</small></h2>{_communities(communities, papers=papers)}"
        '<h2>网格方案 <small>Plans</small></h2><p><a href="/planner/">规划员页面 The planner\'s page</a></p>'
        '<h2>接口 <small>API</small></h2><p><a href="/docs">接口文档 Documentation</a> · '
        '<a href="/openapi.json">OpenAPI</a> · <a href="/health/ready">运行状态 Health</a></p>',
    )


def login_page(wanted: str, *, fault: str | None = None, status: int = 200) -> Response:
    """Return the sign-in page; `wanted` is the local address to go to afterwards."""
    told = f'<p class="fault">{escape(fault)}</p>' if fault else ""
    return page(
        "登录 gisgrid",
        f"<h1>登录</h1><p class='soft'>Sign in</p>{told}"
        f'<form class="narrow" method="post" action="/login"><input type="hidden" name="next" value="{escape(wanted)}">'
        '<label>用户名 Name<input name="name" autocomplete="username" required autofocus></label>'
        '<label>密码 Password<input name="password" type="password" autocomplete="current-password" required></label>'
        '<button type="submit">登录 Sign in</button></form>'
        '<p class="soft">账号由管理员建立：<code>gisgrid user add</code></p>',
        status=status,
    )


def documentation_page(document: dict[str, Any]) -> Response:
    """Return the OpenAPI document as a page that needs no network."""
    rows = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parameters = ", ".join(
                f"<code>{escape(name)}</code>{'*' if required else ''}" for name, required in _inputs(operation)
            )
            roles = operation.get("x-roles", "")
            rows.append(
                f"<tr><td><code>{method.upper()}</code></td><td><code>{escape(path)}</code>"
                f"<br><small>{escape(operation.get('description', '') or operation.get('summary', ''))}</small></td>"
                f"<td>{parameters}</td>"
                f"<td><small>{escape(roles if isinstance(roles, str) else ', '.join(roles))}</small></td></tr>"
            )
    return page(
        "gisgrid 接口文档",
        "<h1>接口文档</h1><p class='soft'>HTTP API · <a href='/openapi.json'>openapi.json</a></p>"
        "<p>每个请求带 <code>Authorization: Bearer KEY</code>；坐标须声明 <code>crs</code>；错误为 RFC 9457 "
        "<code>application/problem+json</code>，程序按 <code>code</code> 判断。<br><small>Every request carries a key; "
        "coordinates declare their <code>crs</code>; faults are problem details with a <code>code</code>. "
        "* required</small></p>"
        "<table><thead><tr><th>方法</th><th>地址 Path</th><th>参数 Parameters</th><th>角色 Roles</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>",
    )


def _inputs(operation: dict[str, Any]) -> Iterable[tuple[str, bool]]:
    """Return the names of an operation's parameters and of its JSON body's members, and whether each is required."""
    for parameter in operation.get("parameters", ()):
        yield parameter["name"], parameter.get("required", False)
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    schema = schema.get("items", schema)
    for name in schema.get("properties", ()):
        yield name, name in schema.get("required", ())


def _locate_form(asked: Asked) -> str:
    options = "".join(
        f'<option value="{value}"{" selected" if value == asked.crs else ""}>{escape(label)}</option>'
        for value, label in SYSTEMS.items()
    )
    return (
        '<form method="get" action="/">'
        f'<label>经度 Longitude<input name="lon" required value="{escape(asked.lon)}" inputmode="decimal"></label>'
        f'<label>纬度 Latitude<input name="lat" required value="{escape(asked.lat)}" inputmode="decimal"></label>'
        '<label>坐标系 System<select name="crs" required><option value="">请选择 choose</option>'
        f'{options}</select></label><button type="submit">查询 Locate</button></form>'
    )


def _located(asked: Asked) -> str:
    if asked.fault is not None:
        return f'<p class="fault">{escape(asked.fault)}</p>'
    if asked.answer is None:
        return ""
    grid, found = asked.answer["grid"], asked.answer
    distance = found["border_distance_m"]
    rows = [
        ("网格 Grid", "—" if grid is None else f"{grid['code']} {grid['name']}"),
        ("所属 Divisions", "" if grid is None else " › ".join(_names(grid))),
        ("判定 Method", METHODS[found["method"]]),
        ("距边界 To the border", "" if distance is None else f"{distance} m"),
        ("相邻网格 Neighbours", "；".join(f"{each['code']} ({each['distance_m']} m)" for each in found["neighbours"])),
        (
            "当值 On duty",
            "；".join(f"{each['role']} {each['name']} {each['duty_phone'] or ''}" for each in found["posts"]),
        ),
    ]
    body = "".join(f"<tr><th>{escape(what)}</th><td>{escape(value)}</td></tr>" for what, value in rows)
    return f'<p></p><table class="facts">{body}</table>'


def _names(grid: dict[str, Any]) -> Iterable[str]:
    return (grid[level]["name"] for level in ("district", "street", "community") if grid[level] is not None)


def _communities(communities: Sequence[CommunityLine], *, papers: bool) -> str:
    if not communities:
        return '<p class="soft">尚无已发布的网格。 No grids are in force yet: <code>gisgrid publish PLAN</code></p>'
    rows = "".join(
        f'<tr><td>{escape(each.street)}</td><td><a href="/maps/{escape(each.code)}.html">{escape(each.name)}</a></td>'
        f'<td><code>{escape(each.code)}</code></td><td class="figure">{each.grids}</td>'
        f'<td class="figure">{each.households:,}</td>{_papers(each.code) if papers else ""}</tr>'
        for each in communities
    )
    return (
        "<table><thead><tr><th>街道 Street</th><th>社区 Community</th><th>编码 Code</th><th>网格 Grids</th>"
        f"<th>户数 Households</th>{'<th>下载 Downloads</th>' if papers else ''}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _papers(code: str) -> str:
    """Return a cell with the ways to a community's map with phones, its wall sheet and its ledger."""
    ways = ((".html?phones=true", "含电话的网格图 with phones"), (".pdf", "挂图 PDF"), (".xlsx", "台账 XLSX"))
    links = " · ".join(f'<a href="/maps/{escape(code)}{end}">{name}</a>' for end, name in ways)
    return f"<td>{links}</td>"
