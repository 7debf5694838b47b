// Who moves between two divisions. In: grids before that differ, and the buildings that change grid. Out: hatched buildings, borders before.
"use strict";

(function (gisgrid) {
  const COLOUR = "#8c1d18", DOTS_BELOW = 15.5; // zoom

  function drawMoved(pen, view, buildings) {
    for (const building of buildings) {
      if (!gisgrid.onScreen(view, building.box)) continue;
      const [x1, y1, x2, y2] = building.box;
      if (view.zoom < DOTS_BELOW) {
        pen.beginPath();
        pen.arc(((x1 + x2) / 2) * view.scale - view.origin.x, ((y1 + y2) / 2) * view.scale - view.origin.y, 3.5, 0, 2 * Math.PI);
      } else gisgrid.path(pen, view, [building]);
      pen.fillStyle = building.colour;
      pen.fill("evenodd");
      pen.fillStyle = gisgrid.hatching(pen);
      pen.fill("evenodd");
      pen.lineWidth = 2.2;
      pen.strokeStyle = COLOUR;
      pen.stroke();
    }
  }

  gisgrid.addWords({ 变动楼栋: "Buildings that move", 变动: "Moves", 原网格界: "Borders before", "变动楼栋（底色为原网格）": "Moves (colour: grid before)" });
  gisgrid.addLayer({
    key: "moves",
    title: "变动楼栋",
    prepare: ({ grids, buildings }, shapes) => ({
      grids: grids.map((grid) => ({ ...grid, ...shapes.shaped(grid.shape) })),
      buildings: buildings.map((building) => ({ ...building, ...shapes.shaped(building.shape) })),
    }),
    drawAbove(pen, view, own) {
      gisgrid.path(pen, view, own.grids.filter((grid) => gisgrid.onScreen(view, grid.box)));
      pen.setLineDash([4, 4]);
      pen.lineWidth = 2.4;
      pen.strokeStyle = COLOUR;
      pen.stroke();
      pen.setLineDash([]);
      drawMoved(pen, view, own.buildings);
    },
    facts({ buildings }, { at }) {
      const moved = at && buildings.find((building) => gisgrid.holds(building, ...at));
      return moved ? [["变动", moved.told]] : [];
    },
    legend: () => [
      ["变动楼栋（底色为原网格）", (pen) => {
        pen.fillStyle = "#c8dbf3";
        pen.fillRect(3, 3, 28, 10);
        pen.fillStyle = gisgrid.hatching(pen);
        pen.fillRect(3, 3, 28, 10);
        pen.strokeStyle = COLOUR;
        pen.lineWidth = 2;
        pen.strokeRect(3, 3, 28, 10);
      }],
      ["原网格界", (pen) => {
        pen.setLineDash([4, 4]);
        pen.strokeStyle = COLOUR;
        pen.lineWidth = 2.4;
        pen.strokeRect(3, 3, 28, 10);
        pen.setLineDash([]);
      }],
    ],
  });
})((window.gisgrid = window.gisgrid || {}));
