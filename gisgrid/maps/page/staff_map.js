// The staff map's page: map, panel, search and address bar work together.
// In: a Leaflet map, the JSON block #gisgrid-data. Out: window.gisgridStaffMap, which the page calls once.
"use strict";

(function (gisgrid) {
  const { boxOf, prepare, holds, say, gridName, switchLanguage, GridCanvas, BUILDINGS_FROM } = gisgrid;
  const { element, gridCard, buildingCard, fillLegend } = gisgrid;
  const FOUND_AT_MOST = 12;

  document.documentElement.classList.add("js");

  const narrow = window.matchMedia("(max-width: 760px)"); // as in staff_map.css: card and table scroll together
  const byId = (id) => document.getElementById(id);
  const rows = () => document.querySelectorAll("tr[data-code]");
  const bounds = (map, box) => L.latLngBounds(map.unproject([box[0], box[3]], 0), map.unproject([box[2], box[1]], 0));
  const hasScreen = (box) => Number.isFinite(box[0]);

  function hashCode() {
    const raw = location.hash.slice(1);
    try {
      return decodeURIComponent(raw);
    } catch (error) {
      if (error instanceof URIError) return raw;
      throw error;
    }
  }

  // What is chosen: { grid }, { building, grid }, { code } of an unknown link, or null. One place knows it and shows it.
  function chooser(map, content, layer) {
    let shown = null;
    function parts() {
      if (!shown) return [element("p", say("点击网格或楼栋查看详情"), "hint")];
      if (shown.building) return buildingCard(shown.building);
      return shown.grid ? gridCard(shown.grid) : [element("p", `${say("此编码不在本图")} ${shown.code}`, "hint")];
    }
    function refresh() {
      byId("card").replaceChildren(...parts());
      layer.chosen = (shown && shown.grid) || null;
      layer.redraw();
      if (shown && narrow.matches) byId("card").scrollIntoView({ block: "nearest" });
      for (const row of rows()) {
        const chosen = layer.chosen !== null && row.dataset.code === layer.chosen.code;
        row.classList.toggle("chosen", chosen);
        if (chosen && !narrow.matches) row.scrollIntoView({ block: "nearest" });
      }
    }
    function choose(what) {
      shown = what;
      const code = what && what.grid ? `#${encodeURIComponent(what.grid.code)}` : location.pathname + location.search;
      history.replaceState(null, "", code);
      refresh();
    }
    function follow() {
      const code = hashCode();
      if (!code) return;
      const grid = content.grids.find((each) => each.code === code);
      shown = grid ? { grid } : { code };
      refresh();
      if (grid && !map.getBounds().contains(bounds(map, grid.box))) fly(map, grid.box);
    }
    return { choose, follow, refresh };
  }

  function fly(map, box) {
    map.fitBounds(bounds(map, box), { padding: [60, 60], maxZoom: 17.5, animate: false });
  }

  // ---- search: part of a name, an address, a number, a code or a contact ----

  // Full-width letters and digits count as the ordinary ones: １号楼 is 1号楼.
  const plain = (text) => String(text === null || text === undefined ? "" : text).normalize("NFKC").toLowerCase();

  function searchable(content) {
    const grids = content.grids.map((grid) => ({
      what: { grid }, box: grid.box,
      label: () => `${gridName(grid)} · ${grid.community.name}`,
      text: plain([gridName(grid), grid.community.name, grid.code, ...grid.posts.map((post) => post[1])].join(" ")),
    }));
    const buildings = content.buildings.map((building) => ({
      what: { building, grid: building.grid }, box: building.box,
      label: () => building.address || building.name || say("楼栋"),
      text: plain(`${building.address || ""} ${building.name || ""}`),
    }));
    return [...grids, ...buildings];
  }

  function startSearch(map, content, choose) {
    const input = byId("search"), list = byId("found");
    const entries = searchable(content);
    function clear() {
      list.replaceChildren();
      input.value = "";
    }
    input.addEventListener("input", () => {
      const words = plain(input.value).split(/\s+/).filter(Boolean);
      const found = words.length ? entries.filter((entry) => words.every((word) => entry.text.includes(word))) : [];
      list.replaceChildren(...found.slice(0, FOUND_AT_MOST).map((entry) => {
        const item = element("li"), button = element("button", entry.label());
        button.type = "button";
        button.addEventListener("click", () => {
          clear();
          fly(map, entry.box);
          choose(entry.what);
        });
        item.append(button);
        return item;
      }));
      if (words.length && !found.length) list.append(element("li", say("没有找到"), "hint"));
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") clear();
      if (event.key === "Enter" && list.querySelector("button")) list.querySelector("button").click();
    });
  }

  // ---- the page ----

  function translate(content, refresh) {
    switchLanguage();
    fillLegend(content);
    const names = new Map(content.grids.map((grid) => [grid.code, gridName(grid)]));
    for (const row of rows()) row.querySelector("a").textContent = names.get(row.dataset.code);
    byId("search").placeholder = say("查找网格、地址、楼栋、联系人");
    refresh();
  }

  window.gisgridStaffMap = function gisgridStaffMap(map) {
    const content = prepare(JSON.parse(byId("gisgrid-data").textContent), map);
    const layer = new GridCanvas(content);
    fillLegend(content);
    map.invalidateSize({ animate: false });
    const area = boxOf([...content.communities, ...content.grids].flatMap((each) => each.rings));
    if (hasScreen(area)) map.fitBounds(bounds(map, area), { padding: [12, 12], animate: false });
    map.setMinZoom(map.getZoom() - 2);
    layer.addTo(map);
    L.control.zoom({ position: "topleft" }).addTo(map);
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);

    const { choose, follow, refresh } = chooser(map, content, layer);
    map.on("click", (event) => {
      const { x, y } = map.project(event.latlng, 0);
      const grid = content.grids.find((each) => holds(each, x, y));
      const building = map.getZoom() >= BUILDINGS_FROM && content.buildings.find((each) => holds(each, x, y));
      if (building) choose({ building, grid: building.grid || grid });
      else choose(grid ? { grid } : null);
    });
    startSearch(map, content, choose);
    window.addEventListener("hashchange", follow);
    window.addEventListener("resize", () => map.invalidateSize());
    byId("language").addEventListener("click", () => translate(content, refresh));
    byId("print").addEventListener("click", () => window.print());
    refresh();
    follow();
    document.documentElement.dataset.ready = "yes";
  };
})((window.gisgrid = window.gisgrid || {}));
