// What lrspec says of a spec: checked after each change, and shown in the list of problems and in the tabs.

import { count, element, make } from "./dom.mjs";
import { notice } from "./notices.mjs";
import { showHint, showJson, showLines, showText } from "./panels.mjs";
import { showProblems } from "./problems.mjs";
import { inWords } from "./stopped.mjs";
import { PlanTable } from "./table.mjs";
import { Tabs } from "./tabs.mjs";

export class Result {
  /** `page` has the `engine`, the `editor` and the `spec`, which has another `version` after each change. */
  constructor(page) {
    this.page = page;
    this.tabs = new Tabs(() => this.version !== undefined && this.fill(page.spec));
    this.table = new PlanTable(element("table"), (name) => this.explain(name));
  }

  isOf({ version }) {
    return version === this.page.version;
  }

  /** Another spec is open: nothing that was opened or chosen stays. */
  forget() {
    this.table.opened.clear();
    this.explained = undefined;
  }

  find(words) {
    this.tabs.show("table");
    this.table.find(words);
  }

  explain(name) {
    this.explained = name;
    this.tabs.show("explain");
    element("tab-explain").focus();
  }

  /** Compile the spec, and show the answer unless there has been a change meanwhile. */
  async check() {
    const { spec } = this.page;
    this.tabs.say("diff", spec.text === spec.start ? "" : "changed");
    try {
      const answer = await this.page.engine.call("compile", [spec.text, spec.fileName]);
      if (this.isOf(spec)) this.show(answer, spec);
    } catch (error) {
      if (this.isOf(spec)) this.showFailure(error, spec);
    }
    if (this.isOf(spec)) await this.fill(spec);
  }

  show(answer, spec) {
    this.version = spec.version;
    notice("check", null);
    showProblems(this.page.editor, answer);
    this.tabs.say("table", answer.table ? count(answer.plan.groups.length, "group") : "");
    if (answer.table) this.table.show(answer.table, answer.plan.parameters);
    else if (spec.hasModel) this.table.age("No groups while the spec has errors.");
    else this.table.clear("Choose a model to see the groups.");
  }

  showFailure(error, spec) {
    this.version = spec.version;
    const isFailed = document.body.dataset.state === "failed"; // which is said already
    notice("check", isFailed ? null : inWords(error, spec.text));
    showProblems(this.page.editor, null);
    this.tabs.say("table", "");
    this.table.age("No groups of this spec.");
  }

  /** Fill the tab that is shown. */
  async fill(spec) {
    const name = this.tabs.current;
    const fill = { table: () => null, explain: fillExplain, diff: fillDiff, json: fillJson }[name];
    await fill(this, spec, element(name));
    if (this.isOf(spec)) document.body.dataset.filled = `${name} ${spec.version}`;
  }

  /** What the engine answers, or null if it is of no use any more, or if the panel has the reason why there is none. */
  async ask(name, args, spec, panel) {
    try {
      const answer = await this.page.engine.call(name, args);
      return this.isOf(spec) ? answer : null;
    } catch (error) {
      if (this.isOf(spec)) showText(panel, inWords(error, spec.text));
      return null;
    }
  }
}

async function fillExplain(result, spec, panel) {
  if (!result.explained) {
    showHint(panel, "Choose a parameter in the table to see why it gets what it gets.");
    return;
  }
  const text = await result.ask("explain", [spec.text, spec.fileName, result.explained], spec, panel);
  if (text !== null) showLines(panel, text);
}

async function fillDiff(result, spec, panel) {
  if (spec.text === spec.start) {
    showHint(panel, "Nothing is changed yet. After a change, this tab compares what each parameter gets with what it got before.");
    return;
  }
  const diff = await result.ask("diff", [spec.start, spec.text, spec.fileName, spec.startFileName], spec, panel);
  if (diff === null) return;
  showText(panel, diff.text || "The text has changed, and what the parameters get has not.");
  const back = make("button", { type: "button" }, "Restore it");
  back.addEventListener("click", () => result.page.editor.replace(spec.start));
  const from = make("button", { type: "button" }, "Start from here");
  from.addEventListener("click", () => result.page.startFrom(spec.text));
  panel.prepend(make("p", { className: "bar" }, "Compared with the spec you started with", back, from));
}

async function fillJson(result, spec, panel) {
  if (!spec.hasModel) {
    showHint(panel, "The plan as JSON needs a model.");
    return;
  }
  const json = await result.ask("json", [spec.text, spec.fileName], spec, panel);
  if (json !== null) showJson(panel, json, spec.fileName.replace(/\.lrspec\.[a-z]+$/, ".plan.json"));
}
