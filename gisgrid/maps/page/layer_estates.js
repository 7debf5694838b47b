// Compounds with their type and property company. In: name, type, company, shape and label of each. Out: outlines, names.
"use strict";

(function (gisgrid) {
  const COLOUR = "#0b6b53", NAMES_FROM = 15.5; // zoom

  const more = (estate) => [["类型", estate.type && gisgrid.say(estate.type)], ["物业公司", estate.company]];

  gisgrid.addWords({
    小区: "Estate", 类型: "Type", 物业公司: "Property company",
    商品住宅: "commercial", 老旧小区: "old", 单位住宅: "work unit", "安置(公租)": "resettlement", 街巷平房: "bungalows", 城中村: "urban village",
  });
  gisgrid.addLayer({
    key: "estates",
    title: "小区",
    shown: false,
    prepare: (estates, shapes) => estates.map((estate) => (
      { ...estate, ...shapes.shaped(estate.shape), label: shapes.label(estate.label) }
    )),
    drawAbove(pen, view, estates) {
      gisgrid.path(pen, view, estates.filter((estate) => gisgrid.onScreen(view, estate.box)));
      pen.fillStyle = "rgba(11,107,83,.14)";
      pen.fill("evenodd");
      pen.setLineDash([7, 4]);
      pen.lineWidth = 2;
      pen.strokeStyle = COLOUR;
      pen.stroke();
      pen.setLineDash([]);
    },
    labels(put, view, estates) {
      if (view.zoom < NAMES_FROM) return;
      for (const { name, label, box } of estates) {
        if (!name || !gisgrid.onScreen(view, box)) continue;
        const room = Math.max(40, label.radius * view.scale * 1.2), rows = [{ text: name, size: 13, colour: COLOUR, weight: 700 }];
        [0, 24, -24].some((shift) => put(rows, label.x, label.y, room + Math.abs(shift), shift));
      }
    },
    facts(estates, { at }) {
      const estate = at && estates.find((each) => gisgrid.holds(each, ...at));
      return estate ? [["小区", estate.name], ...more(estate)] : [];
    },
    legend: () => [["小区", (pen) => {
      pen.fillStyle = "rgba(11,107,83,.14)";
      pen.fillRect(2, 2, 30, 12);
      pen.setLineDash([5, 3]);
      pen.strokeStyle = COLOUR;
      pen.lineWidth = 1.6;
      pen.strokeRect(2, 2, 30, 12);
    }]],
    entries: (estates) => estates.map((estate) => ({
      what: { place: { name: estate.name, facts: more(estate) } }, box: estate.box, label: () => [estate.name, gisgrid.say("小区")],
      text: gisgrid.plain(`${estate.name} ${estate.company || ""}`),
    })),
  });
})((window.gisgrid = window.gisgrid || {}));
