// Layers that colour by classes. In: figures and the upper bounds of their classes. Out: colours, legends, figures on the ground.
// Colour never stands alone: the figure is written too.
"use strict";

(function (gisgrid) {
  const SHADES = ["#fff3d6", "#fdd49e", "#f79a5e", "#e0603f", "#b3261e"]; // light to dark; ink on them is haloed white
  const NEUTRAL = "#eef1f4";
  const ROOM = 26, SHIFTS = [0, 30, -30, 42, -42, 52, -52]; // pixels

  const classOf = (breaks, value) => Math.max(0, breaks.findIndex((bound) => value <= bound));
  // Few classes take shades from all over the range, the darkest always the last.
  const shade = (breaks, value) => (
    breaks.length < 2 ? SHADES[2] : SHADES[Math.round((classOf(breaks, value) * (SHADES.length - 1)) / (breaks.length - 1))]
  );

  function fill(pen, view, shapes, colour) {
    const seen = shapes.filter((shape) => gisgrid.onScreen(view, shape.box));
    if (!seen.length) return;
    gisgrid.path(pen, view, seen);
    pen.fillStyle = colour;
    pen.fill("evenodd");
  }

  // Grids without a figure must not pass for a class: the map's own colours go first.
  const clear = (pen, view, content) => fill(pen, view, content.grids, NEUTRAL);

  // rows: [{ shape, value }…]; one path for each class.
  function fillClasses(pen, view, rows, breaks) {
    const groups = new Map();
    for (const { shape, value } of rows) {
      const colour = shade(breaks, value);
      if (!groups.has(colour)) groups.set(colour, []);
      groups.get(colour).push(shape);
    }
    for (const [colour, shapes] of groups) fill(pen, view, shapes, colour);
  }

  function writeFigures(put, view, rows, words) {
    for (const row of rows) {
      const { label, box } = row.shape;
      if (!gisgrid.onScreen(view, box)) continue;
      if (label.radius * view.scale < ROOM) continue;
      const text = [{ text: words(row), size: 12.5, colour: "#7a1510", weight: 700 }];
      SHIFTS.some((shift) => put(text, label.x, label.y, 0, shift));
    }
  }

  const swatch = (colour) => (pen) => {
    pen.fillStyle = colour;
    pen.fillRect(2, 2, 30, 12);
    pen.strokeStyle = "#46525e";
    pen.lineWidth = 1;
    pen.strokeRect(2, 2, 30, 12);
  };

  const legend = (breaks, words) => breaks.map((bound, i) => (
    [`${words} ${i ? `> ${breaks[i - 1]}, ` : ""}≤ ${bound}`, swatch(shade(breaks, bound))]
  ));

  const byGrid = (figures, content) => content.grids.filter((grid) => figures[grid.code])
    .map((grid) => ({ shape: grid, value: figures[grid.code][0], figures: figures[grid.code] }));

  gisgrid.choropleth = { fill, clear, fillClasses, writeFigures, swatch, legend, byGrid };
})((window.gisgrid = window.gisgrid || {}));
