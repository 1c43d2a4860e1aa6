// Lines of a spec with a regex that repeats what repeats, or what has alternatives: those can take forever.

const REPEATED = /\((?:[^()\\]|\\.)*[+*?}|](?:[^()\\]|\\.)*\)(?:[+*]|\{\d*,)/;

export function suspects(text) {
  return text.split("\n").flatMap((line, index) => (REPEATED.test(line) ? [index + 1] : []));
}
