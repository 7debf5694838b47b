// The panel beside the map: the card of what was clicked, and the legend. Text only: textContent, never HTML from a string.
// In: a grid or a building of the prepared content. Out: elements.
"use strict";

(function (gisgrid) {
  const { say, gridName, drawStar, hatching, strokeLine, INK } = gisgrid;

  function element(tag, text, className) {
    const made = document.createElement(tag);
    if (text !== undefined && text !== null) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function facts(pairs) {
    const list = element("dl");
    for (const [term, value] of pairs) {
      if (value === null || value === undefined || value === "") continue;
      list.append(element("dt", say(term)), element("dd", value));
    }
    return list;
  }

  function contacts(grid) {
    const list = element("ul", null, "contacts");
    if (!grid.posts.length) list.append(element("li", say("无联系人"), "role"));
    for (const [role, name, phone] of grid.posts) {
      const item = element("li");
      item.append(element("span", role, "role"), element("span", name));
      if (phone) {
        const link = element("a", phone);
        link.setAttribute("href", `tel:${phone.replace(/[^0-9+]/g, "")}`);
        item.append(link);
      }
      list.append(item);
    }
    return list;
  }

  function gridCard(grid) {
    const { community } = grid;
    const kind = grid.dedicated ? say("专属") : say("居民");
    const hectares = `${(grid.area / 1e4).toFixed(1)}${say("公顷")}`;
    const since = community.since ? `${community.edition} · ${community.since}` : null;
    return [
      element("h2", gridName(grid)),
      element("p", grid.code, "code"),
      facts([
        ["社区", community.name], ["性质", kind], ["户数", grid.households], ["楼栋", grid.buildings],
        ["面积", hectares], ["版本", since],
      ]),
      contacts(grid),
    ];
  }

  function buildingCard(building) {
    const grid = building.grid;
    const parts = [
      element("h2", building.name || building.address || say("楼栋")),
      facts([["地址", building.address], ["户数", building.households], ["所属网格", grid ? gridName(grid) : say("未划入网格")]]),
    ];
    return grid ? [...parts, contacts(grid)] : parts;
  }

  function swatch(draw) {
    const canvas = element("canvas");
    canvas.width = 68;
    canvas.height = 32;
    const pen = canvas.getContext("2d");
    pen.scale(2, 2);
    draw(pen);
    return canvas;
  }

  function legendRows(content) {
    const flat = { scale: 1, origin: { x: 0, y: 0 }, thick: 1 };
    const box = (pen, colour) => {
      pen.fillStyle = colour;
      pen.fillRect(1, 1, 32, 14);
      pen.strokeStyle = "#46525e";
      pen.strokeRect(1, 1, 32, 14);
    };
    const colours = [...new Set(content.grids.map((grid) => grid.colour))].slice(0, 4);
    const rows = [["居民网格", (pen) => {
      box(pen, "#ffffff");
      colours.forEach((colour, i) => { pen.fillStyle = colour; pen.fillRect(1.5 + (31 / colours.length) * i, 1.5, 31 / colours.length, 13); });
    }]];
    if (content.grids.some((grid) => grid.dedicated)) {
      rows.push(["专属网格", (pen) => { box(pen, "#ebe8ab"); pen.fillStyle = hatching(pen); pen.fillRect(1, 1, 32, 14); }]);
    }
    rows.push(["社区界", (pen) => { pen.fillStyle = INK; pen.fillRect(1, 6, 32, 3.5); }]);
    if (content.buildings.length) rows.push(["楼栋轮廓", (pen) => { pen.fillStyle = "rgba(84,74,66,.65)"; pen.fillRect(9, 3, 16, 9); }]);
    const names = { main_road: "主干道", railway: "铁路", river: "河流", wall: "围墙", street: "街巷" };
    for (const [kind, name] of Object.entries(names)) {
      if (!content.lines.some((line) => line.kind === kind)) continue;
      rows.push([name, (pen) => {
        if (kind === "street") { pen.fillStyle = "#c3e2c4"; pen.fillRect(0, 0, 34, 16); }
        strokeLine(pen, flat, { kind, paths: [[2, 8, 32, 8]] });
      }]);
    }
    if (content.sites.some((site) => site.kind === "service_centre")) rows.push(["服务中心", (pen) => drawStar(pen, 17, 8, 7)]);
    return rows;
  }

  function fillLegend(content) {
    const rows = legendRows(content).map(([name, draw]) => {
      const row = element("li");
      row.append(swatch(draw), element("span", say(name)));
      return row;
    });
    document.getElementById("legend").replaceChildren(...rows);
  }

  gisgrid.element = element;
  gisgrid.gridCard = gridCard;
  gisgrid.buildingCard = buildingCard;
  gisgrid.fillLegend = fillLegend;
})((window.gisgrid = window.gisgrid || {}));
