// Python with lrspec in a worker: first `{ready}` or `{dead}`; takes `{call, args}`, answers `{result}` or `{error}`.
// After `{dead}`, which gives the reason, it answers no more.

import { boot } from "./boot.mjs";

const LIBRARY = "/lib/python314.zip";

const place = (name) => new URL(name, import.meta.url).href;

/** The memory of a Python that has imported everything; undefined if it cannot be had. */
async function memory() {
  const response = await fetch(place("python/memory.bin"));
  return new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** Starts Python from its memory or, where that does not work, by importing everything. */
async function start() {
  if (self.name === "plain") return { python: await boot(place), complete: true };
  try {
    return { python: await boot(place, memory()), complete: false };
  } catch (failure) {
    console.warn("Python starts without its memory:", failure);
    return { python: await boot(place), complete: true };
  }
}

/** Gives Python the library, for a module that is not in the memory. */
async function complete(python) {
  const response = await fetch(place("python/library.zip"));
  python.FS.writeFile(LIBRARY, new Uint8Array(await response.arrayBuffer()));
}

/** Answers one message. What fails may do so because something is not in the memory: then it is tried again. */
async function answer(session, { call, args }) {
  const words = session.python.toPy(args.map((each) => each ?? undefined));
  try {
    return JSON.parse(session.module.answer(call, words));
  } catch (failure) {
    if (!(failure instanceof session.python.ffi.PythonError)) return { dead: `${failure}` };
    if (session.complete) return { error: failure.message };
    await complete(session.python);
    session.complete = true;
    return answer(session, { call, args });
  } finally {
    words.destroy();
  }
}

try {
  const session = await start();
  session.module = session.python.pyimport("playground");
  self.onmessage = async ({ data }) => self.postMessage(await answer(session, data));
  self.postMessage({ ready: true });
} catch (failure) {
  self.postMessage({ dead: `${failure}` });
}
