// The Leaflet layer of the plan: three canvases (ground, numbers, hand), of which only the box that changed is painted again;
// each one that changed is handed to the screen as a whole, so the hand's is no larger than what follows the hand.
// In: a scene (board, state, picker, marks). Out: a layer, a map. The one place that knows Leaflet.

import { Renderer, ScaleControl, ZoomControl, latLngBounds, map as newMap, setPosition } from "./leaflet.js";
import { cursorBox, paintCursor, paintGround, paintLabels } from "./draw.js";

const MARGIN = 5; // pixels around a changed cell: its border is as wide

export const PlanCanvas = Renderer.extend({
  initialize(scene) {
    Renderer.prototype.initialize.call(this, { padding: 0.1 });
    this.scene = scene;
    this.cursor = {};
    this.dirty = null; // box of the world that waits for the next frame
  },

  _initContainer() {
    this._container = document.createElement("div");
    this._container.className = "plan-canvas";
    this.canvases = ["ground", "labels", "hand"].map((name) => {
      const canvas = document.createElement("canvas");
      canvas.className = name;
      this._container.append(canvas);
      return canvas;
    });
    this.pens = this.canvases.map((canvas) => canvas.getContext("2d"));
  },

  _destroyContainer() {
    this._container.remove();
  },

  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    Renderer.prototype._update.call(this);
    const size = this._bounds.getSize(), density = window.devicePixelRatio || 1;
    setPosition(this._container, this._bounds.min);
    const zoom = this._map.getZoom(), origin = this._map.getPixelOrigin();
    this.view = {
      zoom, scale: 2 ** zoom, left: origin.x + this._bounds.min.x, top: origin.y + this._bounds.min.y,
      width: size.x, height: size.y, density,
    };
    this.resize(0, size.x, size.y);
    this.resize(1, size.x, size.y);
    this.paint(null);
  },

  // Give a canvas its size in pixels of the page; what was on it is gone.
  resize(at, width, height) {
    const canvas = this.canvases[at], { density } = this.view;
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    this.pens[at].setTransform(density, 0, 0, density, 0, 0);
  },

  // Show only what lies right of a pixel of the map; nothing is painted for that.
  showFrom(left) {
    const { x: width, y: height } = this._map.getSize(), corner = this._map.containerPointToLayerPoint([left, 0]).subtract(this._bounds.min);
    const right = corner.x + width - left, bottom = corner.y + height;
    this._container.style.clipPath = `polygon(${corner.x}px ${corner.y}px, ${right}px ${corner.y}px, ${right}px ${bottom}px, ${corner.x}px ${bottom}px)`;
  },

  // Paint a box of the world at the next frame, or everything.
  touch(box = null) {
    const waiting = this.dirty !== null;
    if (box === null || this.dirty === "all") this.dirty = "all";
    else if (this.dirty === null) this.dirty = [...box];
    else {
      this.dirty = [
        Math.min(this.dirty[0], box[0]), Math.min(this.dirty[1], box[1]),
        Math.max(this.dirty[2], box[2]), Math.max(this.dirty[3], box[3]),
      ];
    }
    if (!waiting) requestAnimationFrame(() => this.flush());
  },

  flush() {
    const box = this.dirty;
    this.dirty = null;
    if (box !== null && this._map && this.view) this.paint(box === "all" ? null : box);
  },

  paint(box) {
    const { view, scene } = this, pen = this.pens[0];
    pen.save();
    let world = [view.left / view.scale, view.top / view.scale, (view.left + view.width) / view.scale, (view.top + view.height) / view.scale];
    if (box !== null) {
      const margin = MARGIN / view.scale;
      world = [Math.max(world[0], box[0] - margin), Math.max(world[1], box[1] - margin), Math.min(world[2], box[2] + margin), Math.min(world[3], box[3] + margin)];
      const x = Math.floor(world[0] * view.scale - view.left), y = Math.floor(world[1] * view.scale - view.top);
      const right = Math.ceil(world[2] * view.scale - view.left), bottom = Math.ceil(world[3] * view.scale - view.top);
      pen.beginPath();
      pen.rect(x, y, right - x, bottom - y);
      pen.clip();
      world = [(x + view.left) / view.scale, (y + view.top) / view.scale, (right + view.left) / view.scale, (bottom + view.top) / view.scale];
    }
    pen.clearRect(0, 0, view.width, view.height);
    paintGround(pen, view, scene, world);
    pen.restore();
    this.letter();
    this.point(this.cursor);
  },

  letter() {
    if (!this.view) return;
    this.pens[1].clearRect(0, 0, this.view.width, this.view.height);
    paintLabels(this.pens[1], this.view, this.scene);
  },

  // Show what follows the hand; only its own canvas is painted.
  point(cursor) {
    this.cursor = cursor;
    if (!this.view) return;
    const { view, scene } = this, hand = this.canvases[2], box = cursorBox(view, scene, cursor);
    hand.hidden = box === null;
    if (box === null) return;
    const [left, top, right, bottom] = box;
    this.resize(2, right - left, bottom - top);
    setPosition(hand, { x: left, y: top });
    paintCursor(this.pens[2], { ...view, left: view.left + left, top: view.top + top }, scene, cursor);
  },
});

export function openMap(element, board) {
  const map = newMap(element, {
    zoomControl: false, attributionControl: false, zoomSnap: 0.25, zoomDelta: 0.5, wheelPxPerZoomLevel: 120, maxZoom: 21,
    fadeAnimation: false, inertia: false,
  });
  new ZoomControl({ position: "topright", zoomInTitle: "+", zoomOutTitle: "−" }).addTo(map);
  new ScaleControl({ imperial: false, position: "bottomright" }).addTo(map);
  fit(map, board.box);
  map.setMinZoom(map.getZoom() - 3);
  return map;
}

export function bounds(map, box) {
  return latLngBounds(map.unproject([box[0], box[3]], 0), map.unproject([box[2], box[1]], 0));
}

export function fit(map, box, maxZoom = 18.5) {
  map.fitBounds(bounds(map, box), { padding: [24, 24], maxZoom, animate: false });
}

// The place of a pointer event in the world at zoom 0. The frame is handed in: to ask the page for it lays the page out anew.
export function worldOf(map, event, frame) {
  const { x, y } = map.project(map.containerPointToLatLng([event.clientX - frame.left, event.clientY - frame.top]), 0);
  return [x, y];
}

// The box around cells (or buildings) of a shape.
export function boxAround(shape, members) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const member of members) {
    box[0] = Math.min(box[0], shape.boxes[4 * member]);
    box[1] = Math.min(box[1], shape.boxes[4 * member + 1]);
    box[2] = Math.max(box[2], shape.boxes[4 * member + 2]);
    box[3] = Math.max(box[3], shape.boxes[4 * member + 3]);
  }
  return box;
}
