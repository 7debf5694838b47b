// The places of estates in a quarter. In: points, place, change, shape of each; classes. Out: colours, places.
"use strict";

(function (gisgrid) {
  const { clear, fillClasses, writeFigures, legend } = gisgrid.choropleth;

  const facts = ({ place, change, points, per_100: rate, on_time: onTime, reopened }) => [
    ["名次", change ? `${place} (${change})` : `${place}`], ["百户得分", `${points}`], ["百户诉求", `${rate}`],
    ["按期办结率", onTime === null ? null : `${onTime}%`], ["重开件数", reopened],
  ];

  gisgrid.addWords({
    小区红黑榜: "Ranking of estates", 名次: "Place", 百户得分: "Points per 100 households", 百户诉求: "Reports per 100 households",
    按期办结率: "Closed in time", 重开件数: "Reopened",
  });
  gisgrid.addLayer({
    key: "ranking",
    title: "小区红黑榜",
    shown: false,
    prepare: ({ estates, breaks, quarter }, shapes) => ({
      breaks, quarter,
      rows: estates.map((each) => (
        { ...each, value: each.points, shape: { ...shapes.shaped(each.shape), label: shapes.label(each.label) } }
      )),
    }),
    drawBelow(pen, view, { rows, breaks }, content) {
      clear(pen, view, content);
      fillClasses(pen, view, rows, breaks);
    },
    labels: (put, view, { rows }) => writeFigures(put, view, rows, ({ place }) => `№ ${place}`),
    facts({ rows, quarter }, { at }) {
      const row = at && rows.find(({ shape }) => gisgrid.holds(shape, ...at));
      return row ? [["小区红黑榜", `${row.name} · ${quarter}`], ...facts(row)] : [];
    },
    legend: ({ breaks, quarter }) => legend(breaks, `${quarter} ${gisgrid.say("百户得分")}`),
  });
})((window.gisgrid = window.gisgrid || {}));
