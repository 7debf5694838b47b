// The data block (see gisgrid.maps.payload) becomes shapes of the world at zoom 0, and a point is asked which shape holds it.
// In: the parsed JSON and the map's projection. Out: communities, grids, buildings, sites and lines. Draws nothing.
"use strict";

(function (gisgrid) {
  function decoder(data, map) {
    const [lon, lat] = data.origin;
    return (steps) => {
      const points = new Float64Array(steps.length);
      let x = 0, y = 0;
      for (let i = 0; i < steps.length; i += 2) {
        x += steps[i];
        y += steps[i + 1];
        const world = map.project([lat + y / 1e6, lon + x / 1e6], 0);
        points[i] = world.x;
        points[i + 1] = world.y;
      }
      return points;
    };
  }

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

  function prepare(data, map) {
    const points = decoder(data, map);
    const rings = (shape) => shape.flat().map(points);
    const label = (steps) => {
      const [x, y] = points(steps.slice(0, 2));
      return { x, y, radius: (steps[2] / 1e6) * (256 / 360) };
    };
    const shaped = (shape) => {
      const all = rings(shape);
      return { rings: all, box: boxOf(all) };
    };
    const communities = data.communities.map((each) => ({
      ...each, ...shaped(each.shape), label: each.label && label(each.label),
    }));
    const grids = data.grids.map((each) => ({
      ...each, ...shaped(each.shape), label: label(each.label), colour: data.palette[each.colour],
      community: communities[each.community], standing: [],
    }));
    const buildings = data.buildings.map(([grid, shape, name, address, households]) => ({
      grid: grids[grid], ...shaped(shape), name, address, households,
    }));
    for (const building of buildings) if (building.grid) building.grid.standing.push(building);
    const sites = data.sites.map((site) => ({ ...site, at: points(site.at) }));
    const lines = data.lines.map((line) => ({ ...line, paths: line.paths.map(points) }));
    return { communities, grids, buildings, sites, lines, internal: data.internal };
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
