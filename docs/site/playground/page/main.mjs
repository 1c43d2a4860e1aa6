// The page: a spec and a model go in, what lrspec says of them comes out. Here the parts are put together.

import { Engine, Stopped } from "./engine.mjs";
import document_ from "../../../../schemas/lrspec.v1.schema.json";
import { copy, count, element, make } from "./dom.mjs";
import { Editor } from "./editor.mjs";
import { acceptFiles, isSpec } from "./files.mjs";
import { latest } from "./latest.mjs";
import { pack, unpack } from "./link.mjs";
import { FILE, Models, sizeInWords } from "./models.mjs";
import { notice } from "./notices.mjs";
import { showHint, showJson, showText } from "./panels.mjs";
import { showProblems } from "./problems.mjs";
import { Schema } from "./schema.mjs";
import { suspects } from "./suspects.mjs";
import { PlanTable } from "./table.mjs";
import { Tabs } from "./tabs.mjs";

const FIRST_MODEL = "resnet18";
const LIMIT = 5; // seconds for each call
const LONGEST = 500_000; // characters of a link
const PATIENCE = 1500; // milliseconds after which a check of an earlier text is ended
const EMPTY = "lrspec: 1\noptimizer: {type: AdamW, lr: 1e-3}\nrules:\n  - {name: all, fallback: true, lr_mult: 1}\n";

class Page {
  constructor() {
    this.names = [];
    this.model = null; // {name} of a saved inventory, {fileName, text} of a file, or null
    this.start = "";
    this.format = "yaml";
    this.problems = new Set();
    const known = { schema: new Schema(document_), names: () => this.names, sources: () => this.models.sources };
    this.editor = new Editor(element("editor"), known, () => this.changed());
    this.checking = latest(() => this.check(), 40);
    this.linking = latest(() => this.updateLink(), 400);
    this.models = new Models((value) => this.choose(value));
    this.tabs = new Tabs(() => this.result && this.fill());
    this.table = new PlanTable(element("table"), (name) => this.explain(name));
    this.listen();
  }

  listen() {
    acceptFiles((name, text) => this.openFile(name, text), (reason) => notice("file", reason));
    element("find").addEventListener("input", (event) => {
      this.tabs.show("table");
      this.table.find(event.target.value.toLowerCase().split(/\s+/).filter(Boolean));
    });
    element("format").addEventListener("change", (event) => this.setFormat(event.target.value, true));
    element("first").addEventListener("click", () => this.draft());
    element("stop").addEventListener("click", () => this.engine.stop());
    element("copy-link").addEventListener("click", async (event) => {
      await this.updateLink();
      copy(event.target, location.href);
    });
    addEventListener("hashchange", (event) => this.openLink(new URL(event.newURL).hash));
  }

  async begin() {
    try {
      if (typeof WebAssembly !== "object") throw new Error("this browser has no WebAssembly, or does not allow it");
      if (typeof Worker !== "function") throw new Error("this browser has no workers");
      this.engine = new Engine({ limit: LIMIT });
      this.engine.onstate = (state) => this.show(state);
      this.show("loading");
      this.models.offer(await this.engine.inventories());
      await this.openLink(location.hash);
      await this.engine.ready;
    } catch (error) {
      this.fail(error);
    }
  }

  get works() {
    return this.engine !== undefined && document.body.dataset.state !== "failed";
  }

  show(state) {
    const words = {
      loading: this.wasReady ? "Starting again …" : "Loading Python and lrspec into the page …",
      ready: "",
      busy: "",
      stopped: "Stopped; starting again …",
      failed: "lrspec could not be loaded.",
    };
    this.wasReady ||= state === "ready";
    element("state").textContent = words[state];
    document.body.dataset.state = state;
    clearTimeout(this.untilStop);
    if (state === "busy") this.untilStop = setTimeout(() => (element("stop").hidden = false), 400);
    else element("stop").hidden = true;
  }

  async fail(error) {
    this.show("failed");
    this.models.select.disabled = true;
    const again = make("button", { type: "button" }, "Try again");
    again.addEventListener("click", () => location.reload());
    const offline = navigator.onLine ? "" : " The browser is offline.";
    notice("failed", `lrspec could not be loaded: ${error.message}.${offline} You can still edit, with completion.`, again);
    if (this.editor.text) return;
    const { text, start, format } = await unpack(location.hash.slice(1)).catch(() => ({ text: EMPTY, format: "yaml" }));
    this.set(text, start ?? EMPTY, format);
  }

  // ------------------------------------------------------------------------------------------ what is open

  /** Open the state that the address has, or else the first model with its spec. */
  async openLink(hash) {
    const fragment = hash.slice(1);
    let state = null;
    for (const topic of ["link", "file", "model"]) notice(topic, null);
    try {
      if (fragment) state = await unpack(fragment);
    } catch {
      notice("link", "The link is not whole, or not one of this page: here is the spec that the page begins with.");
    }
    if (!state) return this.choose(FIRST_MODEL, true);
    if (state.opened) {
      notice("file", `The inventory ${state.opened} is not in the link: open that file, or choose a model.`);
    }
    const isKnown = state.model !== undefined && this.models.has(state.model);
    if (state.model !== undefined && !isKnown) notice("link", `The page has no model ${state.model}: choose another one.`);
    const saved = isKnown ? await this.saved(state.model) : null;
    this.set(state.text, state.start ?? saved?.spec ?? EMPTY, state.format);
    return this.use(saved ? modelOf(state.model, saved) : null);
  }

  /** Choose a saved inventory; a spec that nobody has changed gives way to that of the model. */
  async choose(value, withSpec = this.editor.text === this.start) {
    if (value === FILE) return this.use(this.file);
    const saved = value && (await this.saved(value));
    if (saved === undefined) return this.showModel();
    if (withSpec) this.set(saved ? saved.spec : EMPTY, saved ? saved.spec : EMPTY, "yaml");
    return this.use(saved ? modelOf(value, saved) : null);
  }

  /** A saved inventory; undefined, and said to be missing, if it does not arrive. */
  async saved(name) {
    try {
      return await this.engine.inventory(name);
    } catch (error) {
      notice("model", `The model could not be loaded: ${error.message}.`);
      return undefined;
    }
  }

  async openFile(fileName, text) {
    if (isSpec(fileName, text)) {
      this.set(text, text, fileName.endsWith(".json") ? "json" : "yaml");
      return this.changed();
    }
    const isUntouched = this.editor.text === this.start;
    const file = { fileName, text };
    if (!(await this.use(file))) return undefined;
    this.file = file;
    notice("file", `${fileName} stays in this page: a link does not have it, and whoever opens one needs the file, too.`);
    if (!isUntouched) return undefined;
    return this.draft();
  }

  /** Begin with the spec that lrspec writes for the model. */
  async draft() {
    try {
      const text = this.model.spec ?? (await this.engine.call("draft", [null])).text;
      this.model.spec = text;
      this.start = text;
      this.setFormat("yaml", false);
      this.editor.replace(text);
    } catch (error) {
      notice("model", `No first spec for this model: ${this.wordsFor(error)}`);
    }
  }

  /** Make an inventory the current one, and check the spec with it; return whether it is right. */
  async use(model) {
    if (!this.works) return false;
    if (model?.name) this.models.show(model.name);
    try {
      const about = await this.engine.call("inventory", model ? [model.fileName, model.text] : [null, ""]);
      this.names = model ? about.names.map(([name]) => name) : [];
      element("about-model").textContent = model ? sizeInWords(about) : "";
      element("about-model").title = model ? about.source : "";
      this.model = model;
      notice("model", null);
    } catch (error) {
      notice("model", error.message);
      this.showModel();
      return false;
    }
    this.showModel();
    this.changed();
    return true;
  }

  showModel() {
    if (this.model && !this.model.name) this.models.show(FILE, this.model.fileName);
    else this.models.show(this.model?.name ?? "");
  }

  set(text, start, format) {
    this.start = start;
    this.table.opened.clear();
    this.setFormat(format, false);
    this.editor.open(text, format);
  }

  setFormat(format, andCheck) {
    this.format = format;
    element("format").value = format;
    this.editor.speak(format);
    if (andCheck) this.changed();
  }

  /** What the spec is called, as a file. */
  get fileName() {
    const stem = (this.model?.specFile ?? "spec.lrspec.yaml").replace(/\.[a-z]+$/, "");
    return `${stem}.${this.format}`;
  }

  // ------------------------------------------------------------------------------------------ the result

  changed() {
    this.version = (this.version ?? 0) + 1;
    document.body.dataset.version = this.version;
    element("first").disabled = !this.model || this.editor.text === this.model.spec;
    this.tabs.say("diff", this.editor.text === this.start ? "" : "changed");
    if (this.checking.runningFor > PATIENCE && document.body.dataset.state === "busy") this.engine.stop();
    this.checking.ask();
    this.linking.ask();
  }

  async check() {
    if (!this.works) return;
    const { version } = this;
    try {
      const result = await this.engine.call("compile", [this.editor.text, this.fileName]);
      if (version === this.version) this.take(result);
    } catch (error) {
      if (version === this.version) this.explainFailure(error);
    }
    if (version === this.version) await this.fill();
  }

  take(result) {
    notice("check", null);
    this.result = result;
    showProblems(this.editor, result);
    if (result.table) {
      this.table.show(result.table, result.plan.parameters);
      this.tabs.say("table", count(result.plan.groups.length, "group"));
    } else {
      if (this.model) this.table.age("No groups while the spec has errors.");
      else this.table.clear("Choose a model to see the groups.");
      this.tabs.say("table", "");
    }
  }

  explainFailure(error) {
    this.result = null;
    showProblems(this.editor, null);
    this.table.age("No groups of this spec.");
    this.tabs.say("table", "");
    notice("check", this.wordsFor(error));
  }

  wordsFor(error) {
    if (!(error instanceof Stopped)) return error.message;
    const when = error.seconds ? count(error.seconds, "second") : "your click";
    const lines = suspects(this.editor.text);
    const where = lines.length ? ` Look at line ${lines.join(", ")}.` : "";
    return `Stopped after ${when}, without a result: a regex of the spec takes too long on these names. Usually it repeats what repeats, as '(a+)+$' does.${where} Change the spec, and it is checked again.`;
  }

  /** Fill the tab that is shown. */
  async fill() {
    const fill = { table: () => null, explain: () => this.fillExplain(), diff: () => this.fillDiff(), json: () => this.fillJson() };
    const { version } = this;
    await fill[this.tabs.current]();
    if (version === this.version) document.body.dataset.filled = `${this.tabs.current} ${version}`;
  }

  explain(name) {
    this.explained = name;
    this.tabs.show("explain");
    element("tab-explain").focus();
  }

  async fillExplain() {
    const panel = element("explain");
    if (!this.explained) return showHint(panel, "Choose a parameter in the table: here it says why it gets what it gets.");
    const text = await this.said("explain", [this.editor.text, this.fileName, this.explained], panel);
    if (text !== null) showText(panel, text);
    return undefined;
  }

  async fillDiff() {
    const panel = element("diff");
    if (this.editor.text === this.start) return showHint(panel, "Nothing is changed yet: here it says what each parameter gets now, and got before.");
    const diff = await this.said("diff", [this.start, this.editor.text, this.fileName], panel);
    if (diff === null) return undefined;
    showText(panel, diff.text || "The text has changed, and what the parameters get has not.");
    const back = make("button", { type: "button" }, "Back to it");
    back.addEventListener("click", () => this.editor.replace(this.start));
    const from = make("button", { type: "button" }, "Start from here");
    from.addEventListener("click", () => {
      this.start = this.editor.text;
      this.changed();
    });
    return panel.prepend(make("p", { className: "bar" }, "Compared with the spec you started with", back, from));
  }

  async fillJson() {
    const panel = element("json");
    if (this.result && !this.result.plan) return showHint(panel, "The plan as JSON needs a model.");
    const json = await this.said("json", [this.editor.text, this.fileName], panel);
    if (json !== null) showJson(panel, json, this.fileName.replace(/\.lrspec\.[a-z]+$/, ".plan.json"));
    return undefined;
  }

  /** What the engine answers to the spec as it is, or null: then the panel has the reason. */
  async said(name, args, panel) {
    const { version } = this;
    try {
      const answer = await this.engine.call(name, args);
      return version === this.version ? answer : null;
    } catch (error) {
      if (version === this.version) showText(panel, this.wordsFor(error));
      return null;
    }
  }

  // ------------------------------------------------------------------------------------------ the link

  async updateLink() {
    const { model, start } = this;
    const state = {
      version: 1,
      text: this.editor.text,
      format: this.format,
      model: model?.name,
      opened: model && !model.name ? model.fileName : undefined,
      start: start === (model?.name ? model.spec : EMPTY) ? undefined : start,
    };
    const packed = await pack(state);
    notice("length", packed.length > LONGEST ? "The spec is too long for a link: save it as a file." : null);
    if (packed.length <= LONGEST) history.replaceState(null, "", `#${packed}`);
  }
}

function modelOf(name, { file, text, spec_file: specFile, spec }) {
  return { name, fileName: file, specFile, text, spec };
}

new Page().begin();
