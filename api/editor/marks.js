// What is marked on the map besides the grids: pieces that fell off, estates being split, the target, a preview.
// In: a PlanState. Out: Marks. Pure.

export class Marks {
  constructor() {
    this.broken = new Set(); // cells of the smaller pieces of grids that lie in several
    this.brokenSlots = new Map(); // slot → its pieces, the largest first
    this.estates = new Set(); // estates that the stroke under way splits
    this.target = null; // slot
    this.points = []; // places of the world that a finding points at
    this.preview = null; // cell → slot of a suggestion that is looked at; slots beyond the plan's are new grids
    this.moving = new Map(); // building → number of the move, of a plan that is compared
  }

  // Look at the grids again that changed; returns the cells whose hatch came or went.
  refresh(state, slots) {
    for (const slot of slots) {
      const pieces = state.sizes[slot] > 1 ? state.pieces(slot) : [];
      if (pieces.length > 1) this.brokenSlots.set(slot, pieces);
      else this.brokenSlots.delete(slot);
    }
    const broken = new Set([...this.brokenSlots.values()].flatMap((pieces) => pieces.slice(1).flat()));
    const changed = [...broken].filter((cell) => !this.broken.has(cell)).concat([...this.broken].filter((cell) => !broken.has(cell)));
    this.broken = broken;
    return changed;
  }
}
