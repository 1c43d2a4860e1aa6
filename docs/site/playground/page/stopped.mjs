// Why there is no answer, in words: of a call that took too long, which regex is to be looked at.

import { Stopped } from "./engine.mjs";
import { repeating } from "./repeating.mjs";

export function inWords(error, spec) {
  if (!(error instanceof Stopped)) return error.message;
  const what = error.seconds ? `It took longer than ${error.seconds} s, and was stopped.` : error.message;
  if (error.call !== "compile") return what;
  const cause = error.seconds ? ` Most likely a regex takes too long on these names, as '(a+)+$' does.${lookAt(spec)}` : "";
  return `${what}${cause} Change the spec, and it is checked again.`;
}

function lookAt(spec) {
  const lines = repeating(spec);
  return lines.length ? ` Look at line ${lines.join(", ")}.` : "";
}
