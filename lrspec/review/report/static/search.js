"use strict";

// Searching in a worker: a regex with repeats within repeats may take forever, and the page must not.

const PATIENCE = 1500; // milliseconds
const TOO_LONG = "it takes too long: repeats within repeats, such as (\\w+\\.?)+, can fail in too many ways";

/** What the worker runs: it gets the names once, then regexes. */
function answerSearches() {
  let names = [];
  self.onmessage = ({ data }) => {
    if (data.names) {
      names = data.names;
      return;
    }
    try {
      self.postMessage({ places: placesFound(names, data.source) });
    } catch (failure) {
      self.postMessage({ reason: failure.message });
    }
  };
}

/** Searches names by regexes, the last that was asked for if there are several; without workers, in the page. */
class NameSearch {
  constructor(names, onAnswer) {
    Object.assign(this, { names, onAnswer, asked: null, waiting: null, worker: null, timer: 0 });
  }

  /** Asks for a search; `onAnswer` gets the regex with the places of names, or with the reason why there are none. */
  ask(source) {
    this.waiting = source;
    if (this.asked === null) this.next();
  }

  next() {
    this.asked = this.waiting;
    this.waiting = null;
    if (this.asked === null) return;
    try {
      this.worker ||= this.start();
      this.worker.postMessage({ source: this.asked });
      this.timer = setTimeout(() => this.stop({ reason: TOO_LONG }), PATIENCE);
    } catch {
      this.searchHere();
    }
  }

  start() {
    const text = [document.getElementById("regex.js").textContent, `(${answerSearches})();`];
    const address = URL.createObjectURL(new Blob(text, { type: "text/javascript" }));
    const worker = new Worker(address);
    URL.revokeObjectURL(address);
    worker.onmessage = ({ data }) => this.answer(data);
    worker.onerror = () => {
      this.start = () => {
        throw new Error("no workers here");
      };
      this.worker = null;
      this.searchHere();
    };
    worker.postMessage({ names: this.names });
    return worker;
  }

  stop(answer) {
    this.worker.terminate();
    this.worker = null;
    this.answer(answer);
  }

  searchHere() {
    try {
      this.answer({ places: placesFound(this.names, this.asked) });
    } catch (failure) {
      this.answer({ reason: failure.message });
    }
  }

  answer(answer) {
    clearTimeout(this.timer);
    const source = this.asked;
    this.asked = null;
    if (this.waiting === null) this.onAnswer(source, answer);
    else this.next();
  }
}
