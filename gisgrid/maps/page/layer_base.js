// Tiles from elsewhere under the grids. In: their address and system. Out: nothing asked of anybody until it is switched on.
"use strict";

(function (gisgrid) {
  const TILES_TO = 18, OPACITY = 0.5; // zoom; of the grids over the tiles

  gisgrid.addWords({ 底图: "Base map" });
  gisgrid.addLayer({
    key: "base",
    title: "底图",
    shown: false,
    prepare: ({ url, subdomains }) => ({ url, options: { subdomains, maxNativeZoom: TILES_TO, maxZoom: 20 }, tiles: null }),
    switched(own, shown, layer, map) {
      if (shown && !own.tiles) own.tiles = L.tileLayer(own.url, own.options);
      if (shown) own.tiles.addTo(map);
      else if (own.tiles) own.tiles.remove();
      layer.options.opacity = shown ? OPACITY : 1;
    },
  });
})((window.gisgrid = window.gisgrid || {}));
