// Labels of the canvas: each takes the fullest form that fits, and none lies on another.
// In: the pen, the view, prepared content. Out: pixels.
"use strict";

(function (gisgrid) {
  const { say } = gisgrid;
  const INK = "#1b2733";
  const FONT = '"Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei","PingFang SC",sans-serif';
  const widths = new Map(); // text is measured once for each font
  function widthOf(pen, row) {
    const key = `${row.weight || 400} ${row.size} ${row.text}`;
    if (!widths.has(key)) {
      pen.font = `${row.weight || 400} ${row.size}px ${FONT}`;
      widths.set(key, pen.measureText(row.text).width);
    }
    return widths.get(key);
  }

  const onScreen = (view, box) =>
    box[2] * view.scale - view.origin.x >= view.seen[0] && box[0] * view.scale - view.origin.x <= view.seen[2] &&
    box[3] * view.scale - view.origin.y >= view.seen[1] && box[1] * view.scale - view.origin.y <= view.seen[3];

  function lettering(pen, view) {
    const taken = [];
    const put = (rows, worldX, worldY, room, shift = 0) => {
      const height = rows.reduce((sum, row) => sum + row.size * 1.2, 0);
      if (room && height / 2 + Math.abs(shift) > room) return false; // before any text is measured, which is what takes time
      const width = Math.max(...rows.map((row) => widthOf(pen, row)));
      if (room && Math.hypot(width, height) / 2 + Math.abs(shift) > room) return false;
      const x = worldX * view.scale - view.origin.x, y = worldY * view.scale - view.origin.y + shift;
      const box = [x - width / 2 - 2, y - height / 2 - 1, x + width / 2 + 2, y + height / 2 + 1];
      if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) return false;
      taken.push(box);
      let top = y - height / 2;
      for (const row of rows) {
        pen.font = `${row.weight || 400} ${row.size}px ${FONT}`;
        pen.lineWidth = 3.5;
        pen.strokeStyle = "rgba(255,255,255,.85)";
        pen.strokeText(row.text, x, top + row.size * 0.6);
        pen.fillStyle = row.colour || INK;
        pen.fillText(row.text, x, top + row.size * 0.6);
        top += row.size * 1.2;
      }
      return true;
    };
    const keepFree = (x, y, size) => taken.push([x - size, y - size, x + size, y + size]);
    return { put, keepFree };
  }

  function gridForms(grid) {
    const number = (size) => ({ text: grid.number, size, weight: 700 });
    const short = (text) => (text.length > 14 ? `${text.slice(0, 13)}…` : text);
    const households = grid.dedicated && grid.households === "0" ? say("专属") : `${grid.households}${say("户")}`;
    const name = grid.name ? [{ text: short(grid.name), size: 13 }] : [];
    const contact = grid.posts.length ? [{ text: short(grid.posts[0][1]), size: 12.5, colour: "#3a4754" }] : [];
    const count = { text: households, size: 14 };
    return [
      [number(34), ...name, count, ...contact],
      [number(26), ...name, count, ...contact],
      [number(24), count, ...contact],
      [number(22), { ...count, size: 12.5 }],
      [number(18)],
      [number(13)],
    ];
  }

  function drawLabels(pen, view, content, chosen) {
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    const { put, keepFree } = lettering(pen, view);
    const crowded = content.communities.length > 1;
    const radius = (shape) => shape.label.radius * view.scale;
    const order = [...content.grids].sort((a, b) => (b === chosen) - (a === chosen) || b.label.radius - a.label.radius);
    const visible = order.filter((grid) => onScreen(view, grid.box));
    const median = visible.length ? radius(visible[visible.length >> 1]) : 0;
    if (crowded && median < 16) {
      for (const each of content.communities) {
        if (each.label && onScreen(view, each.box)) {
          put([{ text: each.name, size: 14, weight: 700 }], each.label.x, each.label.y, Math.max(30, radius(each) * 1.3));
        }
      }
    }
    const layers = gisgrid.shownLayers(content);
    for (const { kind, own } of layers) if (kind.keepFree) kind.keepFree(keepFree, view, own);
    for (const grid of visible) {
      const room = radius(grid) * 1.15;
      if (room < 6) continue;
      const shifts = [0, -0.3 * room, 0.3 * room]; // a little up or down, where a star stands in the way
      gridForms(grid).some((rows) => shifts.some((shift) => put(rows, grid.label.x, grid.label.y, room, shift)));
    }
    for (const { kind, own } of layers) if (kind.labels) kind.labels(put, view, own);
  }

  gisgrid.INK = INK;
  gisgrid.onScreen = onScreen;
  gisgrid.drawLabels = drawLabels;
})((window.gisgrid = window.gisgrid || {}));
