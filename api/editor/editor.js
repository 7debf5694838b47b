// The plan under the planner's hands: painted at once, sent one edit after the other, kept while the network is away,
// brought together with what others do. In: a board, the api. Out: PlanEditor, which tells its listeners what changed.

import { ApiFault } from "./api.js";
import { Outbox, rebase, without } from "./outbox.js";
import { NONE, PlanState } from "./state.js";
import { DEAD_MS, beat, boxOf, claim, orphans } from "./tabs.js";

const FIRST_RETRY_MS = 1_000, LAST_RETRY_MS = 15_000, FOLLOW_S = 20;

export class PlanEditor extends EventTarget {
  constructor(api, document, board, storage = window.localStorage, session = window.sessionStorage) {
    super();
    this.api = api;
    this.plan = document.plan;
    this.board = board;
    this.caller = document.caller;
    this.settings = document.settings;
    this.tab = claim(storage, session, document.plan);
    this.outbox = new Outbox(storage, boxOf(document.plan, this.tab));
    beat(storage, document.plan, this.tab, window);
    this.done = []; // edits whose inverse this page knows, the last on top
    this.undone = [];
    this.inverses = new WeakMap(); // entry → its line on one of the two
    this.busy = false;
    this.clashing = null;
    this.link = "here"; // or "away", "signed_out"
    this.retryMs = FIRST_RETRY_MS;
    this.adopt(document);
  }

  adopt(document) {
    const grids = document.board.grids;
    this.view = new PlanState(this.board, {
      grids, band: document.settings, assignment: document.board.cells.grid, lockedBuildings: document.board.buildings.locked,
    });
    this.confirmed = {
      of: this.view.of.slice(), revision: document.revision, state: document.state, findings: document.findings,
      undo: document.undo ?? null, redo: document.redo ?? null, tessellation: document.tessellation ?? null,
    };
  }

  tell(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  get writable() {
    return this.caller.may_edit && this.confirmed.state === "draft";
  }

  // ---- what the planner does ----

  // Hand cells to a grid; `key` null stands for a new one. What is painted already is only noted.
  assign(cells, key, before) {
    const wanted = cells.filter((cell) => before.has(cell));
    if (!wanted.length) return;
    const target = key === null ? this.view.nextKey() : key;
    const op = { op: "assign", ...this.named(wanted), to: key === null ? "new" : key };
    this.enqueue({ action: "edit", op, cells: wanted.map((cell) => [cell, target]), begins: key === null ? target : null }, before);
  }

  // Buildings and empty cells of a list of cells, as the server wants them named.
  named(cells) {
    const standing = (cell) => this.board.buildingsOfCell.of(cell);
    const buildings = cells.flatMap((cell) => [...standing(cell)].map((each) => this.board.buildings.code[each]));
    return { buildings, cells: cells.filter((cell) => !standing(cell).length) };
  }

  // Take a suggestion: all its moves are one edit.
  arrange(moves) {
    const cells = [], sent = [];
    let fresh = Number(this.view.nextKey());
    let count = 0;
    for (const move of moves) {
      const key = move.begins ? String(fresh++) : move.to;
      cells.push(...move.cells.map((cell) => [cell, key]));
      sent.push({ ...this.named(move.cells), to: move.begins ? `new-${(count += 1)}` : move.to });
    }
    this.enqueue({ action: "edit", op: { op: "arrange", moves: sent }, cells, begins: null });
  }

  // An edit of which only the server knows what it does (split, annex), or which moves nothing (rename, kind, lock).
  operate(op, cells = []) {
    this.enqueue({ action: "edit", op, cells, begins: null });
  }

  undo() {
    this.step("undo", this.done, this.undone);
  }

  redo() {
    this.step("redo", this.undone, this.done);
  }

  step(action, from, to) {
    if (!this.can(action)) return;
    const told = this.outbox.length ? [] : this.confirmed[action]?.cells ?? []; // of an edit from before this page was opened
    const known = from.pop(), inverse = { cells: known ? known.before : told, before: known ? known.cells : [] };
    to.push(inverse);
    this.enqueue({ action, op: null, cells: inverse.cells, begins: null }, null, inverse);
  }

  // The inverse is known here, or the server has one and nothing is on its way.
  can(action) {
    const [stack, server] = action === "undo" ? [this.done, this.confirmed.undo] : [this.undone, this.confirmed.redo];
    return this.writable && (stack.length > 0 || (server !== null && !this.outbox.length));
  }

  enqueue(entry, painted = null, inverse = null) {
    entry.before = painted ? [...painted].map(([cell, slot]) => [cell, this.keyOf(slot)]) : this.show(entry.cells);
    if (inverse === null) {
      inverse = { cells: entry.cells, before: entry.before };
      this.done.push(inverse);
      this.undone = [];
    }
    entry.tessellation = this.confirmed.tessellation;
    this.inverses.set(entry, inverse);
    this.outbox.add(entry);
    this.tell("edited", { entry });
    this.tell("status");
    this.pump();
  }

  keyOf(slot) {
    return slot === NONE ? null : this.view.slots[slot].key;
  }

  // Paint cells as they shall be; returns how they were.
  show(cells) {
    const before = [];
    for (const [cell, key] of cells) {
      const slot = key === null ? NONE : this.view.reach(key, cells.map(([each]) => each));
      for (const [moved, old] of this.view.move([cell], slot)) before.push([moved, this.keyOf(old)]);
    }
    if (before.length) this.tell("painted", { cells: before.map(([cell]) => cell) });
    return before;
  }

  // ---- the way to the server ----

  async pump() {
    if (this.busy || !this.outbox.length || this.link === "signed_out" || this.clashing) return;
    this.busy = true;
    const entry = this.outbox.first();
    this.tell("status");
    try {
      entry.sent = true;
      this.outbox.keep();
      const { revision } = this.confirmed;
      const answer = await (entry.action === "edit" ? this.api.edit(this.plan, revision, entry.op) : this.api[entry.action](this.plan, revision));
      this.reached();
      this.outbox.drop(entry);
      this.settle(entry, answer);
    } catch (fault) {
      if (!(fault instanceof ApiFault)) throw fault;
      await this.failed(entry, fault);
    } finally {
      this.busy = false;
    }
    this.tell("status");
    if (this.outbox.length && this.link === "here") this.pump();
  }

  reached() {
    this.link = "here";
    this.retryMs = FIRST_RETRY_MS;
  }

  async failed(entry, fault) {
    if (fault.kind === "away" || fault.kind === "signed_out") {
      this.link = fault.kind;
      if (fault.kind === "away") {
        setTimeout(() => this.pump(), this.retryMs);
        this.retryMs = Math.min(LAST_RETRY_MS, 2 * this.retryMs);
      }
      return;
    }
    if (fault.kind === "stale") {
      await this.catchUp().catch((other) => this.failed(entry, other));
      return;
    }
    this.outbox.drop(entry);
    this.forget();
    this.restore(entry.cells.map(([cell]) => cell));
    if (fault.code !== "nothing_changes") this.tell("refused", { fault, entry });
  }

  // The server has an edit: what it says about cells and grids holds.
  settle(entry, answer) {
    if (this.isRecut(answer)) return;
    if (entry.begins !== null) {
      const [first] = entry.cells[0], told = answer.cells.find(([cell]) => cell === first);
      if (told && told[1] !== null && told[1] !== entry.begins) this.outbox.rename(entry.begins, told[1]);
    }
    const inverse = this.inverses.get(entry);
    if (inverse) { // what was not known beforehand is known now
      inverse.cells = answer.cells;
      inverse.before = answer.cells.map(([cell]) => [cell, this.keyOf(this.confirmed.of[cell])]);
    }
    this.take(answer, entry.cells.map(([cell]) => cell));
  }

  // The ground itself was cut anew (a drawn line or area): the page begins again with the new cells.
  isRecut(answer) {
    const recut = answer.tessellation !== undefined && answer.tessellation !== this.confirmed.tessellation;
    if (recut) this.tell("recut");
    return recut;
  }

  // Take over one change of the server; `more` are cells that it may have left as they were.
  take(answer, more = []) {
    const { confirmed, view } = this;
    if (this.isRecut(answer)) return;
    for (const grid of answer.grids || []) {
      const slot = view.reach(grid.key, answer.cells.filter(([, key]) => key === grid.key).map(([cell]) => cell));
      for (const name of ["code", "name", "kind", "locked"]) if (grid[name] !== undefined) view.slots[slot][name] = grid[name];
    }
    for (const [cell, key] of answer.cells || []) confirmed.of[cell] = key === null ? NONE : view.reach(key, [cell]);
    Object.assign(confirmed, { revision: answer.revision });
    if (answer.findings !== undefined) confirmed.findings = answer.findings;
    for (const name of ["undo", "redo", "state"]) if (answer[name] !== undefined) confirmed[name] = answer[name];
    this.restore([...(answer.cells || []).map(([cell]) => cell), ...more]);
    this.tell("taken", { answer });
  }

  // Cells as the server has them, with what still waits on top.
  restore(cells) {
    const wanted = new Map(cells.map((cell) => [cell, this.confirmed.of[cell]]));
    for (const entry of this.outbox.entries) {
      for (const [cell, key] of entry.cells) wanted.set(cell, key === null ? NONE : this.view.reach(key, [cell]));
    }
    const changed = [];
    for (const [cell, slot] of wanted) changed.push(...this.view.move([cell], slot).map(([each]) => each));
    this.tell("painted", { cells: changed });
  }

  forget() {
    this.done = [];
    this.undone = [];
  }

  // ---- others ----

  // Read what others did since, and send again what does not clash with it.
  async catchUp() {
    const told = await this.api.editsAfter(this.plan, this.confirmed.revision, 0);
    this.reached();
    this.follow(told);
  }

  follow(told) {
    const changes = told.edits.filter((change) => change.revision > this.confirmed.revision);
    const { arrived, voided, clashes } = rebase(this.outbox.entries, changes, this.caller.actor);
    for (const entry of [...arrived, ...voided]) this.outbox.drop(entry);
    if (changes.length > arrived.length || voided.length) this.forget();
    for (const change of changes) this.take(change, []);
    const { undo, redo, state } = told;
    Object.assign(this.confirmed, { undo, redo, state });
    this.restore([...arrived, ...voided].flatMap((entry) => entry.cells.map(([cell]) => cell)));
    if (voided.length) this.tell("voided");
    if (changes.length) this.check();
    const others = changes.filter((change) => change.actor !== this.caller.actor);
    if (others.length) this.tell("followed", { changes: others });
    if (clashes.length) {
      this.clashing = clashes;
      this.tell("clash", { clashes });
    }
    this.tell("status");
  }

  // The journal tells what was done, not what is wrong with it now: that is asked for.
  async check() {
    try {
      const { revision, findings } = await this.api.plan(this.plan);
      if (revision === this.confirmed.revision) this.confirmed.findings = findings;
      this.tell("taken", { answer: {} });
    } catch (fault) {
      if (!(fault instanceof ApiFault)) throw fault;
    }
  }

  // The planner's word on a clash: which cells stay as others have them.
  decide(given) {
    for (const { entry, cells } of this.clashing) {
      const dropped = cells.map(({ cell }) => cell).filter((cell) => given.has(cell));
      if (!dropped.length) continue;
      const codes = (cell) => [...this.board.buildingsOfCell.of(cell)].map((each) => this.board.buildings.code[each]);
      const left = without(entry, dropped, codes);
      this.outbox.entries = this.outbox.entries.flatMap((each) => (each !== entry ? [each] : left ? [left] : []));
    }
    this.outbox.keep();
    this.clashing = null;
    this.restore([...given]);
    this.tell("status");
    this.pump();
  }

  // Follow the plan for as long as the page is open.
  async watch(signal) {
    while (!signal.aborted) {
      try {
        const told = await this.api.editsAfter(this.plan, this.confirmed.revision, FOLLOW_S, signal);
        if (!this.busy && !this.clashing && (told.edits.length || told.state !== this.confirmed.state)) this.follow(told);
        if (this.link !== "here" && !this.busy) {
          this.reached();
          this.pump();
        }
      } catch (fault) {
        if (signal.aborted) return;
        if (!(fault instanceof ApiFault)) throw fault;
        if (fault.kind === "refused") return;
        if (!this.busy) this.link = fault.kind === "stale" ? this.link : fault.kind;
        await new Promise((done) => setTimeout(done, this.retryMs));
      }
      this.tell("status");
    }
  }

  // What an earlier visit, or a tab that is no more, could not send is painted and sent now; a tab that crashed just now
  // is known to be dead a while later.
  resume() {
    const { outbox } = this, lost = () => orphans(outbox.storage, this.plan, this.tab);
    setTimeout(() => this.adoptEdits(lost()), DEAD_MS);
    const own = outbox.recall();
    outbox.entries = [];
    return this.adoptEdits([...lost(), ...own]);
  }

  adoptEdits(entries) {
    this.outbox.entries.push(...entries);
    this.outbox.keep();
    for (const entry of entries) {
      if (entry.tessellation !== this.confirmed.tessellation) this.relocate(entry);
      this.show(entry.cells);
    }
    if (entries.length) this.catchUp().catch(() => {}).finally(() => this.pump());
    return entries.length;
  }

  // The ground was cut anew since the edit was made: its buildings still say which cells are meant.
  relocate(entry) {
    const { buildings } = this.board, cellOf = (code) => buildings.cell[this.board.positionOf.get(code)] ?? NONE;
    const moves = entry.op === null ? [] : entry.op.moves || [entry.op];
    entry.cells = moves.flatMap(({ buildings: codes = [], to }) => codes.map((code) => [cellOf(code), to]).filter(([cell]) => cell >= 0));
    for (const move of moves) if (move.cells) move.cells = [];
    entry.before = [];
  }
}
