// The table of a plan: a row a rule or layer, which opens into its parameters; and parameters found by name.

import { count, make, visible } from "./dom.mjs";

const AT_ONCE = 200; // parameters that are added to the page at a time

export class PlanTable {
  /** `chosen` is called with the name of a parameter that is clicked. */
  constructor(panel, chosen) {
    this.panel = panel;
    this.chosen = chosen;
    this.opened = new Set();
    this.words = [];
    panel.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** Up and down go from row to row. */
  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const buttons = [...this.panel.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    if (!step || at < 0 || !buttons[at + step]) return;
    event.preventDefault();
    buttons[at + step].focus();
  }

  /** Show a table with the parameters of its plan. */
  show(table, parameters) {
    [this.table, this.parameters] = [table, parameters];
    this.draw();
  }

  /** Show only the parameters whose names have all of the words; all rows without a word. */
  find(words) {
    this.words = words;
    this.draw();
  }

  /** Show no table, but what has to be done for one. */
  clear(hint) {
    this.table = null;
    this.panel.classList.remove("old");
    this.panel.replaceChildren(make("p", { className: "hint" }, hint));
  }

  /** What is shown is of an earlier spec. */
  age(note) {
    if (!this.table) return this.clear(note);
    this.panel.classList.add("old");
    this.panel.querySelector(".age")?.remove();
    return this.panel.prepend(make("p", { className: "age" }, note));
  }

  draw() {
    if (!this.table) return;
    this.panel.classList.remove("old");
    this.panel.replaceChildren(...(this.words.length ? this.found() : this.whole()));
  }

  whole() {
    const { title, grids, notes, members } = this.table;
    const [first, ...others] = grids.map((grid, index) => this.grid(grid, index ? null : members));
    const lines = notes.map((note) => make("p", { className: "note" }, note));
    return [make("p", { className: "title" }, title), first, ...others, ...lines];
  }

  found() {
    const fitting = this.parameters.filter(({ name, aliases }) =>
      [name, ...aliases].some((each) => this.words.every((word) => each.toLowerCase().includes(word))),
    );
    const columns = ["names", "shape", "elements", "learning rate", "weight decay"].map((header, index) => ({ header, right: index > 0 }));
    const body = make("tbody");
    this.append(body, fitting, columns);
    const said = `${count(fitting.length, "parameter")} of ${this.parameters.length.toLocaleString("en")}`;
    return [make("p", { className: "title", role: "status" }, said), make("table", {}, headOf(columns), body)];
  }

  grid({ columns, rows, footer }, members) {
    const bodies = rows.map((row, index) => this.row(row, columns, members?.[index], row.slice(0, 2).join("\t")));
    const foot = footer ? [make("tfoot", {}, make("tr", {}, ...cells(footer, columns)))] : [];
    return make("table", {}, headOf(columns), ...bodies, ...foot);
  }

  /** A row in a body of its own, which its parameters are added to. */
  row(row, columns, indices, key) {
    const line = make("tr", {}, ...cells(row, columns));
    const body = make("tbody", {}, line);
    if (!indices) return body;
    const [first] = line.children;
    const button = make("button", { type: "button", className: "opens", "aria-expanded": "false" }, first.textContent);
    first.replaceChildren(button);
    line.classList.add("row");
    line.addEventListener("click", () => this.toggle(body, indices, columns, key));
    if (this.opened.has(key)) this.toggle(body, indices, columns, key);
    return body;
  }

  toggle(body, indices, columns, key) {
    const isOpen = body.classList.toggle("open");
    body.querySelector(".opens").setAttribute("aria-expanded", isOpen);
    while (body.rows.length > 1) body.deleteRow(-1);
    if (isOpen) {
      this.opened.add(key);
      this.append(body, indices.map((index) => this.parameters[index]), columns);
    } else {
      this.opened.delete(key);
    }
  }

  /** Add rows of parameters, some at a time. */
  append(body, parameters, columns, from = 0) {
    const shown = parameters.slice(from, from + AT_ONCE);
    body.append(...shown.map((parameter) => this.parameter(parameter, columns)));
    const left = parameters.length - from - shown.length;
    if (!left) return;
    const more = make("button", { type: "button", className: "more" }, `${count(left, "more parameter")} …`);
    const line = make("tr", { className: "parameter" }, make("td", { colSpan: columns.length }, more));
    more.addEventListener("click", () => {
      line.remove();
      this.append(body, parameters, columns, from + AT_ONCE);
    });
    body.append(line);
  }

  parameter(parameter, columns) {
    const cells = columns.map(({ header, right }) => {
      const cell = make("td", { className: classOf({ header, right }) });
      cell.append(header === "names" ? this.nameOf(parameter.name) : (CELLS[header]?.(parameter) ?? ""));
      return cell;
    });
    return make("tr", { className: "parameter" }, ...cells);
  }

  nameOf(name) {
    const button = make("button", { type: "button", className: "name", title: "Explain" }, visible(name));
    button.addEventListener("click", () => this.chosen(name));
    return button;
  }
}

const sixDigits = (value) => String(Number(value.toPrecision(6)));
const setting = (parameter, key) => (parameter[key] === undefined || parameter[key] === null ? "default" : sixDigits(parameter[key]));
const trains = ({ status }) => !status.startsWith("frozen");

const shape = (parameter) => (parameter.shape ? `[${parameter.shape.join(", ")}]` : "?");

const CELLS = {
  parameters: shape, // a row of one has room there
  shape,
  elements: ({ elements }) => elements?.toLocaleString("en") ?? "?",
  "learning rate": (parameter) => (trains(parameter) ? setting(parameter, "lr") : "frozen"),
  "weight decay": (parameter) => (trains(parameter) ? setting(parameter, "weight_decay") : ""),
};

/** The name of a column that lays out its cells. */
const classOf = ({ header, right }) => (right ? "right" : header === "names" ? "names" : "");

function headOf(columns) {
  const heads = columns.map(({ header, right }) => make("th", { scope: "col", className: right ? "right" : "" }, header));
  return make("thead", {}, make("tr", {}, ...heads));
}

function cells(texts, columns) {
  return texts.map((text, index) => make("td", { className: classOf(columns[index]) }, text));
}
