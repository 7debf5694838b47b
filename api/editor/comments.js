// What people say of the plan, pinned to grids and buildings: numbered markers on the map, threads in the tab 意见.
// In: the editor, the map, the tools' selection. Out: comments, answers, resolutions; texts are shown as they were written.

import { ApiFault } from "./api.js";
import { toWorld } from "./board.js";
import { askInDialog, button, byId, element, notify } from "./dom.js";
import { momentOf, nameOf, numberOf, say, wordsOf } from "./words.js";

const LOOK_EVERY_MS = 20_000;
const AT_NUMBER = [14, -40], AT_POINT = [0, -26]; // pixels from the place to the marker's corner: beside a grid's number

export class Comments {
  constructor(editor, map, tools, acts) {
    Object.assign(this, { editor, tools, acts }); // look(place), show(name), refresh()
    this.threads = [];
    this.draft = ""; // what was written and could not be sent
    this.map = map;
    this.layer = element("div", { class: "pins" });
    byId("map").append(this.layer);
    map.on("move zoomend resize", () => this.lay()).on("zoomstart", () => { this.layer.hidden = true; });
    this.read();
    setInterval(() => { if (!document.hidden) this.read(); }, LOOK_EVERY_MS);
  }

  get open() {
    return this.threads.filter((each) => !each.resolved).length;
  }

  async read() {
    try {
      const { comments } = await this.editor.api.comments(this.editor.plan);
      if (JSON.stringify(comments) === JSON.stringify(this.threads)) return;
      this.threads = comments;
      this.pin();
      this.acts.refresh();
    } catch (fault) {
      if (!(fault instanceof ApiFault)) throw fault; // the next look may succeed
    }
  }

  // Where a thread is now: a slot, a building, or the point where its grid or building was.
  placeOf({ pin, code, place }) {
    const { view, board } = this.editor, slot = pin === "grid" ? view.slotOf(code) : -1;
    if (slot >= 0 && view.sizes[slot]) return { slot };
    if (pin === "building" && board.positionOf.has(code)) return { building: board.positionOf.get(code) };
    return place && { gone: true, geometry: { coordinates: place } };
  }

  // The point of the world where a place is marked: of a grid the cell nearest to its middle.
  pointOf({ slot, building, geometry }) {
    const { view, board: { cells, buildings } } = this.editor;
    if (geometry) return toWorld(geometry.coordinates);
    const centre = ({ centres }, at) => [centres[2 * at], centres[2 * at + 1]];
    if (building !== undefined) return centre(buildings, building);
    const held = view.cellsOf(slot).map((cell) => centre(cells, cell));
    const [x, y] = [0, 1].map((axis) => held.reduce((sum, point) => sum + point[axis], 0) / held.length);
    const away = (point) => Math.hypot(point[0] - x, point[1] - y);
    return held.reduce((best, point) => (away(point) < away(best) ? point : best));
  }

  // Make the markers, where grids and buildings are by now.
  pin() {
    this.pins = this.threads.flatMap((thread, at) => {
      const place = this.placeOf(thread);
      if (!place) return [];
      const kept = (event) => event.stopPropagation(); // a marker is no ground to paint on
      const mark = button(String(at + 1), () => this.showThread(thread.id), {
        class: `pin${thread.resolved ? " done" : ""}${place.gone ? " gone" : ""}`, title: `${this.title(thread)}：${thread.lines[0].words}`,
        onpointerdown: kept, onpointerup: kept, onmousedown: kept, ondblclick: kept,
      });
      return [{ mark, at: this.pointOf(place), shift: place.slot === undefined ? AT_POINT : AT_NUMBER }];
    });
    this.layer.replaceChildren(...this.pins.map(({ mark }) => mark));
    this.lay();
  }

  lay() {
    this.layer.hidden = false;
    for (const { mark, at, shift } of this.pins || []) {
      const { x, y } = this.map.latLngToContainerPoint(this.map.unproject(at, 0));
      mark.style.transform = `translate(${Math.round(x + shift[0])}px, ${Math.round(y + shift[1])}px)`;
    }
  }

  showThread(id) {
    this.acts.show("comments");
    const line = document.querySelector(`#tab [data-thread="${id}"]`);
    line?.scrollIntoView({ block: "nearest" });
    line?.focus();
  }

  title(thread) {
    const { pin, code } = thread, place = this.placeOf(thread);
    if (pin === "plan") return say("整个方案");
    const { buildings } = this.editor.board;
    if (pin === "building") return place.gone ? say("楼栋 {code}（已不存在）", { code }) : this.address(place.building) || buildings.code[place.building];
    const grid = numberOf({ key: code });
    return say(place.gone ? "网格{grid}（已不存在）" : "网格{grid}", { grid });
  }

  address(building) {
    const { address, name, code } = this.editor.board.buildings;
    return address[building] || name[building] || code[building];
  }

  fill(section) {
    const write = this.editor.caller.may_comment ? button(say("写意见"), () => this.begin(), { class: "main" }) : null;
    section.replaceChildren(element("div", { class: "acts" }, write),
      this.threads.length ? element("ul", {}, this.threads.map((thread, at) => this.line(thread, at))) : element("p", { class: "hint" }, say("还没有意见")));
  }

  line(thread, at) {
    const { id, lines, resolved } = thread, place = this.placeOf(thread), { may_comment: may } = this.editor.caller;
    const said = lines.map(({ action, actor, at: moment, words }) => element("p", {},
      element("small", {}, `${nameOf(actor)}　${momentOf(moment)}${action === "resolve" ? `　${say("已解决")}` : ""}`), words ? element("span", { class: "told" }, words) : null));
    return element("li", { class: `thread${resolved ? " done" : ""}`, tabindex: -1, dataset: { thread: id } },
      element("div", {}, element("b", {}, `${at + 1}　${this.title(thread)}`), said),
      element("div", { class: "acts" }, place ? button(say("定位"), () => this.acts.look(place)) : null,
        may ? button(say("回复"), () => this.answer(thread)) : null,
        may && !resolved ? button(say("解决"), () => this.send({ thread: id, resolve: true })) : null));
  }

  // A comment on what is chosen: the building, the grid, or the plan.
  async begin() {
    const { selected } = this.tools, { view } = this.editor, { target } = this.tools.marks, choices = [["", say("整个方案")]];
    if (target !== null && target >= 0 && view.sizes[target]) choices.unshift([`grid ${view.slots[target].key}`, say("网格{grid}", { grid: numberOf(view.slots[target]) })]);
    if (selected >= 0) choices.unshift([`building ${this.editor.board.buildings.code[selected]}`, this.address(selected)]);
    const about = element("select", {}, choices.map(([value, text]) => element("option", { value }, text)));
    const words = await this.ask(say("写意见"), [element("label", { class: "tall" }, say("对象"), about), choices.length < 3 ? element("p", { class: "hint" }, say("先在图上点选楼栋或网格，意见就钉在那里")) : null]);
    if (words === null) return;
    const [pin, ...code] = about.value.split(" ");
    await this.send({ words, ...(pin && { [pin]: code.join(" ") }) });
  }

  async answer({ id, lines }) {
    const words = await this.ask(say("回复"), [element("p", { class: "told" }, lines.at(-1).words || lines[0].words)]);
    if (words !== null) await this.send({ thread: id, words });
  }

  async ask(title, content) {
    const words = element("textarea", { maxlength: 2000, rows: 5, "aria-label": title });
    words.value = this.draft;
    const sent = await askInDialog(title, [...content.filter(Boolean), words, element("p", { class: "hint" }, say("请勿填写居民姓名、电话、证件号"))], [[say("取消"), null], [say("发送"), true, "main"]]);
    this.draft = words.value;
    return sent && this.draft.trim() ? this.draft : null;
  }

  async send(body) {
    try {
      await this.editor.api.comment(this.editor.plan, body);
      if (body.words) this.draft = "";
    } catch (fault) {
      if (!(fault instanceof ApiFault)) throw fault;
      notify(`${wordsOf(fault)}${body.words ? say("（文字已保留）") : ""}`, "fault");
      return;
    }
    await this.read();
  }
}
