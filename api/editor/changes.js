// Who changes grid against the edition in force: buildings, households, from → to, old and new worker. The tab 谁变动.

import { button, element, households } from "./dom.js";
import { numberOf, say } from "./words.js";

export class ChangeList {
  constructor(editor, acts) {
    this.editor = editor;
    this.acts = acts; // look(place)
  }

  fill(section) {
    const { board, view } = this.editor;
    if (!board.edition) {
      section.replaceChildren(element("p", { class: "hint" }, say("本社区尚无现行版本，无从比较")));
      return;
    }
    const lines = view.changes();
    const sum = lines.reduce((total, line) => ({ buildings: total.buildings + line.buildings.length, households: total.households + line.households }), { buildings: 0, households: 0 });
    const files = element("p", { class: "acts" }, ["csv", "xlsx"].map((form) => element("a", {
      href: `/v1/plans/${encodeURIComponent(this.editor.plan)}/changes.${form}`, download: "",
    }, say("下载 {form}", { form: form.toUpperCase() }))));
    section.replaceChildren(
      element("p", {}, say("较现行版本（{date}起）变动：{n}栋，{h}户", { date: board.edition.valid_from.slice(0, 10), n: sum.buildings, h: sum.households })),
      files, element("ul", {}, lines.map((line) => this.line(line))),
    );
  }

  line({ from, to, buildings, households: count }) {
    const { board, view } = this.editor, old = board.edition.grids[from], held = view.continued(to);
    const fresh = to < 0 ? say("未划入") : `${say("网格{grid}", { grid: numberOf(view.slots[to]) })}`;
    const workers = `${this.worker(from)} → ${this.worker(held)}`;
    const cells = buildings.map((building) => board.buildings.cell[building]).filter((cell) => cell >= 0);
    return element("li", {}, element("div", {},
      element("p", {}, element("b", {}, `${old.name || old.code.slice(-3)} → ${fresh}`), `：${say("{n}栋", { n: buildings.length })}，${households(count)}`),
      element("p", { class: "hint" }, workers)),
      element("div", { class: "acts" }, button(say("定位"), () => this.acts.look({ cells, buildings }))));
  }

  worker(position) {
    const posts = position >= 0 ? this.editor.board.edition.grids[position].posts : [];
    return posts.length ? posts[0][1] : say("无网格员");
  }
}
