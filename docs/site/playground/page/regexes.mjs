// How a regex on parameter names may go on: the next step of the names that fit what is typed.

/** What is typed of the last step, and what may stand there: {text, names}, `names` their number. */
export function continuations(regex, names, slash) {
  const branch = regex.replace(/^.*(?:\||\(\?:|\((?!\\+d)|\^)/s, "");
  const steps = branch.split(`${slash}.`);
  const typed = steps.pop();
  const counts = new Map();
  for (const parts of names.map((name) => name.split("."))) {
    if (parts.length <= steps.length || !steps.every((step, index) => forms(parts[index], slash).includes(step))) continue;
    const end = parts.length > steps.length + 1 ? `${slash}.` : "";
    const [exact, ofAnyNumber] = forms(parts[steps.length], slash);
    for (const form of new Set([exact, ofAnyNumber])) counts.set(form + end, (counts.get(form + end) ?? 0) + 1);
  }
  return { typed, options: [...counts].map(([text, count]) => ({ text, names: count })) };
}

/** How a step of a name is written in a regex: exactly, and with any number for its numbers. */
function forms(step, slash) {
  const exact = step.replace(/[\\^$.*+?()[\]{}|]/g, (character) => slash + character);
  return [exact, exact.replace(/\d+/g, `(${slash}d+)`), exact.replace(/\d+/g, `${slash}d+`)];
}
