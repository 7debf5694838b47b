// Service centres, with a star, and other sites. In: kind, name and place of each. Out: marks and names.
"use strict";

(function (gisgrid) {
  const STAR = 8; // pixels from its centre
  const CENTRES_FROM = 15.5, SITES_FROM = 16.5; // zoom

  const isCentre = (site) => site.kind === "service_centre";
  const place = (view, at) => [at[0] * view.scale - view.origin.x, at[1] * view.scale - view.origin.y];

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

  gisgrid.addWords({ 服务点: "Service points", 服务中心: "Service centre" });
  gisgrid.addLayer({
    key: "sites",
    title: "服务点",
    prepare: (sites, shapes) => sites.map((site) => ({ ...site, at: shapes.points(site.at) })),
    drawAbove(pen, view, sites) {
      if (view.zoom < CENTRES_FROM) return;
      for (const site of sites) if (isCentre(site)) drawStar(pen, ...place(view, site.at), STAR);
    },
    keepFree(keep, view, sites) {
      if (view.zoom < CENTRES_FROM) return;
      for (const site of sites) if (isCentre(site)) keep(...place(view, site.at), STAR);
    },
    labels(put, view, sites) {
      for (const site of sites) {
        const centre = isCentre(site);
        if (view.zoom < (centre ? CENTRES_FROM : SITES_FROM)) continue;
        const row = { text: site.name, size: 12, colour: centre ? "#8c1d18" : "#2c5c37" };
        put([row], site.at[0], site.at[1] + (centre ? STAR + 11 : 30) / view.scale);
      }
    },
    legend: (sites) => (sites.some(isCentre) ? [["服务中心", (pen) => drawStar(pen, 17, 8, 7)]] : []),
    entries: (sites) => sites.map((site) => ({
      what: { place: { name: site.name, facts: [] } }, box: [...site.at, ...site.at], label: () => site.name, text: gisgrid.plain(site.name),
    })),
  });
})((window.gisgrid = window.gisgrid || {}));
