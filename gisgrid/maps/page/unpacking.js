// Strings of gisgrid.maps.packing become numbers, texts and shapes again. Draws nothing.
// In: parts of the data block. Out: typed arrays; columns of shapes, of which 30,000 are a few arrays and no objects.
"use strict";

(function (gisgrid) {
  const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const VALUES = new Uint8Array(128);
  for (let i = 0; i < ALPHABET.length; i += 1) VALUES[ALPHABET.charCodeAt(i)] = i;

  function numbers(text) {
    let count = 0;
    for (let i = 0; i < text.length; i += 1) if (VALUES[text.charCodeAt(i)] < 32) count += 1;
    const found = new Int32Array(count);
    let value = 0, shift = 0, at = 0;
    for (let i = 0; i < text.length; i += 1) {
      const digit = VALUES[text.charCodeAt(i)];
      value |= (digit & 31) << shift;
      if (digit < 32) {
        found[at] = value & 1 ? -(value >>> 1) : value >>> 1;
        at += 1;
        value = shift = 0;
      } else shift += 5;
    }
    return found;
  }

  function texts(column, count) {
    if (!column) return new Array(count).fill(null);
    const head = numbers(column.head), tail = numbers(column.tail), added = numbers(column.added);
    const found = [];
    let at = 0, before = "";
    for (let i = 0; i < added.length; i += 1) {
      if (added[i] < 0) found.push(null);
      else {
        before = before.slice(0, head[i]) + column.text.slice(at, at + added[i]) + before.slice(before.length - tail[i]);
        at += added[i];
        found.push(before);
      }
    }
    return found;
  }

  // Where each of so many pieces begins in what they make together, and where the last one ends.
  function starts(sizes) {
    const found = new Uint32Array(sizes.length + 1);
    for (let i = 0; i < sizes.length; i += 1) found[i + 1] = found[i] + sizes[i];
    return found;
  }

  // Longitude and latitude become x and y of the world at zoom 0, 256 pixels wide, as Leaflet's map projects them.
  function project(lon, lat, points, at) {
    const sine = Math.sin((lat * Math.PI) / 180);
    points[at] = 256 * (lon / 360 + 0.5);
    points[at + 1] = 256 * (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI));
  }

  // Lines one after the other: each vertex from the one before, a first one from the first of the line before.
  function linePoints(steps, sizes, toWorld) {
    const points = new Float64Array(steps.length);
    let firstX = 0, firstY = 0, at = 0;
    for (const size of sizes) {
      if (!size) continue;
      let x = firstX += steps[at], y = firstY += steps[at + 1];
      toWorld(x, y, points, at);
      for (let i = 1; i < size; i += 1) {
        at += 2;
        toWorld(x += steps[at], y += steps[at + 1], points, at);
      }
      at += 2;
    }
    return points;
  }

  // Areas in columns: `rings` holds where each area's rings begin, `ends` where each ring's points begin, `boxes` four each.
  class Shapes {
    constructor(packed, toWorld) {
      const sizes = numbers(packed.sizes);
      this.rings = starts(numbers(packed.rings));
      this.ends = starts(sizes);
      this.points = linePoints(numbers(packed.steps), sizes, toWorld);
      this.count = this.rings.length - 1;
      this.boxes = new Float64Array(4 * this.count);
      for (let i = 0; i < this.count; i += 1) {
        const box = [Infinity, Infinity, -Infinity, -Infinity];
        for (let at = 2 * this.ends[this.rings[i]]; at < 2 * this.ends[this.rings[i + 1]]; at += 2) {
          const x = this.points[at], y = this.points[at + 1];
          if (x < box[0]) box[0] = x;
          if (y < box[1]) box[1] = y;
          if (x > box[2]) box[2] = x;
          if (y > box[3]) box[3] = y;
        }
        this.boxes.set(box, 4 * i);
      }
    }
    box(i) {
      return this.boxes.subarray(4 * i, 4 * i + 4);
    }
    ringsOf(i) {
      const found = [];
      for (let ring = this.rings[i]; ring < this.rings[i + 1]; ring += 1) {
        found.push(this.points.subarray(2 * this.ends[ring], 2 * this.ends[ring + 1]));
      }
      return found;
    }
  }

  gisgrid.numbers = numbers;
  gisgrid.texts = texts;
  gisgrid.starts = starts;
  gisgrid.project = project;
  gisgrid.linePoints = linePoints;
  gisgrid.Shapes = Shapes;
})((window.gisgrid = window.gisgrid || {}));
