// The tabs of the result: by click, and by arrow keys.

import { element } from "./dom.mjs";

export class Tabs {
  constructor(shown) {
    this.tabs = [...element("tabs").querySelectorAll("[role=tab]")];
    this.shown = shown;
    this.tabs.forEach((tab) => tab.addEventListener("click", () => this.show(tab.getAttribute("aria-controls"))));
    element("tabs").addEventListener("keydown", (event) => this.onKey(event));
    this.mark("table");
  }

  onKey(event) {
    const last = this.tabs.length - 1;
    const at = this.tabs.findIndex((tab) => tab === document.activeElement);
    const to = { ArrowRight: (at + 1) % (last + 1), ArrowLeft: (at + last) % (last + 1), Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.tabs[to].focus();
    this.tabs[to].click();
  }

  show(name) {
    this.mark(name);
    this.shown(name);
  }

  mark(name) {
    this.current = name;
    for (const tab of this.tabs) {
      const isCurrent = tab.getAttribute("aria-controls") === name;
      tab.setAttribute("aria-selected", isCurrent);
      tab.tabIndex = isCurrent ? 0 : -1;
      element(tab.getAttribute("aria-controls")).hidden = !isCurrent;
    }
  }

  /** A word after the label of a tab: how much is in it. */
  say(name, word) {
    const tab = this.tabs.find((each) => each.getAttribute("aria-controls") === name);
    tab.dataset.count = word;
  }
}
