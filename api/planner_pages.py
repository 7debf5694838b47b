"""The planner's pages as they are sent: the list of communities, and the editor.

Room: the front door on the wire. In: values. Out: HTML. Every value is escaped where it is put in; the
pages hold no script or style of their own, so their policy allows none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Final

from fastapi import Response

from api import planner_assets
from gisgrid.store.plans import PlanSummary

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content security policy: scripts and styles of this service alone, none of them inside the page."""

STATES: Final[Mapping[str, str]] = {
    "draft": "草稿 draft",
    "submitted": "审核中 submitted",
    "approved": "已批准 approved",
    "published": "已发布 published",
    "rejected": "已退回 rejected",
}


@dataclass(frozen=True, slots=True)
class CommunityPlans:
    """A community on the list: its plans, the newest first, and the grids that are in force."""

    code: str
    name: str
    street: str
    buildings: bool
    grids_in_force: int
    plans: Sequence[PlanSummary]


def editor_page(plan_id: str) -> Response:
    """Return the editor of a plan; its board is asked for while the scripts are still on their way."""
    html = (resources.files("api") / "editor" / "editor.html").read_text(encoding="utf-8")
    board = f'<link rel="preload" as="fetch" crossorigin href="/v1/plans/{escape(plan_id)}/board">'
    files = planner_assets.links("main.js", "leaflet.css", "editor.css")
    return _page(html.replace("<!-- files -->", f"{board}\n{files}"))


def start_page(communities: Sequence[CommunityPlans], *, may_draw: bool, actor: str) -> Response:
    """Return the list of communities with their plans, and the ways to begin a new one."""
    rows = "".join(_row(each, may_draw=may_draw) for each in communities)
    empty = (
        '<tr><td colspan="5">还没有社区。请导入行政区划与楼栋：<code>gisgrid import divisions FILE</code>、'
        "<code>gisgrid import buildings FILE</code><br><small>No communities yet; import divisions and buildings."
        "</small></td></tr>"
    )
    return _page(
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>网格方案 · gisgrid</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,">{planner_assets.links("start.js", "start.css")}</head><body><main>'
        f'<header><div><h1>网格方案</h1><p class="soft">Plans of community grids</p></div>'
        f'<p class="soft">{escape(actor)} · <a href="/">首页 Start</a></p></header>'
        '<p id="told" role="status" hidden></p>'
        "<table><thead><tr><th>社区<small>Community</small></th><th>现行<small>In force</small></th>"
        "<th>最新方案<small>Newest plan</small></th><th>其他方案<small>Other plans</small></th>"
        "<th>新建<small>Begin</small></th></tr></thead>"
        f"<tbody>{rows or empty}</tbody></table></main></body></html>"
    )


def _row(line: CommunityPlans, *, may_draw: bool) -> str:
    newest = f"{_link(line.plans[0])}<br><small>{_tallies(line.plans[0])}</small>" if line.plans else "—"
    others = " · ".join(_link(plan) for plan in line.plans[1:6]) or "—"
    in_force = f"{line.grids_in_force} 个网格 grids" if line.grids_in_force else "—"
    return (
        f'<tr><th scope="row">{escape(line.name)}<br><small>{escape(line.street)} · <code>{escape(line.code)}</code>'
        f"</small></th><td>{in_force}</td><td>{newest}</td><td>{others}</td>"
        f"<td>{_ways(line, may_draw=may_draw)}</td></tr>"
    )


def _ways(line: CommunityPlans, *, may_draw: bool) -> str:
    if not line.buildings:
        return "尚无楼栋，请先导入 <code>gisgrid import buildings FILE</code><br><small>No buildings yet</small>"
    if not may_draw:
        return '<small class="soft">只读 read only</small>'
    code = escape(line.code)
    buttons = f'<button data-community="{code}" data-from="draw">自动划分 Draw</button>'
    if line.grids_in_force:
        buttons += f' <button data-community="{code}" data-from="edition">由现行版本起草 From the edition</button>'
    return buttons


def _link(plan: PlanSummary) -> str:
    waits = f" · {plan.scheduled_for.astimezone():%Y-%m-%d} 起生效" if plan.scheduled_for is not None else ""
    return f'<a href="/planner/{escape(plan.id)}">方案 {escape(plan.id)}</a> {STATES[plan.state]}{waits}'


def _tallies(plan: PlanSummary) -> str:
    return f"{plan.grids} 网格 · {plan.households} 户 · 问题 {plan.errors} · 提示 {plan.warnings}"


def _page(html: str) -> Response:
    return Response(html, 200, {"Content-Security-Policy": POLICY}, "text/html; charset=utf-8")
