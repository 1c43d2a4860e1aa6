"use strict";

// The panels beside and below the map, all of text: modules, rules, diagnostics, frozen parts, and why.

const MOST_ROWS = 300;

function nameButton(text, label, onclick) {
  return element("button", { type: "button", class: "name", "aria-label": label, onclick }, text);
}

/** The modules in the one that the map shows, as a table that says the same. */
function showModules(model, focus, host, onPick) {
  const folds = foldedChildren(model, focus);
  const rows = folds.slice(0, MOST_ROWS).map((fold) => {
    const { node, times } = fold;
    const label = printable(foldLabel(model, fold, false));
    const verb = model.children[node] ? "Open" : "Explain";
    return [
      nameButton(label, `${verb} ${printable(foldLabel(model, fold, true))}`, () => onPick(node)),
      rateWords(model, node),
      grouped(model.parameters[node] * times),
      elementWords(model, model.elements[node] * times),
      share(model.area[node] * times, model.area[0]),
    ];
  });
  const caption = focus ? `In ${printable(model.names[focus])}` : "In the whole model";
  const table = tableOf(caption, ["module", "learning rate", "parameters", "elements", "share"], rows, [2, 3, 4]);
  const more = folds.length - rows.length;
  host.replaceChildren(table, ...(more > 0 ? [element("p", {}, `… and ${grouped(more)} more`)] : []));
}

/** The way from the model to the module that the map shows; each step leads back there. */
function showWay(model, focus, host, onPick) {
  const way = [];
  for (let node = focus; node > 0; node = model.parent[node]) way.unshift(node);
  const step = (node, text) => element("li", {}, nameButton(text, `Show ${text}`, () => onPick(node)));
  host.replaceChildren(step(0, ALL), ...way.map((node) => step(node, printable(model.step(node)))));
}

/** What holds for a parameter, and why; for a module, what is in it. */
function showReasons(model, fold, host) {
  const { node } = fold;
  const parameter = model.parameterOf[node];
  if (parameter >= 0) {
    const lines = kindOf(model, parameter).reasons.map((line) => element("span", {}, `${line.slice(2)}\n`));
    const alike = fold.alike > 1 ? `the first of ${grouped(fold.alike)} that are alike` : null;
    const state = stateOf(model, parameter);
    const was = state && state.was ? `learning rate before: ${state.was}` : null;
    host.replaceChildren(
      element("h3", {}, printable(model.names[node])),
      element("p", {}, [lookOf(model, parameter).about.replace(/^,? /, ""), was, alike].filter(Boolean).join("; ")),
      element("pre", {}, ...lines),
    );
    return;
  }
  const parts = [`${counted(model.parameters[node], "parameter")}, ${elementWords(model, model.elements[node])} elements`];
  parts.push(`learning rate ${rateWords(model, node)}`);
  if (model.frozen[node]) parts.push(`${grouped(model.frozen[node])} frozen`);
  if (fold.alike > 1) parts.push(`the first of ${grouped(fold.alike)} that are alike`);
  host.replaceChildren(
    element("h3", {}, node ? printable(model.names[node]) : "The whole model"),
    element("p", {}, parts.join("; ")),
  );
}

/** What differs from another spec: in one line, by rule, and what became of the model. */
function showDifference(model, host, onPick) {
  const { title, summary, changes, facts } = model.data.difference;
  const rows = changes.map((change) => [
    nameButton(change.rules, `Show ${changeLabel(change)}`, () => onPick(change)),
    change.layers,
    change.words,
    grouped(countRuns(change.parameters)),
  ]);
  const parts = [element("p", { class: "summary" }, summary)];
  if (rows.length) parts.push(tableOf(title, ["rule", "layers", "change", "parameters"], rows, [3]));
  if (facts.length) parts.push(element("ul", {}, ...facts.map((fact) => element("li", {}, fact))));
  host.replaceChildren(...parts);
}

function changeLabel({ rules, layers }) {
  return layers ? `${rules}, layers ${layers}` : rules;
}

function countRuns(runs) {
  return runs.reduce((sum, value, place) => sum + (place % 2 ? value : 0), 0);
}

function showRules(model, host, onPick) {
  const rows = model.data.rules.map((rule, index) => {
    const counts = countMarked(model, selectedBy(model, index));
    const sets = model.data.kinds.map((kind) => Object.values(kind.set_by).includes(rule.name));
    const set = model.data.parameters.kind.reduce((sum, kind) => sum + (sets[kind] ? 1 : 0), 0);
    return [
      nameButton(rule.name, `Show what ${rule.name} selects`, () => onPick(index)),
      grouped(counts.parameters[0]),
      elementWords(model, counts.elements[0]),
      grouped(set),
      element("code", { class: "rule" }, rule.text),
    ];
  });
  const headers = ["rule", "selects", "elements", "sets on", "in the spec"];
  host.replaceChildren(tableOf("In the order of the spec; parameters that each selects, and those on which it sets something", headers, rows, [1, 2, 3]));
}

function showDiagnostics(model, host, onPick) {
  const items = model.data.diagnostics.map((each) => {
    const marked = countRuns(each.parameters);
    const what = `${each.code} ${each.name}`;
    const label = `Show ${counted(marked, "parameter")}`;
    return element(
      "li",
      { class: each.severity },
      element("p", {}, element("strong", {}, each.severity), ` ${what} `, element("span", { class: "place" }, each.place)),
      element("p", { class: "message" }, each.lines.join("\n")),
      marked ? element("button", { type: "button", onclick: () => onPick(each) }, label) : null,
    );
  });
  if (items.length) host.replaceChildren(element("ul", { class: "diagnostics" }, ...items));
  else host.replaceChildren(element("p", {}, "None: no errors and no warnings."));
}

function showFrozen(model, host, onPick) {
  const parts = frozenParts(model);
  const rows = parts.slice(0, MOST_ROWS).map((node) => [
    nameButton(printable(model.names[node] || ALL), `Show ${printable(model.names[node] || ALL)}`, () => onPick(node)),
    [...new Set(frozenBy(model, node))].join(", "),
    grouped(model.parameters[node]),
    elementWords(model, model.elements[node]),
  ]);
  if (!rows.length) {
    host.replaceChildren(element("p", {}, "Nothing is frozen."));
    return;
  }
  const caption = `${counted(model.frozen[0], "parameter")}, ${elementWords(model, model.frozenElements[0])} elements (${share(
    model.frozenElements[0],
    model.elements[0],
  )})`;
  const more = parts.length - rows.length;
  const table = tableOf(caption, ["frozen", "by", "parameters", "elements"], rows, [2, 3]);
  host.replaceChildren(table, ...(more > 0 ? [element("p", {}, `… and ${grouped(more)} more`)] : []));
}

/** The rules that freeze what is below a node, or `the model`. */
function frozenBy(model, node) {
  const parameter = model.parameterOf[node];
  if (parameter < 0) return (model.children[node] || []).flatMap((child) => [...new Set(frozenBy(model, child))]);
  const kind = kindOf(model, parameter);
  return [kind.status === "frozen-by-spec" ? kind.set_by.freeze : "the model"];
}

/** Names of marked parameters, the first of them. */
function showMatches(model, marked, host, onPick) {
  const items = [];
  for (let parameter = 0; parameter < marked.length && items.length < 100; parameter++) {
    if (!marked[parameter]) continue;
    const node = model.nodeOf[parameter];
    const name = printable(model.names[node]);
    items.push(element("li", {}, nameButton(name, `Explain ${name}`, () => onPick(node))));
  }
  host.replaceChildren(...items);
}
