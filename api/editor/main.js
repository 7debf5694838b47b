// The planner's page: opens the plan of its address and lets map, table, tabs and keyboard work together.

import { api, ApiFault } from "./api.js";
import { unpack, toWorld } from "./board.js";
import { PlanCanvas, boxAround, fit, openMap } from "./canvas.js";
import { ChangeList } from "./changes.js";
import { Comments } from "./comments.js";
import { Comparison } from "./compare.js";
import { askInDialog, byId, element, households, notify } from "./dom.js";
import { PlanEditor } from "./editor.js";
import { FindingList } from "./findings.js";
import { listen } from "./keyboard.js";
import { relabel } from "./label.js";
import { Marks } from "./marks.js";
import { GridTable } from "./panel.js";
import { Picker } from "./pick.js";
import { Review, STATES } from "./review.js";
import { Suggestions } from "./suggest.js";
import { Tools } from "./tools.js";
import { isEnglish, nameOf, numberOf, say, switchLanguage, titleOf, wordsOf } from "./words.js";

const LANGUAGE = "gisgrid.language", VIEW = "gisgrid.view";

class Page {
  constructor(document_, english) {
    this.board = unpack(document_);
    this.editor = new PlanEditor(api, document_, this.board);
    this.marks = new Marks();
    this.picker = new Picker(this.board);
    this.marks.refresh(this.editor.view, this.editor.view.takeTouched());
    this.scene = { board: this.board, state: this.editor.view, picker: this.picker, marks: this.marks, unit: "户" };
    this.map = openMap(byId("map"), this.board);
    this.canvas = new PlanCanvas(this.scene);
    const acts = {
      choose: (slot) => this.choose(slot), fit: (slot) => this.fit(slot), lock: (slot) => this.lock(slot), label: (slot) => relabel(this.editor, slot), look: (place) => this.look(place),
      hover: (...what) => this.hover(...what), card: (...what) => this.card(...what), tallies: (slots) => this.table.refresh(slots),
      lockBuildings: (...what) => this.lockBuildings(...what), told: (text) => { byId("place").textContent = text; },
      assign: (cells, slot) => this.assign(cells, slot), reload: () => this.reload(),
      refresh: () => { this.fillTab(); this.status(); }, show: (name) => this.show(name), repaint: (cells) => this.canvas.touch(cells === null ? null : boxAround(this.board.cells, cells)),
    };
    this.tools = new Tools({ map: this.map, canvas: this.canvas, editor: this.editor, marks: this.marks, picker: this.picker, acts });
    this.table = new GridTable(this.editor, this.marks, acts);
    this.findings = new FindingList(this.editor, this.marks, acts);
    this.review = new Review(this.editor, acts);
    this.comments = new Comments(this.editor, this.map, this.tools, acts);
    this.tabs = [
      ["findings", "检查", this.findings], ["changes", "谁变动", new ChangeList(this.editor, acts)],
      ["suggest", "建议", new Suggestions(this.editor, this.marks, acts)], ["compare", "对比", new Comparison(this.editor, this.marks, this.map, acts)],
      ["comments", "意见", this.comments], ["review", "审批", this.review],
    ];
    this.shown = "findings";
    this.changed = []; // slots whose rows wait for the next frame; null stands for all
    this.heed();
    listen(this);
    this.tools.use("select");
    this.lookAsBefore();
    this.speak(english);
    this.canvas.addTo(this.map); // paints, once: everything is known by now
    if (this.editor.resume()) notify(say("上次未送达的修改已找回，正在发送"));
    this.watching = new AbortController();
    this.editor.watch(this.watching.signal);
  }

  // ---- what the editor tells ----

  heed() {
    const { editor } = this;
    editor.addEventListener("painted", ({ detail }) => this.painted(detail.cells));
    editor.addEventListener("edited", () => this.refresh([]));
    editor.addEventListener("taken", ({ detail }) => {
      if ((detail.answer.grids || []).length) this.canvas.touch();
      this.refresh();
    });
    editor.addEventListener("status", () => this.status());
    editor.addEventListener("recut", () => this.reload());
    editor.addEventListener("voided", () => notify(say("他人刚刚修改了方案，撤销已取消；请再看一遍")));
    editor.addEventListener("refused", ({ detail }) => {
      this.refresh();
      notify(wordsOf(detail.fault), "fault");
    });
    editor.addEventListener("followed", ({ detail }) => {
      const names = [...new Set(detail.changes.map((change) => nameOf(change.actor)))].join("、");
      notify(say("{names} 修改了方案，已合并", { names }));
    });
    editor.addEventListener("clash", ({ detail }) => this.settleClash(detail.clashes));
    byId("undo").onclick = () => editor.undo();
    byId("redo").onclick = () => editor.redo();
    byId("problems").onclick = () => this.nextProblem();
    byId("language").onclick = () => this.speak(!isEnglish());
    window.addEventListener("signedout", () => {
      editor.link = "signed_out";
      this.status();
    });
    window.addEventListener("resize", () => this.map.invalidateSize());
  }

  painted(cells) {
    if (!cells.length) return;
    const { view } = this.editor, touched = view.takeTouched(), hatched = this.marks.refresh(view, touched);
    if (this.changed !== null) this.changed.push(...touched);
    this.canvas.touch(boxAround(this.board.cells, [...cells, ...hatched]));
  }

  // Show what changed, once a frame: rows of the grids touched, or of all.
  refresh(slots = null) {
    if (slots === null) this.changed = null;
    if (!this.refreshing) this.refreshing = requestAnimationFrame(() => this.showAll());
  }

  showAll() {
    cancelAnimationFrame(this.refreshing);
    this.refreshing = 0;
    const { view } = this.editor;
    if (this.marks.target !== null && !view.sizes[this.marks.target]) this.marks.target = null;
    this.table.refresh(this.changed);
    this.changed = [];
    this.canvas.letter();
    this.comments.pin();
    this.fillTab();
    this.status();
  }

  status() {
    const { editor } = this, { confirmed } = editor, waiting = editor.outbox.length, saved = byId("saved");
    byId("title").textContent = `${this.board.name}　${say("方案 {plan}", { plan: editor.plan })}`;
    byId("state").textContent = say(STATES[confirmed.state]);
    byId("undo").disabled = !editor.can("undo");
    byId("redo").disabled = !editor.can("redo");
    saved.className = editor.link !== "here" ? "away" : waiting ? "waiting" : "";
    saved.replaceChildren(...this.savedWords(waiting));
    const errors = this.findings.count("error"), warnings = this.findings.count("warning");
    byId("problems").textContent = say("问题 {e}　提示 {w}", { e: errors, w: warnings });
    const reason = !editor.caller.may_edit ? "只读：当前角色只能查看" : confirmed.state !== "draft" ? "只读：方案{state}，不能再改" : null;
    const { returned } = this.review, why = returned ? say("{actor}退回：{reason}", { actor: nameOf(returned.actor), reason: returned.reason || "—" }) : "";
    byId("readonly").hidden = reason === null && !why;
    byId("readonly").textContent = [reason ? say(reason, { state: say(STATES[confirmed.state]) }) : "", why].filter(Boolean).join("　");
    if (this.editable !== editor.writable) {
      this.editable = editor.writable;
      this.tools.lock(editor.writable);
    }
  }

  savedWords(waiting) {
    const { link } = this.editor;
    if (link === "signed_out") {
      return [say("登录已失效，{n}处修改已留在本机：", { n: waiting }), element("a", { href: `/login?next=${encodeURIComponent(location.pathname)}` }, say("重新登录"))];
    }
    if (link === "away") return [waiting ? say("离线：{n}处修改待发送", { n: waiting }) : say("离线")];
    return [waiting ? say("正在保存……（{n}）", { n: waiting }) : say("已保存")];
  }

  // ---- grids and places ----

  choose(slot, isNew = false) {
    this.marks.target = slot;
    this.tools.isNew = isNew;
    this.canvas.letter();
    this.table.refresh();
    this.tellTarget();
    if (this.shown === "suggest") this.fillTab();
  }

  tellTarget() {
    const { target } = this.marks, grid = target === null ? null : this.editor.view.slots[target];
    byId("typed").textContent = this.tools.isNew ? say("目标：新网格") : grid ? say("目标：{grid}", { grid: titleOf(grid) }) : "";
  }

  fit(slot = null) {
    const box = slot === null ? this.board.box : boxAround(this.board.cells, this.editor.view.cellsOf(slot));
    fit(this.map, box);
  }

  look(place) {
    const { cells, buildings } = this.board, points = [];
    let box = null;
    if (place.slot !== undefined) {
      this.choose(place.slot);
      box = boxAround(cells, this.editor.view.cellsOf(place.slot));
    } else if (place.geometry) {
      const flat = place.geometry.coordinates ? place.geometry.coordinates.flat(Infinity) : [];
      box = [Infinity, Infinity, -Infinity, -Infinity];
      for (let i = 0; i + 1 < flat.length; i += 2) {
        const [x, y] = toWorld([flat[i], flat[i + 1]]);
        box = [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x), Math.max(box[3], y)];
      }
      points.push([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]);
    } else if (place.building !== undefined) {
      box = boxAround(buildings, [place.building]);
      points.push([buildings.centres[2 * place.building], buildings.centres[2 * place.building + 1]]);
    } else if (place.cells.length) {
      box = boxAround(cells, place.cells);
      for (const building of place.buildings || []) points.push([buildings.centres[2 * building], buildings.centres[2 * building + 1]]);
      if (!points.length) points.push([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]);
    }
    if (box === null || !Number.isFinite(box[0])) return;
    this.marks.points = points;
    const margin = Math.max(box[2] - box[0], box[3] - box[1], (this.board.box[2] - this.board.box[0]) / 12) * 0.8;
    fit(this.map, [box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin]);
    this.canvas.letter();
  }

  nextProblem(step = 1) {
    const finding = this.findings.next(step);
    if (finding === null) notify(say("没有问题"));
    else {
      this.show("findings");
      notify(this.findings.sentence(finding));
    }
  }

  assign(cells, slot) {
    const { view } = this.editor, before = new Map(view.move(cells.filter((cell) => !view.lockOn(cell)), slot));
    this.painted([...before.keys()]);
    this.editor.assign([...before.keys()], view.slots[slot].key, before);
  }

  lock(slot) {
    const grid = this.editor.view.slots[slot];
    if (!this.editor.writable) return;
    grid.locked = !grid.locked;
    this.editor.operate({ op: "lock", grids: [grid.key], buildings: [], locked: grid.locked });
  }

  lockBuildings(buildings, locked) {
    for (const building of buildings) {
      if (locked) this.editor.view.lockedBuildings.add(building);
      else this.editor.view.lockedBuildings.delete(building);
    }
    this.canvas.touch(boxAround(this.board.buildings, buildings));
    this.editor.operate({ op: "lock", grids: [], buildings: buildings.map((each) => this.board.buildings.code[each]), locked });
  }

  // ---- under the hand ----

  hover(building, cell, at) {
    const { buildings, estates, edition } = this.board, { view } = this.editor, told = [];
    if (building >= 0) {
      const estate = buildings.estate[building], held = buildings.edition[building];
      told.push(buildings.address[building] || buildings.name[building] || buildings.code[building], households(buildings.households[building]));
      if (estate >= 0) told.push(estates[estate].name);
      if (edition && held >= 0) told.push(say("现行 {grid}", { grid: edition.grids[held].name || edition.grids[held].code.slice(-3) }));
    }
    if (cell >= 0) told.push(view.of[cell] >= 0 ? say("方案 {grid}", { grid: titleOf(view.slots[view.of[cell]]) }) : say("未划入"));
    byId("hover").textContent = told.join("　");
    if (at) {
      const place = this.map.unproject(at, 0);
      byId("place").textContent = `${place.lng.toFixed(5)}, ${place.lat.toFixed(5)}`;
    }
  }

  card(lines, event) {
    const card = byId("card");
    card.hidden = !lines || !lines.length;
    if (card.hidden) return;
    card.replaceChildren(...lines.map(({ text, bad }, at) => element("p", { class: bad ? "bad" : null }, at === 0 ? element("b", {}, text) : text)));
    const frame = byId("map").getBoundingClientRect(), x = event.clientX - frame.left, y = event.clientY - frame.top;
    card.style.left = `${x + 320 > frame.width ? x - card.offsetWidth - 18 : x + 18}px`;
    card.style.top = `${Math.max(4, Math.min(frame.height - card.offsetHeight - 4, y + 14))}px`;
  }

  // ---- tabs, words, clashes ----

  show(name) {
    this.shown = name;
    this.fillTab();
    if (matchMedia("(max-width: 760px)").matches) byId("tabs").scrollIntoView(); // on a phone it lies below the table
  }

  fillTab() {
    const list = byId("tabs");
    list.replaceChildren(...this.tabs.map(([name, text, { open }]) => element("button", {
      type: "button", role: "tab", id: `tab-${name}`, "aria-selected": String(name === this.shown), "aria-controls": "tab", onclick: () => this.show(name),
    }, say(text), open ? ` ${open}` : "")));
    this.tabs.find(([name]) => name === this.shown)[2].fill(byId("tab"));
  }

  speak(english) {
    switchLanguage(english);
    localStorage.setItem(LANGUAGE, english ? "en" : "zh");
    byId("language").textContent = english ? "中文" : "English";
    byId("language").lang = english ? "zh-CN" : "en";
    this.scene.unit = english ? "" : "户";
    this.tellTarget();
    this.changed = null;
    this.showAll();
  }

  async settleClash(clashes) {
    const { board, editor } = this, boxes = new Map();
    const named = (key) => (key === null ? say("未划入") : say("网格{grid}", { grid: numberOf({ key }) }));
    const lines = clashes.flatMap(({ cells }) => cells.map(({ cell, mine, theirs, actor }) => {
      const box = element("input", { type: "checkbox", checked: true });
      boxes.set(cell, box);
      const standing = [...board.buildingsOfCell.of(cell)].map((each) => board.buildings.address[each] || board.buildings.name[each] || board.buildings.code[each]);
      const title = standing.length ? standing.join("、") : say("空地 {cell}", { cell });
      return element("label", {}, box, element("span", {}, say("{title}：我划入{mine}，{actor}划入{theirs}", { title, mine: named(mine), theirs: named(theirs), actor: nameOf(actor) })));
    }));
    const mine = await askInDialog(say("同一楼栋，两种划法"), [
      element("p", {}, say("他人刚刚把这些楼栋划到别处。勾选的按我的划法，未勾选的保留对方的划法；其余修改已合并。")), element("div", { class: "scroll" }, lines),
    ], [[say("全部保留对方的"), "theirs"], [say("按勾选"), "mine", "main"]]);
    const given = [...boxes].filter(([, box]) => mine !== "mine" || !box.checked).map(([cell]) => cell);
    editor.decide(new Set(given));
  }

  // The cells themselves changed, or the plan's state did: everything is read anew, and looked at as before.
  reload() {
    const { target } = this.marks, centre = this.map.getCenter();
    const view = {
      plan: this.editor.plan, centre: [centre.lat, centre.lng], zoom: this.map.getZoom(), shown: this.shown,
      target: target === null || target < 0 ? null : this.editor.view.slots[target].key,
    };
    sessionStorage.setItem(VIEW, JSON.stringify(view));
    location.reload();
  }

  lookAsBefore() {
    const kept = JSON.parse(sessionStorage.getItem(VIEW) || "null");
    sessionStorage.removeItem(VIEW);
    if (kept === null || kept.plan !== this.editor.plan) return;
    this.map.setView(kept.centre, kept.zoom, { animate: false });
    this.shown = kept.shown;
    if (kept.target !== null && this.editor.view.slotOf(kept.target) >= 0) this.choose(this.editor.view.slotOf(kept.target));
  }
}

async function open() {
  const english = localStorage.getItem(LANGUAGE) === "en";
  const plan = decodeURIComponent(location.pathname.split("/").pop());
  try {
    window.gisgridPage = new Page(await api.board(plan), english);
    byId("loading").hidden = true;
    document.documentElement.dataset.ready = "yes";
    performance.mark("ready");
  } catch (fault) {
    if (!(fault instanceof ApiFault)) throw fault;
    const told = byId("loading");
    if (fault.kind === "signed_out") location.href = `/login?next=${encodeURIComponent(location.pathname)}`;
    told.textContent = fault.kind === "away" ? say("无法连接服务器，请稍后刷新") : fault.message;
  }
}

open();
