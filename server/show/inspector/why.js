// Why an exchange failed, or failed in half: the first thing to be read of it.

import { visible } from "./bytes.js";
import { element } from "./element.js";
import { canRunAgain, lackOf } from "./sending.js";
import { copyButton, note } from "./step.js";
import { count } from "./units.js";

export function whyBox(exchange, actions) {
  const { why } = exchange;
  const evidence = [traceback(why), printed(why), lastWords(exchange)].filter(Boolean);
  return element(
    "section",
    { class: `why ${exchange.outcome === "failed" ? "failed" : "half"}`, "aria-labelledby": "why" },
    element(
      "div",
      { class: "reason" },
      element("h3", { id: "why" }, visible(why.title)),
      element("p", { class: "sentence" }, visible(why.sentence || why.detail)),
      fix(why, actions),
      element("p", { class: "actions" }, againButton(exchange, actions)),
      note(visible(small(why))),
    ),
    evidence.length > 0 ? element("div", { class: "evidence" }, evidence) : null,
  );
}

// What the sentence has not said already.
function small({ sentence, detail, reason }) {
  const isSaid = !sentence || sentence.toLowerCase().includes(detail.toLowerCase());
  return [isSaid ? "" : detail, reason && `(${reason})`].filter(Boolean).join(" ");
}

function fix({ command }, actions) {
  if (!command) return null;
  const label = "A command that mends it";
  return element(
    "div",
    { class: "fix" },
    element("pre", { tabindex: "0", role: "group", "aria-label": label }, visible(command)),
    copyButton("Copy", command, actions),
  );
}

export function againButton(exchange, actions) {
  if (!canRunAgain(exchange)) return notAgain(exchange);
  return element(
    "button",
    {
      type: "button",
      class: "again",
      onclick: (event) => actions.again(exchange, event.currentTarget),
    },
    "Run again",
  );
}

// Where it cannot be run again, why.
function notAgain(exchange) {
  const lack = lackOf(exchange);
  const sentence = `${lack} To send it again, edit it and type the body.`;
  return lack === "" ? null : element("span", { class: "note" }, sentence);
}

// The lines around the wrong one, each with its number.
function printed({ output }) {
  if (!output || output.text === "") return null;
  const lines = output.text.replace(/\n$/, "").split("\n");
  return [
    element("h4", {}, "What it printed"),
    element(
      "pre",
      { class: "raw numbered", tabindex: "0", role: "group", "aria-label": "What it printed" },
      lines.map((line, at) => {
        const number = output.first_line + at;
        const wrong = number === output.marked_line;
        return element(wrong ? "mark" : "span", { "data-line": number }, visible(`${line}\n`));
      }),
    ),
  ];
}

// What env(1) adds below the message that names the program which it has not found.
const hintOfEnv = /\benv: use -\S+ to pass options in shebang lines$/;

// The last line tells most, unless it is a hint for the line above it. Gives the place of the line.
function tellingLine(lines) {
  const tells = (line) => line.trim() !== "" && !hintOfEnv.test(line.trim());
  const at = lines.findLastIndex(tells);
  return at < 0 ? lines.length - 1 : at;
}

// Its last line says what was raised, and is seen first.
function traceback({ traceback: lines = [] }) {
  if (lines.length === 0) return null;
  return [element("h4", {}, "Traceback"), lineView(lines, "Traceback")];
}

function lastWords({ why, stderr }) {
  const lines = why.stderr ?? [];
  if (lines.length === 0) return null;
  const left = stderr.lines - lines.length;
  return [
    element(
      "h4",
      {},
      "Standard error",
      left > 0 ? `, after ${count(left, "other line", "other lines")}` : null,
    ),
    lineView(lines, "Standard error, the last lines", why.traceback?.length > 0),
  ];
}

// Scrolled to its end. plain: no line of it tells more than the others.
function lineView(lines, label, plain = false) {
  const telling = plain ? -1 : tellingLine(lines);
  const view = element(
    "pre",
    { class: "raw stderr", tabindex: "0", role: "group", "aria-label": label },
    lines.map((line, at) => [
      at === telling ? element("strong", {}, visible(line)) : visible(line),
      "\n",
    ]),
  );
  requestAnimationFrame(() => (view.scrollTop = view.scrollHeight));
  return view;
}
