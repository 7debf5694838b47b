// Who lives within a walk of a service centre. In: percent, within, of, farthest by grid, and circles. Out: colours, rings.
"use strict";

(function (gisgrid) {
  const { fill, clear, writeFigures, swatch, byGrid } = gisgrid.choropleth;
  const BOUNDS = [0, 49, 79, 99, 100]; // percent; nobody, less than half, less than 80, less than all, all
  const COLOURS = ["#b3261e", "#f0997a", "#f6dfa8", "#cfe6c0", "#8cc98f"];
  const TITLES = ["圈内无人", "圈内不足半数", "圈内半数以上", "圈内八成以上", "全部在圈内"];
  const classOf = (percent) => BOUNDS.findIndex((bound) => percent <= bound);

  gisgrid.addWords({
    "15分钟服务圈": "Service circle", 圈内户数: "Within the circle", 最远步行: "Farthest walk", 路径未知: "no way known",
    圈内无人: "nobody within", 圈内不足半数: "less than half within", 圈内半数以上: "half or more within",
    圈内八成以上: "80 % or more within", 全部在圈内: "all within", 量法: "Measured",
    沿已导入的街道步行路径量算: "along the streets that are loaded", "未导入街道，按直线距离量算": "in straight lines, no streets are loaded",
    "沿已导入的街道步行路径量算，附近无街道的楼栋按直线距离量算": "along the streets, in straight lines where none is near",
  });
  gisgrid.addLayer({
    key: "circle",
    title: "15分钟服务圈",
    shown: false,
    prepare: ({ grids, circles, measured }, shapes, content) => (
      { rows: byGrid(grids, content), grids, measured, circles: circles.map(shapes.shaped) }
    ),
    drawBelow(pen, view, { rows }, content) {
      clear(pen, view, content);
      COLOURS.forEach((colour, i) => fill(
        pen, view, rows.filter(({ value }) => classOf(value) === i).map(({ shape }) => shape), colour));
    },
    drawAbove(pen, view, { circles }) {
      gisgrid.path(pen, view, circles.filter((circle) => gisgrid.onScreen(view, circle.box)));
      pen.setLineDash([10, 6]);
      pen.lineWidth = 2;
      pen.strokeStyle = "#8c1d18";
      pen.stroke();
      pen.setLineDash([]);
    },
    labels: (put, view, { rows }) => writeFigures(put, view, rows, ({ value }) => `${value}%`),
    facts({ grids, measured }, { grid }) {
      const figures = grid && grids[grid.code];
      if (!figures) return [];
      const [percent, within, households, farthest] = figures;
      return [
        ["圈内户数", `${within} / ${households} (${percent}%)`],
        ["最远步行", farthest === null ? gisgrid.say("路径未知") : `${Math.round(farthest)} m`], ["量法", gisgrid.say(measured)],
      ];
    },
    legend: ({ rows }) => TITLES.map((title, i) => [title, swatch(COLOURS[i]), i])
      .filter(([, , i]) => rows.some(({ value }) => classOf(value) === i)).map(([title, draw]) => [title, draw]),
  });
})((window.gisgrid = window.gisgrid || {}));
