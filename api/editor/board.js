// The document of /v1/plans/{id}/board becomes arrays: cells, borders, buildings, lines, in pixels of the world at zoom 0.
// In: the parsed JSON. Out: a Board, which never changes; who holds which cell is state.js's affair. Draws nothing.

const WORLD = 256;

// Web Mercator as Leaflet has it (EPSG:3857), without its objects: thirty thousand cells have half a million vertices.
function worldX(lon) {
  return ((lon + 180) / 360) * WORLD;
}

function worldY(lat) {
  return (0.5 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / (2 * Math.PI)) * WORLD;
}

function decoder(document) {
  const [lon, lat] = document.origin, step = 1 / document.steps_per_degree;
  return (sizes, steps) => {
    const points = new Float64Array(steps.length);
    let at = 0;
    for (const size of sizes) {
      let x = 0, y = 0;
      for (const end = at + 2 * size; at < end; at += 2) {
        x += steps[at];
        y += steps[at + 1];
        points[at] = worldX(lon + x * step);
        points[at + 1] = worldY(lat + y * step);
      }
    }
    return points;
  };
}

// Where each of many runs begins in a flat array, and behind the last where it ends.
function starts(sizes, unit = 1) {
  const start = new Int32Array(sizes.length + 1);
  for (let i = 0; i < sizes.length; i += 1) start[i + 1] = start[i] + sizes[i] * unit;
  return start;
}

// Rows of a table by group: members(start[g] .. start[g + 1]); rows of group -1 are in none.
export function grouped(groups, count) {
  const start = new Int32Array(count + 1);
  for (const group of groups) if (group >= 0) start[group + 1] += 1;
  for (let i = 0; i < count; i += 1) start[i + 1] += start[i];
  const members = new Int32Array(start[count]), next = start.slice(0, count);
  groups.forEach((group, row) => {
    if (group >= 0) members[next[group]++] = row;
  });
  return { start, members, of: (group) => members.subarray(start[group], start[group + 1]) };
}

// Shapes given as rings of vertices: rings firstRing[s] .. firstRing[s + 1], vertices ringStart[r] .. ringStart[r + 1].
function shapes(packed, points) {
  return boxed({ points: points(packed.sizes, packed.steps), ringStart: starts(packed.sizes, 2), firstRing: starts(packed.rings) });
}

// The same with the box of each shape and the centre of its ground.
function boxed(shape) {
  const { points, ringStart, firstRing } = shape;
  const count = firstRing.length - 1, boxes = new Float64Array(4 * count), centres = new Float64Array(2 * count);
  for (let i = 0; i < count; i += 1) {
    const from = ringStart[firstRing[i]], x0 = points[from], y0 = points[from + 1];
    let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity, area = 0, cx = 0, cy = 0;
    for (let ring = firstRing[i]; ring < firstRing[i + 1]; ring += 1) {
      const end = ringStart[ring + 1];
      let px = points[end - 2] - x0, py = points[end - 1] - y0;
      for (let at = ringStart[ring]; at < end; at += 2) {
        const x = points[at] - x0, y = points[at + 1] - y0, cross = px * y - x * py;
        area += cross;
        cx += cross * (px + x);
        cy += cross * (py + y);
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = Math.max(bottom, y);
        px = x;
        py = y;
      }
    }
    boxes.set([x0 + left, y0 + top, x0 + right, y0 + bottom], 4 * i);
    centres.set(area ? [x0 + cx / (3 * area), y0 + cy / (3 * area)] : [x0 + left, y0 + top], 2 * i);
  }
  return { ...shape, count, boxes, centres };
}

// Cells are walks along arcs, so a border is there once; here each cell gets its rings of vertices, and each arc its two cells.
function cellShapes(packed, points) {
  const arcPoints = points(packed.arcs.sizes, packed.arcs.steps), arcStart = starts(packed.arcs.sizes, 2);
  const firstReference = starts(packed.ring_sizes), firstRing = starts(packed.rings);
  const references = Int32Array.from(packed.references), arcs = packed.arcs.sizes.length;
  const sides = new Int32Array(2 * arcs).fill(-1); // of each arc the cell that walks along it, and the one that walks back
  const ringStart = new Int32Array(packed.ring_sizes.length + 1);
  let total = 0;
  packed.ring_sizes.forEach((size, ring) => {
    for (let at = firstReference[ring]; at < firstReference[ring + 1]; at += 1) {
      const reference = references[at], arc = reference < 0 ? -1 - reference : reference;
      total += arcStart[arc + 1] - arcStart[arc] - 2; // the last vertex of an arc is the first of the next
    }
    ringStart[ring + 1] = total;
  });
  const vertices = new Float64Array(total);
  let put = 0;
  for (let cell = 0; cell < firstRing.length - 1; cell += 1) {
    for (let at = firstReference[firstRing[cell]]; at < firstReference[firstRing[cell + 1]]; at += 1) {
      const back = references[at] < 0, arc = back ? -1 - references[at] : references[at];
      sides[2 * arc + (back ? 1 : 0)] = cell;
      const from = arcStart[arc], to = arcStart[arc + 1];
      if (back) {
        for (let i = to - 2; i > from; i -= 2) {
          vertices[put++] = arcPoints[i];
          vertices[put++] = arcPoints[i + 1];
        }
      } else {
        vertices.set(arcPoints.subarray(from, to - 2), put);
        put += to - 2 - from;
      }
    }
  }
  const shape = boxed({ points: vertices, ringStart, firstRing });
  const firstArc = Int32Array.from(firstRing, (ring) => firstReference[ring]);
  return { ...shape, arcs: { points: arcPoints, start: arcStart, sides }, references, firstArc };
}

// Of each cell its neighbours: neighbour[k], with passable[k] and length[k], for k from start[cell] to start[cell + 1].
function neighbours(borders, cells) {
  const count = borders.a.length, both = grouped([...borders.a, ...borders.b], cells);
  const neighbour = Int32Array.from(both.members, (row) => (row < count ? borders.b[row] : borders.a[row - count]));
  const border = Int32Array.from(both.members, (row) => (row < count ? row : row - count));
  return { start: both.start, neighbour, border, passable: borders.passable, length: borders.length, line: borders.line };
}

function lines(packed, points) {
  return packed.map(({ kind, name, sizes, steps }) => ({ kind, name, points: points(sizes, steps), start: starts(sizes, 2) }));
}

export function unpack(document) {
  const packed = document.board, points = decoder(packed);
  const cells = { ...cellShapes(packed.cells, points), households: Int32Array.from(packed.cells.households) };
  const raw = packed.buildings, count = raw.code.length;
  const buildings = {
    ...shapes(raw.shapes, points), count, code: raw.code, name: raw.name, address: raw.address,
    cell: Int32Array.from(raw.cell), households: Int32Array.from(raw.households),
    estate: Int32Array.from(raw.estate), edition: Int32Array.from(raw.edition),
  };
  const outline = shapes(packed.outline, points);
  return {
    cells, buildings, outline, box: outline.boxes,
    borders: neighbours(packed.borders, cells.count),
    lines: lines(packed.lines, points),
    estates: packed.estates.map(([code, name, type]) => ({ code, name, type })),
    buildingsOfCell: grouped(raw.cell, cells.count),
    buildingsOfEstate: grouped(raw.estate, packed.estates.length),
    positionOf: new Map(raw.code.map((code, position) => [code, position])),
    edition: packed.edition,
    editionOf: new Map(packed.edition ? packed.edition.grids.map((grid, position) => [grid.code, position]) : []),
    name: document.name, path: document.path, community: document.community,
  };
}

export function toWorld([lon, lat]) {
  return [worldX(lon), worldY(lat)];
}

export function toDegrees(x, y) {
  return [(x / WORLD) * 360 - 180, (Math.atan(Math.sinh((0.5 - y / WORLD) * 2 * Math.PI)) * 180) / Math.PI];
}

// Metres of a pixel of the world at zoom 0, at this height of the world.
export function metresOf(y) {
  return (40075016.686 / WORLD) * Math.cos((toDegrees(0, y)[1] * Math.PI) / 180);
}
