// The editor: CodeMirror for YAML and JSON, with completion, help on keys, and underlined diagnostics.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, isolateHistory } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { completions, help } from "./completion.mjs";
import { make } from "./dom.mjs";
import { formatOf, isTooMuch } from "./format.mjs";

const LANGUAGES = { yaml: yaml(), json: json() };

const languageOf = (text) => (isTooMuch(text) ? [] : LANGUAGES[formatOf(text)]);

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], class: "tok-key" },
  { tag: [tags.string, tags.special(tags.string)], class: "tok-string" },
  { tag: [tags.content, tags.number, tags.bool, tags.null, tags.keyword], class: "tok-value" },
  { tag: [tags.comment, tags.lineComment], class: "tok-comment" },
  { tag: [tags.punctuation, tags.separator, tags.bracket], class: "tok-mark" },
]);

export class Editor {
  /** `known` is what completion knows; `changed` is called with each change that the user or a fix makes. */
  constructor(parent, known, changed) {
    this.language = new Compartment();
    const onChange = EditorView.updateListener.of((update) => update.docChanged && changed());
    const keys = [closeBracketsKeymap, defaultKeymap, historyKeymap, completionKeymap, lintKeymap, searchKeymap];
    this.extensions = [
      EditorView.cspNonce.of("codemirror"),
      EditorView.contentAttributes.of({ "aria-label": "Spec", spellcheck: "false", autocapitalize: "off" }),
      EditorState.tabSize.of(2),
      indentUnit.of("  "),
      lineNumbers(),
      lintGutter(),
      history(),
      drawSelection(),
      bracketMatching(),
      closeBrackets(),
      highlightSelectionMatches(),
      autocompletion({ override: [completions(known)], icons: false }),
      hoverTooltip((view, offset) => helpTooltip(known.schema, view, offset)),
      syntaxHighlighting(COLOURS),
      keymap.of(keys.flat()),
      onChange,
      EditorState.transactionExtender.of((change) => this.spoken(change)),
    ];
    this.view = new EditorView({ parent, state: this.stateOf("") });
  }

  get text() {
    return this.view.state.doc.toString();
  }

  get doc() {
    return this.view.state.doc;
  }

  /** Begin with another text, without a way back to the one before. */
  open(text) {
    this.view.setState(this.stateOf(text));
  }

  stateOf(text) {
    return EditorState.create({ doc: text, extensions: [this.extensions, this.language.of(languageOf(text))] });
  }

  /** The change of language that a change of the text brings with it. */
  spoken({ docChanged, newDoc, startState }) {
    const language = docChanged && languageOf(newDoc.toString());
    if (!docChanged || language === this.language.get(startState)) return null;
    return { effects: this.language.reconfigure(language) };
  }

  /** Replace the whole text, as an edit of its own that can be undone. */
  replace(text) {
    if (text === this.text) return;
    this.view.dispatch({
      changes: { from: 0, to: this.doc.length, insert: text },
      selection: { anchor: 0 },
      annotations: isolateHistory.of("full"),
    });
  }

  show(problems) {
    this.view.dispatch(setDiagnostics(this.view.state, problems));
  }

  select({ from, to }) {
    this.view.dispatch({ selection: { anchor: from, head: to }, scrollIntoView: true });
    this.view.focus();
  }

  change({ from, to }, insert) {
    this.view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length }, userEvent: "input.fix" });
    this.view.focus();
  }
}

function helpTooltip(schema, view, offset) {
  const found = help(schema, view.state.doc.toString(), offset);
  if (!found) return null;
  const dom = make("div", { className: "key-help" }, make("strong", {}, found.name), ` ${found.description}`);
  return { pos: found.from, end: found.to, above: true, create: () => ({ dom }) };
}
