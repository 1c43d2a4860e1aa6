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

function fillOf(model, colours, node) {
  if (model.frozen[node] === model.parameters[node]) return "url(#hatch)";
  const rate = meanRate(model, node);
  return rate === null ? "var(--unset)" : colours.scale(rate);
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

function drawLegend(model, colours, host) {
  const width = 260;
  const svg = d3.select(host).append("svg").attr("width", width + 40).attr("height", 38).attr("aria-hidden", "true");
  const gradient = svg.append("defs").append("linearGradient").attr("id", "rates");
  d3.range(0, 1.01, 0.05).forEach((at) => {
    gradient.append("stop").attr("offset", at).attr("stop-color", d3.interpolateViridis(at));
  });
  svg.append("rect").attr("x", 10).attr("width", width).attr("height", 12).attr("fill", "url(#rates)");
  const axis = d3.scaleLog(colours.scale.domain(), [10, width + 10]);
  const single = colours.low === colours.high;
  const ticks = single ? [colours.low] : axis.ticks(5).filter((tick) => /^[125]/.test(tick.toExponential()));
  const shown = ticks.length > 1 || single ? ticks : axis.domain();
  const thinned = shown.filter((_, place) => place % Math.ceil(shown.length / 6) === 0);
  const places = d3.axisBottom(axis).tickValues(thinned).tickFormat(rateText).tickSize(5);
  svg.append("g").attr("transform", "translate(0,12)").attr("class", "axis").call(places);
}

function rateText(rate) {
  const [digits, exponent] = rate.toExponential(3).split("e");
  const short = String(Number(digits));
  return rate >= 0.001 && rate < 1000 ? String(Number(rate.toPrecision(4))) : `${short}e${Number(exponent)}`;
}
