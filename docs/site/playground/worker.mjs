// Python with lrspec in a worker: first `{ready}` or `{failed}`; takes `{call, args}`, answers `{result}` or `{error}`.

import { boot } from "./boot.mjs";

const place = (name) => new URL(name, import.meta.url).href;

/** The memory of a Python that has imported everything; undefined if it cannot be had. */
async function memory() {
  const response = await fetch(place("python/memory.bin"));
  return new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** Starts Python from its memory or, where that does not work, by importing everything. */
async function start() {
  if (self.name === "plain") return boot(place);
  try {
    return await boot(place, memory());
  } catch (failure) {
    console.warn("Python starts without its memory:", failure);
    return boot(place);
  }
}

/** Answers one message. */
function answer(python, module, { call, args }) {
  const words = python.toPy(args.map((each) => each ?? undefined));
  try {
    return JSON.parse(module.answer(call, words));
  } catch (failure) {
    return { error: failure.message };
  } finally {
    words.destroy();
  }
}

try {
  const python = await start();
  const module = python.pyimport("playground");
  self.onmessage = ({ data }) => self.postMessage(answer(python, module, data));
  self.postMessage({ ready: true });
} catch (failure) {
  self.postMessage({ failed: `${failure}` });
}
