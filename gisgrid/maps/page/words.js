// The page's own words in Chinese and English, and which of the two is shown.
// In: nothing. Out: say(), addWords(), gridName(), and the switch. Texts of the data are never translated.
"use strict";

(function (gisgrid) {
  const ENGLISH = {
    户: " hh", 户数: "Households", 楼栋: "Buildings", 面积: "Area", 性质: "Kind", 居民: "residential", 专属: "dedicated",
    社区: "Community", 版本: "Edition", 地址: "Address", 所属网格: "Grid", 公顷: " ha", 图层: "Layers",
    居民网格: "Residential grid", 专属网格: "Dedicated grid", 社区界: "Community border",
    "点击网格或楼栋查看详情": "Click a grid or a building for its facts", 无联系人: "no contact", 未划入网格: "in no grid",
    此编码不在本图: "This code is not on the map:", 没有找到: "Nothing found",
    "查找网格、地址、楼栋、小区、联系人": "Find a grid, address, building, estate, contact",
  };

  let english = false;
  const say = (chinese) => (english ? ENGLISH[chinese] || chinese : chinese);
  const gridName = (grid) => grid.name || (english ? `Grid ${grid.number}` : `第${grid.number}网格`);

  function switchLanguage() {
    english = !english;
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

  // Full-width letters and digits count as the ordinary ones: １号楼 is 1号楼.
  const plain = (text) => String(text === null || text === undefined ? "" : text).normalize("NFKC").toLowerCase();

  gisgrid.plain = plain;
  gisgrid.say = say;
  gisgrid.addWords = (words) => Object.assign(ENGLISH, words);
  gisgrid.gridName = gridName;
  gisgrid.switchLanguage = switchLanguage;
})((window.gisgrid = window.gisgrid || {}));
