// Starts Python with lrspec in it: from the memory of a Python that has imported it already, or by importing it.

import createModule from "./pyodide/pyodide.asm.mjs";
import { loadPyodide } from "./pyodide/pyodide.mjs";

const EXTENSION = "/lib/pydantic_core.so"; // start.py has this name, too

const NO_PACKAGES = { info: { abi_version: "2026_0", arch: "wasm32", platform: "emscripten", python: "3.14" }, packages: {} };

/**
 * Starts Python, and returns its module `playground`.
 *
 * `place` is a function from the name of a file beside this one to what Pyodide reads it by, a URL or a path. `memory`
 * is what `options._makeSnapshot` once made. Pyodide is told of pydantic-core as of a library that is linked when the
 * program starts. Its code then has the same place in every memory, so that one can stand in for another.
 */
export async function boot(place, memory, options = {}) {
  const python = await loadPyodide({
    indexURL: place("pyodide/"),
    stdLibURL: place(memory ? "python/nothing.zip" : "python/library.zip"),
    lockFileContents: NO_PACKAGES,
    env: { HOME: "/home", PYDANTIC_DISABLE_PLUGINS: "1", PYTHONHASHSEED: "0" },
    fsInit: async (files) => files.writeFile(EXTENSION, ""),
    createPyodideModule: async (settings) => {
      const locateFile = (name) => (name === EXTENSION ? place("python/pydantic_core.wasm") : settings.locateFile(name));
      const module = await createModule({ ...settings, dynamicLibraries: [EXTENSION], locateFile });
      if (memory) module.growMemory((await memory).byteLength);
      return module;
    },
    _loadSnapshot: memory,
    ...options,
  });
  if (!memory) python.pyimport("start").destroy();
  return python;
}
