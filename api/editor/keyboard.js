// Everything by keyboard. On the map (or nowhere in particular) single keys work; in the table and the tabs the usual ones.

import { byId, notify } from "./dom.js";
import { TOOLS } from "./tools.js";
import { say } from "./words.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function listen(page) {
  const { tools, editor } = page;
  let typed = "";

  function digits(event) {
    if (/^\d$/.test(event.key)) {
      typed = (typed + event.key).slice(-6);
      byId("typed").textContent = say("目标编号 {typed}，回车确定", { typed });
      return true;
    }
    if (event.key !== "Enter" || !typed) return false;
    const key = typed.replace(/^0+(?=\d)/, ""), slot = editor.view.slotOf(key);
    typed = "";
    if (slot >= 0 && editor.view.sizes[slot]) page.choose(slot);
    else notify(say("没有编号为 {key} 的网格", { key }));
    return true;
  }

  function command(event) {
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) editor.undo();
    else if (key === "y" || (key === "z" && event.shiftKey)) editor.redo();
    else return false;
    return true;
  }

  function single(event) {
    const tool = TOOLS.find((each) => each.key === event.key.toUpperCase());
    if (event.key in ARROWS) tools.step(...ARROWS[event.key]);
    else if (event.key === "[") tools.resize(-1);
    else if (event.key === "]") tools.resize(1);
    else if (event.key === "Escape") tools.escape();
    else if (event.key === "Enter") tools.assignSelected();
    else if (event.key === "Tab") page.nextProblem(event.shiftKey ? -1 : 1);
    else if (event.key === "f" || event.key === "F") page.fit(page.marks.target);
    else if (event.key === "n" || event.key === "N") page.choose(null, true);
    else if (event.key === "+" || event.key === "=") page.map.zoomIn(0.5);
    else if (event.key === "-") page.map.zoomOut(0.5);
    else if (event.key === " ") {
      tools.space = true;
      byId("map").classList.add("panning");
    } else if (tool) tools.use(tool.name);
    else return false;
    return true;
  }

  window.addEventListener("keydown", (event) => {
    if (event.target.closest?.("dialog, input, select, textarea")) return;
    if (event.ctrlKey || event.metaKey) {
      if (command(event)) event.preventDefault();
      return;
    }
    const onMap = event.target === document.body || event.target.closest?.("#map");
    if (!onMap && !(event.key === "Escape")) return;
    if (digits(event) || single(event)) event.preventDefault();
  });
  window.addEventListener("keyup", (event) => {
    if (event.key !== " ") return;
    tools.space = false;
    byId("map").classList.remove("panning");
  });
}
