// Suggestions as previews: split, merge or balance; three choices with their figures, looked at on the map before one is taken.
// In: the editor, the marks. Out: the tab 建议. Nothing changes until a choice is taken, and then it is one edit.

import { ApiFault } from "./api.js";
import { button, element, households, signed } from "./dom.js";
import { numberOf, say, sentenceOf } from "./words.js";

export class Suggestions {
  constructor(editor, marks, acts) {
    this.editor = editor;
    this.marks = marks;
    this.acts = acts; // repaint(cells), refresh()
    this.running = null;
    this.answer = null;
    this.fault = null;
    this.shown = -1;
    this.pinned = -1; // the choice that stays on the map when the hand has left it
    this.most = 100;
    editor.addEventListener("edited", () => this.forget());
    editor.addEventListener("followed", () => this.forget());
  }

  forget() {
    this.pinned = -1;
    this.look(-1);
    this.answer = this.fault = null;
  }

  async ask(op) {
    const { editor, marks } = this, { view } = editor, key = marks.target === null ? null : view.slots[marks.target].key;
    this.forget();
    this.running = new AbortController();
    const request = op === "balance" ? { op, grids: key === null ? [] : [key], most_households: this.most } : { op, grid: key };
    this.acts.refresh();
    try {
      this.answer = await editor.api.suggest(editor.plan, request, this.running.signal);
    } catch (fault) {
      if (fault instanceof ApiFault) this.fault = fault.message;
      else if (fault.name !== "AbortError") throw fault;
    }
    this.running = null;
    this.acts.refresh();
  }

  // Show a choice on the map, or none.
  look(at) {
    const before = this.marks.preview ? [...this.marks.preview.keys()] : [];
    this.shown = at;
    this.marks.preview = null;
    if (at >= 0) {
      const { view } = this.editor;
      this.marks.preview = new Map();
      let fresh = view.slots.length;
      for (const move of this.answer.choices[at].moves) {
        const slot = move.begins ? fresh++ : view.slotOf(move.to);
        for (const cell of move.cells) this.marks.preview.set(cell, slot);
      }
    }
    const cells = [...before, ...(this.marks.preview ? this.marks.preview.keys() : [])];
    if (cells.length) this.acts.repaint(cells);
  }

  pin(at) {
    this.pinned = this.pinned === at ? -1 : at;
    this.look(this.pinned);
    this.acts.refresh();
  }

  take(at) {
    const moves = this.answer.choices[at].moves.map(({ to, begins, cells }) => ({ to, begins, cells }));
    this.forget();
    this.editor.arrange(moves);
  }

  fill(section) {
    const { editor, marks } = this, { view } = editor, target = marks.target;
    const named = target === null ? say("全部网格") : say("网格{grid}", { grid: numberOf(view.slots[target]) });
    const waiting = editor.outbox.length > 0, idle = this.running === null && !waiting;
    const most = element("input", {
      type: "number", min: 1, max: 100000, value: this.most, "aria-label": say("最多移动户数"), oninput: (event) => { this.most = Number(event.target.value) || 100; },
    });
    const parts = [
      element("p", {}, `${say("对象")}：`, element("b", {}, named), target === null ? element("span", { class: "hint" }, `　${say("选中网格后可拆分、合并")}`) : null),
      element("div", { class: "acts" },
        button(say("拆分"), () => this.ask("split"), { disabled: !idle || target === null }),
        button(say("合并"), () => this.ask("merge"), { disabled: !idle || target === null }),
        button(say("均衡"), () => this.ask("balance"), { disabled: !idle })),
      element("label", {}, say("均衡时最多移动户数"), most),
    ];
    if (this.running) parts.push(element("p", { role: "status" }, say("正在计算建议……"), button(say("取消"), () => this.running.abort())));
    if (this.fault) parts.push(element("p", { class: "bad" }, this.fault));
    if (this.answer) parts.push(...this.choices());
    section.replaceChildren(...parts);
  }

  choices() {
    const { choices, findings } = this.answer;
    const reasons = findings.map((finding) => element("p", { class: "hint" }, sentenceOf(finding)));
    if (!choices.length) return [element("p", {}, say("没有可行的方案")), ...reasons];
    return [...choices.map((choice, at) => this.choice(choice, at)), ...reasons];
  }

  choice(choice, at) {
    const { view } = this.editor, { band } = view;
    const sizes = choice.grids.map(({ key, before, after }) => {
      const off = after && (after.households < band.min || after.households > band.max);
      const text = `${numberOf({ key })}: ${before ? before.households : 0} → ${after ? after.households : say("撤销网格")}`;
      return element("li", { class: off ? "bad" : null }, off ? `${text} ${after.households > band.max ? "▲" : "▼"}` : text);
    });
    const figures = [
      say("变动 {n}", { n: households(choice.households_moved) }), say("拆分小区 {n}", { n: choice.estates_split }),
      say("邻里关系 {n}", { n: choice.ties_change ? signed(choice.ties_change) : "±0" }),
      choice.line_share === null ? null : say("界线沿街 {n}%", { n: Math.round(100 * choice.line_share) }),
    ].filter(Boolean).join("　");
    return element("div", {
      class: `choice${this.shown === at ? " shown" : ""}`, onmouseenter: () => this.look(at), onmouseleave: () => this.look(this.pinned),
    }, element("b", {}, say("方案{n}", { n: at + 1 })), element("ul", {}, sizes), element("p", { class: "hint" }, figures),
    element("div", { class: "acts" }, button(say("在图上看"), () => this.pin(at), { "aria-pressed": String(this.pinned === at) }),
      button(say("采用"), () => this.take(at), { class: "main", disabled: !this.editor.writable })));
  }
}

