// The look of a plan: colours, hatches, lines, numbers. In: a pen, the view, the scene. Out: pixels; keeps nothing.
// A view turns the world at zoom 0 into pixels of the canvas: x * scale - left, y * scale - top.

export const PALETTE = ["#f7dcae", "#c3e2c4", "#c8dbf3", "#f5cdca", "#ded0ec", "#ebe8ab", "#bfe5e4", "#f1d0e2"];
const DEEP = ["#b97a10", "#2f8a3b", "#2a6fbe", "#c1453b", "#7a4fb0", "#8d8710", "#178a86", "#b03c81"]; // the same hues, for stripes
export const INK = "#1b2733", FAULT = "#b3261e", TARGET = "#0b5cad";
const FONT = '"Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei","PingFang SC",sans-serif';
const LINES = {
  street: { width: 2.2, colour: "#ffffff" },
  river: { width: 7, colour: "#7ab6e6" },
  wall: { width: 2, colour: "#8a5a33", dash: [5, 3] },
  railway: { width: 3, colour: "#ffffff", dash: [9, 7], casing: "#3d4854" },
  main_road: { width: 6, colour: "#f2b84b", casing: "#c48a1d" },
};
const CURSOR_MARGIN = 4; // pixels: the widest line around what follows the hand, halved and rounded up
const MOST_WRITINGS = 2_000, SPOTS = 12;
const patterns = new Map(), writings = new Map(), places = new WeakMap();

function pattern(pen, name, draw) {
  if (!patterns.has(name)) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    draw(tile.getContext("2d"));
    patterns.set(name, pen.createPattern(tile, "repeat"));
  }
  return patterns.get(name);
}

function hatch(ink, colour, width, back = false) {
  ink.strokeStyle = colour;
  ink.lineWidth = width;
  ink.beginPath();
  for (const shift of [-8, 0, 8]) {
    ink.moveTo(shift, back ? 0 : 8);
    ink.lineTo(shift + 8, back ? 8 : 0);
  }
  ink.stroke();
}

const faultHatch = (pen) => pattern(pen, "fault", (ink) => { hatch(ink, FAULT, 2); hatch(ink, FAULT, 1, true); });
const dedicatedHatch = (pen) => pattern(pen, "dedicated", (ink) => hatch(ink, "rgba(27,39,51,.3)", 1.2));
const bareHatch = (pen) => pattern(pen, "bare", (ink) => hatch(ink, "#8894a0", 1.2, true));
const estateHatch = (pen) => pattern(pen, "estate", (ink) => hatch(ink, "#7a4200", 1.8, true));
const oldStripe = (pen, colour) => pattern(pen, `old ${colour}`, (ink) => {
  ink.fillStyle = "#ffffff";
  ink.fillRect(0, 0, 8, 8);
  hatch(ink, colour < 0 ? "#46525e" : DEEP[colour], 3.4);
});

function trace(pen, view, points, from, to, close) {
  for (let i = from; i < to; i += 2) {
    const x = points[i] * view.scale - view.left, y = points[i + 1] * view.scale - view.top;
    if (i > from) pen.lineTo(x, y);
    else pen.moveTo(x, y);
  }
  if (close) pen.closePath();
}

export function traceShape(pen, view, shape, member) {
  for (let ring = shape.firstRing[member]; ring < shape.firstRing[member + 1]; ring += 1) {
    trace(pen, view, shape.points, shape.ringStart[ring], shape.ringStart[ring + 1], true);
  }
}

function fill(pen, view, shape, members, style) {
  if (!members.length) return;
  pen.beginPath();
  for (const member of members) traceShape(pen, view, shape, member);
  pen.fillStyle = style;
  pen.fill("evenodd");
}

// Paint what lies in a box of the world: cells by grid, one path a grid, then lines, buildings and borders.
export function paintGround(pen, view, scene, box) {
  const { board, state, picker, marks } = scene, { cells } = board;
  const seen = picker.cellsInBox(box, true), bySlot = new Map();
  const holder = marks.preview ? (cell) => (marks.preview.has(cell) ? marks.preview.get(cell) : state.of[cell]) : (cell) => state.of[cell];
  for (const cell of seen) {
    const slot = holder(cell);
    if (!bySlot.has(slot)) bySlot.set(slot, []);
    bySlot.get(slot).push(cell);
  }
  pen.lineJoin = pen.lineCap = "round";
  for (const [slot, held] of bySlot) {
    const grid = slot < 0 ? null : state.slots[slot] || { colour: PALETTE.length - 1 - (slot - state.slots.length) };
    fill(pen, view, cells, held, grid ? PALETTE[grid.colour] : "#ffffff");
    if (!grid) fill(pen, view, cells, held, bareHatch(pen));
    else if (grid.kind === "dedicated") fill(pen, view, cells, held, dedicatedHatch(pen));
  }
  if (marks.broken.size) fill(pen, view, cells, seen.filter((cell) => marks.broken.has(cell)), faultHatch(pen));
  for (const kind of Object.keys(LINES)) {
    if (kind === "street" && view.zoom < 15) continue;
    for (const line of board.lines) if (line.kind === kind) paintLine(pen, view, line);
  }
  if (view.zoom >= 15) paintBuildings(pen, view, scene, picker.buildingsReaching(box));
  paintBorders(pen, view, scene, seen, holder);
}

function paintLine(pen, view, line) {
  const style = LINES[line.kind], thick = Math.min(2.2, Math.max(0.35, 2 ** ((view.zoom - 16.5) / 1.6)));
  const width = Math.max(1, style.width * thick);
  pen.beginPath();
  for (let i = 0; i < line.start.length - 1; i += 1) trace(pen, view, line.points, line.start[i], line.start[i + 1], false);
  pen.setLineDash([]);
  if (style.casing) {
    pen.strokeStyle = style.casing;
    pen.lineWidth = width + 1.6;
    pen.stroke();
  }
  if (style.dash) pen.setLineDash(style.dash.map((part) => part * thick));
  pen.strokeStyle = style.colour;
  pen.lineWidth = style.casing && style.dash ? Math.max(0.8, width - 0.6) : width;
  pen.stroke();
  pen.setLineDash([]);
}

// A building that leaves its grid in force carries a stripe of the colour that it had.
function paintBuildings(pen, view, { board, state, marks }, seen) {
  const { buildings } = board, plain = [], changed = new Map(), heirs = state.heirs();
  for (const building of seen) {
    if (!state.hasChanged(building)) {
      plain.push(building);
      continue;
    }
    const slot = heirs.get(buildings.edition[building]), colour = slot === undefined ? -1 : state.slots[slot].colour;
    if (!changed.has(colour)) changed.set(colour, []);
    changed.get(colour).push(building);
  }
  fill(pen, view, buildings, plain, "rgba(84,74,66,.55)");
  for (const [colour, held] of changed) {
    fill(pen, view, buildings, held, oldStripe(pen, colour));
    pen.strokeStyle = INK;
    pen.lineWidth = 1.4;
    pen.stroke();
  }
  fill(pen, view, buildings, seen.filter((each) => marks.estates.has(buildings.estate[each])), estateHatch(pen));
  const moving = seen.filter((each) => marks.moving.has(each));
  if (moving.length) {
    fill(pen, view, buildings, moving, "#ffffff");
    fill(pen, view, buildings, moving, faultHatch(pen));
  }
  if (view.zoom < 16) return;
  pen.fillStyle = INK;
  for (const building of seen) {
    if (!state.lockedBuildings.has(building)) continue;
    const x = buildings.centres[2 * building] * view.scale - view.left, y = buildings.centres[2 * building + 1] * view.scale - view.top;
    paintLock(pen, x, y);
  }
}

function paintLock(pen, x, y) {
  pen.fillStyle = INK;
  pen.fillRect(x - 5, y - 1, 10, 7);
  pen.strokeStyle = INK;
  pen.lineWidth = 1.8;
  pen.beginPath();
  pen.arc(x, y - 1, 3.2, Math.PI, 0);
  pen.stroke();
}

function paintBorders(pen, view, { board }, seen, holder) {
  const { arcs, references, firstArc } = board.cells, thin = view.zoom >= 16.5 && seen.length < 6000;
  const inner = new Set(), between = new Set(), edge = new Set();
  for (const cell of seen) {
    for (let at = firstArc[cell]; at < firstArc[cell + 1]; at += 1) {
      const arc = references[at] < 0 ? -1 - references[at] : references[at];
      const a = arcs.sides[2 * arc], b = arcs.sides[2 * arc + 1];
      if (a < 0 || b < 0) edge.add(arc);
      else if (holder(a) !== holder(b)) between.add(arc);
      else if (thin) inner.add(arc);
    }
  }
  const stroke = (found, width, colour) => {
    pen.beginPath();
    for (const arc of found) trace(pen, view, arcs.points, arcs.start[arc], arcs.start[arc + 1], false);
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.stroke();
  };
  stroke(inner, 0.7, "rgba(27,39,51,.22)");
  stroke(between, view.zoom < 15 ? 1.4 : 2.4, "#34404c");
  stroke(edge, view.zoom < 15 ? 2 : 3.4, INK);
}

// Numbers of all grids, each on its own ground where most of it is; the target's border; what findings point at.
export function paintLabels(pen, view, scene) {
  const { state, marks } = scene;
  if (marks.target !== null && marks.target >= 0 && state.sizes[marks.target]) outlineSlot(pen, view, scene, marks.target);
  if (marks.points.length) paintPoints(pen, view, marks.points);
  const taken = [], held = state.present().map((slot) => ({ slot, ...labelPlace(scene, slot) }));
  for (const { slot, spots, room } of held.sort((a, b) => a.room - b.room)) { // who has least room chooses first
    const size = Math.round(Math.max(13, Math.min(30, room * view.scale * 0.5))), grid = state.slots[slot];
    const [px, py] = freeSpot(view, spots, size, taken);
    const number = /^\d$/.test(grid.key) ? `0${grid.key}` : grid.key, off = state.offBand(slot);
    const sign = `${off > 0 ? "▲" : off < 0 ? "▼" : ""}${marks.brokenSlots.has(slot) ? "✕" : ""}`;
    lettering(pen, number, px, py - (room * view.scale > 40 ? size * 0.35 : 0), size, 700, INK);
    if (room * view.scale > 40) {
      lettering(pen, `${state.households[slot]}${scene.unit}${sign}`, px, py + size * 0.6, 13, off || sign ? 700 : 400, off || sign ? FAULT : INK);
    } else if (sign) lettering(pen, sign, px + size, py, 13, 700, FAULT);
    if (grid.locked) paintLock(pen, px + size * 1.1, py - size * 0.4);
  }
}

// A text with a white rim. Rimmed letters are slow to draw, and the same few come back in every frame: each is drawn once.
function lettering(pen, text, x, y, size, weight, colour) {
  const { a: density } = pen.getTransform(), name = `${text} ${size} ${weight} ${colour} ${density}`;
  if (!writings.has(name)) {
    if (writings.size >= MOST_WRITINGS) writings.clear();
    writings.set(name, writing(text, size, weight, colour, density));
  }
  const made = writings.get(name), width = made.width / density, height = made.height / density;
  pen.drawImage(made, x - width / 2, y - height / 2, width, height);
}

function writing(text, size, weight, colour, density) {
  const made = document.createElement("canvas"), ink = made.getContext("2d"), font = `${weight} ${size}px ${FONT}`;
  ink.font = font;
  made.width = Math.ceil((ink.measureText(text).width + 6) * density);
  made.height = Math.ceil((1.4 * size + 6) * density);
  ink.scale(density, density);
  Object.assign(ink, { font, textAlign: "center", textBaseline: "middle", lineJoin: "round", lineWidth: 4, strokeStyle: "rgba(255,255,255,.92)", fillStyle: colour });
  ink.strokeText(text, made.width / density / 2, made.height / density / 2);
  ink.fillText(text, made.width / density / 2, made.height / density / 2);
  return made;
}

// Spots for the letters of a grid, the one nearest to the centre of its ground first, all on cells of it; and how much room it has.
function labelPlace(scene, slot) {
  const { state } = scene, known = places.get(state) || places.set(state, []).get(state);
  if (known[slot]?.turn !== state.turns[slot]) known[slot] = { turn: state.turns[slot], place: seekPlace(scene, slot) };
  return known[slot].place;
}

// The first of a grid's spots, in pixels, whose letters would cover no others; where all would, the first.
function freeSpot(view, spots, size, taken) {
  const boxes = spots.map(([x, y]) => {
    const px = x * view.scale - view.left, py = y * view.scale - view.top;
    return { px, py, left: px - size, top: py - size, right: px + size, bottom: py + size };
  });
  const clear = (box) => !taken.some((each) => each.left < box.right && each.right > box.left && each.top < box.bottom && each.bottom > box.top);
  const chosen = boxes.find(clear) || boxes[0];
  taken.push(chosen);
  return [chosen.px, chosen.py];
}

function seekPlace({ board, state }, slot) {
  const { centres, boxes } = board.cells, cells = state.cellsOf(slot);
  let x = 0, y = 0, weight = 0;
  for (const cell of cells) {
    const area = (boxes[4 * cell + 2] - boxes[4 * cell]) * (boxes[4 * cell + 3] - boxes[4 * cell + 1]);
    x += centres[2 * cell] * area;
    y += centres[2 * cell + 1] * area;
    weight += area;
  }
  x /= weight || 1;
  y /= weight || 1;
  const away = (cell) => Math.hypot(centres[2 * cell] - x, centres[2 * cell + 1] - y);
  const step = Math.max(1, Math.floor(cells.length / SPOTS)), near = cells.sort((a, b) => away(a) - away(b));
  const spots = near.filter((_, at) => at % step === 0).map((cell) => [centres[2 * cell], centres[2 * cell + 1]]);
  return { spots, room: Math.sqrt(weight) };
}

function outlineSlot(pen, view, { board, state }, slot) {
  const { arcs, references, firstArc } = board.cells;
  pen.beginPath();
  for (const cell of state.cellsOf(slot)) {
    for (let at = firstArc[cell]; at < firstArc[cell + 1]; at += 1) {
      const arc = references[at] < 0 ? -1 - references[at] : references[at];
      const other = arcs.sides[2 * arc] === cell ? arcs.sides[2 * arc + 1] : arcs.sides[2 * arc];
      if (other < 0 || state.of[other] !== slot) trace(pen, view, arcs.points, arcs.start[arc], arcs.start[arc + 1], false);
    }
  }
  strokeOnAnyGround(pen, TARGET, 4, 7);
}

// A line with a white rim, which is seen on any colour.
function strokeOnAnyGround(pen, colour, width, rim) {
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = rim;
  pen.stroke();
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.stroke();
}

function paintPoints(pen, view, points) {
  for (const [x, y] of points) {
    pen.beginPath();
    pen.arc(x * view.scale - view.left, y * view.scale - view.top, 16, 0, 2 * Math.PI);
    strokeOnAnyGround(pen, FAULT, 3.5, 7);
  }
}

// The pixels that what follows the hand needs, inside the view: [left, top, right, bottom]; null where nothing does.
export function cursorBox(view, { board }, { building = -1, brush = null, path = null }) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  const reach = (x, y, by) => {
    const px = x * view.scale - view.left, py = y * view.scale - view.top;
    box[0] = Math.min(box[0], px - by);
    box[1] = Math.min(box[1], py - by);
    box[2] = Math.max(box[2], px + by);
    box[3] = Math.max(box[3], py + by);
  };
  if (building >= 0) {
    const { boxes } = board.buildings, at = 4 * building;
    reach(boxes[at], boxes[at + 1], CURSOR_MARGIN);
    reach(boxes[at + 2], boxes[at + 3], CURSOR_MARGIN);
  }
  if (brush) reach(brush.x, brush.y, Math.max(3, brush.radius * view.scale) + CURSOR_MARGIN);
  for (const [x, y] of path || []) reach(x, y, CURSOR_MARGIN);
  const [left, top, right, bottom] = box.map(Math.floor);
  const seen = [Math.max(0, left), Math.max(0, top), Math.min(view.width, right + 1), Math.min(view.height, bottom + 1)];
  return seen[2] > seen[0] && seen[3] > seen[1] ? seen : null;
}

// What follows the hand: the brush, the box, the lasso, the line, and the building under it.
export function paintCursor(pen, view, { board }, { building = -1, brush = null, path = null, closed = false, dashed = false }) {
  if (building >= 0) {
    pen.beginPath();
    traceShape(pen, view, board.buildings, building);
    pen.strokeStyle = INK;
    pen.lineWidth = 2.5;
    pen.stroke();
  }
  if (brush) {
    pen.beginPath();
    pen.arc(brush.x * view.scale - view.left, brush.y * view.scale - view.top, Math.max(3, brush.radius * view.scale), 0, 2 * Math.PI);
    strokeOnAnyGround(pen, INK, 1.5, 3.5);
  }
  if (path && path.length) {
    pen.beginPath();
    trace(pen, view, path.flat(), 0, 2 * path.length, closed);
    pen.setLineDash(dashed ? [7, 5] : []);
    pen.strokeStyle = TARGET;
    pen.lineWidth = 2.5;
    pen.stroke();
    pen.setLineDash([]);
    if (closed) {
      pen.fillStyle = "rgba(11,92,173,.1)";
      pen.fill();
    }
  }
}
