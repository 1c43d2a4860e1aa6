// What the page has to say, above the panes, until it is dismissed or no longer true.

import { element, make } from "./dom.mjs";

/** Say something about a topic, in place of what was said about it before; `null` takes it away. */
export function notice(topic, text, ...actions) {
  const notices = element("notices");
  [...notices.children].find((each) => each.dataset.topic === topic)?.remove();
  if (text === null) return;
  const close = make("button", { type: "button", className: "close", "aria-label": "Dismiss" }, "×");
  const said = make("p", { className: "notice" }, make("span", {}, text), ...actions, close);
  said.dataset.topic = topic;
  close.addEventListener("click", () => said.remove());
  notices.append(said);
}
