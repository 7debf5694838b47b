// The map's one canvas: ground, lines, buildings, borders; labels are asked of labels.js.
// In: prepared content. Out: a Leaflet layer. Every colour of a grid comes with the data.
"use strict";

(function (gisgrid) {
  const INK = "#1b2733";
  const BUILDINGS_FROM = 16; // zoom
  const LINES = {
    street: { width: 2.2, colour: "#ffffff" },
    river: { width: 7, colour: "#7ab6e6" },
    main_road: { width: 6, colour: "#f2b84b", casing: "#c48a1d" },
    railway: { width: 3, colour: "#3d4854", dash: [9, 7], casing: "#3d4854" },
    wall: { width: 2, colour: "#8a5a33", dash: [5, 3] },
  };

  const GridCanvas = L.Renderer.extend({
    initialize(content) {
      L.Renderer.prototype.initialize.call(this, { padding: 0.3 });
      this.content = content;
      this.chosen = null;
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
        zoom, scale: 2 ** zoom, origin,
        thick: Math.min(2.2, Math.max(0.35, 2 ** ((zoom - 16.5) / 1.6))),
        seen: [this._bounds.min.x, this._bounds.min.y, this._bounds.max.x, this._bounds.max.y],
      };
      drawGround(this.pen, view, this.content, this.chosen);
      gisgrid.drawLabels(this.pen, view, this.content, this.chosen);
    },
  });

  const onScreen = (view, box) =>
    box[2] * view.scale - view.origin.x >= view.seen[0] && box[0] * view.scale - view.origin.x <= view.seen[2] &&
    box[3] * view.scale - view.origin.y >= view.seen[1] && box[1] * view.scale - view.origin.y <= view.seen[3];

  function trace(pen, view, points, close) {
    for (let i = 0; i < points.length; i += 2) {
      const x = points[i] * view.scale - view.origin.x, y = points[i + 1] * view.scale - view.origin.y;
      if (i) pen.lineTo(x, y);
      else pen.moveTo(x, y);
    }
    if (close) pen.closePath();
  }

  function path(pen, view, shapes) {
    pen.beginPath();
    for (const shape of shapes) for (const ring of shape.rings) trace(pen, view, ring, true);
  }

  function hatching(pen) {
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

  function strokeLine(pen, view, line) {
    const style = LINES[line.kind];
    if (!style) return;
    const width = Math.max(1, style.width * view.thick);
    pen.beginPath();
    for (const points of line.paths) trace(pen, view, points, false);
    pen.lineCap = style.dash ? "butt" : "round";
    if (style.casing) {
      pen.setLineDash([]);
      pen.strokeStyle = style.casing;
      pen.lineWidth = width + 1.6;
      pen.stroke();
    }
    pen.setLineDash((style.dash || []).map((part) => part * view.thick));
    pen.strokeStyle = style.dash && style.casing ? "#ffffff" : style.colour;
    pen.lineWidth = style.dash && style.casing ? Math.max(0.8, width - 0.6) : width;
    pen.stroke();
    pen.setLineDash([]);
  }

  function drawGround(pen, view, content, chosen) {
    const { communities, grids, lines } = content;
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
      pen.fill("evenodd");
      if (grid.dedicated) {
        pen.fillStyle = hatch;
        pen.fill("evenodd");
      }
    }
    for (const kind of ["street", "river", "wall", "railway", "main_road"]) {
      if (kind === "street" && view.zoom < 15) continue;
      for (const line of lines) if (line.kind === kind) strokeLine(pen, view, line);
    }
    if (view.zoom >= BUILDINGS_FROM) drawBuildings(pen, view, content);
    outline(pen, view, grids, view.zoom < 14 ? 0.8 : 2, "#46525e");
    outline(pen, view, communities, view.zoom < 14 ? 2 : 3.5, "#1b2733");
    if (chosen) {
      outline(pen, view, [chosen], 7, "#ffffff");
      outline(pen, view, [chosen], 4, "#b3261e");
    }
  }

  // One path for the buildings of each grid: a single path of very many slows a canvas down out of proportion.
  function drawBuildings(pen, view, content) {
    pen.fillStyle = "rgba(84,74,66,.55)";
    pen.strokeStyle = "rgba(60,52,46,.75)";
    pen.lineWidth = 0.8;
    const homeless = content.buildings.filter((building) => !building.grid);
    for (const group of [...content.grids.map((grid) => (onScreen(view, grid.box) ? grid.standing : [])), homeless]) {
      const seen = group.filter((building) => onScreen(view, building.box));
      if (!seen.length) continue;
      path(pen, view, seen);
      pen.fill("evenodd");
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
  gisgrid.BUILDINGS_FROM = BUILDINGS_FROM;
  gisgrid.INK = INK;
  gisgrid.hatching = hatching;
  gisgrid.strokeLine = strokeLine;
  gisgrid.onScreen = onScreen;
})((window.gisgrid = window.gisgrid || {}));
