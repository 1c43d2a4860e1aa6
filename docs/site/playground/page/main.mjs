// The page: a spec and a model go in, what lrspec says of them comes out. Here the parts are put together.

import { Engine } from "./engine.mjs";
import specSchema from "../../../../schemas/lrspec.v1.schema.json";
import { brief, copy, element, make, save, say } from "./dom.mjs";
import { Editor } from "./editor.mjs";
import { acceptFiles, isSpec } from "./files.mjs";
import { formatOf } from "./format.mjs";
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
const PATIENCE = 1500; // milliseconds after which a compile of an earlier text is ended
const EMPTY = "lrspec: 1\noptimizer: {type: AdamW, lr: 1e-3}\nrules:\n  - {name: all, fallback: true, lr_mult: 1}\n";

class Page {
  constructor() {
    this.names = [];
    this.model = null; // {name} of a saved inventory, {fileName, text} of a file, or null
    this.start = "";
    this.given = ""; // a text that the page itself has put in: nothing is lost with it
    this.asked = 0; // the number of the last choice
    const known = { schema: new Schema(specSchema), names: () => this.names, sources: () => this.models.sources };
    this.editor = new Editor(element("editor"), known, () => this.changed());
    this.result = new Result(this);
    this.checking = latest(() => this.works && this.result.check(), 40);
    this.linking = latest(() => this.updateLink(), 400);
    this.models = new Models((value) => this.choose(value));
    this.listen();
  }

  listen() {
    acceptFiles((files) => this.openFiles(files), (reason) => notice("file", reason));
    element("find").addEventListener("input", (event) => {
      this.result.find(event.target.value.toLowerCase().split(/\s+/).filter(Boolean));
    });
    element("first").addEventListener("click", () => this.draft());
    element("stop").addEventListener("click", () => this.engine.stop("Stopped after your click."));
    element("save-spec").addEventListener("click", () => save(this.fileName, this.editor.text));
    element("save-model").addEventListener("click", () => save(this.model.fileName, this.model.text));
    element("copy-link").addEventListener("click", async (event) => {
      const { target } = event;
      const link = await this.updateLink();
      if (link) copy(target, link);
      else say(target, "Too long");
    });
    addEventListener("hashchange", (event) => this.openLink(new URL(event.newURL).hash));
    addEventListener("online", () => this.isFailed && this.again());
  }

  async begin() {
    try {
      if (typeof WebAssembly !== "object") throw new Error("this browser has no WebAssembly, or does not allow it");
      if (typeof Worker !== "function") throw new Error("this browser has no workers");
      this.engine = new Engine({ limit: LIMIT });
      this.engine.onstate = (state) => this.show(state);
      this.engine.onprogress = (arrived, total) => this.showProgress(arrived, total);
      this.show("loading");
      this.models.offer(await this.engine.inventories());
    } catch (error) {
      return this.fail(error);
    }
    return this.openLink(location.hash);
  }

  get works() {
    return this.models.saved !== undefined;
  }

  get isFailed() {
    return document.body.dataset.state === "failed";
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
    this.busySince = state === "busy" ? performance.now() : Infinity;
    element("state").textContent = words[state];
    element("progress").textContent = "";
    document.body.dataset.state = state;
    if (state === "failed" && this.works) this.offerAgain(this.engine.failure, () => this.again());
    if (state === "ready") notice("failed", null);
    clearTimeout(this.untilStop);
    if (state === "busy") this.untilStop = setTimeout(() => (element("stop").hidden = false), 400);
    else element("stop").hidden = true;
  }

  showProgress(arrived, total) {
    const [now, all] = [arrived, total].map((bytes) => Math.round(bytes / 1e6));
    if (document.body.dataset.state === "loading" && total) element("progress").textContent = `${now} of ${all} MB`;
  }

  /** Without the list of models, or without what lrspec needs, there is only the editor. */
  async fail(error) {
    this.show("failed");
    this.offerAgain(error, () => location.reload());
    const { text, start } = await unpack(location.hash.slice(1)).catch(() => ({ text: EMPTY }));
    if (!this.editor.text) this.set(text, start ?? EMPTY);
  }

  offerAgain(error, again) {
    const offline = navigator.onLine ? "" : " The browser is offline.";
    const text = `lrspec could not be loaded: ${error.message}.${offline} You can still edit, with completion.`;
    notice("failed", text, button("Try again", again));
  }

  async again() {
    notice("failed", null);
    this.engine.restart().catch(() => {}); // which `show` says
    await this.use(this.model);
  }

  // ------------------------------------------------------------------------------------------ what is open

  /** Open the state that the address has, or else the first model with its spec. */
  async openLink(hash) {
    const asked = (this.asked += 1);
    for (const topic of ["link", "file", "model"]) notice(topic, null);
    const fragment = hash.slice(1);
    const state = fragment ? await unpack(fragment).catch(() => null) : null;
    if (asked !== this.asked) return undefined;
    if (state) return this.openState(state);
    if (fragment) notice("link", "The link is not whole, or not one of this page: here is the spec that the page begins with.");
    return this.pick(FIRST_MODEL, true);
  }

  async openState({ text, start, model, opened }) {
    if (opened) notice("file", `The inventory ${brief(opened)} is not in the link: open that file, or choose a model.`);
    const isKnown = model !== undefined && this.models.has(model);
    if (model !== undefined && !isKnown) notice("link", `The page has no model ${brief(model)}: choose another one.`);
    const saved = isKnown ? await this.saved(model) : null;
    if (saved === undefined) return undefined;
    const given = saved?.spec ?? EMPTY;
    this.set(text, start ?? given, given);
    return this.use(saved);
  }

  choose(value) {
    for (const topic of ["link", "file", "model"]) notice(topic, null);
    return this.pick(value);
  }

  /** Use a saved inventory, the opened one, or none; a text that nobody has changed gives way to the spec of the model. */
  async pick(value, withSpec = false) {
    if (value === FILE) return this.useFile(this.file);
    const model = await this.saved(value);
    if (model === undefined) return undefined;
    const isMissing = value && !model;
    if (isMissing && this.editor.text) return this.showModel();
    const spec = model?.spec ?? EMPTY;
    if (withSpec || this.isUntouched) this.set(spec, spec, spec);
    return this.use(model);
  }

  get isUntouched() {
    return this.editor.text === this.given;
  }

  /** A saved inventory; null for none, or if it does not arrive, which is said; undefined if there has been another choice. */
  async saved(name) {
    const asked = (this.asked += 1);
    try {
      const files = name ? await this.engine.inventory(name) : null;
      return asked === this.asked ? files && modelOf(name, files) : undefined;
    } catch (error) {
      if (asked !== this.asked) return undefined;
      notice("model", `The model could not be loaded: ${error.message}.`, button("Try again", () => this.choose(name)));
      return null;
    }
  }

  /** Open an inventory, a spec, or one of each. */
  async openFiles(files) {
    const [spec] = files.filter(({ name, text }) => isSpec(name, text));
    const [file] = files.filter(({ name, text }) => !isSpec(name, text));
    for (const topic of ["link", "file", "model"]) notice(topic, null);
    const others = files.filter((each) => each !== spec && each !== file).map(({ name }) => brief(name));
    if (others.length) notice("link", `Only one inventory and one spec can be open; not opened: ${others.join(", ")}.`);
    if (spec) this.openSpec(spec);
    if (!file) return;
    const model = { fileName: file.name, text: file.text };
    if (!(await this.useFile(model))) return;
    this.file = model;
    notice("file", `${brief(file.name)} stays in this page: a link does not have it, and whoever opens one needs the file, too.`);
  }

  openSpec({ name, text }) {
    const wasChanged = ![this.start, this.given].includes(this.editor.text);
    this.set(text, text, null);
    this.changed();
    if (wasChanged) notice("file", `${brief(name)} is open. Undo, in the editor, brings back what was there.`);
  }

  async useFile(model) {
    this.asked += 1;
    if (!(await this.use(model))) return false;
    if (this.isUntouched) await this.draft();
    return true;
  }

  /** Begin with the spec that lrspec writes for the model. */
  async draft() {
    const { model } = this;
    const before = this.editor.text;
    try {
      const text = model.spec ?? (await this.engine.call("draft", [])).text;
      if (model !== this.model) return;
      model.spec = text;
      if (this.editor.text === before) this.set(text, text, text);
      this.changed();
    } catch (error) {
      if (model === this.model) notice("model", `No first spec for this model: ${inWords(error, this.editor.text)}`);
    }
  }

  /** Make an inventory the current one, and check the spec with it; return whether it is right. */
  async use(model) {
    if (model?.name) this.models.show(model.name);
    try {
      const about = await this.engine.call("inventory", model ? [model.fileName, model.text] : [null, ""]);
      this.names = model ? about.names.map(([name]) => name) : [];
      element("about-model").textContent = model ? sizeInWords(about) : "";
      element("about-model").title = model ? about.source : "";
    } catch (error) {
      if (!this.isFailed) {
        notice("model", inWords(error, this.editor.text));
        this.showModel();
        return false;
      }
    }
    if (model !== this.model) this.result.forget();
    this.model = model;
    this.showModel();
    if (!this.isFailed) this.changed();
    return !this.isFailed;
  }

  showModel() {
    if (this.model && !this.model.name) this.models.show(FILE, this.model.fileName);
    else this.models.show(this.model?.name ?? "");
    element("save-model").disabled = !this.model;
  }

  /** Put in a text; `given` is one that gives way to the spec of another model. */
  set(text, start, given = null) {
    this.start = start;
    this.given = given;
    this.result.forget();
    if (this.hasBegun || this.editor.text) this.editor.replace(text);
    else this.editor.open(text);
    this.hasBegun = true;
  }

  /** What a text is called, as a file. */
  nameOf(text) {
    const stem = (this.model?.specFile ?? "spec.lrspec.yaml").replace(/\.[a-z]+$/, "");
    return `${stem}.${formatOf(text)}`;
  }

  get fileName() {
    return this.nameOf(this.editor.text);
  }

  // ------------------------------------------------------------------------------------------ a change

  changed() {
    this.version = (this.version ?? 0) + 1;
    document.body.dataset.version = this.version;
    element("first").disabled = !this.model || this.editor.text === this.model.spec;
    const isLate = this.engine?.running === "compile" && performance.now() - this.busySince > PATIENCE;
    if (isLate) this.engine.stop("Stopped after your change.");
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
    const startFileName = this.nameOf(start);
    return { text: this.editor.text, start, startFileName, fileName, version, hasModel: Boolean(model) };
  }

  // ------------------------------------------------------------------------------------------ the link

  /** Bring the address up to date; return it, or null if the spec is too long for it. */
  async updateLink() {
    const { model, start } = this;
    const asked = (this.linkAsked = (this.linkAsked ?? 0) + 1);
    const state = {
      version: 1,
      text: this.editor.text,
      model: model?.name,
      opened: model && !model.name ? model.fileName : undefined,
      start: start === (model?.name ? model.spec : EMPTY) ? undefined : start,
    };
    const packed = await pack(state);
    const fits = packed.length <= LONGEST;
    const url = location.pathname + location.search + (fits ? `#${packed}` : "");
    if (asked === this.linkAsked) {
      notice("length", fits ? null : "The spec is too long for a link: save it as a file.");
      history.replaceState(null, "", url);
    }
    return fits ? new URL(url, location.href).href : null;
  }
}

function button(label, clicked) {
  const made = make("button", { type: "button" }, label);
  made.addEventListener("click", clicked);
  return made;
}

function modelOf(name, { file, text, spec_file: specFile, spec }) {
  return { name, fileName: file, specFile, text, spec };
}

new Page().begin();
