// Diagnostics: underlined in the editor, and listed below it as the terminal prints them, with links and fixes.

import { element, make } from "./dom.mjs";
import { rangeOf } from "./places.mjs";

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
    source: diagnostic.code,
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

function listed(editor, text, diagnostic) {
  if (!diagnostic) return make("li", {}, make("pre", {}, text));
  const { code, severity, suggestion } = diagnostic;
  const label = `${severity} ${code}`;
  const at = text.indexOf(label);
  const go = { type: "button", className: "place", title: "Go there", onclick: () => editor.select(rangeOf(editor.doc, diagnostic)) };
  const heading = [make("button", go, text.slice(0, at).trim()), " ", make("b", {}, severity), " ", linkTo(code)];
  const item = make("li", { className: severity }, make("pre", {}, ...heading, text.slice(at + label.length)));
  if (suggestion) {
    const button = { type: "button", className: "fix", onclick: () => fix(editor, suggestion) };
    item.append(make("button", button, labelOf(suggestion)));
  }
  return item;
}

function labelOf({ replacement }) {
  return `Fix: ${replacement.length > 60 ? `${replacement.slice(0, 60)}…` : replacement}`;
}

function fix(editor, suggestion) {
  editor.change(rangeOf(editor.doc, suggestion), suggestion.replacement);
}
