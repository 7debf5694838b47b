// One stroke of the brush, box, lasso or estate: painted while the hand moves, taken back by Esc, one edit when let go.
// In: the editor, the marks, a target. Out: what changed, and the lines of the card at the cursor.

import { households } from "./dom.js";
import { numberOf, say } from "./words.js";

export class Stroke {
  constructor(editor, marks, target) {
    this.editor = editor;
    this.marks = marks;
    this.target = target; // slot
    this.before = new Map(); // cell → slot that it had
    this.tallies = [...editor.view.households];
    this.split = new Set(editor.view.splitEstates());
    this.locked = new Set();
  }

  // Paint cells; returns those that changed.
  paint(cells) {
    const { view } = this.editor, free = [];
    for (const cell of cells) {
      if (view.of[cell] === this.target || this.before.has(cell)) continue;
      if (view.lockOn(cell)) this.locked.add(cell);
      else free.push(cell);
    }
    if (view.slots[this.target].locked && free.length) {
      for (const cell of free) this.locked.add(cell);
      return [];
    }
    const moved = view.move(free, this.target);
    for (const [cell, slot] of moved) this.before.set(cell, slot);
    return moved.map(([cell]) => cell);
  }

  // Count again what the cells painted so far bring about, once a frame; returns the cells whose hatch came or went.
  look() {
    const { view } = this.editor;
    this.marks.estates = new Set(view.splitEstates().filter((estate) => !this.split.has(estate)));
    return this.marks.refresh(view, view.takeTouched());
  }

  // Take everything back; returns the cells to paint again.
  cancel() {
    const { view } = this.editor;
    for (const [cell, slot] of this.before) view.move([cell], slot);
    this.marks.estates = new Set();
    return [...this.before.keys(), ...this.marks.refresh(view, view.takeTouched())];
  }

  // Let go: one edit for the server.
  finish(isNew) {
    this.marks.estates = new Set();
    if (this.before.size) this.editor.assign([...this.before.keys()], isNew ? null : this.editor.view.slots[this.target].key, this.before);
  }

  // Target first, then the grids that give: number, households before → after, and what is wrong with that.
  lines() {
    const { view, board } = this.editor, sources = [...new Set(this.before.values())].filter((slot) => slot >= 0);
    const lines = [this.target, ...sources].map((slot) => {
      const off = view.offBand(slot), pieces = this.marks.brokenSlots.get(slot);
      const told = [`${numberOf(view.slots[slot])}: ${this.tallies[slot] ?? 0} → ${view.households[slot]}`];
      if (!view.sizes[slot]) told.push(say("网格将撤销"));
      if (off > 0) told.push(`▲ ${say("超出上限 {max}", { max: view.band.max })}`);
      if (off < 0) told.push(`▼ ${say("低于下限 {min}", { min: view.band.min })}`);
      if (pieces) told.push(`✕ ${say("分成{n}块", { n: pieces.length })}`);
      return { text: told.join("　"), bad: off !== 0 || Boolean(pieces) || !view.sizes[slot] };
    });
    for (const estate of this.marks.estates) lines.push({ text: `⚠ ${say("小区{name}被拆分", { name: board.estates[estate].name })}`, bad: true });
    if (this.locked.size) lines.push({ text: say("已锁定，未移动：{n}个单元", { n: this.locked.size }), bad: true });
    const moved = [...this.before.keys()].reduce((sum, cell) => sum + board.cells.households[cell], 0);
    if (this.before.size) lines.push({ text: say("移动 {n}", { n: households(moved) }), bad: false });
    return lines;
  }
}
