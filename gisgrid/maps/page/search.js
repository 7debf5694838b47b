// Search: part of a name, an address, a number, a code or a contact; of every layer that has entries.
// In: prepared content. Out: what was found, handed to `go`.
"use strict";

(function (gisgrid) {
  const { element, say, gridName, plain } = gisgrid;
  const FOUND_AT_MOST = 12;

  function searchable(content) {
    const grids = content.grids.map((grid) => ({
      what: { grid }, box: grid.box,
      label: () => [gridName(grid), grid.community.name],
      text: plain([gridName(grid), grid.community.name, grid.code, ...grid.posts.map((post) => post[1])].join(" ")),
    }));
    return [...grids, ...gisgrid.asked(content.layers, "entries")];
  }

  function startSearch(content, go) {
    const input = document.getElementById("search"), list = document.getElementById("found");
    let entries = null; // made when first asked for: a district has 30,000 of them
    function clear() {
      list.replaceChildren();
      input.value = "";
    }
    function offer(entry) {
      const item = element("li"), button = element("button");
      button.type = "button";
      // Each name in a box of its own: one may turn the direction of what follows it.
      [entry.label()].flat().forEach((name, i) => button.append(i ? " · " : "", element("bdi", name)));
      button.addEventListener("click", () => {
        clear();
        go(entry);
      });
      item.append(button);
      return item;
    }
    input.addEventListener("input", () => {
      entries = entries || searchable(content);
      const words = plain(input.value).split(/\s+/).filter(Boolean);
      const found = words.length ? entries.filter((entry) => words.every((word) => entry.text.includes(word))) : [];
      list.replaceChildren(...found.slice(0, FOUND_AT_MOST).map(offer));
      if (words.length && !found.length) list.append(element("li", say("没有找到"), "hint"));
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") clear();
      if (event.key === "Enter" && list.querySelector("button")) list.querySelector("button").click();
    });
  }

  gisgrid.startSearch = startSearch;
})((window.gisgrid = window.gisgrid || {}));
