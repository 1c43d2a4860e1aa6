// Python with lrspec in a worker: first `{ready}` or `{dead}`; takes `{call, args}`, answers `{result}` or `{error}`.
// After `{dead}`, which gives the reason, it answers no more. While files arrive, it tells `{arrived, total}` in bytes.

import { watch } from "./arrivals.mjs";
import { boot } from "./boot.mjs";

const LIBRARY = "/lib/python314.zip";
const PROGRAM = ["pyodide/pyodide.asm.wasm", "python/pydantic_core.wasm"];
const MEMORY = "python/memory.bin";
const MODULES = "python/library.zip";

const place = (name) => new URL(name, import.meta.url).href;

let expected = []; // the files that are counted
let arrived = 0;
let sizes; // the bytes of each file, once they are known
let missed = () => {};

watch(
  (name, bytes) => {
    if (!expected.includes(name)) return;
    arrived += bytes;
    const total = sizes && expected.reduce((sum, each) => sum + sizes[each], 0);
    self.postMessage({ arrived, total });
  },
  (failure) => missed(failure),
);

/** Does what needs files; rejects if one of them does not arrive. */
function loaded(names, task) {
  [expected, arrived] = [names, 0];
  const missing = new Promise((_, reject) => {
    missed = reject;
  });
  return Promise.race([task(), missing]).finally(() => {
    missed = () => {};
  });
}

/** The memory of a Python that has imported everything. */
async function memory() {
  const response = await fetch(place(MEMORY));
  return new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** Starts Python from its memory or, where that does not work, by importing everything. */
async function start() {
  fetch(place("python/sizes.json")).then(async (response) => (sizes = await response.json())).catch(() => {});
  if (self.name !== "plain") {
    try {
      return { python: await loaded([...PROGRAM, MEMORY], () => boot(place, memory())), complete: false };
    } catch (failure) {
      console.warn("Python starts without its memory:", failure);
    }
  }
  return { python: await loaded([...PROGRAM, MODULES], () => boot(place)), complete: true };
}

/** Gives Python the library, for a module that is not in the memory. */
async function complete(session) {
  await loaded([MODULES], async () => {
    const response = await fetch(place(MODULES));
    session.python.FS.writeFile(LIBRARY, new Uint8Array(await response.arrayBuffer()));
  });
  session.complete = true;
}

/** Answers one message. What fails may do so because something is not in the memory: then it is tried again. */
async function answer(session, { call, args }) {
  const words = session.python.toPy(args.map((each) => each ?? undefined));
  try {
    return JSON.parse(session.module.answer(call, words));
  } catch (failure) {
    if (!(failure instanceof session.python.ffi.PythonError)) return { dead: inWords(failure) };
    if (session.complete) return { error: failure.message };
  } finally {
    words.destroy();
  }
  try {
    await complete(session);
  } catch (failure) {
    return { error: inWords(failure) };
  }
  return answer(session, { call, args });
}

/** A text, whatever was thrown. */
function inWords(failure) {
  if (!(failure instanceof Error)) return `Python failed: ${failure?.name ?? failure}`;
  return failure.name === "Error" && failure.message ? failure.message : `${failure}`;
}

try {
  const session = await start();
  session.module = session.python.pyimport("playground");
  self.onmessage = async ({ data }) => {
    self.postMessage(await answer(session, data).catch((failure) => ({ dead: inWords(failure) })));
  };
  self.postMessage({ ready: true });
} catch (failure) {
  self.postMessage({ dead: inWords(failure) });
}
