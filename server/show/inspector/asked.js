// Stage 4 where an application in memory answers: which one, how it was asked, and what went over.

import { visible } from "./bytes.js";
import { element } from "./element.js";
import { inputView } from "./process.js";
import { code, heading, note, pair, terms } from "./step.js";
import { bytes as byteCount, count, duration } from "./units.js";

const shownAtOnce = 12; // records

// Whether an application is asked, or was to be asked and could not be.
export function asksApplication({ application, asked, why }) {
  return application !== null || asked !== null || /^application-/.test(why?.reason ?? "");
}

// Whether it is in a worker that the server keeps.
export function hasWorkers({ application }) {
  return application?.protocol === "WSGI" || application?.name.startsWith("/") === true;
}

export function askedStep(exchange, steps) {
  const { asked } = exchange;
  return element(
    "section",
    { class: "way" },
    pair(
      "",
      [heading(steps.process), asked ? inputView(exchange) : note("Nothing was sent.")],
      [terms(facts(exchange)), asked ? recordList(asked, exchange) : null],
    ),
  );
}

function facts(exchange) {
  const { application, asked, queued_ms } = exchange;
  const ours = hasWorkers(exchange);
  const workers = application?.facts.map(({ name, value }) => [inCapitals(name), visible(value)]);
  return [
    application && ["Application", code(application.name)],
    application && ["By", application.protocol + (ours ? ", in workers that stay in memory" : "")],
    queued_ms !== null && ["In the queue", `${duration(queued_ms * 1000)} for a worker`],
    ...(asked ? connectionFacts(asked, application) : [[ours ? "Worker" : "Connection", "none"]]),
    ...(workers ?? []),
  ];
}

function connectionFacts({ address, kept, worker, worker_ended, worker_end }, application) {
  if (worker === null) {
    return [
      address !== application?.name && ["At", code(address)],
      ["Connection", kept ? "one that has carried answers before" : "a new one"],
    ];
  }
  const end = element("span", { class: "failed" }, visible(worker_end ?? "has ended"));
  return [
    ["Worker", [code(`${address}[${worker}]`), `, process ${worker}`]],
    worker_ended && ["It", end],
  ];
}

function inCapitals(name) {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function recordList({ records, passed }, exchange) {
  if (records.length === 0) return null;
  const rows = records.map(({ sent, type, length, request_id }) => [
    sent ? "To it" : "From it",
    [
      code(type),
      request_id === null && length === 0 ? null : `, ${byteCount(length)}`,
      request_id === null ? null : `, request ${request_id}`,
    ],
  ]);
  const left = passed - records.length;
  const [one, many] = exchange.asked.protocol === "FastCGI" ? ["record", "records"] : ["piece", "pieces"];
  return element(
    "details",
    { open: passed <= shownAtOnce },
    element("summary", {}, `${count(passed, one, many)} went over`),
    terms(rows),
    left > 0 ? note(`${count(left, "more is", "more are")} left out.`) : null,
  );
}
