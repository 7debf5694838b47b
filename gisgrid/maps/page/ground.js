// The map's one canvas: colours of the grids, layers below and above their borders, texts (labels.js).
// In: prepared content. Out: a Leaflet layer. Every colour of a grid comes with the data.
"use strict";

(function (gisgrid) {
  const { INK, onScreen } = gisgrid;
  const ARCS_A_PATH = 32;

  const GridCanvas = L.Renderer.extend({
    initialize(content, options) {
      L.Renderer.prototype.initialize.call(this, { padding: 0.3, opacity: 1, ...options });
      this.content = content;
      this.chosen = null;
      this.spot = null; // a place that was asked for: point, and radius of its accuracy, in the world at zoom 0
    },
    _initContainer() {
      this._container = document.createElement("canvas");
      this._container.className = "grid-canvas";
      this.pen = this._container.getContext("2d");
    },
    _destroyContainer() {
      this._container.remove();
    },
    _update() {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      const size = this._bounds.getSize();
      const density = window.devicePixelRatio || 1;
      L.DomUtil.setPosition(this._container, this._bounds.min);
      this._container.width = Math.round(size.x * density);
      this._container.height = Math.round(size.y * density);
      this._container.style.width = `${size.x}px`;
      this._container.style.height = `${size.y}px`;
      this.pen.setTransform(density, 0, 0, density, -this._bounds.min.x * density, -this._bounds.min.y * density);
      this.draw();
    },
    redraw() {
      if (this._map) this._update();
    },
    draw() {
      const zoom = this._map.getZoom();
      const origin = this._map.getPixelOrigin();
      const view = {
        zoom, scale: 2 ** zoom, origin, opacity: this.options.opacity,
        thick: Math.min(2.2, Math.max(0.35, 2 ** ((zoom - 16.5) / 1.6))),
        seen: [this._bounds.min.x, this._bounds.min.y, this._bounds.max.x, this._bounds.max.y],
      };
      drawGround(this.pen, view, this.content, this.chosen);
      gisgrid.drawLabels(this.pen, view, this.content, this.chosen);
      if (this.spot) drawSpot(this.pen, view, this.spot);
    },
  });

  function trace(pen, view, points, close, from = 0, to = points.length) {
    for (let i = from; i < to; i += 2) {
      const x = points[i] * view.scale - view.origin.x, y = points[i + 1] * view.scale - view.origin.y;
      if (i > from) pen.lineTo(x, y);
      else pen.moveTo(x, y);
    }
    if (close) pen.closePath();
  }

  function path(pen, view, shapes) {
    pen.beginPath();
    for (const shape of shapes) for (const ring of shape.rings) trace(pen, view, ring, true);
  }

  const hatches = new WeakMap(); // one a canvas
  function hatching(pen) {
    if (!hatches.has(pen)) hatches.set(pen, hatched(pen));
    return hatches.get(pen);
  }

  function hatched(pen) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 10;
    const ink = tile.getContext("2d");
    ink.strokeStyle = "rgba(27,39,51,.28)";
    ink.lineWidth = 1.4;
    ink.beginPath();
    for (const shift of [-10, 0, 10]) {
      ink.moveTo(shift, 10);
      ink.lineTo(shift + 10, 0);
    }
    ink.stroke();
    return pen.createPattern(tile, "repeat");
  }

  function drawGround(pen, view, content, chosen) {
    const { communities, grids } = content;
    const layers = gisgrid.shownLayers(content);
    pen.lineJoin = "round";
    const bare = communities.filter((each) => !each.edition && onScreen(view, each.box));
    path(pen, view, bare);
    pen.fillStyle = "#f7f7f4";
    pen.fill("evenodd");
    const hatch = hatching(pen);
    for (const grid of grids) {
      if (!onScreen(view, grid.box)) continue;
      path(pen, view, [grid]);
      pen.fillStyle = grid.colour;
      pen.globalAlpha = view.opacity;
      pen.fill("evenodd");
      pen.globalAlpha = 1;
      if (grid.dedicated) {
        pen.fillStyle = hatch;
        pen.fill("evenodd");
      }
    }
    for (const { kind, own } of layers) if (kind.drawBelow) kind.drawBelow(pen, view, own, content);
    strokeArcs(pen, view, content.borders, view.zoom < 14 ? 0.8 : 2, "#46525e");
    strokeArcs(pen, view, content.edges, view.zoom < 14 ? 2 : 3.5, INK);
    outline(pen, view, bare, view.zoom < 14 ? 2 : 3.5, INK);
    for (const { kind, own } of layers) if (kind.drawAbove) kind.drawAbove(pen, view, own, content);
    if (chosen) {
      outline(pen, view, [chosen], 7, "#ffffff");
      outline(pen, view, [chosen], 4, "#b3261e");
    }
  }

  function drawSpot(pen, view, { point, radius }) {
    const x = point[0] * view.scale - view.origin.x, y = point[1] * view.scale - view.origin.y;
    const circle = (size, fill) => {
      pen.beginPath();
      pen.arc(x, y, size, 0, 2 * Math.PI);
      pen.fillStyle = fill;
      pen.fill();
    };
    if (radius) circle(radius * view.scale, "rgba(26,99,199,.18)");
    circle(10, "#ffffff");
    circle(7, "#1a63c7");
  }

  // Some arcs a path: a single path of very many slows a canvas down out of proportion.
  function strokeArcs(pen, view, arcs, width, colour) {
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.lineCap = "round";
    const seen = arcs.filter((arc) => onScreen(view, arc.box));
    for (let i = 0; i < seen.length; i += ARCS_A_PATH) {
      pen.beginPath();
      for (const { line } of seen.slice(i, i + ARCS_A_PATH)) trace(pen, view, line, false);
      pen.stroke();
    }
  }

  function outline(pen, view, shapes, width, colour) {
    path(pen, view, shapes.filter((shape) => onScreen(view, shape.box)));
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.stroke();
  }

  gisgrid.GridCanvas = GridCanvas;
  gisgrid.trace = trace;
  gisgrid.path = path;
  gisgrid.hatching = hatching;
})((window.gisgrid = window.gisgrid || {}));
