// What lies under a point, a brush, a box or a lasso, by a raster over the community: nothing of it is an element of the page.
// In: a Board. Out: numbers of cells and buildings. Knows no map.

const SIDE = 64; // squares of the raster in each direction

export class Picker {
  constructor(board) {
    this.board = board;
    this.cells = new Raster(board.cells, board.box);
    this.buildings = new Raster(board.buildings, board.box);
  }

  cellAt(x, y) {
    return this.cells.at(x, y);
  }

  buildingAt(x, y) {
    return this.buildings.at(x, y);
  }

  // Cells whose centre lies in the box, or with `touching` all that reach into it.
  cellsInBox(box, touching = false) {
    const { boxes, centres } = this.board.cells;
    if (touching) return this.cells.reaching(box).filter((cell) => overlap(boxes, cell, box));
    return this.cells.reaching(box).filter((cell) => inBox(centres[2 * cell], centres[2 * cell + 1], box));
  }

  buildingsReaching(box) {
    return this.buildings.reaching(box).filter((each) => overlap(this.board.buildings.boxes, each, box));
  }

  // Cells whose centre a brush covers on its way from one point to another, and those under both ends.
  cellsUnder(from, to, radius) {
    const [x1, y1] = from, [x2, y2] = to;
    const box = [Math.min(x1, x2) - radius, Math.min(y1, y2) - radius, Math.max(x1, x2) + radius, Math.max(y1, y2) + radius];
    const found = new Set(), { centres, boxes } = this.board.cells;
    for (const cell of this.cells.reaching(box)) {
      if (distance(centres[2 * cell], centres[2 * cell + 1], from, to) <= radius) found.add(cell);
    }
    const length = Math.hypot(x2 - x1, y2 - y1);
    const stride = Math.max(radius, (boxes[2] - boxes[0]) / 3 || length);
    const count = Math.min(200, Math.max(1, Math.ceil(length / stride)));
    for (let i = 0; i <= count; i += 1) {
      const under = this.cellAt(x1 + ((x2 - x1) * i) / count, y1 + ((y2 - y1) * i) / count);
      if (under >= 0) found.add(under);
    }
    return [...found];
  }

  cellsInLasso(points) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const [x, y] of points) {
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x);
      box[3] = Math.max(box[3], y);
    }
    const ring = points.flat(), { centres } = this.board.cells;
    return this.cellsInBox(box).filter((cell) => crossings(ring, 0, ring.length, centres[2 * cell], centres[2 * cell + 1]));
  }
}

class Raster {
  constructor(shape, box) {
    this.shape = shape;
    this.box = box;
    this.width = (box[2] - box[0]) / SIDE || 1;
    this.height = (box[3] - box[1]) / SIDE || 1;
    const sizes = new Int32Array(SIDE * SIDE + 1);
    this.each((square) => { sizes[square + 1] += 1; });
    for (let i = 0; i < SIDE * SIDE; i += 1) sizes[i + 1] += sizes[i];
    this.start = sizes;
    this.members = new Int32Array(sizes[SIDE * SIDE]);
    const next = sizes.slice();
    this.each((square, member) => { this.members[next[square]++] = member; });
    this.seen = new Int32Array(shape.count);
    this.look = 0;
  }

  each(what) {
    for (let member = 0; member < this.shape.count; member += 1) {
      const [left, top, right, bottom] = this.squares(this.shape.boxes.subarray(4 * member, 4 * member + 4));
      for (let row = top; row <= bottom; row += 1) {
        for (let column = left; column <= right; column += 1) what(row * SIDE + column, member);
      }
    }
  }

  squares(box) {
    const clamp = (value) => Math.max(0, Math.min(SIDE - 1, Math.floor(value)));
    return [
      clamp((box[0] - this.box[0]) / this.width), clamp((box[1] - this.box[1]) / this.height),
      clamp((box[2] - this.box[0]) / this.width), clamp((box[3] - this.box[1]) / this.height),
    ];
  }

  reaching(box) {
    const [left, top, right, bottom] = this.squares(box), found = [];
    this.look += 1;
    for (let row = top; row <= bottom; row += 1) {
      for (let column = left; column <= right; column += 1) {
        for (let k = this.start[row * SIDE + column]; k < this.start[row * SIDE + column + 1]; k += 1) {
          const member = this.members[k];
          if (this.seen[member] === this.look) continue;
          this.seen[member] = this.look;
          found.push(member);
        }
      }
    }
    return found;
  }

  at(x, y) {
    const { points, ringStart, firstRing, boxes } = this.shape;
    for (const member of this.reaching([x, y, x, y])) {
      if (!inBox(x, y, boxes.subarray(4 * member, 4 * member + 4))) continue;
      let inside = false;
      for (let ring = firstRing[member]; ring < firstRing[member + 1]; ring += 1) {
        if (crossings(points, ringStart[ring], ringStart[ring + 1], x, y)) inside = !inside;
      }
      if (inside) return member;
    }
    return -1;
  }
}

function inBox(x, y, box) {
  return x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3];
}

function overlap(boxes, member, box) {
  const at = 4 * member;
  return boxes[at] <= box[2] && boxes[at + 2] >= box[0] && boxes[at + 1] <= box[3] && boxes[at + 3] >= box[1];
}

function crossings(points, from, to, x, y) {
  let inside = false;
  for (let i = from, j = to - 2; i < to; j = i, i += 2) {
    if (points[i + 1] > y === points[j + 1] > y) continue;
    if (x < ((points[j] - points[i]) * (y - points[i + 1])) / (points[j + 1] - points[i + 1]) + points[i]) inside = !inside;
  }
  return inside;
}

function distance(x, y, [x1, y1], [x2, y2]) {
  const dx = x2 - x1, dy = y2 - y1, length = dx * dx + dy * dy;
  const along = length ? Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / length)) : 0;
  return Math.hypot(x - x1 - along * dx, y - y1 - along * dy);
}
