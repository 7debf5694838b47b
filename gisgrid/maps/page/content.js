// The data block (see gisgrid.maps.payload) becomes shapes of the world at zoom 0, and a point is asked which shape holds it.
// In: the parsed JSON. Out: communities, grids and layers. Draws nothing.
"use strict";

(function (gisgrid) {
  const { numbers, texts, starts, linePoints } = gisgrid;

  function boxOf(rings) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const ring of rings) {
      for (let i = 0; i < ring.length; i += 2) {
        box[0] = Math.min(box[0], ring[i]);
        box[1] = Math.min(box[1], ring[i + 1]);
        box[2] = Math.max(box[2], ring[i]);
        box[3] = Math.max(box[3], ring[i + 1]);
      }
    }
    return box;
  }

  const pixels = (steps) => (steps / 1e6) * (256 / 360);

  // What a layer needs to read shapes of the data block; every place is one of the world at zoom 0, 256 pixels wide.
  function shapeReader(origin, base) {
    const onTiles = (lon, lat, into, at) => gisgrid.project(...gisgrid.gcj02Of([lon, lat]), into, at);
    const project = base && base.system === "gcj02" ? onTiles : gisgrid.project; // the drawing is shifted, not the data
    const fromSteps = (x, y, into, at) => project(origin[0] + x / 1e6, origin[1] + y / 1e6, into, at);
    const points = (packed) => {
      const steps = numbers(packed);
      return linePoints(steps, [steps.length / 2], fromSteps);
    };
    const label = (packed) => {
      const steps = numbers(packed), [x, y] = linePoints(steps.subarray(0, 2), [1], fromSteps);
      return { x, y, radius: pixels(steps[2]) };
    };
    const shaped = (shape) => {
      const rings = shape.flat().map(points);
      return { rings, box: boxOf(rings) };
    };
    const columns = (packed) => new gisgrid.Shapes(packed, fromSteps);
    const place = (lon, lat, point) => project(lon, lat, point, 0);
    return { points, label, shaped, columns, boxOf, project: fromSteps, place };
  }

  // Borders are there once. A ring is a walk along them: reference r is arc r as it runs, -1 - r the same backwards.
  function readArcs(packed, project) {
    const sizes = numbers(packed.sizes), ends = starts(sizes);
    const points = linePoints(numbers(packed.steps), sizes, project);
    return [...sizes.keys()].map((i) => {
      const line = points.subarray(2 * ends[i], 2 * ends[i + 1]);
      return { line, box: boxOf([line]), owners: [] };
    });
  }

  function walk(arcs, references) {
    const length = references.reduce((sum, r) => sum + arcs[r < 0 ? -1 - r : r].line.length - 2, 0);
    const ring = new Float64Array(length);
    let at = 0;
    for (const r of references) {
      const line = arcs[r < 0 ? -1 - r : r].line, last = line.length - 2;
      for (let i = 0; i < last; i += 2, at += 2) {
        const from = r < 0 ? last - i : i;
        ring[at] = line[from];
        ring[at + 1] = line[from + 1];
      }
    }
    return ring;
  }

  function readGrids(data, communities, shapes) {
    const packed = data.grids, colour = numbers(packed.colour), count = colour.length;
    const arcs = readArcs(packed.arcs, shapes.project);
    const references = numbers(packed.references), ringEnds = starts(numbers(packed.ring_sizes)), rings = starts(numbers(packed.rings));
    const column = Object.fromEntries(["code", "number", "name", "households"].map((name) => [name, texts(packed[name], count)]));
    const [dedicated, buildings, hectares, community] = ["dedicated", "buildings", "hectares", "community"]
      .map((name) => numbers(packed[name]));
    const middles = linePoints(numbers(packed.label.at), [count], shapes.project), radii = numbers(packed.label.radius);
    const posts = readPosts(packed, count);
    const grids = [];
    for (let i = 0; i < count; i += 1) {
      const own = [];
      for (let ring = rings[i]; ring < rings[i + 1]; ring += 1) {
        const way = references.subarray(ringEnds[ring], ringEnds[ring + 1]);
        for (const r of way) arcs[r < 0 ? -1 - r : r].owners.push(community[i]);
        own.push(walk(arcs, way));
      }
      grids.push({
        code: column.code[i], number: column.number[i], name: column.name[i], households: column.households[i],
        dedicated: dedicated[i] === 1, buildings: buildings[i], hectares: hectares[i] / 10, posts: posts[i],
        colour: data.palette[colour[i]], community: communities[community[i]],
        rings: own, box: boxOf(own), label: { x: middles[2 * i], y: middles[2 * i + 1], radius: pixels(radii[i]) },
      });
    }
    // A border of the community has grids of two communities at its sides, or a grid at one side only.
    const outer = ({ owners }) => owners.length < 2 || owners[0] !== owners[1];
    return { grids, borders: arcs.filter((arc) => !outer(arc)), edges: arcs.filter(outer) };
  }

  function readPosts(packed, grids) {
    const ends = starts(numbers(packed.posts)), count = ends[grids];
    const columns = [packed.role, packed.worker, packed.phone].map((column) => texts(column, count));
    const rows = [...Array(count).keys()].map((i) => columns.map((column) => column[i]));
    return [...Array(grids).keys()].map((i) => rows.slice(ends[i], ends[i + 1]));
  }

  function prepare(data) {
    const shapes = shapeReader(data.origin, data.layers.base);
    const communities = data.communities.map((each) => ({
      ...each, ...shapes.shaped(each.shape), label: each.label && shapes.label(each.label),
    }));
    const content = { communities, ...readGrids(data, communities, shapes), internal: data.internal, buildingAt: () => null };
    content.project = shapes.place;
    for (const { community, box } of content.grids) {
      const whole = community.box;
      community.box = [Math.min(whole[0], box[0]), Math.min(whole[1], box[1]), Math.max(whole[2], box[2]), Math.max(whole[3], box[3])];
    }
    content.layers = gisgrid.layersOf(data.layers, shapes, content);
    return content;
  }

  function holds(shape, x, y) {
    const box = shape.box;
    if (x < box[0] || x > box[2] || y < box[1] || y > box[3]) return false;
    let inside = false;
    for (const ring of shape.rings) {
      for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
        const rises = ring[i + 1] > y !== ring[j + 1] > y;
        if (rises && x < ((ring[j] - ring[i]) * (y - ring[i + 1])) / (ring[j + 1] - ring[i + 1]) + ring[i]) inside = !inside;
      }
    }
    return inside;
  }

  gisgrid.boxOf = boxOf;
  gisgrid.prepare = prepare;
  gisgrid.holds = holds;
})((window.gisgrid = window.gisgrid || {}));
