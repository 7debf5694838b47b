// What is marked on the map besides the grids: pieces that fell off, estates being split, the target, a preview.
// In: a PlanState. Out: Marks. Pure.

export class Marks {
  constructor() {
    this.broken = new Set(); // cells of the smaller pieces of grids that lie in several
    this.brokenSlots = new Map(); // slot → how many pieces
    this.estates = new Set(); // estates that the stroke under way splits
    this.target = null; // slot
    this.points = []; // places of the world that a finding points at
    this.preview = null; // cell → slot of a suggestion that is looked at; slots beyond the plan's are new grids
    this.moving = new Map(); // building → number of the move, of a plan that is compared
  }

  // Look at these grids again; returns the cells whose hatch came or went.
  refresh(state, slots) {
    const changed = [];
    for (const slot of slots) {
      if (slot < 0) continue;
      const pieces = state.sizes[slot] ? state.pieces(slot) : [];
      if (pieces.length > 1) this.brokenSlots.set(slot, pieces.length);
      else this.brokenSlots.delete(slot);
    }
    const broken = new Set();
    for (const slot of this.brokenSlots.keys()) for (const piece of state.pieces(slot).slice(1)) for (const cell of piece) broken.add(cell);
    for (const cell of broken) if (!this.broken.has(cell)) changed.push(cell);
    for (const cell of this.broken) if (!broken.has(cell)) changed.push(cell);
    this.broken = broken;
    return changed;
  }
}
