// Second nets over the grids. In: areas with net, name and shape; by grid its areas and whether they fit. Out: outlines, hatching.
"use strict";

(function (gisgrid) {
  const COLOUR = "#1d3f8f", NAMES_FROM = 14.5; // zoom

  gisgrid.addWords({
    其他网格: "Other nets", 警务网格: "Police beat", 监测网格: "Monitoring grid", 与网格不符: "does not fit the grids",
  });
  gisgrid.addLayer({
    key: "nets",
    title: "其他网格",
    shown: false,
    prepare: ({ areas, grids }, shapes, content) => ({
      areas: areas.map((area) => ({ ...area, ...shapes.shaped(area.shape), label: shapes.label(area.label) })),
      grids, wrong: content.grids.filter(({ code }) => (grids[code] || []).some(([, , isWrong]) => isWrong)),
    }),
    drawBelow(pen, view, { wrong }) {
      gisgrid.path(pen, view, wrong.filter((grid) => gisgrid.onScreen(view, grid.box)));
      pen.fillStyle = "rgba(179,38,30,.25)";
      pen.fill("evenodd");
      pen.fillStyle = gisgrid.hatching(pen);
      pen.fill("evenodd");
    },
    drawAbove(pen, view, { areas }) {
      gisgrid.path(pen, view, areas.filter((area) => gisgrid.onScreen(view, area.box)));
      pen.setLineDash([14, 5, 3, 5]);
      pen.lineWidth = 3;
      pen.strokeStyle = COLOUR;
      pen.stroke();
      pen.setLineDash([]);
    },
    labels(put, view, { areas }) {
      if (view.zoom < NAMES_FROM) return;
      for (const { name, label, box } of areas) {
        if (!gisgrid.onScreen(view, box)) continue;
        const rows = [{ text: name, size: 13, colour: COLOUR, weight: 700 }], room = Math.max(60, label.radius * view.scale);
        [0, 34, -34].some((shift) => put(rows, label.x, label.y, room + Math.abs(shift), shift));
      }
    },
    facts: ({ grids }, { grid }) => ((grid && grids[grid.code]) || []).map(([net, told]) => [net, told]),
    legend: ({ wrong }) => [
      ["其他网格", (pen) => {
        pen.setLineDash([8, 3, 2, 3]);
        pen.strokeStyle = COLOUR;
        pen.lineWidth = 2.4;
        pen.strokeRect(3, 3, 28, 10);
        pen.setLineDash([]);
      }],
      ...(wrong.length ? [["与网格不符", (pen) => {
        pen.fillStyle = "rgba(179,38,30,.25)";
        pen.fillRect(2, 2, 30, 12);
        pen.fillStyle = gisgrid.hatching(pen);
        pen.fillRect(2, 2, 30, 12);
      }]] : []),
    ],
  });
})((window.gisgrid = window.gisgrid || {}));
