// The other tabs: why a parameter gets what it gets, what has changed, and the plan as JSON.

import { copy, make, save } from "./dom.mjs";

const SHOWN = 100_000; // characters of JSON

export function showText(panel, text) {
  panel.replaceChildren(make("pre", {}, text));
}

/** Lines that are indented where they wrap. */
export function showLines(panel, text) {
  const lines = text.trimEnd().split("\n");
  panel.replaceChildren(make("pre", {}, ...lines.map((line) => make("span", { className: "line" }, line))));
}

export function showHint(panel, text) {
  panel.replaceChildren(make("p", { className: "hint" }, text));
}

/** The bytes of the command, or the beginning of them; copied and downloaded whole. */
export function showJson(panel, json, fileName) {
  const copied = make("button", { type: "button" }, "Copy");
  copied.addEventListener("click", () => copy(copied, json));
  const download = make("button", { type: "button" }, "Download");
  download.addEventListener("click", () => save(fileName, json));
  const size = new Blob([json]).size.toLocaleString("en");
  const bar = make("p", { className: "bar" }, copied, download, ` ${size} bytes, as \`lrspec compile --format json\` prints them for the files that the page saves`);
  const isLong = json.length > SHOWN;
  const end = isLong ? [make("p", { className: "hint" }, "The rest is in the copy and the download.")] : [];
  panel.replaceChildren(bar, make("pre", {}, isLong ? `${json.slice(0, SHOWN)}…` : json), ...end);
}
