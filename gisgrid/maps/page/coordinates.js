// WGS-84, GCJ-02 and BD-09 in the page, which has no server to ask: the formulae of gisgrid/geometry/gcj02.py, and a test
// holds them to it within a centimetre. In: degrees, longitude first. Out: degrees, longitude first.
"use strict";

(function (gisgrid) {
  const KRASOVSKY_A = 6378245.0, KRASOVSKY_E2 = 0.00669342162296594323;
  const BD_X_PI = (Math.PI * 3000) / 180;
  const STEPS = 25, TOLERANCE = 1e-11;
  const { sin, cos, sqrt, PI } = Math;
  const shiftedHere = (lon, lat) => lon >= 72.004 && lon <= 137.8347 && lat >= 0.8293 && lat <= 55.8271;

  function shifted([lon, lat]) {
    const x = lon - 105, y = lat - 35, root = sqrt(Math.abs(x));
    const ripple = 20 * sin(6 * PI * x) + 20 * sin(2 * PI * x);
    let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root;
    north += ((ripple + 20 * sin(PI * y) + 40 * sin((PI * y) / 3)) * 2) / 3;
    north += ((160 * sin((PI * y) / 12) + 320 * sin((PI * y) / 30)) * 2) / 3;
    let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root;
    east += ((ripple + 20 * sin(PI * x) + 40 * sin((PI * x) / 3)) * 2) / 3;
    east += ((150 * sin((PI * x) / 12) + 300 * sin((PI * x) / 30)) * 2) / 3;
    const phi = (lat * PI) / 180, w2 = 1 - KRASOVSKY_E2 * sin(phi) ** 2, w = sqrt(w2);
    const meridian = (KRASOVSKY_A * (1 - KRASOVSKY_E2)) / (w2 * w), parallel = (KRASOVSKY_A / w) * cos(phi);
    return [lon + ((east / parallel) * 180) / PI, lat + ((north / meridian) * 180) / PI];
  }

  function wobbled([lon, lat]) {
    const radius = Math.hypot(lon, lat) + 0.00002 * sin(lat * BD_X_PI);
    const angle = Math.atan2(lat, lon) + 0.000003 * cos(lon * BD_X_PI);
    return [radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006];
  }

  // Neither has an inverse in closed form: the fixed point w ← w - (f(w) - g) gains two digits with each step.
  function undone(change, [x, y]) {
    let lon = x, lat = y;
    for (let i = 0; i < STEPS; i += 1) {
      const [toLon, toLat] = change([lon, lat]);
      lon -= toLon - x;
      lat -= toLat - y;
      if (Math.abs(toLon - x) <= TOLERANCE && Math.abs(toLat - y) <= TOLERANCE) break;
    }
    return [lon, lat];
  }

  const gcj02Of = (place) => (shiftedHere(...place) ? shifted(place) : place);
  const ofGcj02 = (place) => (shiftedHere(...place) ? undone(shifted, place) : place);
  const TO_WGS84 = {
    wgs84: (place) => place,
    cgcs2000: (place) => place, // agrees with WGS-84 to far below a millimetre
    gcj02: ofGcj02,
    bd09: (place) => ofGcj02(undone(wobbled, place)),
  };

  gisgrid.toWgs84 = (place, system) => TO_WGS84[system](place);
  gisgrid.gcj02Of = gcj02Of;
})((window.gisgrid = window.gisgrid || {}));
