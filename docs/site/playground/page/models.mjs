// The choice of a model: a saved inventory, one from a file, or none.

import { count, element, make, visible } from "./dom.mjs";

const KINDS = { timm: "timm", torchvision: "torchvision", hf: "transformers" };
export const FILE = "file:"; // the value of the choice for an inventory from a file

export class Models {
  constructor(chosen) {
    this.select = element("model");
    this.select.addEventListener("change", () => chosen(this.select.value));
  }

  /** Offer the saved inventories, by kind, with their numbers of parameters. */
  offer(saved) {
    this.saved = saved;
    const none = make("option", { value: "" }, "none: the spec by itself");
    const kinds = [...new Set(saved.map(({ kind }) => kind))];
    const groups = kinds.map((kind) => {
      const options = saved.filter((each) => each.kind === kind).map((each) => optionOf(each));
      return make("optgroup", { label: KINDS[kind] ?? kind }, ...options);
    });
    this.select.replaceChildren(none, ...groups);
    this.select.disabled = false;
  }

  has(name) {
    return this.saved.some((each) => each.name === name);
  }

  get sources() {
    return (this.saved ?? []).map(({ source }) => source);
  }

  /** Show what is chosen; a file is one more choice from then on. */
  show(value, fileName) {
    if (fileName !== undefined) {
      this.select.querySelector(`option[value="${FILE}"]`)?.remove();
      this.select.prepend(make("option", { value: FILE }, visible(fileName)));
    }
    this.select.value = value;
  }
}

function optionOf({ name, title, parameters }) {
  return make("option", { value: name }, `${title} (${parameters.toLocaleString("en")})`);
}

/** `11.7 M elements`, or the number of parameters where shapes are unknown. */
export function sizeInWords({ parameters, elements }) {
  return elements === null ? count(parameters, "parameter") : `${brief(elements)} elements`;
}

function brief(number) {
  return new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 }).format(number).replace(/(?=[KMBT])/, " ");
}
