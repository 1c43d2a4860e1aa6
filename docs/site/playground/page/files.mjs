// Files that are dropped on the page, or chosen: a spec or an inventory.

import { brief, element } from "./dom.mjs";

const LARGEST = 64 * 2 ** 20; // bytes, as the command reads
const LARGEST_SPEC = 2 ** 20;

/** Have `opened` called with files, each {name, text}, and `refused` with the reason why one is not among them. */
export function acceptFiles(opened, refused) {
  const input = element("file");
  element("open").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    read(input.files, opened, refused);
    input.value = "";
  });
  const target = document.body;
  const over = (isOver) => (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    target.classList.toggle("dropping", isOver);
  };
  target.addEventListener("dragover", over(true), true);
  target.addEventListener("dragleave", over(false), true);
  target.addEventListener("drop", (event) => {
    over(false)(event);
    if (!event.dataTransfer?.files.length) return;
    event.stopPropagation();
    read(event.dataTransfer.files, opened, refused);
  }, true);
}

async function read(files, opened, refused) {
  const read = [];
  for (const file of [...files]) {
    try {
      read.push({ name: file.name, text: await textOf(file) });
    } catch (error) {
      refused(`${brief(file.name)} is ${error.message}.`);
    }
  }
  if (read.length) opened(read);
}

async function textOf(file) {
  if (file.size > LARGEST) throw new Error("larger than 64 MiB");
  const bytes = await file.arrayBuffer();
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error("not text in UTF-8");
  }
  if (file.size > LARGEST_SPEC && isSpec(file.name, text)) throw new Error("larger than 1 MiB, the most for a spec");
  return text;
}

/** Whether a file is a spec; any other is an inventory. */
export function isSpec(name, text) {
  return /\.ya?ml$/i.test(name) || /^lrspec\s*:/m.test(text) || (/^\s*\{/.test(text) && /"lrspec"\s*:/.test(text));
}
