// Reports of the last months by grid. In: reports, open and overdue ones by grid; classes. Out: colours, figures.
"use strict";

(function (gisgrid) {
  const { clear, fillClasses, writeFigures, legend, byGrid } = gisgrid.choropleth;

  gisgrid.addWords({ 诉求量: "Reports", 诉求: "Reports", 未办结: "Open", 逾期: "Overdue" });
  gisgrid.addLayer({
    key: "load",
    title: "诉求量",
    shown: false,
    prepare: ({ grids, breaks, days }, shapes, content) => ({ rows: byGrid(grids, content), grids, breaks, days }),
    drawBelow(pen, view, { rows, breaks }, content) {
      clear(pen, view, content);
      fillClasses(pen, view, rows, breaks);
    },
    labels: (put, view, { rows }) => writeFigures(put, view, rows, ({ value }) => `${value}`),
    facts({ grids, days }, { grid }) {
      const [reports, open, overdue] = (grid && grids[grid.code]) || [0, 0, 0];
      return grid ? [["诉求", `${reports} (${days} d)`], ["未办结", open], ["逾期", overdue]] : [];
    },
    legend: ({ breaks }) => legend(breaks, gisgrid.say("诉求")),
  });
})((window.gisgrid = window.gisgrid || {}));
