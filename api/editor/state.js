// Who holds which cell, and what follows: tallies, pieces, estates, the difference to the edition in force.
// In: a Board and the grids of a plan. Out: PlanState, whose counts follow each move. Pure: no page, no network, no clock.

export const NONE = -1; // the slot of a cell that is in no grid

export class PlanState {
  constructor(board, { grids, assignment, lockedBuildings = [], band }) {
    this.board = board;
    this.band = band;
    this.slots = []; // a grid keeps its slot for good; one without cells has ended
    this.of = new Int32Array(board.cells.count).fill(NONE);
    this.members = []; // of each slot its cells
    this.bare = new Set(this.of.keys()); // cells in no grid
    this.touched = new Set(); // slots that gave or got cells since somebody looked
    this.sizes = [];
    this.turns = []; // of each slot how often its cells changed
    this.households = [];
    this.buildings = [];
    this.estates = board.estates.map(() => new Map()); // slot → households of the estate in it
    this.lockedBuildings = new Set(lockedBuildings);
    for (const grid of grids) this.begin(grid);
    for (let cell = 0; cell < board.cells.count; cell += 1) if (assignment[cell] >= 0) this.put(cell, assignment[cell]);
    for (const [slot, colour] of colouring(this).entries()) this.slots[slot].colour = colour;
  }

  // ---- grids ----

  slotOf(key) {
    return this.slots.findIndex((grid) => grid.key === key);
  }

  begin(grid) {
    this.slots.push({ code: null, name: null, kind: "residential", locked: false, colour: 0, ...grid });
    for (const tally of [this.sizes, this.households, this.buildings, this.turns]) tally.push(0);
    this.members.push(new Set());
    return this.slots.length - 1;
  }

  // The slot of a key, begun where there is none yet; a new grid takes the colour that the ground around it shows least.
  reach(key, cells = []) {
    const known = this.slotOf(key);
    if (known >= 0) return known;
    const slot = this.begin({ key });
    const shown = new Array(COLOURS).fill(0);
    for (const cell of cells) for (const other of this.around(cell)) if (other >= 0) shown[this.slots[other].colour] += 1;
    this.slots[slot].colour = shown.indexOf(Math.min(...shown));
    return slot;
  }

  // The key that the server gives to the next new grid: the number after its greatest.
  nextKey() {
    const numbers = this.present().map((slot) => this.slots[slot].key).filter((key) => /^\d+$/.test(key)).map(Number);
    return String(1 + Math.max(0, ...numbers));
  }

  present() {
    return this.slots.map((_, slot) => slot).filter((slot) => this.sizes[slot] > 0);
  }

  // ---- moves ----

  // Hand cells to a slot; returns what there was before, to take it back: [cell, slot] each.
  move(cells, slot) {
    const before = [];
    for (const cell of cells) {
      if (this.of[cell] === slot) continue;
      before.push([cell, this.of[cell]]);
      this.put(cell, slot);
    }
    return before;
  }

  put(cell, slot) {
    const before = this.of[cell];
    this.held(before).delete(cell);
    this.count(cell, before, -1);
    this.of[cell] = slot;
    this.held(slot).add(cell);
    this.count(cell, slot, 1);
    this.touched.add(before).add(slot);
  }

  held(slot) {
    return slot < 0 ? this.bare : this.members[slot];
  }

  // Slots that gave or got cells since this was asked last.
  takeTouched() {
    const touched = [...this.touched].filter((slot) => slot >= 0);
    this.touched.clear();
    return touched;
  }

  count(cell, slot, sign) {
    if (slot < 0) return;
    const { cells, buildings, buildingsOfCell } = this.board, standing = buildingsOfCell.of(cell);
    this.sizes[slot] += sign;
    this.turns[slot] += 1;
    this.households[slot] += sign * cells.households[cell];
    this.buildings[slot] += sign * standing.length;
    for (const building of standing) {
      const estate = buildings.estate[building];
      if (estate < 0 || !buildings.households[building]) continue;
      const held = this.estates[estate], left = (held.get(slot) || 0) + sign * buildings.households[building];
      if (left) held.set(slot, left);
      else held.delete(slot);
    }
  }

  // Why a cell may not be moved: "grid" or "building" is locked; null where it may.
  lockOn(cell) {
    const slot = this.of[cell];
    if (slot >= 0 && this.slots[slot].locked) return "grid";
    for (const building of this.board.buildingsOfCell.of(cell)) if (this.lockedBuildings.has(building)) return "building";
    return null;
  }

  // ---- what follows ----

  cellsOf(slot) {
    return [...this.held(slot)];
  }

  around(cell) {
    const { start, neighbour } = this.board.borders, found = new Set();
    for (let k = start[cell]; k < start[cell + 1]; k += 1) found.add(this.of[neighbour[k]]);
    return found;
  }

  // The connected pieces of a grid, the one with most households first: more than one, and it has fallen apart.
  pieces(slot) {
    const { start, neighbour } = this.board.borders, seen = new Set(), pieces = [];
    for (const first of this.held(slot)) {
      if (seen.has(first)) continue;
      const piece = [first];
      seen.add(first);
      for (let i = 0; i < piece.length; i += 1) {
        for (let k = start[piece[i]]; k < start[piece[i] + 1]; k += 1) {
          const other = neighbour[k];
          if (this.of[other] !== slot || seen.has(other)) continue;
          seen.add(other);
          piece.push(other);
        }
      }
      pieces.push(piece);
    }
    const weight = (piece) => piece.reduce((sum, cell) => sum + this.board.cells.households[cell], 0) + piece.length / 1e6;
    return pieces.sort((a, b) => weight(b) - weight(a));
  }

  // -1 below the band, 1 above it, 0 inside; a dedicated grid is exempt.
  offBand(slot) {
    if (this.slots[slot].kind === "dedicated" || !this.sizes[slot]) return 0;
    if (this.households[slot] < this.band.min) return -1;
    return this.households[slot] > this.band.max ? 1 : 0;
  }

  neighboursOf(slot) {
    const found = new Set();
    for (const cell of this.held(slot)) for (const other of this.around(cell)) if (other >= 0) found.add(other);
    found.delete(slot);
    return [...found];
  }

  splitEstates() {
    return this.estates.flatMap((held, estate) => (held.size > 1 ? [estate] : []));
  }

  unassigned() {
    const cells = this.cellsOf(NONE);
    return { cells, households: cells.reduce((sum, cell) => sum + this.board.cells.households[cell], 0) };
  }

  // ---- the edition in force ----

  // The grid in force whose code a grid of the plan continues, as a position; -1 where it continues none.
  continued(slot) {
    const code = slot < 0 ? null : this.slots[slot].code;
    return code !== null && this.board.editionOf.has(code) ? this.board.editionOf.get(code) : NONE;
  }

  // Of each grid in force the slot that continues it.
  heirs() {
    return new Map(this.present().map((slot) => [this.continued(slot), slot]));
  }

  hasChanged(building) {
    const cell = this.board.buildings.cell[building], held = this.board.buildings.edition[building];
    return this.board.edition !== null && cell >= 0 && held >= 0 && this.continued(this.of[cell]) !== held;
  }

  // Who changes grid: one line for each pair of grid in force and slot, most households first.
  changes() {
    const { buildings } = this.board, lines = new Map();
    for (let building = 0; building < buildings.count; building += 1) {
      if (!this.hasChanged(building)) continue;
      const from = buildings.edition[building], to = this.of[buildings.cell[building]], name = `${from} ${to}`;
      if (!lines.has(name)) lines.set(name, { from, to, buildings: [], households: 0 });
      const line = lines.get(name);
      line.buildings.push(building);
      line.households += buildings.households[building];
    }
    return [...lines.values()].sort((a, b) => b.households - a.households || b.buildings.length - a.buildings.length);
  }
}

export const COLOURS = 8;

// A colour for each slot so that neighbours differ: always next the grid whose neighbours show most colours (Brélaz 1979).
function colouring(state) {
  const near = state.slots.map((_, slot) => state.neighboursOf(slot)), chosen = new Map();
  const around = (slot) => new Set(near[slot].map((other) => chosen.get(other)).filter((colour) => colour !== undefined));
  while (chosen.size < state.slots.length) {
    let next = -1, most = -1;
    for (let slot = 0; slot < state.slots.length; slot += 1) {
      if (chosen.has(slot)) continue;
      const rank = around(slot).size * 1000 + near[slot].length;
      if (rank > most) [next, most] = [slot, rank];
    }
    const taken = near[next].map((other) => chosen.get(other));
    const used = [...chosen.values()], shown = (list, colour) => list.filter((each) => each === colour).length;
    const costs = Array.from({ length: COLOURS }, (_, colour) => 1000 * shown(taken, colour) + shown(used, colour));
    chosen.set(next, costs.indexOf(Math.min(...costs))); // of those that no neighbour shows, the one least used so far
  }
  return state.slots.map((_, slot) => chosen.get(slot));
}
