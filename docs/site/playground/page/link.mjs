// The state of the page in its address: JSON, deflated, in base64url. Nothing of it leaves the browser.

const MOST = 4_000_000; // characters of what a link unpacks to

export async function pack(state) {
  const bytes = await through(new Blob([JSON.stringify(state)]), new CompressionStream("deflate-raw"), Infinity);
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The state that a fragment says; raises an error if it says none. */
export async function unpack(fragment) {
  const binary = atob(fragment.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  const unpacked = await through(new Blob([bytes]), new DecompressionStream("deflate-raw"), MOST);
  const state = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(unpacked));
  if (!isState(state)) throw new Error("not a state of this page");
  return state;
}

function isState(state) {
  const isText = (value) => typeof value === "string";
  const isAbsentOrText = (value) => value === undefined || isText(value);
  return (
    state?.version === 1 &&
    isText(state.text) &&
    [state.start, state.model, state.opened].every(isAbsentOrText)
  );
}

async function through(blob, stream, most) {
  const parts = [];
  let size = 0;
  for await (const part of chunks(blob.stream().pipeThrough(stream))) {
    size += part.length;
    if (size > most) throw new Error("too large");
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

async function* chunks(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
