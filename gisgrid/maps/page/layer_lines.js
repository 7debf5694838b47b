// Barriers and streets. In: kind, name and paths of each. Out: lines between the colours of the grids and their borders.
"use strict";

(function (gisgrid) {
  const STREETS_FROM = 15; // zoom
  const STYLES = {
    street: { name: "街巷", width: 2.2, colour: "#ffffff" },
    river: { name: "河流", width: 7, colour: "#7ab6e6" },
    wall: { name: "围墙", width: 2, colour: "#8a5a33", dash: [5, 3] },
    railway: { name: "铁路", width: 3, colour: "#3d4854", dash: [9, 7], casing: "#3d4854" },
    main_road: { name: "主干道", width: 6, colour: "#f2b84b", casing: "#c48a1d" },
  };

  function strokeLine(pen, view, line) {
    const style = STYLES[line.kind];
    const width = Math.max(1, style.width * view.thick);
    pen.beginPath();
    for (const points of line.paths) gisgrid.trace(pen, view, points, false);
    pen.lineCap = style.dash ? "butt" : "round";
    if (style.casing) {
      pen.setLineDash([]);
      pen.strokeStyle = style.casing;
      pen.lineWidth = width + 1.6;
      pen.stroke();
    }
    pen.setLineDash((style.dash || []).map((part) => part * view.thick));
    pen.strokeStyle = style.dash && style.casing ? "#ffffff" : style.colour;
    pen.lineWidth = style.dash && style.casing ? Math.max(0.8, width - 0.6) : width;
    pen.stroke();
    pen.setLineDash([]);
  }

  gisgrid.addWords({
    分界线和街巷: "Barriers and streets", 主干道: "Main road", 铁路: "Railway", 河流: "River", 围墙: "Wall", 街巷: "Street",
  });
  gisgrid.addLayer({
    key: "lines",
    title: "分界线和街巷",
    prepare: (lines, shapes) => lines.filter((line) => STYLES[line.kind]).map((line) => {
      const paths = line.paths.map(shapes.points);
      return { ...line, paths, box: shapes.boxOf(paths) };
    }),
    drawBelow(pen, view, lines) {
      for (const kind of Object.keys(STYLES)) {
        if (kind === "street" && view.zoom < STREETS_FROM) continue;
        for (const line of lines) if (line.kind === kind && gisgrid.onScreen(view, line.box)) strokeLine(pen, view, line);
      }
    },
    legend(lines) {
      const flat = { scale: 1, origin: { x: 0, y: 0 }, thick: 1 };
      return Object.keys(STYLES).reverse().filter((kind) => lines.some((line) => line.kind === kind)).map((kind) => (
        [STYLES[kind].name, (pen) => {
          if (kind === "street") { pen.fillStyle = "#c3e2c4"; pen.fillRect(0, 0, 34, 16); }
          strokeLine(pen, flat, { kind, paths: [[2, 8, 32, 8]] });
        }]
      ));
    },
  });
})((window.gisgrid = window.gisgrid || {}));
