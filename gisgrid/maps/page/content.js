// The data block (see gisgrid.maps.payload) becomes shapes of the world at zoom 0, and a point is asked which shape holds it.
// In: the parsed JSON. Out: communities, grids and layers. Draws nothing.
"use strict";

(function (gisgrid) {
  function decoder([lon, lat]) {
    return (steps) => {
      const points = new Float64Array(steps.length);
      let x = 0, y = 0;
      for (let i = 0; i < steps.length; i += 2) {
        x += steps[i];
        y += steps[i + 1];
        const world = L.CRS.EPSG3857.latLngToPoint({ lat: lat + y / 1e6, lng: lon + x / 1e6 }, 0);
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

  // What a layer needs to read shapes of the data block; every place is one of the world at zoom 0, 256 pixels wide.
  function shapeReader(origin) {
    const points = decoder(origin);
    const label = (steps) => {
      const [x, y] = points(steps.slice(0, 2));
      return { x, y, radius: (steps[2] / 1e6) * (256 / 360) };
    };
    const shaped = (shape) => {
      const rings = shape.flat().map(points);
      return { rings, box: boxOf(rings) };
    };
    return { points, label, shaped, boxOf };
  }

  function prepare(data) {
    const shapes = shapeReader(data.origin);
    const communities = data.communities.map((each) => ({
      ...each, ...shapes.shaped(each.shape), label: each.label && shapes.label(each.label),
    }));
    const grids = data.grids.map((each) => ({
      ...each, ...shapes.shaped(each.shape), label: shapes.label(each.label), colour: data.palette[each.colour],
      community: communities[each.community],
    }));
    const content = { communities, grids, buildings: [], internal: data.internal };
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
