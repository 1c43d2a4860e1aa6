// Elements, made of text that is never read as HTML.

export const element = (id) => document.getElementById(id);

/** An element with properties (`dataset` and ARIA attributes, too) and children: elements or texts. */
export function make(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** A name from a file, with its invisible characters written out. */
export function visible(text) {
  return text.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/** A name from a file or a link, to be shown in a sentence. */
export function brief(name) {
  return visible(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}

/** Have the browser save a text as a file. */
export function save(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** Copy a text, or say why not; the button says that it is done. */
export async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
    say(button, "Copied");
  } catch {
    say(button, "Not allowed here");
  }
}

/** Have a button say something in place of its label, for a moment. */
export function say(button, words) {
  button.dataset.label ??= button.textContent;
  button.textContent = words;
  setTimeout(() => (button.textContent = button.dataset.label), 1500);
}
