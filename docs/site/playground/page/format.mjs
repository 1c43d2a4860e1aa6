// What a text of a spec is, from its characters alone.

const LARGEST = 2 ** 20; // characters, as lrspec reads
const DEEPEST = 200; // levels: many more than lrspec reads, and few enough for whatever recurses

/** "json" for what begins as JSON, or else "yaml". */
export function formatOf(text) {
  return /^\s*\{/.test(text) ? "json" : "yaml";
}

/** Whether a text is too large or too deep to be coloured. */
export function isTooMuch(text) {
  if (text.length > LARGEST || /^[ \t]*(?:[-?][ \t]+){200}/m.test(text)) return true;
  let level = 0;
  for (const [mark] of text.matchAll(/[[{\]}]/g)) {
    level = "[{".includes(mark) ? level + 1 : Math.max(0, level - 1);
    if (level > DEEPEST) return true;
  }
  return false;
}
