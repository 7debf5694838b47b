// Another plan or edition beside this one: who moves, the other division behind a curtain, moved buildings blinking where asked.
// In: the editor, the marks. Out: the tab 对比. Grids are matched by the server so that fewest households count as moved.

import { ApiFault } from "./api.js";
import { Curtain, counterpart } from "./curtain.js";
import { button, byId, element, households } from "./dom.js";
import { isEnglish, numberOf, say } from "./words.js";

export class Comparison {
  constructor(editor, marks, map, acts) {
    this.editor = editor;
    this.marks = marks;
    this.map = map;
    this.acts = acts; // repaint(null), refresh(), look(place)
    this.others = null;
    this.other = "";
    this.answer = null;
    this.fault = null;
    this.blinking = 0;
    this.curtain = null;
    editor.addEventListener("edited", () => { if (this.other) this.compare(""); }); // it would speak of another plan
  }

  async list() {
    this.others = [];
    const { api, board, plan } = this.editor;
    try {
      const [{ plans }, { editions }] = await Promise.all([api.plans(board.community), api.editions(board.community)]);
      const published = new Set(editions.map((each) => each.plan)); // they are there as editions
      this.others = [
        ...editions.filter((each) => each.plan !== plan).map((each) => [`edition:${each.id}`, each.plan, say("版本 {id}（{date}起）", { id: each.id, date: each.valid_from.slice(0, 10) })]),
        ...plans.filter((each) => each.plan !== plan && !published.has(each.plan)).map((each) => [each.plan, each.plan, say("方案 {plan}", { plan: each.plan })]),
      ];
    } catch (fault) {
      if (!(fault instanceof ApiFault)) throw fault;
      this.fault = fault.message;
    }
    this.acts.refresh();
  }

  async compare(other) {
    this.other = other;
    this.answer = this.fault = null;
    this.stop();
    if (other) {
      try {
        const { api, plan } = this.editor, [, laid] = this.others.find(([value]) => value === other);
        const [answer, document] = await Promise.all([api.compare(plan, other), api.board(laid)]);
        if (this.other !== other) return; // another was chosen meanwhile
        [this.answer, this.laid] = [answer, counterpart(document, answer.matched, this.editor.view)];
        this.overlay();
        this.draw();
      } catch (fault) {
        if (!(fault instanceof ApiFault)) throw fault;
        this.fault = fault.message;
      }
    }
    this.acts.refresh();
  }

  // The other division on our cells: each building that moves is marked where it goes.
  overlay() {
    const { board } = this.editor, moving = new Map();
    this.answer.moves.forEach((move, at) => {
      for (const code of move.buildings) if (board.positionOf.has(code)) moving.set(board.positionOf.get(code), at);
    });
    this.marks.moving = moving;
    this.acts.repaint(null);
  }

  blink() {
    if (this.blinking) {
      clearInterval(this.blinking);
      this.blinking = 0;
      this.overlay();
      return;
    }
    const kept = this.marks.moving;
    this.blinking = setInterval(() => {
      this.marks.moving = this.marks.moving.size ? new Map() : kept;
      this.acts.repaint(null);
    }, 700);
  }

  // Draw the curtain across the map, or take it away.
  draw() {
    if (this.curtain) {
      this.curtain.remove();
      this.curtain = null;
      return;
    }
    const { answer, others, other } = this, moving = answer.moves.flatMap((move) => move.buildings);
    const [,, title] = others.find(([value]) => value === other);
    this.curtain = new Curtain(this.map, byId("map").parentElement, this.laid, { moving, title, unit: isEnglish() ? "" : "户" });
  }

  stop() {
    if (this.curtain) this.draw();
    clearInterval(this.blinking);
    this.blinking = 0;
    this.marks.moving = new Map();
    this.acts.repaint(null);
  }

  fill(section) {
    if (this.others === null) this.list();
    const choose = element("select", { "aria-label": say("与哪个方案或版本比较"), onchange: (event) => this.compare(event.target.value) },
      element("option", { value: "" }, say("与哪个方案或版本比较")),
      (this.others || []).map(([value,, text]) => element("option", { value, selected: value === this.other }, text)));
    const parts = [choose];
    if (this.fault) parts.push(element("p", { class: "bad" }, this.fault));
    if (this.answer) {
      const { buildings_moved: buildings, households_moved: count, moves } = this.answer;
      parts.push(
        element("p", {}, say("由本方案到所选：变动 {n}栋，{h}", { n: buildings, h: households(count) })),
        element("div", { class: "acts" },
          button(say("拉帘对照"), () => { this.draw(); this.acts.refresh(); }, { "aria-pressed": String(this.curtain !== null) }),
          button(say("闪烁对照"), () => this.blink()), button(say("结束对比"), () => this.compare(""))),
        element("ul", {}, moves.map((move) => this.line(move))),
      );
    }
    section.replaceChildren(...parts);
  }

  line(move) {
    const { board } = this.editor, buildings = move.buildings.map((code) => board.positionOf.get(code)).filter((each) => each !== undefined);
    const cells = buildings.map((each) => board.buildings.cell[each]).filter((cell) => cell >= 0);
    const { slots } = this.editor.view, here = slots.find((grid) => (grid.code ?? grid.key) === move.from);
    const from = here ? numberOf(here) : say("未划入"), to = move.to === null ? say("未划入") : this.laid.labels.get(move.to);
    return element("li", {}, element("p", {}, element("b", {}, `${from} → ${to}`), `：${say("{n}栋", { n: move.buildings.length })}，${households(move.households)}`),
      element("div", { class: "acts" }, button(say("定位"), () => this.acts.look({ cells, buildings }))));
  }
}
