// The name and the kind of a grid, asked for in a dialog. In: the editor, a slot. Out: one edit for each that differs.

import { askInDialog, element } from "./dom.js";
import { say, titleOf } from "./words.js";

export async function relabel(editor, slot) {
  if (!editor.writable) return;
  const grid = editor.view.slots[slot], { key } = grid;
  const name = element("input", { maxlength: 200, value: grid.name || "", placeholder: titleOf(grid) });
  const kind = element("select", {}, [["residential", "居民网格"], ["dedicated", "专属网格"]].map(([value, text]) => element("option", { value, selected: grid.kind === value }, say(text))));
  const content = [
    element("label", { class: "tall" }, say("名称"), name), element("label", { class: "tall" }, say("类型"), kind), element("p", { class: "hint" }, say("专属网格（商圈、学校、园区等）不受户数限制")),
  ];
  if (!(await askInDialog(titleOf(grid), content, [[say("取消"), null], [say("确定"), true, "main"]]))) return;
  const wanted = name.value.trim();
  if (wanted && wanted !== grid.name) editor.operate({ op: "rename", grid: key, name: wanted });
  if (kind.value !== grid.kind) editor.operate({ op: "kind", grid: key, kind: kind.value });
}
