// Grids that somebody drew, from a file: what would be repaired is listed with its place, then they become a draft or nothing.
// In: the editor's community. Out: another plan. Loaded when it is asked for.

import { ApiFault } from "./api.js";
import { button, element } from "./dom.js";
import { say, sentenceOf, wordsOf } from "./words.js";

const FORMATS = ".zip,.geojson,.json,.gpkg", SYSTEMS = ["wgs84", "cgcs2000", "gcj02", "bd09"], LARGEST = 20 * 2 ** 20;

export class Upload {
  constructor(editor, acts, leave) {
    Object.assign(this, { editor, acts, leave }); // look(place), refresh()
    this.file = element("input", { type: "file", accept: FORMATS, onchange: () => this.forget() });
    this.system = element("select", { onchange: () => this.forget() }, element("option", { value: "" }, say("文件自带")), SYSTEMS.map((name) => element("option", { value: name }, name)));
    this.forget();
  }

  forget() {
    this.answer = this.fault = this.asking = null;
    this.acts.refresh();
  }

  async send(dryRun) {
    const [file] = this.file.files;
    if (!file || this.asking) return;
    Object.assign(this, { fault: null, asking: new AbortController() });
    this.acts.refresh();
    const query = { community: this.editor.board.community, name: file.name, dry_run: dryRun, ...(this.system.value && { crs: this.system.value }) };
    try {
      if (file.size > LARGEST) throw new ApiFault("refused", 413, { detail: say("文件超过20MB，请只导出本社区的网格") });
      this.answer = await this.editor.api.importGrids(query, file, this.asking.signal);
      if (this.answer.plan) location.href = `/planner/${this.answer.plan}`;
    } catch (fault) {
      if (!(fault instanceof ApiFault) && fault.name !== "AbortError") throw fault;
      if (fault instanceof ApiFault) this.fault = fault;
    }
    this.asking = null;
    this.acts.refresh();
  }

  fill(section) {
    const chosen = this.file.files.length > 0;
    section.replaceChildren(
      element("h2", {}, say("导入手绘网格")),
      element("p", { class: "hint" }, say("Shapefile（zip）、GeoJSON 或 GPKG；先列出全部修补，确认后才存为新草案，本方案不变。")),
      element("label", {}, say("文件"), this.file), element("label", {}, say("坐标系"), this.system),
      element("div", { class: "acts" },
        this.asking ? button(say("取消"), () => this.asking.abort()) : button(say("查看修补"), () => this.send(true), { class: this.answer ? null : "main", disabled: !chosen }),
        this.answer && !this.asking ? button(say("采用，存为新草案"), () => this.send(false), { class: "main" }) : null, button(say("放弃"), this.leave)),
      this.asking ? element("p", { role: "status" }, say("正在检查文件……")) : "",
      ...(this.fault ? this.told(this.fault) : this.answer ? this.repairs() : []));
  }

  told(fault) {
    return [element("p", { class: "bad" }, wordsOf(fault)), element("ul", {}, (fault.problem.findings || []).slice(0, 50).map((each) => this.line(each)))];
  }

  repairs() {
    const { changes, remarks, findings, grids, moved_m2: moved } = this.answer, bad = findings.filter((each) => each.severity === "error");
    return [
      element("p", {}, element("b", {}, say("{g}个网格，{n}处修补，共移动{m}平方米", { g: grids.length, n: changes.filter(({ geometry }) => geometry).length, m: moved.toFixed(2) }))),
      element("ul", { class: "repairs" }, [...remarks, ...changes, ...bad].map((each) => this.line(each))),
    ];
  }

  line(finding) {
    const { geometry } = finding;
    return element("li", { dataset: { rule: finding.rule } }, element("p", {}, sentenceOf(finding)),
      geometry ? element("div", { class: "acts" }, button(say("定位"), () => this.acts.look({ geometry }))) : null);
  }
}
