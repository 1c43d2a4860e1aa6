// The page: a spec and a model go in, what lrspec says of them comes out. Here the parts are put together.

import { Engine } from "./engine.mjs";
import document_ from "../../../../schemas/lrspec.v1.schema.json";
import { copy, element, make } from "./dom.mjs";
import { Editor } from "./editor.mjs";
import { acceptFiles, isSpec } from "./files.mjs";
import { latest } from "./latest.mjs";
import { pack, unpack } from "./link.mjs";
import { FILE, Models, sizeInWords } from "./models.mjs";
import { notice } from "./notices.mjs";
import { Result } from "./result.mjs";
import { Schema } from "./schema.mjs";
import { inWords } from "./stopped.mjs";

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
    const known = { schema: new Schema(document_), names: () => this.names, sources: () => this.models.sources };
    this.editor = new Editor(element("editor"), known, () => this.changed());
    this.result = new Result(this);
    this.checking = latest(() => this.works && this.result.check(), 40);
    this.linking = latest(() => this.updateLink(), 400);
    this.models = new Models((value) => this.choose(value));
    this.listen();
  }

  listen() {
    acceptFiles((name, text) => this.openFile(name, text), (reason) => notice("file", reason));
    element("find").addEventListener("input", (event) => {
      this.result.find(event.target.value.toLowerCase().split(/\s+/).filter(Boolean));
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
      notice("model", `No first spec for this model: ${inWords(error, this.editor.text)}`);
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
      this.result.forget();
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
    this.result.forget();
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

  // ------------------------------------------------------------------------------------------ a change

  changed() {
    this.version = (this.version ?? 0) + 1;
    document.body.dataset.version = this.version;
    element("first").disabled = !this.model || this.editor.text === this.model.spec;
    if (this.checking.runningFor > PATIENCE && document.body.dataset.state === "busy") this.engine.stop();
    this.checking.ask();
    this.linking.ask();
  }

  /** Compare with another spec from now on. */
  startFrom(text) {
    this.start = text;
    this.changed();
  }

  /** What there is to check, and the number of its version. */
  get spec() {
    const { start, fileName, version, model } = this;
    return { text: this.editor.text, start, fileName, version, hasModel: Boolean(model) };
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
