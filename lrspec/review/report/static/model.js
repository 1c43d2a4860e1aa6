"use strict";

// The model: the parameters of the page's data as a tree of modules, in arrays by node. A parent comes before its nodes.

function readModel(data) {
  const { parent, step, steps } = data.tree;
  const size = parent.length;
  const model = {
    data,
    size,
    parent,
    step: (node) => steps[step[node]],
    names: new Array(size).fill(""),
    children: Array.from({ length: size }, () => null),
    parameterOf: new Int32Array(size).fill(-1),
    nodeOf: data.parameters.node,
    known: data.model.elements !== null,
    area: new Float64Array(size),
    parameters: new Int32Array(size),
    elements: new Float64Array(size),
    frozen: new Int32Array(size),
    frozenElements: new Float64Array(size),
    weighted: new Float64Array(size),
    weight: new Float64Array(size),
    lowest: new Int32Array(size).fill(-1),
    highest: new Int32Array(size).fill(-1),
    signature: new Int32Array(size),
    moved: new Float64Array(size),
    compared: new Float64Array(size),
  };
  for (let node = 1; node < size; node++) {
    const above = parent[node];
    model.names[node] = above ? `${model.names[above]}.${steps[step[node]]}` : steps[step[node]];
    (model.children[above] ||= []).push(node);
  }
  data.parameters.node.forEach((node, index) => {
    model.parameterOf[node] = index;
  });
  addUp(model);
  return model;
}

function kindOf(model, parameter) {
  return model.data.kinds[model.data.parameters.kind[parameter]];
}

function lookOf(model, parameter) {
  return model.data.looks[model.data.parameters.look[parameter]];
}

function elementsOf(model, parameter) {
  return Math.min(lookOf(model, parameter).elements ?? 0, Number.MAX_SAFE_INTEGER);
}

function addUp(model) {
  const signatures = new Map();
  for (let node = model.size - 1; node >= 0; node--) {
    const parameter = model.parameterOf[node];
    if (parameter >= 0) addParameter(model, node, parameter);
    model.signature[node] = signatureOf(model, node, signatures);
    if (node > 0) addNode(model, model.parent[node], node);
  }
}

function addParameter(model, node, parameter) {
  const kind = kindOf(model, parameter);
  const elements = elementsOf(model, parameter);
  const area = model.known ? elements : 1;
  model.parameters[node] += 1;
  model.elements[node] += elements;
  model.area[node] += area;
  addRatio(model, node, parameter, area);
  if (!kind.trains) {
    model.frozen[node] += 1;
    model.frozenElements[node] += elements;
  } else if (kind.lr !== null) {
    const place = model.data.parameters.kind[parameter];
    addExtremes(model, node, place, place);
    if (kind.lr > 0 && area > 0) {
      model.weighted[node] += area * Math.log(kind.lr);
      model.weight[node] += area;
    }
  }
}

/** Adds how much the rate of a parameter differs from another spec's. */
function addRatio(model, node, parameter, area) {
  const state = stateOf(model, parameter);
  if (!state || state.ratio === null) return;
  model.moved[node] += area * Math.log(state.ratio);
  model.compared[node] += area;
}

/** What a parameter was before, if there is something to compare with. */
function stateOf(model, parameter) {
  const { difference } = model.data;
  return difference && difference.states[difference.was[parameter]];
}

/** Whether something trains of which no ratio is known: it is new, or was frozen. */
function hasIncomparable(model) {
  return model.nodeOf.some((_, parameter) => kindOf(model, parameter).trains && stateOf(model, parameter).ratio === null);
}

function addNode(model, above, node) {
  for (const column of ["parameters", "elements", "area", "frozen", "frozenElements", "weighted", "weight", "moved", "compared"]) {
    model[column][above] += model[column][node];
  }
  if (model.lowest[node] >= 0) addExtremes(model, above, model.lowest[node], model.highest[node]);
}

/** Keeps the kinds with the lowest and the highest rate below a node. */
function addExtremes(model, node, low, high) {
  const { kinds } = model.data;
  const { lowest, highest } = model;
  if (lowest[node] < 0 || kinds[low].lr < kinds[lowest[node]].lr) lowest[node] = low;
  if (highest[node] < 0 || kinds[high].lr > kinds[highest[node]].lr) highest[node] = high;
}

/** A number that two nodes share if all below them is alike: steps, looks and kinds. */
function signatureOf(model, node, known) {
  const { look, kind } = model.data.parameters;
  const parameter = model.parameterOf[node];
  const was = model.data.difference ? model.data.difference.was[parameter] : 0;
  const own = parameter < 0 ? "" : `${look[parameter]}:${kind[parameter]}:${was}`;
  const below = (model.children[node] || []).map((child) => `${model.data.tree.step[child]}=${model.signature[child]}`);
  const key = `${own};${below.join()}`;
  if (!known.has(key)) known.set(key, known.size);
  return known.get(key);
}

/** The nodes below one, with neighbours that are numbered and alike folded to the first of them. */
function foldedChildren(model, node) {
  const folded = [];
  for (const child of model.children[node] || []) {
    const last = folded[folded.length - 1];
    if (last && isAlike(model, last, child)) {
      last.times += 1;
      last.last = child;
    } else {
      folded.push({ node: child, last: child, times: 1 });
    }
  }
  return folded;
}

function isAlike(model, run, child) {
  return (
    model.signature[run.node] === model.signature[child] &&
    /^\d+$/.test(model.step(run.node)) &&
    Number(model.step(child)) === Number(model.step(run.last)) + 1
  );
}

/** `blocks.0 … 11 (12 ×)`, with the whole name or with its last step. */
function foldLabel(model, fold, whole) {
  const first = whole ? model.names[fold.node] : model.step(fold.node);
  return fold.times === 1 ? first : `${first} … ${model.step(fold.last)} (${fold.times} ×)`;
}

/** The lowest and the highest rate below a node in words; what is frozen is said if nothing there trains. */
function rateWords(model, node) {
  const { kinds } = model.data;
  if (model.frozen[node] === model.parameters[node]) return "frozen";
  if (model.lowest[node] < 0) return "default";
  const [low, high] = [kinds[model.lowest[node]].rate, kinds[model.highest[node]].rate];
  return low === high ? low : `${low} … ${high}`;
}

function depthOf(model, node) {
  let depth = 0;
  for (let above = node; above > 0; above = model.parent[above]) depth += 1;
  return depth;
}

/** The number of marked parameters, and of their elements, below each node; `marked` has a 1 for each of them. */
function countMarked(model, marked) {
  const counts = { parameters: new Int32Array(model.size), elements: new Float64Array(model.size) };
  for (let node = model.size - 1; node >= 0; node--) {
    const parameter = model.parameterOf[node];
    if (parameter >= 0 && marked[parameter]) {
      counts.parameters[node] += 1;
      counts.elements[node] += elementsOf(model, parameter);
    }
    if (node > 0) {
      counts.parameters[model.parent[node]] += counts.parameters[node];
      counts.elements[model.parent[node]] += counts.elements[node];
    }
  }
  return counts;
}

/** All names of all parameters, and the parameter of each. */
function allNames(model) {
  const names = model.nodeOf.map((node) => model.names[node]);
  const owners = names.map((_, parameter) => parameter);
  for (const [parameter, aliases] of Object.entries(model.data.aliases)) {
    names.push(...aliases);
    owners.push(...aliases.map(() => Number(parameter)));
  }
  return { names, owners };
}

function selectedBy(model, rule) {
  const kinds = model.data.kinds.map((kind) => (kind.rules.includes(rule) ? 1 : 0));
  return Uint8Array.from(model.data.parameters.kind, (kind) => kinds[kind]);
}

function markedRuns(model, runs) {
  const marked = new Uint8Array(model.nodeOf.length);
  for (let place = 0; place < runs.length; place += 2) marked.fill(1, runs[place], runs[place] + runs[place + 1]);
  return marked;
}

/** The largest modules, or single parameters, in which everything is frozen. */
function frozenParts(model) {
  const parts = [];
  const open = [0];
  while (open.length) {
    const node = open.pop();
    if (model.frozen[node] && model.frozen[node] === model.parameters[node]) parts.push(node);
    else if (model.frozen[node]) open.push(...[...model.children[node]].reverse());
  }
  return parts;
}

function firstParameter(model, node) {
  let below = node;
  while (model.parameterOf[below] < 0) below = model.children[below][0];
  return model.parameterOf[below];
}
