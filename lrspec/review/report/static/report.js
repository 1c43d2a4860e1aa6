"use strict";

// Puts the page together: one model, one map, and what each choice shows.

function start() {
  const byId = (id) => document.getElementById(id);
  const model = readModel(JSON.parse(byId("data").textContent));
  const colours = rateColours(model);
  const byRate = (node) => rateFill(model, colours, node);
  const map = new ModuleMap(model, byRate, byId("map"), {
    onCursor: (fold) => showReasons(model, fold, byId("why")),
    onFocus: (focus) => {
      showModules(model, focus, byId("modules"), pick);
      showWay(model, focus, byId("way"), (node) => map.zoomTo(node));
    },
  });
  const chart = new RateChart(model, colours, byId("chart"), { onPick: pick });

  /** Shows a module or a parameter on the map. */
  function pick(node) {
    map.zoomTo(node);
  }

  /** Marks parameters on the map, and says how many they are. */
  function mark(marked, what) {
    const counts = countMarked(model, marked);
    const elements = `${elementWords(model, counts.elements[0])} elements (${share(counts.elements[0], model.elements[0])})`;
    const of = `${grouped(counts.parameters[0])} of ${counted(marked.length, "parameter")}`;
    byId("marked").textContent = `${what}: ${of}, ${elements}`;
    byId("clear").hidden = false;
    map.mark(counts);
    showMatches(model, marked, byId("matches"), pick);
  }

  function clear() {
    byId("search").value = "";
    byId("search").removeAttribute("aria-invalid");
    byId("marked").removeAttribute("aria-busy");
    unmark();
  }

  function unmark() {
    byId("marked").textContent = "";
    byId("clear").hidden = true;
    byId("matches").replaceChildren();
    map.mark(null);
  }

  const { names, owners } = allNames(model);
  const searching = new NameSearch(names, (source, { places, reason }) => {
    if (source !== byId("search").value) return;
    byId("marked").removeAttribute("aria-busy");
    byId("search").setAttribute("aria-invalid", Boolean(reason));
    if (reason) {
      unmark();
      byId("marked").textContent = reason;
      return;
    }
    const marked = new Uint8Array(model.nodeOf.length);
    for (const place of places) marked[owners[place]] = 1;
    mark(marked, "matches");
  });

  function search() {
    const source = byId("search").value;
    if (!source) {
      clear();
      return;
    }
    byId("marked").setAttribute("aria-busy", "true");
    searching.ask(source);
  }

  /** Shows what differs, and colours the map by it. */
  function startDifference() {
    const ratios = ratioColours(model);
    const byRatio = (node) => ratioFill(model, ratios, node);
    const paint = () => {
      const isRatio = byId("colour").value === "change";
      map.paintBy(isRatio ? byRatio : byRate);
      if (isRatio) drawRatioLegend(byId("legend"), ratios);
      else drawRateLegend(byId("legend"), colours);
      byId("is-new").hidden = !isRatio || !hasIncomparable(model);
    };
    byId("difference-section").hidden = false;
    byId("colour-label").hidden = false;
    byId("colour-name").hidden = true;
    byId("colour").value = "change";
    byId("colour").addEventListener("change", paint);
    showDifference(model, byId("difference"), (change) => {
      clear();
      mark(markedRuns(model, change.parameters), changeLabel(change));
      byId("marked").scrollIntoView({ block: "center" });
    });
    paint();
  }

  byId("search").addEventListener("input", search);
  byId("clear").addEventListener("click", clear);
  byId("height").addEventListener("change", (event) => {
    map.sizeBy(event.target.value === "elements" ? model.area : model.parameters);
  });
  showTotals(model, byId("totals"));
  drawRateLegend(byId("legend"), colours);
  if (model.data.difference) startDifference();
  byId("is-frozen").hidden = !model.frozen[0];
  byId("is-unset").hidden = !model.data.kinds.some((kind) => kind.trains && !kind.lr);
  showRules(model, byId("rules"), (rule) => {
    clear();
    mark(selectedBy(model, rule), model.data.rules[rule].name);
    byId("marked").scrollIntoView({ block: "center" });
  });
  showDiagnostics(model, byId("diagnostics"), (each) => {
    clear();
    mark(markedRuns(model, each.parameters), `${each.code} ${each.name}`);
    byId("marked").scrollIntoView({ block: "center" });
  });
  showFrozen(model, byId("frozen"), pick);
  map.zoomTo(0);
  chart.draw();
  document.documentElement.dataset.ready = "true";
}

function showTotals(model, host) {
  const { totals, model: of } = model.data;
  const size = `${counted(of.parameters, "parameter")}, ${of.elements === null ? "shapes unknown" : `${grouped(of.elements)} elements`}`;
  host.replaceChildren(...[size, ...totals].map((line) => element("li", {}, line)));
}

start();
