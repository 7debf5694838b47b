// Footprints of buildings. In: grid, shape, name, address and, on an internal map, households of each. Out: areas, names.
"use strict";

(function (gisgrid) {
  const BUILDINGS_FROM = 16, NAMES_FROM = 17.5; // zoom

  // Read when they are first looked at: a map of a district opens without its 30,000 buildings.
  class Buildings {
    constructor(packed, shapes, content) {
      Object.assign(this, { packed, reader: shapes, content });
    }
    get shapes() {
      return this.read("shapes", () => this.reader.columns(this.packed.shapes));
    }
    get names() {
      return this.read("names", () => gisgrid.texts(this.packed.name, this.shapes.count));
    }
    get addresses() {
      return this.read("addresses", () => gisgrid.texts(this.packed.address, this.shapes.count));
    }
    // Buildings come grid by grid: each group is a grid, or undefined, and from where to where its buildings stand.
    get groups() {
      return this.read("groups", () => {
        const grids = gisgrid.numbers(this.packed.grids), ends = gisgrid.starts(gisgrid.numbers(this.packed.counts));
        return Array.from(grids, (grid, i) => ({ grid: this.content.grids[grid], from: ends[i], to: ends[i + 1] }));
      });
    }
    read(name, make) {
      const value = make();
      Object.defineProperty(this, name, { value });
      return value;
    }
    building(i) {
      const households = this.packed.households && gisgrid.numbers(this.packed.households)[i];
      const { grid } = this.groups.find((group) => i < group.to);
      return { grid, name: this.names[i], address: this.addresses[i], households, box: this.shapes.box(i) };
    }
    at(x, y) {
      for (let i = 0; i < this.shapes.count; i += 1) {
        const box = this.shapes.box(i);
        if (x < box[0] || x > box[2] || y < box[1] || y > box[3]) continue;
        if (gisgrid.holds({ box, rings: this.shapes.ringsOf(i) }, x, y)) return this.building(i);
      }
      return null;
    }
    // Calls back for each building that is on the screen.
    seen(view, from, to, call) {
      for (let i = from; i < to; i += 1) if (gisgrid.onScreen(view, this.shapes.box(i))) call(i);
    }
  }

  function drawBuildings(pen, view, own) {
    if (view.zoom < BUILDINGS_FROM) return;
    const { points, rings, ends } = own.shapes;
    pen.fillStyle = "rgba(84,74,66,.55)";
    pen.strokeStyle = "rgba(60,52,46,.75)";
    pen.lineWidth = 0.8;
    // One path for the buildings of each grid: a single path of very many slows a canvas down out of proportion.
    for (const { grid, from, to } of own.groups) {
      if (grid && !gisgrid.onScreen(view, grid.box)) continue;
      pen.beginPath();
      own.seen(view, from, to, (i) => {
        for (let ring = rings[i]; ring < rings[i + 1]; ring += 1) {
          gisgrid.trace(pen, view, points, true, 2 * ends[ring], 2 * ends[ring + 1]);
        }
      });
      pen.fill("evenodd");
      pen.stroke();
    }
  }

  gisgrid.addWords({ 楼栋轮廓: "Buildings" });
  gisgrid.addLayer({
    key: "buildings",
    title: "楼栋轮廓",
    prepare(packed, shapes, content) {
      const own = new Buildings(packed, shapes, content);
      content.buildingAt = (x, y, zoom) => (zoom >= BUILDINGS_FROM ? own.at(x, y) : null);
      return own;
    },
    drawBelow: drawBuildings,
    labels(put, view, own) {
      if (view.zoom < NAMES_FROM) return;
      own.seen(view, 0, own.shapes.count, (i) => {
        if (!own.names[i]) return;
        const [x1, y1, x2, y2] = own.shapes.box(i);
        const room = (Math.max(x2 - x1, y2 - y1) / 2) * view.scale * 1.3;
        put([{ text: own.names[i], size: 11.5 }], (x1 + x2) / 2, (y1 + y2) / 2, room);
      });
    },
    legend: () => [["楼栋轮廓", (pen) => { pen.fillStyle = "rgba(84,74,66,.65)"; pen.fillRect(9, 3, 16, 9); }]],
    entries: (own) => own.names.map((name, i) => ({
      text: gisgrid.plain(`${own.addresses[i] || ""} ${name || ""}`),
      label: () => own.addresses[i] || name || gisgrid.say("楼栋"),
      get box() { return own.shapes.box(i); },
      get what() {
        const building = own.building(i);
        return { building, grid: building.grid };
      },
    })),
  });
})((window.gisgrid = window.gisgrid || {}));
