// What the steps of an exchange are made of.

import { visible } from "./bytes.js";
import { element } from "./element.js";

// One stage's heading; the keys lead here.
export function heading({ number, text, state }) {
  return element(
    "h3",
    { id: `stage-${number}`, class: `stage-heading ${state}`, tabindex: "-1" },
    element("span", { class: "number" }, String(number)),
    ` ${text}`,
  );
}

// The two columns of every step.
export function pair(className, left, right) {
  return element(
    "div",
    { class: `pair ${className}` },
    element("div", { class: "left" }, left),
    element("div", { class: "right" }, right),
  );
}

export function note(...text) {
  return element("p", { class: "note" }, ...text);
}

// [[term, content, key or nothing, origin or nothing]...] as a list of terms; those with a key are
// linked.
export function terms(rows, links = null) {
  return element(
    "dl",
    { "data-group": true },
    rows.filter(Boolean).map(([term, content, key, origin]) => {
      const handle = element("span", key ? { role: "link", tabindex: "-1" } : {}, term);
      const row = element(
        "div",
        { "data-origin": origin },
        element("dt", {}, handle),
        element("dd", {}, content),
      );
      if (key) links.addOutcome(row, handle, key);
      return row;
    }),
  );
}

export function code(text) {
  return element("code", {}, visible(text));
}

export function copyButton(label, text, actions) {
  if (!text) return null;
  return element(
    "button",
    { type: "button", class: "plain", onclick: (event) => actions.copy(text, event.currentTarget) },
    label,
  );
}
