// The grids before, to be switched on and off against those after. In: number, colour and shape of each. Out: colours.
"use strict";

(function (gisgrid) {
  gisgrid.addWords({ 变动前的网格: "Grids before" });
  gisgrid.addLayer({
    key: "before",
    title: "变动前的网格",
    shown: false,
    prepare: ({ grids }, shapes) => grids.map((grid) => ({ ...grid, ...shapes.shaped(grid.shape) })),
    drawBelow(pen, view, grids) {
      for (const grid of grids) {
        if (!gisgrid.onScreen(view, grid.box)) continue;
        gisgrid.path(pen, view, [grid]);
        pen.fillStyle = grid.colour;
        pen.fill("evenodd");
      }
    },
  });
})((window.gisgrid = window.gisgrid || {}));
