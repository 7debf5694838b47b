// The layer of grids: canvas, clicks and switches together, for a map of anyone's.
// In: the name under which the data block stands in the page. Out: a Leaflet layer, which tells `choose` with what was clicked.
"use strict";

(function (gisgrid) {
  const GridLayer = gisgrid.GridCanvas.extend({
    onAdd(map) {
      gisgrid.GridCanvas.prototype.onAdd.call(this, map);
      this.switches = new gisgrid.LayerSwitches(this.content, ({ kind, own, shown }) => {
        if (kind.switched) kind.switched(own, shown, this, map);
        this.redraw();
        this.fire("switch");
      }).addTo(map);
      map.on("click", this._clicked, this);
    },
    onRemove(map) {
      map.off("click", this._clicked, this);
      this.switches.remove();
      gisgrid.GridCanvas.prototype.onRemove.call(this, map);
    },
    _clicked(event) {
      const { x, y } = this._map.project(event.latlng, 0);
      const what = this.at(x, y);
      this.fire("choose", { what });
      if (!this.options.popups) return;
      this.choose(what);
      if (what) this._map.openPopup(this._popup(what), event.latlng);
    },
    // What lies at a place of the world at zoom 0: a building, if they can be seen, else a grid, else nothing.
    at(x, y) {
      const grid = this.content.grids.find((each) => gisgrid.holds(each, x, y));
      const building = this.content.buildingAt(x, y, this._map.getZoom());
      if (building) return { building, grid: building.grid || grid, at: [x, y] };
      return grid ? { grid, at: [x, y] } : null;
    },
    choose(what) {
      const before = this.chosen;
      this.chosen = (what && what.grid) || null;
      if (this.chosen !== before) this.redraw();
    },
    _popup(what) {
      const box = gisgrid.element("div", null, "gisgrid-card");
      box.append(...gisgrid.card(this.content, what));
      return box;
    },
  });

  gisgrid.gridLayer = (name, options) => {
    const data = JSON.parse(document.getElementById(`${name}_data`).textContent);
    return new GridLayer(gisgrid.prepare(data), options);
  };
})((window.gisgrid = window.gisgrid || {}));
