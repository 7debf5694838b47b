// The staff map: draws the page's data block on one canvas and answers clicks.
// In: the JSON block #gisgrid-data (see gisgrid.maps.payload) and a Leaflet map. Out: pixels, the card, the chosen row.
// Every text of the data is shown by textContent or drawn as canvas text; nothing here makes HTML from a string.
"use strict";

(function () {
  document.documentElement.classList.add("js");

  const ENGLISH = {
    户: " hh", 户数: "Households", 楼栋: "Buildings", 面积: "Area", 性质: "Kind", 居民: "residential", 专属: "dedicated",
    社区: "Community", 版本: "Edition", 起施行: "in force since", 地址: "Address", 所属网格: "Grid", 公顷: " ha",
    居民网格: "Residential grid", 专属网格: "Dedicated grid", 楼栋轮廓: "Building", 主干道: "Main road", 铁路: "Railway",
    河流: "River", 围墙: "Wall", 街巷: "Street", 服务中心: "Service centre", 社区界: "Community border",
    "点击网格或楼栋查看详情": "Click a grid or a building for its facts", 无联系人: "no contact", 未划入网格: "in no grid",
    此编码不在本图: "This code is not on the map:",
  };
  const INK = "#1b2733";
  const FONT = '"Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei","PingFang SC",sans-serif';
  const BUILDINGS_FROM = 16, NAMES_FROM = 17.5, SITES_FROM = 15.5;
  const LINES = {
    street: { width: 2.2, colour: "#ffffff" },
    river: { width: 7, colour: "#7ab6e6" },
    main_road: { width: 6, colour: "#f2b84b", casing: "#c48a1d" },
    railway: { width: 3, colour: "#3d4854", dash: [9, 7], casing: "#3d4854" },
    wall: { width: 2, colour: "#8a5a33", dash: [5, 3] },
  };

  let english = false;
  const say = (chinese) => (english ? ENGLISH[chinese] || chinese : chinese);
  const gridName = (grid) => grid.name || (english ? `Grid ${grid.number}` : `第${grid.number}网格`);

  // ---- the data block: steps from vertex to vertex become points of the world at zoom 0 ----

  function decoder(data, map) {
    const [lon, lat] = data.origin;
    return (steps) => {
      const points = new Float64Array(steps.length);
      let x = 0, y = 0;
      for (let i = 0; i < steps.length; i += 2) {
        x += steps[i];
        y += steps[i + 1];
        const world = map.project([lat + y / 1e6, lon + x / 1e6], 0);
        points[i] = world.x;
        points[i + 1] = world.y;
      }
      return points;
    };
  }

  function boxOf(rings) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const ring of rings) {
      for (let i = 0; i < ring.length; i += 2) {
        box[0] = Math.min(box[0], ring[i]);
        box[1] = Math.min(box[1], ring[i + 1]);
        box[2] = Math.max(box[2], ring[i]);
        box[3] = Math.max(box[3], ring[i + 1]);
      }
    }
    return box;
  }

  function prepare(data, map) {
    const points = decoder(data, map);
    const rings = (shape) => shape.flat().map(points);
    const label = (steps) => {
      const [x, y] = points(steps.slice(0, 2));
      return { x, y, radius: (steps[2] / 1e6) * (256 / 360) };
    };
    const shaped = (shape) => {
      const all = rings(shape);
      return { rings: all, box: boxOf(all) };
    };
    const communities = data.communities.map((each) => ({
      ...each, ...shaped(each.shape), label: each.label && label(each.label),
    }));
    const grids = data.grids.map((each) => ({
      ...each, ...shaped(each.shape), label: label(each.label), colour: data.palette[each.colour],
      community: communities[each.community], standing: [],
    }));
    const buildings = data.buildings.map(([grid, shape, name, address, households]) => ({
      grid: grids[grid], ...shaped(shape), name, address, households,
    }));
    for (const building of buildings) if (building.grid) building.grid.standing.push(building);
    const sites = data.sites.map((site) => ({ ...site, at: points(site.at) }));
    const lines = data.lines.map((line) => ({ ...line, paths: line.paths.map(points) }));
    return { communities, grids, buildings, sites, lines, internal: data.internal };
  }

  function holds(shape, x, y) {
    const box = shape.box;
    if (x < box[0] || x > box[2] || y < box[1] || y > box[3]) return false;
    let inside = false;
    for (const ring of shape.rings) {
      for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
        const rises = ring[i + 1] > y !== ring[j + 1] > y;
        if (rises && x < ((ring[j] - ring[i]) * (y - ring[i + 1])) / (ring[j + 1] - ring[i + 1]) + ring[i]) inside = !inside;
      }
    }
    return inside;
  }

  // ---- drawing ----

  const GridCanvas = L.Renderer.extend({
    initialize(content) {
      L.Renderer.prototype.initialize.call(this, { padding: 0.3 });
      this.content = content;
      this.chosen = null;
    },
    _initContainer() {
      this._container = document.createElement("canvas");
      this._container.className = "grid-canvas";
      this.pen = this._container.getContext("2d");
    },
    _destroyContainer() {
      this._container.remove();
    },
    _update() {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      const size = this._bounds.getSize();
      const density = window.devicePixelRatio || 1;
      L.DomUtil.setPosition(this._container, this._bounds.min);
      this._container.width = Math.round(size.x * density);
      this._container.height = Math.round(size.y * density);
      this._container.style.width = `${size.x}px`;
      this._container.style.height = `${size.y}px`;
      this.pen.setTransform(density, 0, 0, density, -this._bounds.min.x * density, -this._bounds.min.y * density);
      this.draw();
    },
    redraw() {
      if (this._map) this._update();
    },
    draw() {
      const zoom = this._map.getZoom();
      const origin = this._map.getPixelOrigin();
      const view = {
        zoom, scale: 2 ** zoom, origin,
        thick: Math.min(2.2, Math.max(0.35, 2 ** ((zoom - 16.5) / 1.6))),
        seen: [this._bounds.min.x, this._bounds.min.y, this._bounds.max.x, this._bounds.max.y],
      };
      drawGround(this.pen, view, this.content, this.chosen);
      drawLabels(this.pen, view, this.content, this.chosen);
    },
  });

  const onScreen = (view, box) =>
    box[2] * view.scale - view.origin.x >= view.seen[0] && box[0] * view.scale - view.origin.x <= view.seen[2] &&
    box[3] * view.scale - view.origin.y >= view.seen[1] && box[1] * view.scale - view.origin.y <= view.seen[3];

  function trace(pen, view, points, close) {
    for (let i = 0; i < points.length; i += 2) {
      const x = points[i] * view.scale - view.origin.x, y = points[i + 1] * view.scale - view.origin.y;
      if (i) pen.lineTo(x, y);
      else pen.moveTo(x, y);
    }
    if (close) pen.closePath();
  }

  function path(pen, view, shapes) {
    pen.beginPath();
    for (const shape of shapes) for (const ring of shape.rings) trace(pen, view, ring, true);
  }

  function hatching(pen) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 10;
    const ink = tile.getContext("2d");
    ink.strokeStyle = "rgba(27,39,51,.28)";
    ink.lineWidth = 1.4;
    ink.beginPath();
    for (const shift of [-10, 0, 10]) {
      ink.moveTo(shift, 10);
      ink.lineTo(shift + 10, 0);
    }
    ink.stroke();
    return pen.createPattern(tile, "repeat");
  }

  function strokeLine(pen, view, line) {
    const style = LINES[line.kind];
    if (!style) return;
    const width = Math.max(1, style.width * view.thick);
    pen.beginPath();
    for (const points of line.paths) trace(pen, view, points, false);
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

  function drawGround(pen, view, content, chosen) {
    const { communities, grids, lines } = content;
    pen.lineJoin = "round";
    const bare = communities.filter((each) => !each.edition && onScreen(view, each.box));
    path(pen, view, bare);
    pen.fillStyle = "#f7f7f4";
    pen.fill("evenodd");
    const hatch = hatching(pen);
    for (const grid of grids) {
      if (!onScreen(view, grid.box)) continue;
      path(pen, view, [grid]);
      pen.fillStyle = grid.colour;
      pen.fill("evenodd");
      if (grid.dedicated) {
        pen.fillStyle = hatch;
        pen.fill("evenodd");
      }
    }
    for (const kind of ["street", "river", "wall", "railway", "main_road"]) {
      if (kind === "street" && view.zoom < 15) continue;
      for (const line of lines) if (line.kind === kind) strokeLine(pen, view, line);
    }
    if (view.zoom >= BUILDINGS_FROM) drawBuildings(pen, view, content);
    outline(pen, view, grids, view.zoom < 14 ? 0.8 : 2, "#46525e");
    outline(pen, view, communities, view.zoom < 14 ? 2 : 3.5, "#1b2733");
    if (chosen) {
      outline(pen, view, [chosen], 7, "#ffffff");
      outline(pen, view, [chosen], 4, "#b3261e");
    }
  }

  // One path for the buildings of each grid: a single path of very many slows a canvas down out of proportion.
  function drawBuildings(pen, view, content) {
    pen.fillStyle = "rgba(84,74,66,.55)";
    pen.strokeStyle = "rgba(60,52,46,.75)";
    pen.lineWidth = 0.8;
    const homeless = content.buildings.filter((building) => !building.grid);
    for (const group of [...content.grids.map((grid) => (onScreen(view, grid.box) ? grid.standing : [])), homeless]) {
      const seen = group.filter((building) => onScreen(view, building.box));
      if (!seen.length) continue;
      path(pen, view, seen);
      pen.fill("evenodd");
      pen.stroke();
    }
  }

  function outline(pen, view, shapes, width, colour) {
    path(pen, view, shapes.filter((shape) => onScreen(view, shape.box)));
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.stroke();
  }

  // ---- labels: each takes the fullest form that fits, and none lies on another ----

  const widths = new Map(); // text is measured once for each font
  function widthOf(pen, row) {
    const key = `${row.weight || 400} ${row.size} ${row.text}`;
    if (!widths.has(key)) {
      pen.font = `${row.weight || 400} ${row.size}px ${FONT}`;
      widths.set(key, pen.measureText(row.text).width);
    }
    return widths.get(key);
  }

  function lettering(pen, view) {
    const taken = [];
    const measure = (rows) => {
      let width = 0, height = 0;
      for (const row of rows) {
        width = Math.max(width, widthOf(pen, row));
        height += row.size * 1.2;
      }
      return { width, height };
    };
    return (rows, worldX, worldY, room) => {
      const { width, height } = measure(rows);
      if (room && Math.hypot(width, height) / 2 > room) return false;
      const x = worldX * view.scale - view.origin.x, y = worldY * view.scale - view.origin.y;
      const box = [x - width / 2 - 2, y - height / 2 - 1, x + width / 2 + 2, y + height / 2 + 1];
      if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) return false;
      taken.push(box);
      let top = y - height / 2;
      for (const row of rows) {
        pen.font = `${row.weight || 400} ${row.size}px ${FONT}`;
        pen.lineWidth = 3.5;
        pen.strokeStyle = "rgba(255,255,255,.85)";
        pen.strokeText(row.text, x, top + row.size * 0.6);
        pen.fillStyle = row.colour || INK;
        pen.fillText(row.text, x, top + row.size * 0.6);
        top += row.size * 1.2;
      }
      return true;
    };
  }

  function gridForms(grid) {
    const number = (size) => ({ text: grid.number, size, weight: 700 });
    const short = (text) => (text.length > 14 ? `${text.slice(0, 13)}…` : text);
    const households = grid.dedicated && grid.households === "0" ? say("专属") : `${grid.households}${say("户")}`;
    const name = grid.name ? [{ text: short(grid.name), size: 13 }] : [];
    const contact = grid.posts.length ? [{ text: short(grid.posts[0][1]), size: 12.5, colour: "#3a4754" }] : [];
    const count = { text: households, size: 14 };
    return [
      [number(34), ...name, count, ...contact],
      [number(26), ...name, count, ...contact],
      [number(24), count, ...contact],
      [number(22), { ...count, size: 12.5 }],
      [number(18)],
      [number(13)],
    ];
  }

  function drawLabels(pen, view, content, chosen) {
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    const put = lettering(pen, view);
    const crowded = content.communities.length > 1;
    const radius = (shape) => shape.label.radius * view.scale;
    const order = [...content.grids].sort((a, b) => (b === chosen) - (a === chosen) || b.label.radius - a.label.radius);
    const visible = order.filter((grid) => onScreen(view, grid.box));
    const median = visible.length ? radius(visible[visible.length >> 1]) : 0;
    if (crowded && median < 16) {
      for (const each of content.communities) {
        if (each.label && onScreen(view, each.box)) {
          put([{ text: each.name, size: 14, weight: 700 }], each.label.x, each.label.y, Math.max(30, radius(each) * 1.3));
        }
      }
    }
    for (const grid of visible) {
      const room = radius(grid) * 1.15;
      if (room < 6) continue;
      for (const rows of gridForms(grid)) if (put(rows, grid.label.x, grid.label.y, room)) break;
    }
    if (view.zoom >= SITES_FROM) drawSites(pen, view, content.sites, put);
    if (view.zoom >= NAMES_FROM) {
      for (const building of content.buildings) {
        if (!building.name || !onScreen(view, building.box)) continue;
        const [x1, y1, x2, y2] = building.box;
        const room = (Math.max(x2 - x1, y2 - y1) / 2) * view.scale * 1.3;
        put([{ text: building.name, size: 11.5 }], (x1 + x2) / 2, (y1 + y2) / 2, room);
      }
    }
  }

  function drawSites(pen, view, sites, put) {
    for (const site of sites) {
      const x = site.at[0] * view.scale - view.origin.x, y = site.at[1] * view.scale - view.origin.y;
      const centre = site.kind === "service_centre";
      if (centre) drawStar(pen, x, y, 8);
      if (centre || view.zoom >= 16.5) {
        const drop = centre ? 16 / view.scale : 30 / view.scale;
        put([{ text: site.name, size: 12, colour: centre ? "#8c1d18" : "#2c5c37" }], site.at[0], site.at[1] + drop);
      }
    }
  }

  function drawStar(pen, x, y, size) {
    pen.beginPath();
    for (let i = 0; i < 10; i += 1) {
      const reach = i % 2 ? size * 0.42 : size, angle = (Math.PI / 5) * i - Math.PI / 2;
      pen.lineTo(x + reach * Math.cos(angle), y + reach * Math.sin(angle));
    }
    pen.closePath();
    pen.fillStyle = "#b3261e";
    pen.strokeStyle = "#ffffff";
    pen.lineWidth = 2;
    pen.stroke();
    pen.fill();
  }

  // ---- the card: text only ----

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
    const hectares = (grid.area / 1e4).toFixed(1) + (english ? " ha" : " 公顷");
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

  // ---- legend and language ----

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

  function translatePage() {
    document.documentElement.lang = english ? "en" : "zh-CN";
    for (const part of document.querySelectorAll("[data-en]")) {
      const other = part.dataset.en;
      part.dataset.en = part.textContent;
      part.textContent = other;
    }
    const button = document.getElementById("language");
    button.textContent = english ? "中文" : "English";
    button.lang = english ? "zh-CN" : "en";
  }

  // ---- the page ----

  window.gisgridStaffMap = function gisgridStaffMap(map) {
    const data = JSON.parse(document.getElementById("gisgrid-data").textContent);
    const content = prepare(data, map);
    const layer = new GridCanvas(content);
    const card = document.getElementById("card");
    let shown = null;

    const area = boxOf(content.communities.flatMap((each) => each.rings));
    const bounds = (box) => L.latLngBounds(map.unproject([box[0], box[3]], 0), map.unproject([box[2], box[1]], 0));
    fillLegend(content);
    map.invalidateSize({ animate: false });
    map.fitBounds(bounds(area), { padding: [12, 12], animate: false });
    map.setMinZoom(map.getZoom() - 2);
    layer.addTo(map);
    L.control.zoom({ position: "topleft" }).addTo(map);
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);

    function show(parts, chosen) {
      card.replaceChildren(...parts);
      layer.chosen = chosen;
      layer.redraw();
      for (const row of document.querySelectorAll("tr.chosen")) row.classList.remove("chosen");
      if (!chosen) return;
      for (const row of document.querySelectorAll("tr[data-code]")) {
        if (row.dataset.code === chosen.code) {
          row.classList.add("chosen");
          row.scrollIntoView({ block: "nearest" });
        }
      }
    }
    function refresh() {
      if (shown && shown.building) show(buildingCard(shown.building), shown.building.grid || null);
      else if (shown && shown.grid) show(gridCard(shown.grid), shown.grid);
      else show([element("p", shown ? `${say("此编码不在本图")} ${shown.code}` : say("点击网格或楼栋查看详情"), "hint")], null);
    }
    function hashCode() {
      try {
        return decodeURIComponent(location.hash.slice(1));
      } catch (error) {
        if (error instanceof URIError) return location.hash.slice(1);
        throw error;
      }
    }
    function follow() {
      const code = hashCode();
      if (!code) return;
      const grid = content.grids.find((each) => each.code === code);
      if (shown && shown.grid === grid && grid) return;
      shown = grid ? { grid } : { code };
      refresh();
      if (grid && !map.getBounds().contains(bounds(grid.box))) map.fitBounds(bounds(grid.box), { padding: [40, 40], maxZoom: 17 });
    }

    map.on("click", (event) => {
      const { x, y } = map.project(event.latlng, 0);
      const grid = content.grids.find((each) => holds(each, x, y));
      const building = map.getZoom() >= BUILDINGS_FROM && content.buildings.find((each) => holds(each, x, y));
      shown = building ? { building, grid } : grid ? { grid } : null;
      history.replaceState(null, "", grid ? `#${encodeURIComponent(grid.code)}` : location.pathname + location.search);
      refresh();
    });
    window.addEventListener("hashchange", follow);
    document.getElementById("language").addEventListener("click", () => {
      english = !english;
      translatePage();
      fillLegend(content);
      for (const row of document.querySelectorAll("tr[data-code]")) {
        const grid = content.grids.find((each) => each.code === row.dataset.code);
        row.querySelector("a").textContent = gridName(grid);
      }
      refresh();
    });
    document.getElementById("print").addEventListener("click", () => window.print());
    window.addEventListener("resize", () => map.invalidateSize());
    refresh();
    follow();
    document.documentElement.dataset.ready = "yes";
  };
})();
