// The life of the plan: submit, approve, send back, publish; each asks before, and says why not. The tab 审批.

import { askInDialog, button, element, notify } from "./dom.js";
import { say, sentenceOf } from "./words.js";

export const STATES = { draft: "草稿", submitted: "审核中", approved: "已批准", published: "已发布", rejected: "已退回" };
const ACCEPTABLE = new Set(["grid_above_band", "grid_below_band"]);

export class Review {
  constructor(editor, acts) {
    this.editor = editor;
    this.acts = acts; // reload(), flush()
  }

  fill(section) {
    const { confirmed, caller } = this.editor, errors = confirmed.findings.filter((each) => each.severity === "error");
    const steps = [element("p", {}, `${say("状态")}：`, element("b", {}, say(STATES[confirmed.state])))];
    if (confirmed.state === "draft") {
      steps.push(element("p", { class: "hint" }, errors.length ? say("还有{n}个问题；可以提交，但发布前须解决或由审核人认可", { n: errors.length }) : say("没有错误，可以提交")));
    }
    const acts = [];
    if (confirmed.state === "draft" && caller.may_edit) acts.push(["提交审核", () => this.decide("submit", "提交后方案只读，由他人审核。")]);
    if (confirmed.state === "submitted" && caller.may_decide) acts.push(["批准", () => this.decide("approve", "批准后即可发布。")]);
    if (["submitted", "approved"].includes(confirmed.state) && caller.may_decide) acts.push(["退回", () => this.decide("reject", "方案退回，不再发布。")]);
    if (confirmed.state === "approved" && caller.may_decide) acts.push(["发布", () => this.publish(errors)]);
    const buttons = acts.map(([text, act], at) => button(say(text), act, { class: at === 0 ? "main" : null }));
    if (!buttons.length) steps.push(element("p", { class: "hint" }, say("当前角色在此状态下没有可做的决定")));
    section.replaceChildren(...steps, element("div", { class: "acts" }, buttons));
  }

  async decide(verb, told) {
    if (this.editor.outbox.length) {
      notify(say("还有修改未送达，请稍候"), "fault");
      return;
    }
    const names = { submit: "提交审核", approve: "批准", reject: "退回" };
    if (!(await askInDialog(say(names[verb]), [element("p", {}, say(told))], [[say("取消"), null], [say(names[verb]), true, "main"]]))) return;
    try {
      await this.editor.api[verb](this.editor.plan);
      this.acts.reload();
    } catch (fault) {
      notify(fault.message, "fault");
    }
  }

  // Findings about the band are accepted one by one; others cannot be, and the server refuses them.
  async publish(errors) {
    const boxes = errors.filter((each) => ACCEPTABLE.has(each.rule)).map((each) => [each, element("input", { type: "checkbox" })]);
    const content = [
      element("p", {}, say("发布后立即生效，旧版本同时结束。")),
      boxes.length ? element("p", {}, say("须认可的户数例外：")) : null,
      element("div", { class: "scroll" }, boxes.map(([each, box]) => element("label", {}, box, element("span", {}, sentenceOf(each))))),
    ].filter(Boolean);
    if (!(await askInDialog(say("发布"), content, [[say("取消"), null], [say("发布"), true, "main"]]))) return;
    const accept = boxes.filter(([, box]) => box.checked).map(([each]) => `${each.rule}:${each.codes[0]}`);
    try {
      await this.editor.api.publish(this.editor.plan, accept);
      notify(say("已发布，查询立即按新网格回答"));
      this.acts.reload();
    } catch (fault) {
      notify(fault.message, "fault");
    }
  }
}
