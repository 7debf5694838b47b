// The staff map's page: map, panel, search and address bar work together.
// In: a Leaflet map and its layer of grids. Out: gisgrid.openStaffMap, which the page calls once.
"use strict";

(function (gisgrid) {
  const { boxOf, say, gridName, card, fillLegend, startSearch } = gisgrid;

  document.documentElement.classList.add("js");

  const narrow = window.matchMedia("(max-width: 760px)"); // as in staff_map.css: card and table scroll together
  const addressed = window.parent === window; // in a notebook's frame there is no address of its own
  const byId = (id) => document.getElementById(id);
  const rows = () => document.querySelectorAll(".list tbody tr"); // one a grid, in the order of the grids
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

  // What is chosen: { grid }, { building, grid }, { place } of a layer, { code } of an unknown link, or null.
  // One place knows it and shows it.
  function chooser(map, layer) {
    const { content } = layer;
    let shown = null;
    function refresh() {
      byId("card").replaceChildren(...card(content, shown));
      layer.choose(shown);
      if (shown && narrow.matches) byId("card").scrollIntoView({ block: "nearest" });
      const before = document.querySelector(".list tr.chosen"), row = rows()[content.grids.indexOf(layer.chosen)];
      if (before && before !== row) before.classList.remove("chosen");
      if (!row) return;
      row.classList.add("chosen");
      if (!narrow.matches) row.scrollIntoView({ block: "nearest" });
    }
    function choose(what) {
      shown = what;
      const code = what && what.grid ? `#${encodeURIComponent(what.grid.code)}` : location.pathname + location.search;
      if (addressed) history.replaceState(null, "", code);
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

  function translate(layer, refresh) {
    gisgrid.switchLanguage();
    fillLegend(layer.content);
    layer.switches.translate();
    rows().forEach((row, i) => { row.querySelector("a").textContent = gridName(layer.content.grids[i]); });
    byId("search").placeholder = say("查找网格、地址、楼栋、小区、联系人");
    refresh();
    layer.redraw();
  }

  gisgrid.openStaffMap = function openStaffMap(map, layer) {
    const { content } = layer;
    fillLegend(content);
    map.invalidateSize({ animate: false });
    const area = boxOf([...content.communities, ...content.grids].flatMap((each) => each.rings));
    if (hasScreen(area)) map.fitBounds(bounds(map, area), { padding: [12, 12], animate: false });
    map.setMinZoom(map.getZoom() - 2);
    layer.addTo(map); // only now, so that it is drawn once
    new L.Control.Zoom({ position: "topleft" }).addTo(map);
    new L.Control.Scale({ imperial: false, position: "bottomright" }).addTo(map);

    const { choose, follow, refresh } = chooser(map, layer);
    document.querySelector(".list").addEventListener("click", (event) => {
      const grid = content.grids[[...rows()].indexOf(event.target.closest("tr"))];
      if (!grid) return;
      event.preventDefault(); // in a notebook's frame the link would lead to the notebook
      choose({ grid });
      if (!map.getBounds().contains(bounds(map, grid.box))) fly(map, grid.box);
    });
    layer.on("choose", ({ what }) => choose(what));
    layer.on("switch", () => fillLegend(content));
    startSearch(content, ({ box, what }) => {
      fly(map, box);
      const { building } = what;
      const middle = building && [(building.box[0] + building.box[2]) / 2, (building.box[1] + building.box[3]) / 2];
      choose(building ? { ...what, at: middle } : what);
    });
    gisgrid.startWhere(content, (where) => {
      layer.spot = where;
      layer.redraw();
      fly(map, where.grid ? where.grid.box : [...where.point, ...where.point]);
      choose(where.grid && { grid: where.grid, at: where.point });
    });
    window.addEventListener("hashchange", follow);
    window.addEventListener("resize", () => map.invalidateSize());
    byId("language").addEventListener("click", () => translate(layer, refresh));
    let seen = null; // what was in sight before printing: it is what the page of paper shows
    window.addEventListener("beforeprint", () => {
      seen = map.getBounds();
      document.documentElement.classList.add("printing");
      map.invalidateSize({ animate: false });
      map.fitBounds(seen, { animate: false });
    });
    window.addEventListener("afterprint", () => {
      document.documentElement.classList.remove("printing");
      map.invalidateSize({ animate: false });
      map.fitBounds(seen, { animate: false });
    });
    byId("print").addEventListener("click", () => window.print());
    refresh();
    follow();
    document.documentElement.dataset.ready = "yes";
  };
})((window.gisgrid = window.gisgrid || {}));
