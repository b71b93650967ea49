// Stage 4: the process, and what it reads.

import { bodyView } from "./body.js";
import { visible } from "./bytes.js";
import { element } from "./element.js";
import { hasReadBody } from "./received.js";
import { code, heading, pair, terms } from "./step.js";
import { duration } from "./units.js";

export function processStep(exchange, steps) {
  const { program, process } = exchange;
  return element(
    "section",
    { class: "way" },
    pair(
      "",
      [heading(steps.process), inputView(exchange)],
      [
        terms([
          ["Program", code(program.path)],
          ["Arguments", argumentList(program)],
          ["Directory", code(program.directory)],
          ...processFacts(process),
        ]),
      ],
    ),
  );
}

// The request's body, as far as it was handed over.
export function inputView(exchange) {
  const { stdin, request } = exchange;
  const nothing = hasReadBody(exchange)
    ? "Nothing: the request has no body, so the first read finds the end."
    : "Nothing of the request's body was handed over.";
  return element(
    "div",
    { "data-origin": "body" },
    bodyView(stdin, {
      title: "Standard input",
      label: "Standard input",
      fields: request.fields,
      nothing,
    }),
  );
}

function argumentList(program) {
  return element(
    "ol",
    { class: "arguments", start: "0" },
    program.arguments.map((argument) => element("li", {}, code(argument))),
  );
}

function processFacts(process) {
  if (!process) return [["Process", "not started"]];
  const facts = [["Process", String(process.pid)]];
  if (process.warm_ms !== undefined) {
    facts.push(["Started", `out of a template, in ${duration(process.warm_ms * 1000)}`]);
  }
  if (!process.ended) return [...facts, ["State", "running"]];
  return [
    ...facts,
    ["Ended", element("span", { class: process.ok ? null : "failed" }, visible(process.text))],
    [
      "CPU time",
      `${duration(process.user_ms * 1000)} of its own, ${duration(process.system_ms * 1000)} in the kernel`,
    ],
    ["Peak memory", (process.max_rss_is_bound ? "at most " : "") + memory(process.max_rss_kib)],
  ];
}

function memory(kib) {
  return kib >= 1024 ? `${(kib / 1024).toFixed(1)} MiB` : `${kib} KiB`;
}
