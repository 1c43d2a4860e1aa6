// What the page calls: lrspec in a worker, which is ended and started again when a call takes too long.

const LONGER = { draft: 20, inventory: 20 }; // seconds that these calls may take, at least
const PATIENCE = 60; // seconds that a start may take without another byte

const place = (name) => new URL(name, import.meta.url).href;

/** A call was ended, because its time was over or because somebody wanted it. */
export class Stopped extends Error {
  constructor(call, seconds, reason) {
    super(reason ?? (seconds === undefined ? "stopped" : `stopped after ${seconds} s`));
    this.name = "Stopped";
    this.call = call;
    this.seconds = seconds; // undefined if somebody wanted it, who may have given a reason
    this.reason = reason;
  }
}

/** lrspec, which begins to load at once. `ready` resolves to the versions of what runs, and how long it took. */
export class Engine {
  #python;
  #plain;
  #started; // resolves to the Python that takes calls
  #queue = Promise.resolve();
  #inventory; // the last one that was accepted, for the next worker

  /** `limit`: the seconds that a call may take. `plain`: start without the saved memory. */
  constructor({ limit = 5, plain = false } = {}) {
    this.limit = limit;
    this.failure = undefined; // why there is no worker, until the next call starts one
    this.running = undefined; // the name of the call that is being answered
    this.onstate = () => {};
    this.onprogress = () => {}; // is given the bytes of the files that have arrived, and of all
    this.#plain = plain;
    this.#start();
    this.restart();
  }

  /** Starts a worker if there is none, as each call does; returns `ready`, which tells of this one. */
  restart() {
    const begun = performance.now();
    const about = this.call("about", []);
    this.ready = about.then((versions) => ({ ...versions, seconds: (performance.now() - begun) / 1000 }));
    this.ready.catch(() => {});
    return this.ready;
  }

  /** Calls lrspec, after the calls before it: rejects with Stopped, or with the Error that the command would print. */
  call(name, args, { limit = Math.max(this.limit, LONGER[name] ?? 0) } = {}) {
    if (this.failure) this.#start();
    const answered = this.#queue.then(() => this.#call(name, args, limit));
    this.#queue = answered.catch(() => {});
    return answered;
  }

  /** Ends the call that runs, if one does; `reason` is the message of what it rejects with. */
  stop(reason) {
    if (this.running) this.#python.end(new Stopped(this.running, undefined, reason));
  }

  /** The saved inventories: `{name, title, kind, source, parameters, elements}` of each. */
  async inventories() {
    return (await fetched("inventories/index.json")).json();
  }

  /** A saved inventory and its first spec: `{file, text, spec_file, spec}`. */
  async inventory(name) {
    const files = [`${name}.params.json`, `${name}.lrspec.yaml`];
    const [text, spec] = await Promise.all(files.map(async (file) => (await fetched(`inventories/${file}`)).text()));
    return { file: files[0], text, spec_file: files[1], spec };
  }

  #start() {
    this.failure = undefined;
    this.onstate("loading");
    this.#started = this.#fresh();
    this.#started.then(
      () => this.onstate("ready"),
      (failure) => {
        this.failure = failure;
        this.onstate("failed");
      },
    );
  }

  /** Another Python, which has the inventory of the last one. It is forgotten if that fails, so that the next start works. */
  async #fresh() {
    const python = new Python(this.#plain, (arrived, total) => this.onprogress(arrived, total));
    this.#python = python;
    await python.started;
    const inventory = this.#inventory;
    if (!inventory) return python;
    this.#inventory = undefined;
    try {
      const { error } = await python.ask("inventory", inventory, Math.max(this.limit, LONGER.inventory));
      if (error !== undefined) throw new Error(error);
    } catch (failure) {
      python.end(failure);
      throw new Error(`the inventory could not be read again: ${failure.message}`);
    }
    this.#inventory = inventory;
    return python;
  }

  async #call(name, args, limit) {
    const python = await this.#started;
    this.running = name;
    this.onstate("busy");
    try {
      const { result, error } = await python.ask(name, args, limit);
      if (error !== undefined) throw new Error(error);
      if (name === "inventory") this.#inventory = args;
      return result;
    } finally {
      this.running = undefined;
      this.onstate(python.ended ? "stopped" : "ready");
      if (python.ended) this.#start();
    }
  }
}

/** A worker that answers one question at a time, of which its start is the first. Once it has ended, it answers no more. */
class Python {
  #worker;
  #question; // {resolve, reject, wind}
  #timer;

  constructor(plain, onprogress) {
    this.ended = false;
    this.#worker = new Worker(place("worker.mjs"), { type: "module", name: plain ? "plain" : "" });
    this.#worker.onmessage = ({ data }) => {
      if (data.dead !== undefined) return this.end(new Error(data.dead));
      if (data.arrived === undefined) return this.#question.resolve(data);
      this.#question.wind();
      return onprogress(data.arrived, data.total);
    };
    this.#worker.onerror = (event) => this.end(new Error(event.message || "a file of lrspec's worker did not arrive"));
    this.started = this.#asked(PATIENCE, () => new Error(`nothing arrived for ${PATIENCE} s`));
  }

  /** Resolves to `{result}` or `{error}`; rejects if the worker ends. The time is that without news of a file. */
  ask(call, args, limit) {
    this.#worker.postMessage({ call, args });
    return this.#asked(limit, () => new Stopped(call, limit));
  }

  /** Ends the worker, and gives the reason to whoever waits for its answer. */
  end(reason) {
    this.ended = true;
    this.#worker.terminate();
    this.#question.reject(reason);
  }

  #asked(limit, reason) {
    const wind = () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.end(reason()), 1000 * limit);
    };
    wind();
    const answered = new Promise((resolve, reject) => {
      this.#question = { resolve, reject, wind };
    });
    return answered.finally(() => clearTimeout(this.#timer));
  }
}

async function fetched(name) {
  const response = await fetch(place(name)).catch(() => undefined);
  if (!response?.ok) throw new Error(`${name} did not arrive${response ? ` (${response.status})` : ""}`);
  return response;
}
