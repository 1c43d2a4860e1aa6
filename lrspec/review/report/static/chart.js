"use strict";

// The chart: learning rates by depth, from the input on the left to the output on the right, in model order.

const CHART = { height: 220, left: 58, right: 12, top: 10, bottom: 44, frozen: 16 };

/** Parameters of one rate that are neighbours on the screen, as bars: `rateOf` is a number, "frozen", or null. */
function barsOf(model, across, rateOf) {
  const open = new Map();
  const bars = [];
  model.nodeOf.forEach((_, parameter) => {
    const key = rateOf(parameter);
    if (key === null) return;
    const bar = open.get(key);
    const [start, end] = [across(parameter), across(parameter + 1)];
    if (bar && start - bar.end <= 0.75) {
      bar.end = end;
      bar.count += 1;
    } else {
      const made = { key, start, end, parameter, count: 1 };
      open.set(key, made);
      bars.push(made);
    }
  });
  return bars;
}

function rateNow(model, parameter) {
  const kind = kindOf(model, parameter);
  return kind.trains ? kind.lr : "frozen";
}

/** The rate of a parameter before, if that is another number. */
function rateBefore(model, parameter) {
  const state = stateOf(model, parameter);
  return state && state.ratio !== null && state.ratio !== 1 ? kindOf(model, parameter).lr / state.ratio : null;
}

/** Modules to name below the axis: those with more than a quarter of the parameters are opened, if that gives few. */
function landmarks(model, most = 100) {
  const isLarge = (node) => model.children[node] && model.parameters[node] > model.parameters[0] / 4;
  let nodes = model.parameters[0] ? [0] : [];
  for (;;) {
    const opened = nodes.flatMap((node) => (isLarge(node) ? model.children[node] : [node]));
    if (opened.length > most || !nodes.some(isLarge)) return nodes;
    nodes = opened;
  }
}

class RateChart {
  constructor(model, colours, host, { onPick }) {
    Object.assign(this, { model, colours, host, onPick });
    this.svg = d3.select(host).append("svg").attr("role", "img").attr("aria-label", chartWords(model));
    new ResizeObserver(() => this.draw()).observe(host);
  }

  draw() {
    const { model, colours } = this;
    const { height, left, right, top, bottom, frozen } = CHART;
    const width = this.host.clientWidth;
    if (!width) return;
    const count = model.nodeOf.length;
    const across = d3.scaleLinear([0, count], [left, width - right]);
    const before = barsOf(model, across, (parameter) => rateBefore(model, parameter));
    const domain = paddedDomain(colours, before.map((bar) => bar.key));
    const up = d3.scaleLog(domain, [height - bottom - frozen - 8, top]);
    this.svg.attr("width", width).attr("height", height).attr("viewBox", `0 0 ${width} ${height}`).selectAll("*").remove();
    const ticks = up.ticks(4).length ? d3.axisLeft(up).ticks(4, rateText) : d3.axisLeft(up).tickValues([colours.low]).tickFormat(rateText);
    this.svg.append("g").attr("class", "axis").attr("transform", `translate(${left},0)`).call(ticks);
    this.drawNames(across, height - bottom);
    this.drawBefore(before, up);
    const middle = (bar) => (bar.key === "frozen" || !(bar.key > 0) ? height - bottom - frozen / 2 : up(bar.key));
    this.svg
      .append("g")
      .selectAll("rect")
      .data(barsOf(model, across, (parameter) => rateNow(model, parameter)))
      .join("rect")
      .attr("class", "bar")
      .attr("x", (bar) => bar.start)
      .attr("width", (bar) => Math.max(1.5, bar.end - bar.start))
      .attr("y", (bar) => middle(bar) - 3)
      .attr("height", 6)
      .attr("fill", (bar) => (bar.key === "frozen" ? "url(#hatch)" : bar.key > 0 ? colours.scale(bar.key) : "var(--unset)"))
      .on("click", (_, bar) => this.onPick(model.nodeOf[bar.parameter]))
      .append("title")
      .text((bar) => this.barWords(bar));
    this.drawFrozenLabel(left, height - bottom - frozen / 2 + 4);
  }

  drawBefore(bars, up) {
    this.svg
      .append("g")
      .selectAll("rect")
      .data(bars)
      .join("rect")
      .attr("class", "before")
      .attr("x", (bar) => bar.start)
      .attr("width", (bar) => Math.max(1.5, bar.end - bar.start))
      .attr("y", (bar) => up(bar.key) - 1)
      .attr("height", 2);
  }

  barWords({ key, parameter, count }) {
    const name = printable(this.model.names[this.model.nodeOf[parameter]]);
    const rate = kindOf(this.model, parameter).rate;
    return `${key === "frozen" ? "frozen" : rate}: ${name}${count > 1 ? ` and ${grouped(count - 1)} more` : ""}`;
  }

  drawFrozenLabel(left, y) {
    if (!this.model.frozen[0]) return;
    this.svg.append("text").attr("class", "axis-name").attr("x", left - 6).attr("y", y).attr("text-anchor", "end").text("frozen");
  }

  drawNames(across, y) {
    const { model } = this;
    const axis = this.svg.append("g").attr("class", "axis").attr("transform", `translate(0,${y})`);
    axis.append("path").attr("class", "domain").attr("d", `M${across.range()[0]},0H${across.range()[1]}`);
    let free = 0;
    for (const node of landmarks(model)) {
      const x = across(firstParameter(model, node));
      axis.append("line").attr("x1", x).attr("x2", x).attr("y2", 4).attr("class", "tick-line");
      const label = printable(model.names[node] || ALL);
      const short = shortened(label, 24);
      if (x >= free && x + short.length * LETTER < across.range()[1] + 30) {
        axis.append("text").attr("x", x).attr("y", 18).attr("class", "axis-name").text(short).append("title").text(label);
        free = x + short.length * LETTER + 10;
      }
    }
    const lines = model.data.difference ? "; thin lines: before" : "";
    const title = `parameters in model order, from the input to the output${lines}`;
    axis.append("text").attr("class", "axis-title").attr("x", across.range()[0]).attr("y", 36).text(title);
  }
}

function paddedDomain({ low, high }, others) {
  const [least, most] = d3.extent([low, high, ...others]);
  return least < most ? [least / 1.15, most * 1.15] : [low / 2, low * 2];
}

function chartWords(model) {
  return `Learning rates in model order: ${rateWords(model, 0)}. The table of modules has the same numbers.`;
}
