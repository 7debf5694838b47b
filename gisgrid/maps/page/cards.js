// The card of what was chosen: a grid, a building, a place of a layer. Text only: textContent, never HTML from a string.
// In: the prepared content and what was chosen. Out: elements.
"use strict";

(function (gisgrid) {
  const { say, gridName } = gisgrid;

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

  // An extension is dialled after a pause: 12345 转 6 is 12345,6.
  const dialled = (phone) => phone.split(/转|ext|x|#/i).map((part) => part.replace(/[^0-9+]/g, "")).filter(Boolean).join(",");

  function contacts(grid) {
    const list = element("ul", null, "contacts");
    if (!grid.posts.length) list.append(element("li", say("无联系人"), "role"));
    for (const [role, name, phone] of grid.posts) {
      const item = element("li");
      item.append(element("span", role, "role"), element("span", name));
      if (phone) {
        const link = element("a", phone);
        link.setAttribute("href", `tel:${dialled(phone)}`);
        item.append(link);
      }
      list.append(item);
    }
    return list;
  }

  function gridFacts(grid) {
    const { community } = grid;
    return [
      ["社区", community.name], ["性质", grid.dedicated ? say("专属") : say("居民")],
      ["户数", grid.households], ["楼栋", grid.buildings],
      ["面积", `${grid.hectares.toFixed(1)}${say("公顷")}`],
      ["版本", community.since ? `${community.edition} · ${community.since}` : null],
    ];
  }

  function card(content, what) {
    if (!what) return [element("p", say("点击网格或楼栋查看详情"), "hint")];
    if (what.code) return [element("p", `${say("此编码不在本图")} ${what.code}`, "hint")];
    if (what.place) return [element("h2", what.place.name), facts(what.place.facts)];
    const { grid, building } = what;
    const more = gisgrid.asked(content.layers, "facts", what);
    if (!building) return [element("h2", gridName(grid)), element("p", grid.code, "code"), facts([...gridFacts(grid), ...more]), contacts(grid)];
    const own = [["地址", building.address], ["户数", building.households], ["所属网格", grid ? gridName(grid) : say("未划入网格")]];
    const parts = [element("h2", building.name || building.address || say("楼栋")), facts([...own, ...more])];
    return grid ? [...parts, contacts(grid)] : parts;
  }

  gisgrid.element = element;
  gisgrid.card = card;
})((window.gisgrid = window.gisgrid || {}));
