// Makes the files that start Python quickly: `node make.mjs PYODIDE STAGE INTO`. INTO has boot.mjs already.

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";

const [pyodide, stage, into] = process.argv.slice(2).map((path) => resolve(path));
const { loadPyodide } = await import(join(pyodide, "pyodide.mjs"));
const { boot } = await import(join(into, "boot.mjs"));

/** The library of STAGE, compiled by the Python that will import it. */
async function pack() {
  const python = await loadPyodide();
  python.FS.mkdirTree("/stage");
  python.mountNodeFS("/stage", stage);
  python.runPython(readFileSync(join(import.meta.dirname, "pack.py"), "utf8"));
  return python.FS.readFile("/library.zip");
}

/** The memory of a Python that has imported and called everything. */
async function remember() {
  const python = await boot((name) => join(into, name), undefined, { _makeSnapshot: true });
  python.runPython("import gc; gc.collect()");
  return python.makeMemorySnapshot();
}

const EMPTY_ZIP = Buffer.from("PK\x05\x06".padEnd(22, "\0"), "latin1");

writeFileSync(join(into, "python/nothing.zip"), EMPTY_ZIP);
writeFileSync(join(into, "python/library.zip"), await pack());
writeFileSync(join(into, "python/memory.bin"), gzipSync(await remember(), { level: 9 }));
