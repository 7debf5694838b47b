// The legend under the map: colours of the grids, then what each shown layer says of itself.
// In: prepared content. Out: the list #legend.
"use strict";

(function (gisgrid) {
  const { say, element, hatching, INK } = gisgrid;

  function swatch(draw) {
    const canvas = element("canvas");
    canvas.width = 68;
    canvas.height = 32;
    const pen = canvas.getContext("2d");
    pen.scale(2, 2);
    draw(pen);
    return canvas;
  }

  function box(pen, colour) {
    pen.fillStyle = colour;
    pen.fillRect(1, 1, 32, 14);
    pen.strokeStyle = "#46525e";
    pen.strokeRect(1, 1, 32, 14);
  }

  function gridRows(grids) {
    const colours = [...new Set(grids.map((grid) => grid.colour))].slice(0, 4);
    const share = 31 / colours.length;
    const rows = [["居民网格", (pen) => {
      box(pen, "#ffffff");
      colours.forEach((colour, i) => {
        pen.fillStyle = colour;
        pen.fillRect(1.5 + share * i, 1.5, share, 13);
      });
    }]];
    if (!grids.some((grid) => grid.dedicated)) return rows;
    return [...rows, ["专属网格", (pen) => {
      box(pen, "#ebe8ab");
      pen.fillStyle = hatching(pen);
      pen.fillRect(1, 1, 32, 14);
    }]];
  }

  function fillLegend(content) {
    const border = ["社区界", (pen) => { pen.fillStyle = INK; pen.fillRect(1, 6, 32, 3.5); }];
    const rows = [...gridRows(content.grids), border, ...gisgrid.asked(gisgrid.shownLayers(content), "legend")];
    document.getElementById("legend").replaceChildren(...rows.map(([name, draw]) => {
      const row = element("li");
      row.append(swatch(draw), element("span", say(name)));
      return row;
    }));
  }

  gisgrid.fillLegend = fillLegend;
})((window.gisgrid = window.gisgrid || {}));
