// Another division beside the plan's: the same ground in its own grids, behind a curtain that is drawn over the map by hand.
// In: the map, the other plan's document, how its grids answer ours. Out: a Curtain, which is there until it is taken away.

import { unpack } from "./board.js";
import { PlanCanvas } from "./canvas.js";
import { element } from "./dom.js";
import { Marks } from "./marks.js";
import { Picker } from "./pick.js";
import { COLOURS, PlanState } from "./state.js";
import { numberOf, say } from "./words.js";

const STEP = 0.05, SMALL_STEP = 0.01; // of the map's width, for who moves it by keyboard

// The other division with the numbers and colours of the grids here that answer its own; one that answers none is lettered.
// `matched`: { from, to } names of grids, which are their codes, else their keys. `labels`: by name, what stands on a grid.
export function counterpart(document, matched, view) {
  const board = { ...unpack(document), edition: null }, { grids, cells } = document.board;
  const state = new PlanState(board, { grids, band: document.settings, assignment: cells.grid });
  const named = (grid) => grid.code ?? grid.key;
  const here = new Map(view.present().map((slot) => [named(view.slots[slot]), view.slots[slot]]));
  const answers = new Map(matched.map(({ from, to }) => [to, here.get(from)]));
  const alone = [], names = state.slots.map(named);
  for (const [slot, grid] of state.slots.entries()) {
    const twin = answers.get(named(grid));
    if (twin) Object.assign(grid, { colour: twin.colour, key: twin.key });
    else alone.push(slot);
  }
  for (const [at, slot] of alone.entries()) {
    const near = state.neighboursOf(slot).map((other) => state.slots[other].colour);
    const free = [...new Array(COLOURS).keys()].find((colour) => !near.includes(colour));
    Object.assign(state.slots[slot], { key: letterOf(at), colour: free ?? 0 });
  }
  return { board, state, labels: new Map(state.slots.map((grid, slot) => [names[slot], numberOf(grid)])) };
}

// A, B … Z, AA, AB …
function letterOf(at) {
  return (at >= 26 ? letterOf(Math.floor(at / 26) - 1) : "") + String.fromCharCode(65 + (at % 26));
}

export class Curtain {
  // `moving`: codes of the buildings that change grid; they are hatched on both sides.
  constructor(map, surface, { board, state }, { moving, title, unit }) {
    this.map = map;
    this.at = 0.5; // of the map's width
    const marks = new Marks();
    for (const code of moving) if (board.positionOf.has(code)) marks.moving.set(board.positionOf.get(code), 0);
    this.canvas = new PlanCanvas({ board, state, picker: new Picker(board), marks, unit });
    this.canvas.addTo(map);
    this.handle = element("div", {
      id: "curtain", role: "slider", tabindex: 0, "aria-label": say("拉帘对照"), "aria-valuemin": 0, "aria-valuemax": 100,
      title: say("左右拖动，或用方向键"), onkeydown: (event) => this.key(event), onpointerdown: (event) => this.grip(event),
      onpointermove: (event) => this.drag(event),
    }, element("span", {}, say("本方案")), element("span", {}, title));
    surface.append(this.handle);
    this.follow = () => this.lay();
    map.on("move moveend zoomend resize", this.follow);
    this.lay();
  }

  lay() {
    const left = this.at * this.map.getSize().x;
    this.canvas.showFrom(left);
    this.handle.style.left = `${left}px`;
    this.handle.setAttribute("aria-valuenow", Math.round(100 * this.at));
  }

  move(at) {
    this.at = Math.max(0, Math.min(1, at));
    this.lay();
  }

  grip(event) {
    this.handle.setPointerCapture(event.pointerId);
    this.frame = this.handle.parentElement.getBoundingClientRect();
    event.preventDefault();
    this.handle.focus();
  }

  drag(event) {
    if (this.handle.hasPointerCapture(event.pointerId)) this.move((event.clientX - this.frame.left) / this.frame.width);
  }

  key(event) {
    const step = event.shiftKey ? SMALL_STEP : STEP;
    const goals = { ArrowLeft: this.at - step, ArrowRight: this.at + step, Home: 0, End: 1 };
    if (!(event.key in goals)) return;
    this.move(goals[event.key]);
    event.preventDefault();
    event.stopPropagation();
  }

  remove() {
    this.map.off("move moveend zoomend resize", this.follow);
    this.canvas.remove();
    this.handle.remove();
  }
}
