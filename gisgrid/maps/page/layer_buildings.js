// Footprints of buildings. In: grid, shape, name, address and, on an internal map, households of each. Out: areas, names.
"use strict";

(function (gisgrid) {
  const BUILDINGS_FROM = 16, NAMES_FROM = 17.5; // zoom

  function drawBuildings(pen, view, { groups }) {
    if (view.zoom < BUILDINGS_FROM) return;
    pen.fillStyle = "rgba(84,74,66,.55)";
    pen.strokeStyle = "rgba(60,52,46,.75)";
    pen.lineWidth = 0.8;
    // One path for the buildings of each grid: a single path of very many slows a canvas down out of proportion.
    for (const { grid, buildings } of groups) {
      if (grid && !gisgrid.onScreen(view, grid.box)) continue;
      const seen = buildings.filter((building) => gisgrid.onScreen(view, building.box));
      if (!seen.length) continue;
      gisgrid.path(pen, view, seen);
      pen.fill("evenodd");
      pen.stroke();
    }
  }

  gisgrid.addWords({ 楼栋轮廓: "Buildings" });
  gisgrid.addLayer({
    key: "buildings",
    title: "楼栋轮廓",
    prepare(rows, shapes, content) {
      const buildings = rows.map(([grid, shape, name, address, households]) => (
        { grid: content.grids[grid], ...shapes.shaped(shape), name, address, households }
      ));
      const groups = new Map();
      for (const building of buildings) {
        if (!groups.has(building.grid)) groups.set(building.grid, { grid: building.grid, buildings: [] });
        groups.get(building.grid).buildings.push(building);
      }
      content.buildings = buildings;
      content.buildingsFrom = BUILDINGS_FROM;
      return { buildings, groups: [...groups.values()] };
    },
    drawBelow: drawBuildings,
    labels(put, view, { buildings }) {
      if (view.zoom < NAMES_FROM) return;
      for (const { name, box: [x1, y1, x2, y2] } of buildings.filter((each) => each.name && gisgrid.onScreen(view, each.box))) {
        const room = (Math.max(x2 - x1, y2 - y1) / 2) * view.scale * 1.3;
        put([{ text: name, size: 11.5 }], (x1 + x2) / 2, (y1 + y2) / 2, room);
      }
    },
    legend: () => [["楼栋轮廓", (pen) => { pen.fillStyle = "rgba(84,74,66,.65)"; pen.fillRect(9, 3, 16, 9); }]],
    entries: ({ buildings }) => buildings.map((building) => ({
      what: { building, grid: building.grid }, box: building.box,
      label: () => building.address || building.name || gisgrid.say("楼栋"),
      text: gisgrid.plain(`${building.address || ""} ${building.name || ""}`),
    })),
  });
})((window.gisgrid = window.gisgrid || {}));
