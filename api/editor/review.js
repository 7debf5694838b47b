// The life of the plan: submit, approve, send back, take up again, publish; each asks before, and says why not. The tab 审批.

import { ApiFault } from "./api.js";
import { askInDialog, button, element, notify } from "./dom.js";
import { momentOf, nameOf, say, sentenceOf, wordsOf } from "./words.js";

export const STATES = { draft: "草稿", submitted: "审核中", approved: "已批准", published: "已发布", rejected: "已退回" };
const VERBS = {
  submit: ["提交审核", "提交后方案只读，由他人审核。"], approve: ["批准", "批准后即可发布。"],
  withdraw: ["撤回发布", "不再按期生效，方案仍为已批准。"], reject: ["退回", "方案退回起草人，并告知理由。"], reopen: ["继续修改", "方案回到草稿，可以再改、再提交。"],
};
const MOVES = { ...STATES, scheduled: "定期发布", withdrawn: "撤回发布", refused: "未能生效" };
const ACCEPTABLE = new Set(["grid_above_band", "grid_below_band"]);

export class Review {
  constructor(editor, acts) {
    this.editor = editor;
    this.acts = acts; // reload(), refresh()
    this.moves = [];
    this.editions = [];
    this.scheduled = null;
    editor.addEventListener("status", () => this.follow());
    this.follow();
  }

  // Whoever decides does it elsewhere: what became of the plan is read when its state is another.
  async follow() {
    if (this.state === this.editor.confirmed.state) return;
    this.state = this.editor.confirmed.state;
    try {
      const { api, board, plan } = this.editor;
      Object.assign(this, await api.history(plan), await api.editions(board.community)); // moves, scheduled; editions
    } catch (fault) {
      if (!(fault instanceof ApiFault)) throw fault;
    }
    this.acts.refresh();
  }

  // Why the plan was sent back, where nobody submitted it since; null else.
  get returned() {
    const last = this.moves.findLast(({ move }) => move === "rejected" || move === "submitted");
    return last && last.move === "rejected" && ["draft", "rejected"].includes(this.editor.confirmed.state) ? last : null;
  }

  // Grids drawn elsewhere are looked at in this tab, and become another plan.
  async upload() {
    const { Upload } = await import("./upload.js");
    this.uploading = new Upload(this.editor, this.acts, () => {
      this.uploading = null;
      this.acts.refresh();
    });
    this.acts.refresh();
  }

  fill(section) {
    if (this.uploading) {
      this.uploading.fill(section);
      return;
    }
    const { confirmed, caller } = this.editor, { state } = confirmed, errors = confirmed.findings.filter((each) => each.severity === "error");
    const steps = [element("p", {}, `${say("状态")}：`, element("b", {}, say(STATES[state])))];
    if (this.returned) steps.push(element("p", { class: "returned" }, say("{actor}退回：{reason}", { actor: nameOf(this.returned.actor), reason: this.returned.reason || "—" })));
    if (this.scheduled) steps.push(element("p", { class: "returned" }, say("将于 {at} 生效", { at: momentOf(this.scheduled.valid_from) })));
    if (state === "draft") {
      steps.push(element("p", { class: "hint" }, errors.length ? say("还有{n}个问题；可以提交，但发布前须解决或由审核人认可", { n: errors.length }) : say("没有错误，可以提交")));
    }
    const verbs = { draft: caller.may_edit && ["submit"], rejected: caller.may_edit && ["reopen"] };
    if (caller.may_decide) Object.assign(verbs, { submitted: ["approve", "reject"], approved: this.scheduled ? ["withdraw"] : ["publish", "reject"] });
    const buttons = (verbs[state] || []).map((verb, at) => (
      button(say(verb === "publish" ? "发布" : VERBS[verb][0]), () => (verb === "publish" ? this.publish(errors) : this.decide(verb)), { class: at === 0 ? "main" : null })
    ));
    if (!buttons.length) steps.push(element("p", { class: "hint" }, say("当前角色在此状态下没有可做的决定")));
    section.replaceChildren(...steps, element("div", { class: "acts" }, buttons), element("h2", {}, say("经过")),
      this.moves.length ? element("ul", {}, this.moves.map((move) => this.line(move))) : element("p", { class: "hint" }, say("尚未提交")),
      element("h2", {}, say("历次版本")), element("ul", {}, this.editions.map((edition) => this.edition(edition))),
      caller.may_edit ? element("div", { class: "acts" }, button(say("导入手绘网格"), () => this.upload())) : "");
  }

  edition({ id, plan, valid_from: from, valid_to: to, published_by: actor }) {
    const may = this.editor.caller.may_edit;
    return element("li", { class: to ? null : "now" }, element("p", {}, element("b", {}, say("版本 {id}", { id })), `　${nameOf(actor)}`,
      element("span", { class: "told" }, `${momentOf(from)} – ${to ? momentOf(to) : say("现行")}`)),
    element("div", { class: "acts" }, element("a", { href: `/planner/${plan}` }, say("方案 {plan}", { plan })), may ? button(say("恢复为新草案"), () => this.restore(id)) : null));
  }

  // An old edition as a new draft: what differs on the ground of today is told by its findings.
  async restore(id) {
    if (!(await askInDialog(say("恢复为新草案"), [element("p", {}, say("按版本 {id} 的网格另起一份草案，现行版本不变。", { id }))], [[say("取消"), null], [say("恢复"), true, "main"]]))) return;
    const { api, board } = this.editor;
    this.act(async () => { location.href = `/planner/${(await api.draw(board.community, "edition", { edition: id })).plan}`; }, null, false);
  }

  line({ move, actor, at, reason, valid_from: from }) {
    return element("li", {}, element("p", {}, element("b", {}, say(MOVES[move])), `　${nameOf(actor)}　${momentOf(at)}`,
      from ? element("span", { class: "told" }, say("{at} 起生效", { at: momentOf(from) })) : null, reason ? element("span", { class: "told" }, reason) : null));
  }

  async decide(verb) {
    if (this.editor.outbox.length) {
      notify(say("还有修改未送达，请稍候"), "fault");
      return;
    }
    const [name, told] = VERBS[verb], reason = element("textarea", { maxlength: 2000, rows: 4, "aria-label": say("退回理由") });
    const asked = [element("p", {}, say(told)), verb === "reject" ? element("label", { class: "tall" }, say("退回理由"), reason) : null].filter(Boolean);
    if (!(await askInDialog(say(name), asked, [[say("取消"), null], [say(name), true, "main"]]))) return;
    if (verb === "reject" && !reason.value.trim()) {
      notify(say("请写明退回理由"), "fault");
      return;
    }
    this.act(() => this.editor.api[verb](this.editor.plan, verb === "reject" ? reason.value : undefined));
  }

  // Findings about the band are accepted one by one; others cannot be, and the server refuses them.
  async publish(errors) {
    const boxes = errors.filter((each) => ACCEPTABLE.has(each.rule)).map((each) => [each, element("input", { type: "checkbox" })]);
    const from = element("input", { type: "datetime-local" });
    const content = [
      element("p", {}, say("发布后立即生效，旧版本同时结束；也可定期生效，届时再检查一遍。")), element("label", { class: "tall" }, say("生效时间（留空为立即）"), from),
      boxes.length ? element("p", {}, say("须认可的户数例外：")) : null,
      element("div", { class: "scroll" }, boxes.map(([each, box]) => element("label", {}, box, element("span", {}, sentenceOf(each))))),
    ].filter(Boolean);
    if (!(await askInDialog(say("发布"), content, [[say("取消"), null], [say("发布"), true, "main"]]))) return;
    const accept = boxes.filter(([, box]) => box.checked).map(([each]) => `${each.rule}:${each.codes[0]}`);
    const begin = from.value ? new Date(from.value).toISOString() : null;
    this.act(() => this.editor.api.publish(this.editor.plan, accept, begin), begin ? null : "已发布，查询立即按新网格回答");
  }

  async act(ask, done = null, again = true) {
    try {
      await ask();
      if (done) notify(say(done));
      if (again) this.acts.reload();
    } catch (fault) {
      if (!(fault instanceof ApiFault)) throw fault;
      notify(wordsOf(fault), "fault");
    }
  }
}
