// The layers that can be switched: each script layer_KEY.js adds one. In: the data block's part of the key.
// Out: gisgrid.addLayer, and the switches as a control of the map.
//
// A layer is an object; all but key, title and prepare may be left out:
//   key, title           name of its part of the data; Chinese title (English comes with gisgrid.addWords)
//   shown                whether it is shown at first (true if not said)
//   prepare(document, shapes, content)   makes what all the others get as `own`; shapes: see content.js
//   drawBelow(pen, view, own, content)   between the colours of the grids and their borders
//   drawAbove(pen, view, own, content)   over the borders, under the texts
//   labels(put, view, own, keepFree)     texts, after those of the grids: put(rows, x, y, room, shift) in world pixels
//   keepFree(keep, view, own)            places on the screen that no text may cover
//   facts(own, what)                     [[term, value]…] for a card; what: { grid, building, at }, each may be missing
//   legend(own)                          [[title, draw(pen)]…]
//   switched(own, shown, layer, map)     after it was switched on or off, before the map is drawn again
//   entries(own)                         [{ what, box, label(), text }…] for the search; a label is one name or several
"use strict";

(function (gisgrid) {
  const { say } = gisgrid;
  const kinds = [];

  // Layers of the data block, in the order in which their scripts came; each with what it prepared.
  function layersOf(documents, shapes, content) {
    return kinds.filter((kind) => documents[kind.key]).map((kind) => (
      { kind, shown: kind.shown !== false, own: kind.prepare(documents[kind.key], shapes, content) }
    ));
  }

  const shownLayers = (content) => content.layers.filter((layer) => layer.shown);

  // All that the shown layers have to say by one of their functions.
  const asked = (layers, name, ...more) => (
    layers.flatMap(({ kind, own }) => (kind[name] ? kind[name](own, ...more) : []))
  );

  const LayerSwitches = L.Control.extend({
    options: { position: "topright" },
    initialize(content, changed, options) {
      L.setOptions(this, options);
      this.content = content;
      this.changed = changed;
    },
    onAdd() {
      const box = document.createElement("details");
      box.className = "gisgrid-switches leaflet-control";
      L.DomEvent.disableClickPropagation(box);
      L.DomEvent.disableScrollPropagation(box);
      this.summary = box.appendChild(document.createElement("summary"));
      this.names = this.content.layers.map((layer) => {
        const label = box.appendChild(document.createElement("label")), tick = document.createElement("input");
        tick.type = "checkbox";
        tick.checked = layer.shown;
        tick.name = layer.kind.key;
        tick.addEventListener("change", () => {
          layer.shown = tick.checked;
          this.changed(layer);
        });
        label.append(tick, document.createElement("span"));
        return [label.lastChild, layer.kind.title];
      });
      this.translate();
      return box;
    },
    translate() {
      this.summary.textContent = say("图层");
      for (const [span, title] of this.names) span.textContent = say(title);
    },
  });

  gisgrid.addLayer = (kind) => { if (!kinds.some((each) => each.key === kind.key)) kinds.push(kind); };
  gisgrid.layersOf = layersOf;
  gisgrid.shownLayers = shownLayers;
  gisgrid.asked = asked;
  gisgrid.LayerSwitches = LayerSwitches;
})((window.gisgrid = window.gisgrid || {}));
