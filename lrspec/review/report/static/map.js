"use strict";

// The map: an icicle of the modules. A column is a depth, a height the number of elements, a colour the learning rate.

const LINE = 9; // pixels that a label needs
const LEAST = 1; // pixels below which nothing is drawn
const COLUMN = 120; // pixels that a column needs
const LETTER = 6.3; // pixels of a letter of the labels

/** What is drawn below a node: modules larger than a pixel, neighbours that are alike as one. */
function layOut(model, area, focus, width, height) {
  const columns = Math.max(4, Math.floor(width / COLUMN));
  const scale = height / area[focus];
  const children = (cell) => {
    if (cell.depth + 1 >= columns) return [];
    return foldedChildren(model, cell.node)
      .map((fold) => ({ ...fold, times: cell.times * fold.times, alike: fold.times, depth: cell.depth + 1 }))
      .filter((fold) => area[fold.node] * fold.times * scale >= LEAST);
  };
  const root = d3.hierarchy({ node: focus, last: focus, times: 1, alike: 1, depth: 0 }, children);
  root.each((cell) => {
    cell.value = area[cell.data.node] * cell.data.times;
  });
  d3.partition().size([height, width])(root);
  narrow(root.descendants(), width);
  return root;
}

/** Gives less of the width to columns with just one label. */
function narrow(cells, width) {
  const isTall = (cell) => cell.x1 - cell.x0 >= LINE;
  const counts = d3.rollup(cells, (column) => column.filter(isTall).length, (cell) => cell.depth);
  const shares = [...counts.values()].map((count) => (count > 1 ? 1 : 0.55));
  const total = d3.sum(shares);
  const edges = [0, ...d3.cumsum(shares)].map((edge) => (edge / total) * width);
  for (const cell of cells) {
    cell.y0 = edges[cell.depth];
    cell.y1 = edges[cell.depth + 1];
  }
}

class ModuleMap {
  constructor(model, fill, host, { onCursor, onFocus }) {
    Object.assign(this, { model, fill, host, onCursor, onFocus, area: model.area, focus: 0, cursor: 0, counts: null });
    this.svg = d3.select(host).append("svg");
    this.svg
      .attr("tabindex", 0)
      .attr("role", "tree")
      .attr("aria-label", "Modules of the model, by size and learning rate")
      .attr("aria-describedby", "keys");
    this.svg.append("defs").append("pattern").attr("id", "hatch").call(drawHatch);
    this.layer = this.svg.append("g");
    this.svg.on("pointermove", (event) => this.point(event)).on("click", (event) => this.click(event));
    this.svg.on("keydown", (event) => this.key(event));
    this.svg.on("focus", () => this.moveTo(this.cursor));
    new ResizeObserver(() => this.draw()).observe(host);
  }

  draw() {
    const width = this.host.clientWidth;
    const height = Math.max(320, Math.min(900, Math.round(window.innerHeight * 0.68)));
    if (!width) return;
    this.svg.attr("width", width).attr("height", height).attr("viewBox", `0 0 ${width} ${height}`);
    this.cells = layOut(this.model, this.area, this.focus, width, height).descendants();
    this.byNode = new Map(this.cells.map((cell) => [cell.data.node, cell]));
    if (!this.byNode.has(this.cursor)) this.cursor = this.focus;
    const groups = this.layer.selectAll("g.cell").data(this.cells, (cell) => cell.data.node).join(
      (enter) => {
        const group = enter.append("g").attr("class", "cell").attr("role", "treeitem");
        group.append("rect");
        group.filter((cell) => cell.x1 - cell.x0 >= LINE).append("text");
        return group;
      },
    );
    this.place(groups.order());
    this.mark();
  }

  place(groups) {
    const { model, fill } = this;
    groups
      .attr("id", (cell) => `node-${cell.data.node}`)
      .attr("transform", (cell) => `translate(${cell.y0},${cell.x0})`)
      .attr("aria-level", (cell) => depthOf(model, cell.data.node) + 1)
      .attr("aria-expanded", (cell) => (model.children[cell.data.node] ? Boolean(cell.children) : null))
      .attr("aria-label", (cell) => this.words(cell.data));
    groups
      .select("rect")
      .attr("width", (cell) => Math.max(0.5, cell.y1 - cell.y0 - 1))
      .attr("height", (cell) => Math.max(0.5, cell.x1 - cell.x0 - (cell.x1 - cell.x0 > 3 ? 1 : 0)))
      .attr("fill", (cell) => fill(cell.data.node));
    groups.each(function label(cell) {
      const group = d3.select(this);
      const tall = cell.x1 - cell.x0 >= LINE;
      if (!tall) return group.select("text").remove();
      if (group.select("text").empty()) group.append("text");
      const colour = fill(cell.data.node);
      const most = Math.floor((cell.y1 - cell.y0 - 8) / LETTER);
      const size = Math.min(11, cell.x1 - cell.x0 - 1);
      return group
        .select("text")
        .attr("x", 4)
        .attr("y", (cell.x1 - cell.x0) / 2 + size * 0.35)
        .attr("font-size", size)
        .attr("class", { true: "dark", false: "light" }[isLight(colour)] || "plain")
        .text(shortened(printable(labelOf(model, cell.data)), most));
    });
  }

  words({ node, last, alike }) {
    const { model } = this;
    const name = node ? printable(foldLabel(model, { node, last, times: alike }, true)) : "the whole model";
    const size = `${counted(model.parameters[node], "parameter")}, ${elementWords(model, model.elements[node])} elements`;
    return `${name}: ${size}, learning rate ${rateWords(model, node)}`;
  }

  /** Shows which cells have marked parameters; `counts` are those below each node, or null. */
  mark(counts = this.counts) {
    this.counts = counts;
    const { model } = this;
    const part = (cell) => counts.parameters[cell.data.node] / model.parameters[cell.data.node];
    this.layer
      .selectAll("g.cell")
      .classed("none", (cell) => counts !== null && part(cell) === 0)
      .classed("some", (cell) => counts !== null && part(cell) > 0 && part(cell) < 1)
      .classed("all", (cell) => counts !== null && part(cell) === 1)
      .classed("cursor", (cell) => cell.data.node === this.cursor);
  }

  moveTo(node) {
    this.cursor = node;
    this.layer.selectAll("g.cell").classed("cursor", (cell) => cell.data.node === node);
    this.svg.attr("aria-activedescendant", `node-${node}`);
    const cell = this.byNode.get(node);
    this.onCursor(cell ? cell.data : { node, last: node, times: 1, alike: 1 });
  }

  /** Makes a module the root of the map. */
  zoomTo(node, cursor = node) {
    this.focus = this.model.children[node] ? node : this.model.parent[node];
    this.cursor = cursor;
    this.draw();
    this.onFocus(this.focus);
    this.moveTo(this.cursor);
  }

  zoomOut() {
    if (this.focus) this.zoomTo(this.model.parent[this.focus], this.focus);
  }

  point(event) {
    const cell = d3.select(event.target).datum();
    if (cell && cell.data && cell.data.node !== this.cursor) this.moveTo(cell.data.node);
  }

  click(event) {
    const cell = d3.select(event.target).datum();
    if (!cell || !cell.data) return;
    const { node } = cell.data;
    if (node === this.focus) this.zoomOut();
    else this.enter(node);
  }

  /** Lets the height be the number of elements, or of parameters. */
  sizeBy(area) {
    this.area = area;
    this.draw();
  }

  /** Lets the colours be those of another function of nodes. */
  paintBy(fill) {
    this.fill = fill;
    this.draw();
  }

  enter(node) {
    if (this.model.children[node]) this.zoomTo(node);
    else this.moveTo(node);
  }

  key(event) {
    const cell = this.byNode.get(this.cursor);
    const siblings = cell && cell.parent ? cell.parent.children : [cell];
    const at = siblings.indexOf(cell);
    const moves = {
      ArrowUp: () => siblings[at - 1] && this.moveTo(siblings[at - 1].data.node),
      ArrowDown: () => siblings[at + 1] && this.moveTo(siblings[at + 1].data.node),
      ArrowRight: () => this.inwards(cell),
      ArrowLeft: () => (cell.parent ? this.moveTo(cell.parent.data.node) : this.zoomOut()),
      Enter: () => this.enter(this.cursor),
      " ": () => this.enter(this.cursor),
      Escape: () => this.zoomOut(),
      Home: () => this.zoomTo(0),
    };
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move();
  }

  inwards(cell) {
    const below = this.model.children[cell.data.node];
    if (cell.children) this.moveTo(cell.children[0].data.node);
    else if (below) this.zoomTo(cell.data.node, below[0]);
  }
}

function labelOf(model, { node, last, alike }) {
  return node ? foldLabel(model, { node, last, times: alike }, false) : ALL;
}

function drawHatch(pattern) {
  pattern.attr("width", 6).attr("height", 6).attr("patternUnits", "userSpaceOnUse").attr("patternTransform", "rotate(45)");
  pattern.append("rect").attr("width", 6).attr("height", 6).attr("class", "hatch-ground");
  pattern.append("line").attr("y2", 6).attr("class", "hatch-line");
}
