// Which grid am I in? The browser's position, or coordinates that were pasted, with the system that they are in.
// In: the prepared content, the form #where. Out: the place, its grid and how near the border is, handed to `show`.
"use strict";

(function (gisgrid) {
  const { say } = gisgrid;
  const byId = (id) => document.getElementById(id);
  const EARTH_M = 40075016.686;

  gisgrid.addWords({
    "距网格边界约": "Distance to the grid's border, about", 米: " m", "不在任何网格内，最近的是": "In no grid; the nearest is", "，约": ", about",
    "请选择坐标系": "Choose the coordinate system", "请写两个数：经度在前，纬度在后": "Write two numbers, longitude first, latitude second",
    "超出范围，经度在前、纬度在后": "Out of range; longitude comes first, latitude second", "本页不能取得位置，请粘贴坐标": "This page is not given the position; paste coordinates",
    "位置误差约": "Accuracy of the position, about", 正在定位: "Looking for the position …",
  });

  // Two numbers, whatever stands between them: 111.70123, 40.80456 or 经度111.70123 纬度40.80456, in any width.
  function readPlace(text) {
    const found = text.normalize("NFKC").match(/[-+]?\d+(?:\.\d*)?/g) || [];
    return found.length === 2 ? found.map(Number) : null;
  }

  // Metres from a place of the world at zoom 0 to the border of a grid.
  function metresToBorder(grid, x, y, metresAPixel) {
    let nearest = Infinity;
    for (const ring of grid.rings) {
      for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
        const dx = ring[i] - ring[j], dy = ring[i + 1] - ring[j + 1], length = dx * dx + dy * dy;
        const along = length ? Math.max(0, Math.min(1, ((x - ring[j]) * dx + (y - ring[j + 1]) * dy) / length)) : 0;
        nearest = Math.min(nearest, Math.hypot(ring[j] + along * dx - x, ring[j + 1] + along * dy - y));
      }
    }
    return nearest * metresAPixel;
  }

  // Where a place of WGS-84 lies: its point of the world, its grid or null, the nearest grid, and the metres to its border.
  function locate(content, place) {
    const point = new Float64Array(2);
    content.project(...place, point);
    const metresAPixel = (EARTH_M / 256) * Math.cos((place[1] * Math.PI) / 180);
    const grid = content.grids.find((each) => gisgrid.holds(each, ...point)) || null;
    let nearest = null;
    for (const each of grid ? [grid] : content.grids) {
      const metres = metresToBorder(each, ...point, metresAPixel);
      if (!nearest || metres < nearest.metres) nearest = { grid: each, metres };
    }
    return { point, grid, nearest, metresAPixel };
  }

  function sentence({ grid, nearest }) {
    if (!nearest) return "";
    const metres = `${nearest.metres < 10 ? nearest.metres.toFixed(1) : Math.round(nearest.metres)}${say("米")}`;
    return grid ? `${say("距网格边界约")} ${metres}` : `${say("不在任何网格内，最近的是")} ${gisgrid.gridName(nearest.grid)}${say("，约")} ${metres}`;
  }

  function startWhere(content, show) {
    const tell = (text) => { byId("told").textContent = text; };
    function found(place, accuracy) {
      const where = locate(content, place);
      tell([sentence(where), accuracy ? `${say("位置误差约")} ${Math.round(accuracy)}${say("米")}` : ""].filter(Boolean).join(" · "));
      show({ ...where, radius: accuracy ? accuracy / where.metresAPixel : 0 });
    }
    byId("place").addEventListener("submit", (event) => {
      event.preventDefault();
      const system = byId("system").value, place = readPlace(byId("coordinates").value);
      if (!place) return tell(say("请写两个数：经度在前，纬度在后"));
      if (!system) return tell(say("请选择坐标系"));
      if (Math.abs(place[0]) > 180 || Math.abs(place[1]) > 85) return tell(say("超出范围，经度在前、纬度在后"));
      return found(gisgrid.toWgs84(place, system));
    });
    byId("here").addEventListener("click", () => {
      const failed = () => tell(say("本页不能取得位置，请粘贴坐标"));
      if (!navigator.geolocation) return failed();
      tell(say("正在定位"));
      return navigator.geolocation.getCurrentPosition(
        ({ coords }) => found([coords.longitude, coords.latitude], coords.accuracy), failed,
        { enableHighAccuracy: true, timeout: 15_000 },
      );
    });
  }

  gisgrid.locate = locate;
  gisgrid.startWhere = startWhere;
})((window.gisgrid = window.gisgrid || {}));
