// The table of grids: number, households on a bar with the band, buildings, the difference to the edition, lock, marks.
// In: the editor, the marks, what a click does. Out: rows that follow every move; the whole table works by keyboard.

import { element, byId, households, signed } from "./dom.js";
import { PALETTE } from "./draw.js";
import { numberOf, say, titleOf } from "./words.js";

const SVG = "http://www.w3.org/2000/svg", BAR = 100;

export class GridTable {
  constructor(editor, marks, acts) {
    this.editor = editor;
    this.marks = marks;
    this.acts = acts; // choose(slot), fit(slot), lock(slot), label(slot)
    this.body = byId("grids").tBodies[0];
    this.rows = new Map(); // slot → row
    this.body.addEventListener("keydown", (event) => this.key(event));
    this.refresh();
  }

  // Write the rows of these slots again, all where grids began or ended.
  refresh(slots = null) {
    const { view } = this.editor, present = this.order();
    if (slots === null || present.length !== this.rows.size || present.some((slot) => !this.rows.has(slot))) {
      this.rows = new Map(present.map((slot) => [slot, this.row(slot)]));
      this.body.replaceChildren(...this.rows.values(), ...this.sums());
      return;
    }
    for (const slot of new Set(slots)) {
      if (!this.rows.has(slot)) continue;
      const focused = this.rows.get(slot).contains(document.activeElement), row = this.row(slot);
      this.rows.get(slot).replaceWith(row);
      this.rows.set(slot, row);
      if (focused) row.focus({ preventScroll: true });
    }
    for (const old of this.body.querySelectorAll(".sum")) old.remove();
    this.body.append(...this.sums(view));
  }

  order() {
    const { slots } = this.editor.view, rank = (slot) => Number(slots[slot].key) || Infinity;
    return this.editor.view.present().sort((a, b) => rank(a) - rank(b) || slots[a].key.localeCompare(slots[b].key));
  }

  row(slot) {
    const { view, writable } = this.editor, grid = view.slots[slot], chosen = this.marks.target === slot;
    const number = element("span", { class: "number" }, numberOf(grid));
    number.style.backgroundColor = PALETTE[grid.colour];
    const lock = element("button", {
      type: "button", "aria-pressed": String(grid.locked), disabled: !writable, tabindex: -1,
      title: say(grid.locked ? "解除锁定" : "锁定"), onclick: (event) => {
        event.stopPropagation();
        this.acts.lock(slot);
      },
    }, grid.locked ? say("已锁") : say("锁"));
    const row = element(
      "tr", {
        "aria-selected": String(chosen), tabindex: chosen || (this.marks.target === null && slot === this.order()[0]) ? 0 : -1,
        dataset: { key: grid.key }, title: this.describe(slot), onclick: () => this.acts.choose(slot), ondblclick: () => this.acts.fit(slot),
      },
      element("td", {}, number, this.caption(slot, writable)),
      element("td", { class: view.offBand(slot) ? "bad" : null }, `${view.households[slot]}${this.signs(slot)}`, this.bar(slot)),
      element("td", {}, String(view.buildings[slot])),
      element("td", {}, this.difference(slot)),
      element("td", {}, lock),
    );
    return row;
  }

  // The worker of the grid that this one continues, else its name.
  caption(slot, writable) {
    const { view, board } = this.editor, grid = view.slots[slot], held = view.continued(slot);
    const post = held >= 0 ? board.edition.grids[held].posts[0] : null;
    const text = [grid.kind === "dedicated" ? say("专属") : "", grid.name || (post ? post[1] : "")].filter(Boolean).join(" ");
    if (!writable) return element("small", {}, text);
    const label = (event) => {
      event.stopPropagation();
      this.acts.label(slot);
    };
    return element("button", { type: "button", class: "label", tabindex: -1, title: say("改名、类型（F2）"), onclick: label }, text || "✎");
  }

  signs(slot) {
    const off = this.editor.view.offBand(slot), pieces = this.marks.brokenSlots.get(slot);
    return `${off > 0 ? " ▲" : off < 0 ? " ▼" : ""}${pieces ? " ✕" : ""}`;
  }

  describe(slot) {
    const { view, board } = this.editor, grid = view.slots[slot], { min, max } = view.band, off = view.offBand(slot);
    const held = view.continued(slot), pieces = this.marks.brokenSlots.get(slot);
    return [
      titleOf(grid), grid.code ? say("沿用编码 {code}", { code: grid.code }) : say("新网格，发布时编码"),
      ...(held >= 0 ? board.edition.grids[held].posts.map(([role, name]) => `${role} ${name}`) : []),
      off > 0 ? say("超出上限 {max}", { max }) : off < 0 ? say("低于下限 {min}", { min }) : "",
      pieces ? say("分成{n}块", { n: pieces.length }) : "",
    ].filter(Boolean).join("\n");
  }

  difference(slot) {
    const { view, board } = this.editor;
    if (!board.edition) return "";
    const held = view.continued(slot);
    if (held < 0) return say("新");
    const change = view.households[slot] - board.edition.grids[held].households;
    return change ? signed(change) : "—";
  }

  // The band is shaded; the bar ends where the grid's households do, with a tick where it leaves the scale.
  bar(slot) {
    const { view } = this.editor, { min, max } = view.band, full = max * 1.4, scale = BAR / full;
    const made = document.createElementNS(SVG, "svg");
    made.setAttribute("class", "bar");
    made.setAttribute("viewBox", `0 0 ${BAR} 6`);
    made.setAttribute("preserveAspectRatio", "none");
    const rect = (x, width, y, height, colour) => {
      const part = document.createElementNS(SVG, "rect");
      for (const [name, value] of Object.entries({ x, y, width, height, fill: colour })) part.setAttribute(name, value);
      made.append(part);
    };
    rect(0, BAR, 0, 6, "#e8ecef");
    rect(min * scale, (max - min) * scale, 0, 6, "#b5d9bb");
    rect(0, Math.min(BAR, view.households[slot] * scale), 1.5, 3, view.offBand(slot) ? "#b3261e" : "#34404c");
    return made;
  }

  sums() {
    const { view, board } = this.editor, present = view.present(), left = view.unassigned();
    const sum = (tally) => present.reduce((total, slot) => total + tally[slot], 0);
    const rows = [element("tr", { class: "sum" },
      element("th", { scope: "row" }, say("合计 {n}个网格", { n: present.length })),
      element("td", {}, households(sum(view.households))), element("td", {}, String(sum(view.buildings))), element("td"), element("td"))];
    if (left.cells.length) {
      const buildings = left.cells.reduce((total, cell) => total + board.buildingsOfCell.of(cell).length, 0);
      rows.unshift(element("tr", { class: "left" },
        element("th", { scope: "row", class: "bad" }, `⚠ ${say("未划入")}`), element("td", {}, households(left.households)),
        element("td", {}, String(buildings)), element("td"), element("td")));
    }
    return rows;
  }

  key(event) {
    const row = event.target.closest("tr[data-key]");
    if (!row) return;
    const rows = [...this.rows.values()], at = rows.indexOf(row), slot = [...this.rows.keys()][at];
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
    if (event.key in moves) rows[Math.max(0, Math.min(rows.length - 1, moves[event.key]))].focus();
    else if (event.key === "Enter") this.acts.choose(slot);
    else if (event.key === "f" || event.key === "F") this.acts.fit(slot);
    else if (event.key === "F2") this.acts.label(slot);
    else if (event.key === " ") this.acts.lock(slot);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
