"use strict";

// How values look: colours on a log scale, numbers, text that hides nothing, and elements made of text alone.

const ALL = "(all)";

/** The colour of a rate; of what has none, or one of 0, the colour of its own. */
function rateColours(model) {
  const rates = model.data.kinds.filter((kind) => kind.trains && kind.lr > 0).map((kind) => kind.lr);
  const [low, high] = rates.length ? d3.extent(rates) : [1, 1];
  const domain = low < high ? [low, high] : [low / 2, low * 2];
  return { low, high, any: rates.length > 0, scale: d3.scaleSequentialLog(domain, d3.interpolateViridis) };
}

/** The mean of the rates below a node, on the log scale and by elements; null if no rate above 0 is known. */
function meanRate(model, node) {
  if (model.weight[node] > 0) return Math.exp(model.weighted[node] / model.weight[node]);
  const kind = model.data.kinds[model.lowest[node]];
  return kind && kind.lr > 0 ? kind.lr : null;
}

/** The fill of a node on the map by its learning rate. */
function rateFill(model, colours, node) {
  if (model.frozen[node] === model.parameters[node]) return "url(#hatch)";
  const rate = meanRate(model, node);
  return rate === null ? "var(--unset)" : colours.scale(rate);
}

const SAME_FILL = "#c3c8ce";
const DOWN = d3.interpolateLab(SAME_FILL, "#2a62b8");
const UP = d3.interpolateLab(SAME_FILL, "#c2540a");

/** Colours of ratios of rates: blue below 1, orange above. */
function ratioColours(model) {
  const ratios = model.data.difference.states.map(({ ratio }) => ratio).filter((ratio) => ratio !== null);
  const most = Math.max(1.25, ...ratios.map((ratio) => Math.max(ratio, 1 / ratio)));
  const scale = d3.scaleDivergingLog([1 / most, 1, most], (at) => (at < 0.5 ? DOWN(1 - 2 * at) : UP(2 * at - 1)));
  return { most, scale };
}

/** The fill of a node on the map by how its rate differs; `var(--new)` if it had none that is comparable. */
function ratioFill(model, ratios, node) {
  if (model.frozen[node] === model.parameters[node]) return "url(#hatch)";
  if (!model.compared[node]) return "var(--new)";
  return ratios.scale(Math.exp(model.moved[node] / model.compared[node]));
}

/** Whether text on a fill is dark. */
function isLight(fill) {
  return fill.startsWith("rgb") || fill.startsWith("#") ? d3.lab(fill).l > 58 : null;
}

function grouped(number) {
  return number.toLocaleString("en-US");
}

function counted(number, noun) {
  return `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
}

function share(part, whole) {
  if (!whole) return "0 %";
  const percent = (100 * part) / whole;
  if (percent >= 10 || percent === 0) return `${Math.round(percent)} %`;
  return percent < 0.01 ? "< 0.01 %" : `${Number(percent.toPrecision(2))} %`;
}

/** Elements in words; `?` if shapes are not known. */
function elementWords(model, elements) {
  return model.known ? grouped(elements) : "?";
}

/** Text in which what is invisible, or turns the direction of reading, is written out. */
function printable(text) {
  return text.replace(/[\p{C}\p{Z}]/gu, (character) =>
    character === " " ? " " : `\\u{${character.codePointAt(0).toString(16)}}`,
  );
}

/** Shortens text in its middle to at most so many characters. */
function shortened(text, most) {
  if (text.length <= most) return text;
  const end = Math.floor((most - 1) / 2);
  return most < 3 ? "" : `${text.slice(0, most - 1 - end)}…${end ? text.slice(-end) : ""}`;
}

/** An element with properties, attributes and children; text is only ever text. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made[name] = value;
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** A table; `rows` are lists of cells: text, numbers in words (aligned to the right) or elements. */
function tableOf(caption, headers, rows, numeric = []) {
  const cell = (tag, content, column) =>
    element(tag, { class: numeric.includes(column) ? "number" : null, scope: tag === "th" ? "col" : null }, content);
  return element(
    "table",
    {},
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...headers.map((header, column) => cell("th", header, column)))),
    element(
      "tbody",
      {},
      ...rows.map((row) => element("tr", {}, ...row.map((content, column) => cell("td", content, column)))),
    ),
  );
}

const EDGE = 24; // pixels beside a legend, for the words of its first and last tick

/** Draws a legend: a bar from the left to the right end of a scale, with ticks. */
function drawLegend(host, scale, ticks, words) {
  const width = 260;
  const domain = d3.extent(scale.domain());
  const axis = d3.scaleLog(domain, [EDGE, width + EDGE]);
  const svg = d3.select(host).html("").append("svg").attr("width", width + 2 * EDGE).attr("height", 38).attr("aria-hidden", "true");
  const gradient = svg.append("defs").append("linearGradient").attr("id", "legend-colours");
  d3.range(0, 1.01, 0.05).forEach((at) => {
    gradient.append("stop").attr("offset", at).attr("stop-color", scale(axis.invert(EDGE + at * width)));
  });
  svg.append("rect").attr("x", EDGE).attr("width", width).attr("height", 12).attr("fill", "url(#legend-colours)");
  const places = d3.axisBottom(axis).tickValues(ticks).tickFormat(words).tickSize(5);
  svg.append("g").attr("transform", "translate(0,12)").attr("class", "axis").call(places);
}

function drawRateLegend(host, colours) {
  const single = colours.low === colours.high;
  const all = d3.scaleLog(colours.scale.domain(), [0, 1]).ticks(5);
  const round = single ? [colours.low] : all.filter((tick) => /^[125]/.test(tick.toExponential()));
  const shown = round.length > 1 || single ? round : colours.scale.domain();
  drawLegend(host, colours.scale, shown.filter((_, place) => place % Math.ceil(shown.length / 6) === 0), rateText);
}

function drawRatioLegend(host, { most, scale }) {
  const ticks = [1 / most, 1, most];
  drawLegend(host, scale, ticks, (ratio) => (ratio === 1 ? "as before" : `× ${Number(ratio.toPrecision(3))}`));
}

function rateText(rate) {
  const [digits, exponent] = rate.toExponential(3).split("e");
  const short = String(Number(digits));
  return rate >= 0.001 && rate < 1000 ? String(Number(rate.toPrecision(4))) : `${short}e${Number(exponent)}`;
}
