// Overdue reports by grid. In: their number by grid; classes. Out: colours, figures.
"use strict";

(function (gisgrid) {
  const { clear, fillClasses, writeFigures, legend, byGrid } = gisgrid.choropleth;

  gisgrid.addWords({ 逾期诉求: "Overdue reports" });
  gisgrid.addLayer({
    key: "overdue",
    title: "逾期诉求",
    shown: false,
    prepare: ({ grids, breaks }, shapes, content) => ({ rows: byGrid(grids, content), breaks }),
    drawBelow(pen, view, { rows, breaks }, content) {
      clear(pen, view, content);
      fillClasses(pen, view, rows, breaks);
    },
    labels: (put, view, { rows }) => writeFigures(put, view, rows, ({ value }) => `${value}`),
    legend: ({ breaks }) => legend(breaks, gisgrid.say("逾期诉求")),
  });
})((window.gisgrid = window.gisgrid || {}));
