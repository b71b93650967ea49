// Stage 4: the process, and what it reads.

import { bodyView } from "./body.js";
import { visible } from "./bytes.js";
import { element } from "./element.js";
import { hasReadBody } from "./received.js";
import { code, heading, pair, terms } from "./step.js";
import { duration } from "./units.js";

export function processStep(exchange, steps) {
  const { program } = exchange;
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
          ...processFacts(exchange),
        ]),
      ],
    ),
  );
}

// The request's body, as far as it was handed over.
export function inputView(exchange) {
  const { stdin, request, program } = exchange;
  const nothing = hasReadBody(exchange)
    ? "Nothing: the request has no body, so the first read finds the end."
    : "Nothing of the request's body was handed over.";
  const title = program ? "Standard input" : "What it can read: the request’s body";
  return element(
    "div",
    { "data-origin": "body" },
    bodyView(stdin, {
      title,
      label: title,
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

// Of a script that may start out of a template: how it did, and what that saves until its first
// output.
function startFacts({ start }, { process_started, first_output }) {
  if (!start) return [];
  const { warm_ms, cold_output_ms, why_cold } = start;
  if (warm_ms === null) return [["Start", ["cold: ", visible(why_cold)]]];
  const started = ["Start", ["warm, out of a template, in ", duration(warm_ms * 1000)]];
  if (cold_output_ms === null || typeof first_output !== "number") return [started];
  const warm = first_output - process_started + warm_ms * 1000;
  const cold = duration(cold_output_ms * 1000);
  return [started, ["First output", `after ${duration(warm)}; ${cold} when it started cold`]];
}

function processFacts({ process, times }) {
  if (!process) return [["Process", "not started"]];
  const facts = [["Process", String(process.pid)], ...startFacts(process, times)];
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
