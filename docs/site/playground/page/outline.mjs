// Reads a spec in YAML or JSON that is still being typed, loosely: mappings, lists and scalars with their places.
//
// A node is {kind: "map", entries: [{key, from, to, value}]}, {kind: "list", items} or
// {kind: "scalar", text, from, to, quote, own}. `own` says that a mapping could begin where the scalar stands.

const DEEPEST = 64; // levels that are read: lrspec reads 32
const LARGEST = 100_000; // characters of a text that is read at each key press

const BLANK = /[ \t]*/y;
const QUOTED = { "'": /'(?:[^'\n]|'')*'?/y, '"': /"(?:[^"\\\n]|\\.)*"?/y };
const BLOCK_PLAIN = /(?:[^\s:#]|:(?=\S)|[ \t]+(?=[^\s#])|#)+/y;
const FLOW_PLAIN = /(?:[^\s:,[\]{}]|:(?=[^\s,[\]{}])|[ \t]+(?=[^\s#:,[\]{}]))+/y;
const IGNORED = /(?:\s|(?<![^\s])#[^\n]*|^(?:---|\.\.\.)[^\n]*)*/my;

export function outline(text) {
  return new Reader(text).block(-1);
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.depth = 0;
  }

  /** What a function reads one level deeper; nothing, and no more of the text, if that is too deep. */
  deeper(read) {
    if (this.depth === DEEPEST) {
      this.at = this.text.length;
      return null;
    }
    this.depth += 1;
    const node = read();
    this.depth -= 1;
    return node;
  }

  take(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  column() {
    return this.at - (this.text.lastIndexOf("\n", this.at - 1) + 1);
  }

  atEnd() {
    return this.at >= this.text.length;
  }

  atDash() {
    return /^-(?=\s|$)/.test(this.text.slice(this.at, this.at + 2));
  }

  atLineEnd() {
    return /^(?:\n|$|#)/.test(this.text.slice(this.at, this.at + 1));
  }

  /** What stands on lines of its own, further right than a column. */
  block(above) {
    this.take(IGNORED);
    const column = this.column();
    if (this.atEnd() || column <= above) return null;
    return this.deeper(() => this.node(column));
  }

  /** A list, a mapping or a value that begins here, in this column. */
  node(column) {
    if (this.atDash()) return this.list(column);
    return this.startsEntry() ? this.mapping(column) : this.value(column - 1, true);
  }

  startsEntry() {
    const before = this.at;
    const isEntry = !/[[{|>]/.test(this.text[before]) && this.scalar(BLOCK_PLAIN) && this.colon();
    this.at = before;
    return Boolean(isEntry);
  }

  colon() {
    this.take(BLANK);
    return /^:(?=\s|$)/.test(this.text.slice(this.at, this.at + 2));
  }

  mapping(column) {
    const entries = [];
    for (;;) {
      this.take(IGNORED);
      if (this.atEnd() || this.column() < column || (this.column() === column && this.atDash())) break;
      const name = this.column() === column && this.scalar(BLOCK_PLAIN);
      if (!name) {
        this.take(/[^\n]*/y);
        continue;
      }
      const entry = { key: name.text, from: name.from, to: name.to, quote: name.quote, value: null };
      entries.push(entry);
      if (!this.colon()) {
        this.take(/[^\n]*/y);
        continue;
      }
      this.at += 1;
      entry.complete = true;
      this.take(BLANK);
      entry.value = this.atLineEnd() ? this.below(column) : this.value(column, false);
    }
    return { kind: "map", entries };
  }

  /** The value of a key, from the lines below it. */
  below(column) {
    const before = this.at;
    this.take(IGNORED);
    if (this.column() === column && this.atDash()) return this.list(column);
    const value = this.block(column);
    if (!value) this.at = before;
    return value;
  }

  list(column) {
    const items = [];
    for (;;) {
      this.take(IGNORED);
      if (this.atEnd() || this.column() !== column || !this.atDash()) break;
      this.at += 1;
      this.take(BLANK);
      items.push(this.atLineEnd() ? this.below(column) : this.item());
    }
    return { kind: "list", items };
  }

  item() {
    const column = this.column();
    return this.deeper(() => this.node(column));
  }

  value(column, own) {
    const first = this.text[this.at];
    if (first === "{") return this.flowMapping(column);
    if (first === "[") return this.flowList(column);
    if (first === "|" || first === ">") return this.blockScalar(column);
    const scalar = this.scalar(BLOCK_PLAIN);
    if (!scalar) this.take(/[^\n]*/y);
    return scalar && { ...scalar, own };
  }

  blockScalar(column) {
    const from = this.at;
    this.take(/[^\n]*/y);
    while (this.take(new RegExp(`\\n(?: {${column + 1},}[^\\n]*|[ \\t]*(?=\\n|$))`, "y")));
    return { kind: "scalar", text: this.text.slice(from, this.at), from, to: this.at, quote: "|", own: false };
  }

  scalar(plain) {
    const from = this.at;
    const quote = QUOTED[this.text[from]] ? this.text[from] : "";
    const written = this.take(quote ? QUOTED[quote] : plain);
    if (!written) return null;
    const inside = new RegExp(`^${quote}|(?<=.)${quote}$`, "g");
    const text = quote === "'" ? written.replace(inside, "").replaceAll("''", "'") : written.replace(inside, "");
    return { kind: "scalar", text, from, to: this.at, quote, own: false };
  }

  /** Whether a flow collection that was never closed ends here, since a line is no further right than its key. */
  flowEnds(column) {
    const line = this.text.lastIndexOf("\n", this.at);
    this.take(IGNORED);
    const onNewLine = this.text.lastIndexOf("\n", this.at) !== line;
    return this.atEnd() || (onNewLine && this.column() <= column && !/[\]}]/.test(this.text[this.at]));
  }

  flowMapping(column) {
    const entries = [];
    this.at += 1;
    while (!this.flowEnds(column) && !"}]".includes(this.text[this.at])) {
      const name = this.scalar(FLOW_PLAIN);
      if (!name) {
        this.at += 1;
        continue;
      }
      const entry = { key: name.text, from: name.from, to: name.to, quote: name.quote, value: null };
      entries.push(entry);
      this.take(BLANK);
      if (this.text[this.at] === ":") {
        this.at += 1;
        entry.complete = true;
        entry.value = this.flowValue(column, false);
      }
    }
    this.at += 1;
    return { kind: "map", entries, flow: true };
  }

  flowList(column) {
    const items = [];
    this.at += 1;
    while (!this.flowEnds(column) && !"}]".includes(this.text[this.at])) {
      const item = this.flowValue(column, true);
      if (item) items.push(item);
      else this.at += 1;
    }
    this.at += 1;
    return { kind: "list", items, flow: true };
  }

  flowValue(column) {
    if (this.flowEnds(column)) return null;
    if (this.text[this.at] === "{") return this.deeper(() => this.flowMapping(column));
    if (this.text[this.at] === "[") return this.deeper(() => this.flowList(column));
    return this.scalar(FLOW_PLAIN);
  }
}

/** A node as a value: what is at the cursor, or missing, is undefined. */
export function plain(node) {
  if (!node) return undefined;
  if (node.kind === "map") {
    const known = node.entries.filter((entry) => entry.complete && !entry.key.includes(CURSOR));
    return Object.fromEntries(known.map((entry) => [entry.key, plain(entry.value)]));
  }
  if (node.kind === "list") return node.items.map(plain);
  if (node.text.includes(CURSOR)) return undefined;
  if (node.quote) return node.text;
  if (/^(?:true|false|null)$/.test(node.text)) return JSON.parse(node.text);
  return node.text !== "" && Number.isFinite(Number(node.text)) ? Number(node.text) : node.text;
}

/** Stands for the cursor in a text that is read; no YAML and no JSON contains it. */
export const CURSOR = "\u0000";

/** Where an offset is: the steps down to it, with the node of each, and the key or scalar that it is in. */
export function place(text, offset) {
  if (text.length > LARGEST) return null;
  const root = outline(text.slice(0, offset) + CURSOR + text.slice(offset));
  const steps = root && find(root, []);
  return steps && { root, ...steps };
}

function find(node, steps) {
  if (!node) return null;
  if (node.kind === "scalar") return node.text.includes(CURSOR) ? { steps, word: node, isKey: false } : null;
  if (node.kind === "list") return first(node.items, (item, index) => find(item, [...steps, { node, index }]));
  return first(node.entries, (entry) => {
    if (entry.key.includes(CURSOR)) return { steps, word: { ...entry, text: entry.key }, map: node, isKey: true };
    return find(entry.value, [...steps, { node, key: entry.key }]);
  });
}

function first(items, found) {
  for (const [index, item] of items.entries()) {
    const result = found(item, index);
    if (result) return result;
  }
  return null;
}
