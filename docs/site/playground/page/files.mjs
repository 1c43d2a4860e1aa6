// Files that are dropped on the page, or chosen: a spec or an inventory.

import { element } from "./dom.mjs";

const LARGEST = 50_000_000; // bytes

/** Have `opened` called with the name and the text of a file, and `refused` with the reason why there is none. */
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
  const [file] = files;
  if (!file) return;
  if (file.size > LARGEST) return refused(`${file.name} is larger than 50 MB.`);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    opened(file.name, text.replace(/^\ufeff/, ""));
  } catch {
    refused(`${file.name} is not text in UTF-8.`);
  }
}

/** Whether a file is a spec; any other is an inventory. */
export function isSpec(name, text) {
  return /\.ya?ml$/.test(name) || (name.endsWith(".json") && /^\s*\{/.test(text) && /"lrspec"\s*:/.test(text));
}
