// Diagnostics: underlined in the editor, and listed below it as the terminal prints them, with links and fixes.

import { element, make } from "./dom.mjs";
import { rangeOf } from "./places.mjs";

const EXCERPT = /^ *\d* \|/; // the line of the spec, or the carets below it

/** Show what a compile has found, or take it away with `null`. */
export function showProblems(editor, result) {
  const diagnostics = result?.diagnostics ?? [];
  editor.show(diagnostics.map((diagnostic) => underlined(editor, diagnostic)));
  const texts = result?.report ? result.report.trimEnd().split("\n\n") : [];
  const summary = texts.length > 1 ? texts.pop() : result ? "No problems" : "";
  const items = texts.map((text, index) => listed(editor, text, diagnostics[index]));
  element("found").className = worst(diagnostics);
  element("found").textContent = summary;
  element("listed").replaceChildren(...items);
}

function worst(diagnostics) {
  return ["error", "warning"].find((severity) => diagnostics.some((each) => each.severity === severity)) ?? "fine";
}

function underlined(editor, diagnostic) {
  const { suggestion } = diagnostic;
  return {
    ...rangeOf(editor.doc, diagnostic),
    severity: diagnostic.severity,
    message: diagnostic.message,
    renderMessage: () => messageOf(diagnostic),
    actions: suggestion ? [{ name: labelOf(suggestion), apply: () => fix(editor, suggestion) }] : [],
  };
}

function messageOf(diagnostic) {
  const lines = diagnostic.message.split("\n").map((line) => make("div", {}, line));
  return make("div", {}, make("div", {}, linkTo(diagnostic.code), ` ${diagnostic.name}`), ...lines);
}

function linkTo(code) {
  return make("a", { href: `../diagnostics/${code}/`, target: "_blank", rel: "noopener" }, code);
}

/** A block of the report: its heading and details may wrap, the line of the spec and its carets may not. */
function listed(editor, text, diagnostic) {
  if (!diagnostic) return make("li", {}, text);
  const { severity, suggestion } = diagnostic;
  const [heading, ...lines] = text.split("\n");
  const excerpt = lines.filter((line) => EXCERPT.test(line)).join("\n");
  const details = lines.filter((line) => !EXCERPT.test(line)).join("\n").split(/^ *= /m).slice(1);
  const item = make("li", { className: severity }, headingOf(editor, heading, diagnostic), make("pre", {}, excerpt));
  item.append(...details.map((detail) => make("div", { className: "detail" }, `= ${detail.split("\n").map((line) => line.trim()).join(" ").trim()}`)));
  if (suggestion) {
    const button = { type: "button", className: "fix", onclick: () => fix(editor, suggestion) };
    item.append(make("button", button, labelOf(suggestion)));
  }
  return item;
}

function headingOf(editor, heading, diagnostic) {
  const { code, severity } = diagnostic;
  const label = `${severity} ${code}`;
  const at = heading.indexOf(label);
  const go = make("button", { type: "button", className: "place", title: "Go there" }, heading.slice(0, at).trim());
  go.addEventListener("click", () => editor.select(rangeOf(editor.doc, diagnostic)));
  const parts = [go, " ", make("b", {}, severity), " ", linkTo(code), heading.slice(at + label.length)];
  return make("div", { className: "heading" }, ...parts);
}

function labelOf({ replacement }) {
  return `Fix: ${replacement.length > 60 ? `${replacement.slice(0, 60)}…` : replacement}`;
}

function fix(editor, suggestion) {
  editor.change(rangeOf(editor.doc, suggestion), suggestion.replacement);
}
