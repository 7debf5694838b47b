// The page's own words in Chinese and English, and which of the two is shown. Texts of the data are never translated.
// In: a Chinese text, values for its {places}. Out: the text in the language that is on. The one list of words of the page.

import { ENGLISH } from "./english.js";

let english = false;

export function say(chinese, values = {}) {
  const text = english ? ENGLISH[chinese] || chinese : chinese;
  return text.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}

export function isEnglish() {
  return english;
}

export function switchLanguage(wanted) {
  english = wanted;
  document.documentElement.lang = english ? "en" : "zh-CN";
  for (const part of document.querySelectorAll("[data-say]")) part.textContent = say(part.dataset.say);
  for (const part of document.querySelectorAll("[data-hint]")) {
    part.title = say(part.dataset.hint) + (part.dataset.key ? ` (${part.dataset.key})` : "");
    part.setAttribute("aria-label", part.title);
  }
}

// 07 for the key "7": the number that stands on the grid, in the table and in every sentence.
export function numberOf(grid) {
  return /^\d$/.test(grid.key) ? `0${grid.key}` : grid.key;
}

export function titleOf(grid) {
  return grid.name || (english ? `Grid ${numberOf(grid)}` : `网格${numberOf(grid)}`);
}

// The person or program behind an actor: 王规划 for "王规划 (user)".
export function nameOf(actor) {
  return actor.replace(/ \((user|key)\)$/, "");
}

// 2026-11-28 08:30, by this machine's clock.
export function momentOf(text) {
  const at = new Date(text), two = (number) => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

// What went wrong, for whoever asked for it.
export function wordsOf(fault) {
  const own = { away: "无法连接服务器，请稍后再试", signed_out: "登录已失效，请重新登录" }[fault.kind];
  return own ? say(own) : fault.message;
}

export function sentenceOf(finding) {
  return english ? finding.message : finding.message_zh;
}
