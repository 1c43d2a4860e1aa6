// Completion of keys, values and regexes, and the help of a key: what is offered at a place of a spec.

import { startCompletion } from "@codemirror/autocomplete";
import { formatOf } from "./format.mjs";
import { CURSOR, place, plain } from "./outline.mjs";
import { continuations } from "./regexes.mjs";

const REGEXES = ["match", "exclude", "layers", "join"];

/**
 * A source of completions for CodeMirror. `known` has the `schema`, and functions that return the `names` of the
 * parameters and the `sources` of models.
 */
export function completions(known) {
  return (context) => {
    const text = context.state.doc.toString();
    const at = place(text, context.pos);
    if (!at || (!context.explicit && !typed(at))) return null;
    return within(at, context.pos, text) ?? null;
  };

  function within(at, pos, text) {
    const path = at.steps.map((step) => step.key ?? step.index);
    const value = plain(at.root);
    const nodes = known.schema.at(path, value);
    const inRegex = !at.isKey && REGEXES.includes(path.findLast((step) => typeof step === "string"));
    if (inRegex && at.word.quote) return regexes(at.word, known.names());
    const isJson = formatOf(text) === "json";
    const options = [];
    if (at.isKey || at.word.own) options.push(...keys(at, nodes, path, value, isJson));
    if (!at.isKey) options.push(...values(nodes, path, value, at.word, isJson));
    const from = at.word.from + at.word.quote.length;
    return options.length ? { from: Math.min(from, pos), options, validFor: /^[\w.:-]*$/ } : null;
  }

  function keys(at, nodes, path, value, isJson) {
    const asItem = !at.isKey && !isJson && nodes.some((node) => node.type === "array");
    const before = asItem ? "- " : "";
    return known.schema.keys(asItem ? [...path, 0] : path, value).map(({ name, description }, index) => ({
      label: name,
      type: "property",
      info: description || undefined,
      boost: -index / 10,
      apply: (view, _, from, to) => insert(view, at.word, from, to, before + key(name, at.word, isJson), !asItem),
    }));
  }

  function values(nodes, path, value, word, isJson) {
    const own = named(path, value).map((name) => ({ value: name, description: "" }));
    return [...known.schema.values(nodes), ...own].map(({ value: each, description }) => ({
      label: String(each),
      type: "value",
      info: description || undefined,
      apply: (view, _, from, to) => insert(view, word, from, to, quoted(each, word, isJson), false),
    }));
  }

  /** The names that the spec, or the page, has for the values of a key. */
  function named(path, value) {
    const last = path.findLast((step) => typeof step === "string");
    if (last === "models" || (last === "source" && path[0] === "models")) return known.sources();
    if (path[0] !== "rules") return [];
    if (last === "optimizer") return Object.keys(value?.optimizers ?? {});
    return last === "schedule" ? Object.keys(value?.schedules ?? {}) : [];
  }
}

/** What the schema says of the key at an offset: {from, to, name, description}, or null. */
export function help(schema, text, offset) {
  const at = place(text, offset);
  if (!at?.isKey) return null;
  const path = at.steps.map((step) => step.key ?? step.index);
  const name = at.word.text.replace(CURSOR, "");
  const description = schema.about(schema.at(path, plain(at.root)), name);
  return description ? { from: at.word.from, to: at.word.to - 1, name, description } : null;
}

function typed(at) {
  return at.word.text !== CURSOR || at.word.quote !== "";
}

function key(name, word, isJson) {
  const quote = word.quote || (isJson ? '"' : "");
  return `${quote}${name}${quote}${word.complete ? "" : ": "}`;
}

function quoted(value, word, isJson) {
  const quote = word.quote || (isJson && typeof value === "string" ? '"' : "");
  return `${quote}${value}${quote}`;
}

/** Replace the word at the cursor, with its quotes, by a text; ask for values after a key. */
function insert(view, word, from, to, text, andAsk) {
  const start = word.quote ? word.from : from;
  const closed = word.quote && view.state.sliceDoc(to, to + 1) === word.quote ? 1 : 0;
  view.dispatch({
    changes: { from: start, to: to + closed, insert: text },
    selection: { anchor: start + text.length },
    userEvent: "input.complete",
  });
  if (andAsk) startCompletion(view);
}

function regexes(word, names) {
  const inside = word.text.slice(0, word.text.indexOf(CURSOR));
  const slash = word.quote === '"' ? "\\\\" : "\\";
  const { typed: last, options } = continuations(inside, names, slash);
  const from = word.from + 1 + inside.length - last.length;
  const offered = options.map(({ text, names: count }) => ({ label: text, type: "text", detail: `${count}` }));
  return offered.length ? { from, options: offered, filter: true } : null;
}
