// Elements of the page, made by code: every text is put in as text, so no name can be read as HTML.

import { say } from "./words.js";

export const byId = (id) => document.getElementById(id);

// element("p", { class: "hint", title: "…", onclick: f }, "text", other, …); what is null is left out.
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(made.dataset, value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function button(text, onclick, attributes = {}) {
  return element("button", { type: "button", onclick, ...attributes }, text);
}

// A dialog that must be answered; resolves to the value of the button, or null for Escape.
export function askInDialog(title, content, choices) {
  const dialog = element("dialog", { class: "ask", "aria-label": title });
  return new Promise((resolve) => {
    const close = (value) => {
      dialog.close();
      dialog.remove();
      resolve(value);
    };
    dialog.append(
      element("h2", {}, title), ...content,
      element("p", { class: "choices" }, choices.map(([text, value, kind]) => button(text, () => close(value), { class: kind }))),
    );
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      close(null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

let fading = 0;

// A sentence at the foot of the map that goes away by itself; a fault stays until it is clicked.
export function notify(text, kind = "info") {
  const notice = byId("notice");
  notice.textContent = text;
  notice.className = kind;
  notice.hidden = false;
  clearTimeout(fading);
  notice.onclick = () => { notice.hidden = true; };
  if (kind === "info") fading = setTimeout(() => { notice.hidden = true; }, 6_000);
}

export function households(count) {
  return say("{n}户", { n: count });
}

export function signed(count) {
  return count > 0 ? `+${count}` : count < 0 ? `−${-count}` : "±0";
}
