// The six stages of an exchange: how each went, how much it was, and how long it took. The strip of
// them stays at the top of the page and leads to each.

import { asksApplication } from "./asked.js";
import { element } from "./element.js";
import { count, duration, shortBytes } from "./units.js";

const names = ["arrives", "taken apart", "variables", "process", "output", "response"];

// Of one that failed its fault is said.
const stateWords = {
  done: "done",
  half: "with a fault",
  running: "goes on",
  none: "not part of this one",
};

const stateSigns = { done: "✓", failed: "✕", half: "!", running: "…", none: "–" };

// What a program's end is to blame for, whatever it has printed.
const endReasons =
  /^script-(failed|failed-late|killed|timeout|deadline|limit|abandoned|start-failed)$/;

// The number of the stage that failed; 0 if none did.
function failedStage(exchange) {
  const { why, outcome, route, program, process, times, stdout, response } = exchange;
  if (!why) return 0;
  if (outcome === "client_left") return 6;
  if (typeof times.head_read !== "number") return 1;
  if (!route || !(program || asksApplication(exchange))) return 2;
  if (!process && !exchange.asked) return 4;
  const endedWell = process?.ended && process.ok;
  if (endReasons.test(why.reason) || stdout.size === 0) return endedWell ? 5 : 4;
  const isCut = response.status > 0 && !response.complete;
  if (isCut && (!process || process.ok) && !/^script-/.test(why.reason))
    return 6;
  return 5;
}

// What is said of the stage that failed. A request that was understood did not fail by being taken
// apart: nothing is there for it, or it is refused.
function faultOf({ route, response, asked, queued_ms }, number) {
  if (number === 4 && !asked && queued_ms !== null) return "none was free";
  if (number !== 2 || !route) return "this failed";
  return [404, 410].includes(response.status) ? "nothing is found there" : "this is refused";
}

// [{number, name, state, size, time, fault}], each with text for people or "".
export function stagesOf(exchange) {
  const { request, variables, program, process, asked, stdout, response, times, state } = exchange;
  const failed = failedStage(exchange);
  const time = (key) => (typeof times[key] === "number" ? duration(times[key]) : "");
  const sizes = [
    [shortBytes(request.head.size + request.body.size), time("head_read")],
    [count(request.fields.length, "field", "fields"), ""],
    [
      variables.length > 0 ? String(variables.length) : "",
      time(asked ? "asked" : "process_started"),
    ],
    [asked ? asked.protocol : processSize(process), processTime(times)],
    [program || asked ? shortBytes(stdout.size) : "", time("first_output")],
    [response.head.size > 0 ? shortBytes(response.body.size) : "", time("ended")],
  ];
  const went = [
    typeof times.head_read === "number" || state === "done",
    request.version !== "",
    variables.length > 0,
    process !== null || asked !== null,
    stdout.size > 0,
    response.head.size > 0,
  ];
  return names.map((name, at) => ({
    number: at + 1,
    name: at === 3 && asksApplication(exchange) ? "application" : name,
    state: stageState(exchange, at + 1, failed, went[at]),
    size: sizes[at][0],
    time: sizes[at][1],
    fault: failed === at + 1 ? faultOf(exchange, failed) : "",
  }));
}

function stageState(exchange, number, failed, went) {
  const { process, asked, outcome, state } = exchange;
  if (number === failed) return outcome === "failed" ? "failed" : "half";
  if (number === 4 && process?.ended && !process.ok) return failed === 0 ? "done" : "half";
  const goesOn = state === "open" && [4, 5, 6].includes(number);
  if (number === 4 && process && !process.ended) return "running";
  if (number === 4 && goesOn && asked) return "running";
  if (number === 5 && goesOn && (process || asked)) return "running";
  if (number === 6 && goesOn) return "running";
  return went ? "done" : "none";
}

function processSize(process) {
  return process ? String(process.pid) : "";
}

function processTime({ asked, process_started, output_ended, ended }) {
  const begin = process_started ?? asked;
  const end = output_ended ?? ended;
  if (typeof begin !== "number" || typeof end !== "number") return "";
  return duration(Math.max(end - begin, 0));
}

// The strip; go(number) leads to a stage.
export function stageStrip(stages, go) {
  return element(
    "nav",
    { class: "stages", "aria-label": "Stages" },
    element(
      "ol",
      {},
      stages.map((stage) => element("li", {}, stageButton(stage, go))),
    ),
  );
}

function stageButton({ number, name, state, size, time, fault }, go) {
  const word = state === "failed" ? fault : stateWords[state];
  const facts = [size, time].filter(Boolean);
  return element(
    "button",
    {
      type: "button",
      class: `stage ${state}`,
      disabled: state === "none",
      title: `${name}: ${word}`,
      onclick: () => go(number),
    },
    element(
      "span",
      { class: "stage-name" },
      element("span", { class: "number" }, String(number)),
      element("span", { class: "stage-word" }, name),
      element("span", { class: "hidden" }, ` ${word}`),
      element("span", { class: "stage-sign", "aria-hidden": "true" }, stateSigns[state]),
    ),
    element(
      "span",
      { class: "stage-facts" },
      facts.map((fact) => element("span", {}, fact)),
    ),
  );
}

// Leads to a stage of what is shown; says whether it is there.
export function goToStage(number) {
  const heading = document.getElementById(`stage-${number}`);
  if (!heading) return false;
  heading.focus({ preventScroll: true });
  heading.scrollIntoView({ block: "start" });
  return true;
}
