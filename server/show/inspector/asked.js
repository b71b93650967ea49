// Stage 4 where an application that runs elsewhere answers: how it was asked, and what went over.

import { element } from "./element.js";
import { inputView } from "./process.js";
import { code, heading, note, pair, terms } from "./step.js";
import { bytes as byteCount, count } from "./units.js";

const shownAtOnce = 12; // records

// Whether an application was asked, or was to be asked and could not be reached.
export function asksApplication({ asked, why }) {
  return asked !== null || /^application-/.test(why?.reason ?? "");
}

export function askedStep(exchange, steps) {
  const { asked } = exchange;
  return element(
    "section",
    { class: "way" },
    pair(
      "",
      [heading(steps.process), asked ? inputView(exchange) : note("Nothing was sent.")],
      asked ? [terms(facts(asked)), ...recordList(asked)] : [terms([["Connection", "none"]])],
    ),
  );
}

function facts({ protocol, address, kept }) {
  return [
    ["By", protocol],
    ["At", code(address)],
    ["Connection", kept ? "one that has carried answers before" : "a new one"],
  ];
}

function recordList({ records, passed }) {
  if (records.length === 0) return [];
  const rows = records.map(({ sent, type, length }) => [
    sent ? "To it" : "From it",
    [code(type), `, ${byteCount(length)}`],
  ]);
  const left = passed - records.length;
  return [
    element(
      "details",
      { open: passed <= shownAtOnce },
      element("summary", {}, `${count(passed, "record", "records")} went over`),
      terms(rows),
      left > 0 ? note(`${count(left, "more is", "more are")} left out.`) : null,
    ),
  ];
}
