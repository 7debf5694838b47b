// Edits on their way to the server, kept by the browser until it has them; and what becomes of them when others were faster.
// In: a storage (localStorage or one like it). Out: Outbox, and the pure rule of rebasing. Knows no page and no network.

// An entry: { action: "edit" | "undo" | "redo", op, cells: [[cell, key or null]…], before: [[cell, key or null]…], begins }.
export class Outbox {
  constructor(storage, name) {
    this.storage = storage;
    this.name = name;
    this.entries = [];
  }

  get length() {
    return this.entries.length;
  }

  add(entry) {
    this.entries.push(entry);
    this.keep();
  }

  first() {
    return this.entries[0];
  }

  drop(entry) {
    this.entries = this.entries.filter((each) => each !== entry);
    this.keep();
  }

  clear() {
    this.entries = [];
    this.keep();
  }

  keep() {
    try {
      if (this.entries.length) this.storage.setItem(this.name, JSON.stringify(this.entries));
      else this.storage.removeItem(this.name);
    } catch {
      // A full or forbidden storage: the edits live as long as the page does.
    }
  }

  // What an earlier visit could not send.
  recall() {
    try {
      const kept = JSON.parse(this.storage.getItem(this.name) || "[]");
      this.entries = Array.isArray(kept) ? kept : [];
    } catch {
      this.entries = [];
    }
    return this.entries;
  }

  // A new grid got another key than the page had guessed: what follows speaks of it by the right one.
  rename(guessed, key) {
    const right = (each) => (each === guessed ? key : each);
    for (const entry of this.entries) {
      entry.cells = entry.cells.map(([cell, to]) => [cell, right(to)]);
      entry.before = entry.before.map(([cell, from]) => [cell, right(from)]);
      if (entry.op && entry.op.to) entry.op.to = right(entry.op.to);
      if (entry.op && entry.op.grid) entry.op.grid = right(entry.op.grid);
      if (entry.op && entry.op.grids) entry.op.grids = entry.op.grids.map(right);
      if (entry.op && entry.op.moves) for (const move of entry.op.moves) move.to = right(move.to);
    }
    this.keep();
  }
}

// Whether two operations ask for the same; members that are empty may be left out.
function sameOp(a, b) {
  const plain = (value) => {
    if (Array.isArray(value)) return value.map(plain);
    if (value === null || typeof value !== "object") return value;
    const told = Object.keys(value).filter((key) => value[key] !== null && !(Array.isArray(value[key]) && !value[key].length));
    return Object.fromEntries(told.sort().map((key) => [key, plain(value[key])]));
  };
  return JSON.stringify(plain(a)) === JSON.stringify(plain(b));
}

// What others did meanwhile, held against what waits here. Returns the entries that the server has already (`arrived`),
// those that can no longer be meant (`void`: an undo of something that is not the last any more), and the cells that
// somebody else handed to another grid than an entry does (`clashes`); all others are simply sent again.
export function rebase(entries, changes, actor) {
  const arrived = [], voided = [], theirs = new Map();
  for (const change of changes) {
    const mine = change.actor === actor && change.action === "edit" && entries.find((entry) => (
      !arrived.includes(entry) && entry.action === "edit" && entry.sent && (sameOp(entry.op, change.op) || did(change, entry))
    ));
    if (mine) {
      arrived.push(mine);
      continue;
    }
    for (const [cell, key] of change.cells || []) theirs.set(cell, { key, actor: change.actor });
  }
  const clashes = [];
  for (const entry of entries) {
    if (arrived.includes(entry)) continue;
    if (entry.action !== "edit") {
      if (changes.length) voided.push(entry);
      continue;
    }
    const cells = entry.cells.filter(([cell, key]) => theirs.has(cell) && theirs.get(cell).key !== key);
    if (cells.length) clashes.push({ entry, cells: cells.map(([cell, key]) => ({ cell, mine: key, ...named(theirs.get(cell)) })) });
  }
  return { arrived, voided, clashes };
}

// Whether a change did to the cells of an entry what the entry asks for.
function did(change, entry) {
  const told = new Map(change.cells || []);
  return entry.cells.length > 0 && entry.cells.every(([cell, key]) => told.get(cell) === key);
}

function named({ key, actor }) {
  return { theirs: key, actor };
}

// The same entry without some of its cells; null where nothing is left of it.
export function without(entry, dropped, buildingsOf) {
  const gone = new Set(dropped), codes = new Set(dropped.flatMap(buildingsOf));
  const cells = entry.cells.filter(([cell]) => !gone.has(cell));
  if (!cells.length) return null;
  const less = (move) => ({
    ...move,
    buildings: (move.buildings || []).filter((code) => !codes.has(code)),
    cells: (move.cells || []).filter((cell) => !gone.has(cell)),
  });
  const op = entry.op.moves ? { ...entry.op, moves: entry.op.moves.map(less) } : less(entry.op);
  return { ...entry, cells, op, sent: false, before: entry.before.filter(([cell]) => !gone.has(cell)) };
}
