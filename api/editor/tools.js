// The hand on the map: tools, pointer and what each of them does. In: map, canvas, editor, marks, picker. Out: strokes.

import { element, byId, notify } from "./dom.js";
import { boxAround, worldOf } from "./canvas.js";
import { Stroke } from "./stroke.js";
import { metresOf, toDegrees } from "./board.js";
import { say } from "./words.js";

const BRUSHES = [0, 14, 28, 52, 90]; // pixels
export const TOOLS = [
  { name: "select", key: "V", sign: "↖", text: "选择", hint: "选择网格或楼栋" },
  { name: "brush", key: "B", sign: "●", text: "画笔", hint: "把楼栋涂入目标网格；[ ] 改变大小", paints: true },
  { name: "box", key: "R", sign: "▭", text: "框选", hint: "框内楼栋划入目标网格", paints: true },
  { name: "lasso", key: "L", sign: "◌", text: "圈选", hint: "圈内楼栋划入目标网格", paints: true },
  { name: "estate", key: "E", sign: "⌂", text: "小区", hint: "整个小区划入目标网格", paints: true },
  { name: "line", key: "K", sign: "✂", text: "划线", hint: "画线拆分目标网格；双击结束", edits: true },
  { name: "area", key: "A", sign: "⬠", text: "划区", hint: "手绘范围并入目标网格；双击结束", edits: true },
  { name: "lock", key: "O", sign: "▣", text: "锁楼", hint: "锁定或解锁楼栋", edits: true },
  { name: "measure", key: "M", sign: "↔", text: "测距", hint: "测量距离" },
];

export class Tools {
  constructor({ map, canvas, editor, marks, picker, acts }) {
    Object.assign(this, { map, canvas, editor, marks, picker, acts });
    this.board = editor.board;
    this.tool = TOOLS[0];
    this.brush = 1;
    this.isNew = false; // the target is a grid that does not exist yet
    this.stroke = null;
    this.path = null;
    this.last = null;
    this.frame = null; // where the map is on the page, until it may have moved
    this.selected = -1; // building
    this.build();
    window.addEventListener("resize", () => { this.frame = null; });
    const surface = byId("map");
    surface.addEventListener("pointerdown", (event) => this.down(event));
    surface.addEventListener("pointermove", (event) => this.move(event));
    surface.addEventListener("pointerup", (event) => this.up(event));
    surface.addEventListener("pointercancel", () => this.cancel());
    surface.addEventListener("pointerleave", () => this.leave());
    surface.addEventListener("dblclick", (event) => this.finishPath(event));
    surface.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  build() {
    const buttons = TOOLS.map((tool) => element("button", {
      type: "button", "aria-pressed": "false", dataset: { tool: tool.name, hint: tool.hint, key: tool.key }, onclick: () => this.use(tool.name),
    }, tool.sign, element("small", { dataset: { say: tool.text } }, say(tool.text))));
    byId("tools").replaceChildren(...buttons);
  }

  use(name) {
    const tool = TOOLS.find((each) => each.name === name);
    if ((tool.paints || tool.edits) && !this.editor.writable) {
      notify(say("方案只读，不能修改"));
      return;
    }
    this.cancel();
    this.tool = tool;
    for (const each of byId("tools").children) each.setAttribute("aria-pressed", String(each.dataset.tool === name));
    const surface = byId("map");
    surface.classList.toggle("painting", name !== "select");
    if (name === "select") this.map.dragging.enable();
    else this.map.dragging.disable();
    this.show();
  }

  lock(editable) {
    for (const each of byId("tools").children) {
      const tool = TOOLS.find((one) => one.name === each.dataset.tool);
      each.disabled = !editable && Boolean(tool.paints || tool.edits);
    }
    if (!editable) this.use("select");
  }

  resize(step) {
    this.brush = Math.max(0, Math.min(BRUSHES.length - 1, this.brush + step));
    this.show();
  }

  radius() {
    return BRUSHES[this.brush] / this.canvas.view.scale;
  }

  // ---- pointer ----

  placeOf(event) {
    if (!this.frame) this.frame = byId("map").getBoundingClientRect();
    return worldOf(this.map, event, this.frame);
  }

  down(event) {
    this.frame = null;
    if (event.pointerType === "touch" && this.tool.name === "select") return;
    const at = this.placeOf(event);
    if (event.button !== 0 || this.space) {
      if (this.tool.name !== "select" || event.button !== 0) this.pan = { x: event.clientX, y: event.clientY };
      event.currentTarget.setPointerCapture(event.pointerId);
      return;
    }
    if (event.target.closest(".leaflet-control")) return;
    if (event.altKey || this.tool.name === "select") return; // see up(): a click, not a drag
    if (["line", "area", "measure"].includes(this.tool.name)) {
      this.path = [...(this.path || []), at];
      this.show();
      return;
    }
    if (!this.tool.paints) return;
    if (!this.ready()) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    this.begin();
    this.last = at;
    this.path = this.tool.name === "lasso" || this.tool.name === "box" ? [at] : null;
    if (!this.path) this.paint(this.reachedBy(at, at), event);
  }

  move(event) {
    if (this.pan) {
      this.map.panBy([this.pan.x - event.clientX, this.pan.y - event.clientY], { animate: false });
      this.pan = { x: event.clientX, y: event.clientY };
      return;
    }
    const at = this.placeOf(event);
    this.at = at;
    if (this.stroke && this.tool.name === "box") this.paintBox(at, event);
    else if (this.stroke && this.tool.name === "lasso") this.path.push(at);
    else if (this.stroke) this.paint(this.reachedBy(this.last, at), event);
    if (this.stroke) this.last = at;
    if (this.following) return;
    this.following = requestAnimationFrame(() => { // the hand itself is shown once a frame, too
      this.following = 0;
      this.show();
      this.acts.hover(this.picker.buildingAt(...this.at), this.picker.cellAt(...this.at), this.at);
    });
  }

  up(event) {
    if (this.pan) {
      this.pan = null;
      return;
    }
    const at = this.placeOf(event);
    if (this.stroke) {
      if (this.tool.name === "lasso") this.paint(this.picker.cellsInLasso(this.path), event);
      this.finish();
      return;
    }
    if (event.button !== 0 || event.target.closest(".leaflet-control") || this.map.dragging.moved?.()) return;
    if (event.altKey || this.tool.name === "select") this.select(at);
    else if (this.tool.name === "lock") this.lockBuilding(this.picker.buildingAt(...at));
  }

  leave() {
    if (!this.stroke && !this.path) this.canvas.point({});
    this.acts.hover(-1, -1, null);
  }

  reachedBy(from, to) {
    if (this.tool.name === "brush") return this.picker.cellsUnder(from, to, this.radius());
    const building = this.picker.buildingAt(...to), cell = this.picker.cellAt(...to);
    const standing = building >= 0 ? building : cell >= 0 ? this.board.buildingsOfCell.of(cell)[0] ?? -1 : -1;
    const estate = standing >= 0 ? this.board.buildings.estate[standing] : -1;
    if (estate < 0) return cell >= 0 ? [cell] : [];
    return [...new Set([...this.board.buildingsOfEstate.of(estate)].map((each) => this.board.buildings.cell[each]))].filter((each) => each >= 0);
  }

  // ---- strokes ----

  ready() {
    if (this.isNew || (this.marks.target !== null && this.marks.target >= 0)) return true;
    notify(say("先选择目标网格：点击右侧的网格，或输入编号后按回车"));
    return false;
  }

  begin() {
    const { view } = this.editor, target = this.isNew ? view.reach(view.nextKey(), this.at ? [Math.max(0, this.picker.cellAt(...this.at))] : []) : this.marks.target;
    this.marks.points = [];
    this.stroke = new Stroke(this.editor, this.marks, target);
  }

  // Paint at once; what follows from it (hatches, card, table) is shown once a frame, however fast the hand is.
  paint(cells, event = null) {
    this.repaint(this.stroke.paint(cells));
    if (event) this.where = { clientX: event.clientX, clientY: event.clientY };
    if (this.looking) return;
    this.looking = requestAnimationFrame(() => this.lookAtStroke());
  }

  lookAtStroke() {
    cancelAnimationFrame(this.looking);
    this.looking = 0;
    if (!this.stroke) return;
    this.repaint(this.stroke.look());
    if (this.where) this.acts.card(this.stroke.lines(), this.where);
    this.acts.tallies([this.stroke.target, ...new Set(this.stroke.before.values())]);
  }

  // A box is drawn anew with each move: what left it goes back.
  paintBox(at, event) {
    const [from] = this.path, box = [Math.min(from[0], at[0]), Math.min(from[1], at[1]), Math.max(from[0], at[0]), Math.max(from[1], at[1])];
    const inside = this.picker.cellsInBox(box), target = this.stroke.target;
    const back = this.stroke.cancel();
    this.stroke = new Stroke(this.editor, this.marks, target);
    this.path = [from, [at[0], from[1]], at, [from[0], at[1]]];
    this.repaint(back);
    this.paint(inside, event);
  }

  repaint(cells) {
    if (cells.length) this.canvas.touch(boxAround(this.board.cells, cells));
  }

  finish() {
    this.lookAtStroke();
    const { stroke } = this, isNew = this.isNew && stroke.before.size > 0;
    this.stroke = this.path = null;
    stroke.finish(isNew);
    if (isNew) this.acts.choose(stroke.target);
    this.acts.card(null);
    this.show();
  }

  // Take back the stroke or path under way; returns whether there was one.
  cancel() {
    const { stroke, path } = this;
    if (stroke) {
      this.repaint(stroke.cancel());
      this.acts.tallies([stroke.target, ...stroke.before.values()]);
    }
    this.stroke = this.path = null;
    this.acts.card(null);
    this.show();
    return Boolean(stroke || path);
  }

  // Esc: what is under way is taken back, else the target is let go.
  escape() {
    if (this.cancel()) return;
    this.marks.points = [];
    this.selected = -1;
    this.acts.choose(null);
    this.show();
  }

  // ---- single clicks ----

  select(at) {
    const building = this.picker.buildingAt(...at), cell = this.picker.cellAt(...at);
    this.selected = building;
    this.acts.choose(cell >= 0 && this.editor.view.of[cell] >= 0 ? this.editor.view.of[cell] : null);
    this.acts.hover(building, cell, at);
    this.show();
  }

  lockBuilding(building) {
    if (building < 0) return;
    const locked = !this.editor.view.lockedBuildings.has(building);
    this.acts.lockBuildings([building], locked);
  }

  // Hand the selected building to the target, for who works by keyboard.
  assignSelected() {
    if (this.selected < 0 || !this.editor.writable || !this.ready()) return;
    const cell = this.board.buildings.cell[this.selected];
    if (cell < 0) return;
    this.begin();
    this.paint([cell]);
    if (this.stroke.locked.size) notify(say("已锁定，未移动：{n}个单元", { n: 1 }));
    this.finish();
  }

  // The nearest building in the direction of an arrow key becomes the selected one.
  step(dx, dy) {
    const { centres, count } = this.board.buildings;
    if (this.selected < 0) {
      const middle = this.map.project(this.map.getCenter(), 0);
      this.selected = nearest(centres, count, middle.x, middle.y, () => 1);
    } else {
      const x = centres[2 * this.selected], y = centres[2 * this.selected + 1];
      const found = nearest(centres, count, x, y, (ax, ay) => {
        const along = ax * dx + ay * dy, aside = Math.abs(ax * dy - ay * dx);
        return along > 0 && aside <= along ? 1 : 0;
      });
      if (found >= 0) this.selected = found;
    }
    if (this.selected < 0) return;
    const x = centres[2 * this.selected], y = centres[2 * this.selected + 1], place = this.map.unproject([x, y], 0);
    if (!this.map.getBounds().pad(-0.05).contains(place)) this.map.panTo(place, { animate: false });
    this.acts.hover(this.selected, this.board.buildings.cell[this.selected], [x, y]);
    this.show();
  }

  // ---- lines and areas ----

  finishPath(event) {
    if (!this.path || !["line", "area", "measure"].includes(this.tool.name)) return;
    event.preventDefault();
    const path = this.path.filter((point, at) => at === 0 || Math.hypot(point[0] - this.path[at - 1][0], point[1] - this.path[at - 1][1]) * this.canvas.view.scale > 2);
    if (this.tool.name === "measure") {
      notify(say("共 {n} 米", { n: Math.round(lengthOf(path)) }));
      this.path = null;
    } else if (path.length >= (this.tool.name === "line" ? 2 : 3) && this.ready() && !this.isNew) {
      const grid = this.editor.view.slots[this.marks.target].key, coordinates = path.map(([x, y]) => toDegrees(x, y));
      if (this.tool.name === "line") this.editor.operate({ op: "split", grid, line: { type: "LineString", coordinates } });
      else this.editor.operate({ op: "annex", grid, area: { type: "Polygon", coordinates: [[...coordinates, coordinates[0]]] } });
      this.path = null;
    }
    this.show();
  }

  // What follows the hand.
  show() {
    if (!this.canvas.view) return;
    const cursor = { building: this.selected };
    if (this.at && this.tool.name === "brush") cursor.brush = { x: this.at[0], y: this.at[1], radius: this.radius() };
    if (this.path) {
      const open = this.at && !this.stroke ? [...this.path, this.at] : this.path;
      Object.assign(cursor, { path: open, closed: this.tool.name !== "line" && this.tool.name !== "measure", dashed: true });
      if (this.tool.name === "measure" && open.length > 1) this.acts.told(say("共 {n} 米", { n: Math.round(lengthOf(open)) }));
    }
    this.canvas.point(cursor);
  }
}

function lengthOf(path) {
  let total = 0;
  for (let i = 1; i < path.length; i += 1) total += Math.hypot(path[i][0] - path[i - 1][0], path[i][1] - path[i - 1][1]) * metresOf(path[i][1]);
  return total;
}

function nearest(centres, count, x, y, weight) {
  let found = -1, least = Infinity;
  for (let i = 0; i < count; i += 1) {
    const ax = centres[2 * i] - x, ay = centres[2 * i + 1] - y, away = Math.hypot(ax, ay);
    if (away > 0 && weight(ax, ay) && away < least) [found, least] = [i, away];
  }
  return found;
}
