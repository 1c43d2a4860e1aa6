// Why there is no answer, in words: of a call that took too long, which regex is to be looked at.

import { count } from "./dom.mjs";
import { Stopped } from "./engine.mjs";

// what repeats, or has alternatives, inside of what repeats
const REPEATED = /\((?:[^()\\]|\\.)*[+*?}|](?:[^()\\]|\\.)*\)(?:[+*]|\{\d*,)/;

export function inWords(error, spec) {
  if (!(error instanceof Stopped)) return error.message;
  const when = error.seconds ? count(error.seconds, "second") : "your click";
  const lines = spec.split("\n").flatMap((line, index) => (REPEATED.test(line) ? [index + 1] : []));
  const where = lines.length ? ` Look at line ${lines.join(", ")}.` : "";
  return (
    `Stopped after ${when}, without a result: a regex of the spec takes too long on these names. ` +
    `Usually it repeats what repeats, as '(a+)+$' does.${where} Change the spec, and it is checked again.`
  );
}
