// What the page calls: lrspec in a worker, which is ended and started again when a call takes too long.

const place = (name) => new URL(name, import.meta.url).href;

/** A call was ended, because its time was over or because somebody wanted it. */
export class Stopped extends Error {
  constructor(seconds) {
    super(seconds === undefined ? "stopped" : `stopped after ${seconds} s`);
    this.name = "Stopped";
    this.seconds = seconds;
  }
}

/** lrspec, which begins to load at once. `ready` resolves to the versions of what runs, and how long it took. */
export class Engine {
  #worker;
  #plain;
  #started; // resolves when the present worker takes calls
  #queue = Promise.resolve();
  #running; // the call in the worker: {resolve, reject}
  #inventory; // the last one that was accepted, for the next worker

  /** `limit`: the seconds that a call may take. `plain`: start without the saved memory. */
  constructor({ limit = 5, plain = false } = {}) {
    this.limit = limit;
    this.onstate = () => {};
    this.#plain = plain;
    this.#start();
    this.ready = this.#about(performance.now());
    this.ready.catch(() => {});
  }

  async #about(begun) {
    const about = await this.call("about", []);
    return { ...about, seconds: (performance.now() - begun) / 1000 };
  }

  /** Calls lrspec, after the calls before it: rejects with Stopped, or with the Error that the command would print. */
  call(name, args, { limit = this.limit } = {}) {
    const answered = this.#queue.then(() => this.#call(name, args, limit));
    this.#queue = answered.catch(() => {});
    return answered;
  }

  /** Ends the call that runs, if one does. */
  stop() {
    this.#end(new Stopped());
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
    this.onstate("loading");
    this.#worker = new Worker(place("worker.mjs"), { type: "module", name: this.#plain ? "plain" : "" });
    const started = new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }) => {
        if (data.ready) resolve();
        else if (data.dead === undefined) this.#running?.resolve(data);
        else if (this.#running) this.#end(new Error(data.dead));
        else reject(new Error(data.dead));
      };
      this.#worker.onerror = (event) => reject(new Error(event.message));
    });
    this.#started = started.then(() => this.#inventory && this.#send("inventory", this.#inventory));
    this.#started.then(() => this.onstate("ready"), () => this.onstate("failed"));
  }

  #end(reason) {
    if (!this.#running) return;
    this.#worker.terminate();
    this.#running.reject(reason);
    this.onstate("stopped");
    this.#start();
  }

  async #call(name, args, limit) {
    await this.#started;
    const worker = this.#worker;
    this.onstate("busy");
    const timer = setTimeout(() => this.#end(new Stopped(limit)), 1000 * limit);
    try {
      const { result, error } = await this.#send(name, args);
      if (error !== undefined) throw new Error(error);
      if (name === "inventory") this.#inventory = args;
      return result;
    } finally {
      clearTimeout(timer);
      if (worker === this.#worker) this.onstate("ready");
    }
  }

  #send(call, args) {
    const answered = new Promise((resolve, reject) => {
      this.#running = { resolve, reject };
      this.#worker.postMessage({ call, args });
    });
    return answered.finally(() => {
      this.#running = undefined;
    });
  }
}

async function fetched(name) {
  const response = await fetch(place(name));
  if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  return response;
}
