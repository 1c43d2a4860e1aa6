// Which lines of a spec may have a regex that takes too long.

// what repeats, or has alternatives, inside of what repeats
const REPEATED = /\((?:[^()\\]|\\.)*[+*?}|](?:[^()\\]|\\.)*\)(?:[+*]|\{\d*,)/;
const LONGEST = 300; // characters of a line: the time for one grows as their square
const MOST = 5; // lines that are named

/** The first lines, from 1, that may have such a regex. */
export function repeating(spec) {
  const found = [];
  for (const [index, line] of spec.split("\n").entries()) {
    if (line.length <= LONGEST && REPEATED.test(line)) found.push(index + 1);
    if (found.length === MOST) break;
  }
  return found;
}
