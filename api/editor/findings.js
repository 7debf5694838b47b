// The findings of the plan: a list with the place of each, and a fix where it is sure. In: the editor. Out: the tab 检查.

import { button, element } from "./dom.js";
import { numberOf, say, sentenceOf } from "./words.js";

const SIGNS = { error: "✕", warning: "⚠", info: "·" };
const RANKS = { error: 0, warning: 1, info: 2 };

export class FindingList {
  constructor(editor, marks, acts) {
    this.editor = editor;
    this.marks = marks;
    this.acts = acts; // look(place), choose(slot), assign(cells, slot)
    this.at = -1;
  }

  get list() {
    return [...this.strays(), ...this.bare(), ...[...this.editor.confirmed.findings].sort((a, b) => RANKS[a.severity] - RANKS[b.severity])];
  }

  count(severity) {
    return this.list.filter((each) => each.severity === severity).length;
  }

  // Pieces that fell off a grid, seen by the page itself at once, each with the grid around it as the fix.
  strays() {
    const { view } = this.editor, found = [];
    for (const [slot, pieces] of this.marks.brokenSlots) {
      for (const piece of pieces.slice(1)) {
        const around = this.surrounding(piece, slot), number = numberOf(view.slots[slot]);
        const values = { grid: number, n: piece.length };
        found.push({
          rule: "stray_piece", severity: "error", cells: piece, fix: around, values,
          say: "网格{grid}有一块不相连的地块（{n}个单元）", codes: [view.slots[slot].key],
        });
      }
    }
    return found;
  }

  bare() {
    const { view } = this.editor, { cells } = view.unassigned();
    if (!cells.length) return [];
    return [{ rule: "unassigned", severity: "error", cells, fix: null, values: { n: cells.length }, say: "{n}个单元未划入任何网格", codes: [] }];
  }

  // The one grid with the longest border around cells; null where none touches.
  surrounding(cells, own) {
    const { view, board } = this.editor, inside = new Set(cells), lengths = new Map();
    for (const cell of cells) {
      for (let k = board.borders.start[cell]; k < board.borders.start[cell + 1]; k += 1) {
        const other = board.borders.neighbour[k], slot = view.of[other];
        if (inside.has(other) || slot < 0 || slot === own) continue;
        lengths.set(slot, (lengths.get(slot) || 0) + board.borders.length[board.borders.border[k]]);
      }
    }
    let best = null;
    for (const [slot, length] of lengths) if (best === null || length > lengths.get(best)) best = slot;
    return best;
  }

  // Where a finding is: its cells, its geometry, or the grids and buildings that it names.
  place(finding) {
    const { view, board } = this.editor;
    if (finding.cells) return { cells: finding.cells };
    if (finding.geometry) return { geometry: finding.geometry };
    for (const code of finding.codes) {
      const slot = view.slots.findIndex((grid, at) => view.sizes[at] > 0 && (grid.key === code || grid.code === code));
      if (slot >= 0) return { slot };
      if (board.positionOf.has(code)) return { building: board.positionOf.get(code) };
      const estate = board.estates.findIndex((each) => each.code === code);
      if (estate >= 0) return { cells: [...board.buildingsOfEstate.of(estate)].map((each) => board.buildings.cell[each]).filter((cell) => cell >= 0) };
    }
    return null;
  }

  // Go to the next problem: errors first, then what asks for a look.
  next(step = 1) {
    const places = this.list.filter((each) => each.severity !== "info");
    if (!places.length) return null;
    this.at = (this.at + step + places.length) % places.length;
    const finding = places[this.at], place = this.place(finding);
    if (place) this.acts.look(place);
    return finding;
  }

  sentence(finding) {
    return finding.say ? say(finding.say, finding.values) : sentenceOf(finding);
  }

  fill(section) {
    const list = this.list;
    if (!list.length) {
      section.replaceChildren(element("p", { class: "hint" }, say("没有问题")));
      return;
    }
    const waiting = this.editor.outbox.length ? [element("p", { class: "hint" }, say("修改送达后重新检查……"))] : [];
    section.replaceChildren(...waiting, element("ul", {}, list.map((finding) => this.line(finding))));
  }

  line(finding) {
    const place = this.place(finding), acts = [];
    if (place) acts.push(button(say("定位"), () => this.acts.look(place)));
    if (finding.fix !== undefined && finding.fix !== null && this.editor.writable) {
      const grid = numberOf(this.editor.view.slots[finding.fix]);
      acts.push(button(say("并入周边网格{grid}", { grid }), () => this.acts.assign(finding.cells, finding.fix), { class: "main" }));
    }
    return element("li", { dataset: { rule: finding.rule } },
      element("p", {}, element("span", { class: `severity ${finding.severity}`, title: finding.severity }, SIGNS[finding.severity]), " ", this.sentence(finding)),
      acts.length ? element("div", { class: "acts" }, acts) : null);
  }
}
