// One exchange, shown as the way it went: bytes on the left, what they became on the right.

import { bytesOf, recordedView, textOf, visible } from "./bytes.js";
import { element } from "./element.js";
import { outputStep } from "./output.js";
import { requestSteps } from "./request.js";
import { code, heading, note, pair, terms } from "./step.js";
import { timeline } from "./timeline.js";
import { bytes as byteCount, duration } from "./units.js";

// Shows it in the article. Only the parts that differ from what stands there are made anew: an open
// exchange grows without taking the focus away.
export function showExchange(article, exchange, actions) {
  const steps = numbered(exchange);
  const before = new Map([...article.children].map((part) => [part.dataset.part, part]));
  const parts = partsOf(exchange, steps, actions).map(({ name, of, build }) => {
    const signature = JSON.stringify([exchange.id, exchange.began, steps, of]);
    const standing = before.get(name);
    if (standing?.signature === signature) return standing;
    return keepScroll(standing, Object.assign(build(), { signature }), name);
  });
  if (
    parts.length !== article.children.length ||
    parts.some((part, at) => part !== article.children[at])
  ) {
    article.replaceChildren(...parts);
  }
}

function keepScroll(standing, made, name) {
  made.dataset.part = name;
  if (!standing) return made;
  const views = [...standing.querySelectorAll("pre")].map((view) => view.scrollTop);
  requestAnimationFrame(() =>
    made.querySelectorAll("pre").forEach((view, at) => (view.scrollTop = views[at] ?? 0)),
  );
  return made;
}

function partsOf(exchange, steps, actions) {
  const { request, route, script, variables, program, process, error, response } = exchange;
  const {
    stdin,
    stdout,
    stdout_head,
    header_lines,
    remarks,
    stderr,
    times,
    state,
    status,
    ms,
    curl,
    shell,
  } = exchange;
  const elapsed = state === "open" ? elapsedSince(exchange) : null;
  const part = (name, of, build) => ({ name, of, build });
  const runs = program !== null;
  return [
    part("title", [state, status, ms, process, curl, shell, response.head, remarks], () =>
      title(exchange, actions),
    ),
    error && part("error", error, () => trouble(error, actions)),
    part("request", [request, route, script, variables], () => requestSteps(exchange, steps)),
    runs && part("process", [program, process, stdin, state], () => processStep(exchange, steps)),
    runs &&
      part("output", [stdout, stdout_head, header_lines, remarks, stderr, state], () =>
        outputStep(exchange, steps),
      ),
    part("response", [response, state], () => responseStep(exchange, steps)),
    part("times", [times, elapsed], () => timesPart(times, elapsed)),
  ].filter(Boolean);
}

// The headings, which read as one sentence.
function numbered({ program, kind, variables }) {
  const steps = { request: "The request arrives", parsed: "is taken apart" };
  if (variables.length > 0) steps.variables = "becomes variables";
  if (program) Object.assign(steps, { process: "a process runs", output: "prints" });
  steps.response = program
    ? "and that is the response"
    : kind === "file"
      ? "and a file is the response"
      : "and the server answers by itself";
  return Object.fromEntries(
    Object.entries(steps).map(([step, text], at) => [step, [at + 1, text]]),
  );
}

function title(exchange, actions) {
  const { id, method, target, status, state } = exchange;
  return element(
    "header",
    {},
    element(
      "p",
      { class: "verdict" },
      element(
        "strong",
        { class: status >= 500 || exchange.failed_late ? "failed" : null },
        statusText(exchange),
      ),
      ` ${sentence(exchange)}`,
    ),
    element(
      "h2",
      {},
      element("span", { class: "method" }, visible(method || "?")),
      " ",
      visible(target || "a request that could not be read"),
    ),
    element(
      "p",
      { class: "actions" },
      element(
        "button",
        { type: "button", onclick: () => actions.edit(exchange) },
        "Send again, edited",
      ),
      copyButton("Copy as curl", exchange.curl, actions),
      copyButton("Copy as shell, without a server", exchange.shell, actions),
      element(
        "a",
        { class: "plain", href: `exchanges/${id}?download`, download: `exchange-${id}.json` },
        state === "open" ? "Download what there is as JSON" : "Download as JSON",
      ),
    ),
  );
}

function copyButton(label, text, actions) {
  if (!text) return null;
  return element(
    "button",
    { type: "button", class: "plain", onclick: (event) => actions.copy(text, event.currentTarget) },
    label,
  );
}

function statusText({ status, response }) {
  if (status === 0) return "No answer yet";
  const phrase = /^HTTP\/\S+ \d+ ?([^\r\n]*)/.exec(textOf(bytesOf(response.head)))?.[1] ?? "";
  return `${status} ${phrase}`.trim();
}

function sentence({ id, state, ms, process, client, sent, failed_late }) {
  const parts = [state === "open" ? "still open" : `after ${duration(ms * 1000)}`];
  if (failed_late) parts.push("it answered, then failed");
  parts.push(byteCount(sent));
  if (process)
    parts.push(
      process.ended ? `program ${process.text}` : `program runs as process ${process.pid}`,
    );
  parts.push(`client ${client}`, `exchange ${id}`);
  return parts.join(" · ");
}

function trouble({ status, reason, detail, explanation, command }, actions) {
  const copy = copyButton("Copy", command, actions);
  return element(
    "section",
    { class: "trouble", "aria-label": `Why ${status}` },
    element("h3", {}, `Why ${status}`),
    element("p", {}, visible(explanation || detail)),
    command
      ? [
          note("Try this:"),
          element(
            "pre",
            { tabindex: "0", role: "group", "aria-label": "A command" },
            visible(command),
          ),
          copy,
        ]
      : null,
    note(visible([explanation ? detail : "", reason && `(${reason})`].filter(Boolean).join(" "))),
  );
}

function processStep({ program, process, stdin }, steps) {
  return element(
    "section",
    { class: "way" },
    pair(
      "",
      [
        heading(steps.process),
        element("h4", {}, "Standard input"),
        recordedView(
          stdin,
          { label: "Standard input" },
          "Nothing: the request has no body, so the first read finds the end.",
        ),
      ],
      [
        terms([
          ["Program", code(program.path)],
          [
            "Arguments",
            element(
              "ol",
              { class: "arguments", start: "0" },
              program.arguments.map((argument) => element("li", {}, code(argument))),
            ),
          ],
          ["Directory", code(program.directory)],
          ...processFacts(process),
        ]),
      ],
    ),
  );
}

function processFacts(process) {
  if (!process) return [["Process", "not started"]];
  const facts = [["Process", String(process.pid)]];
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

const framings = {
  "content-length": "Content-Length says how many bytes follow.",
  chunked: "In chunks, each with its size, as the length was not known at the beginning.",
  "until close": "The end of the connection.",
  none: "It has no body.",
};

function responseStep({ response, sent, state }, steps) {
  const { head, body, framing, complete } = response;
  if (head.size === 0) {
    return element(
      "section",
      { class: "way" },
      pair(
        "",
        [
          heading(steps.response),
          note(state === "open" ? "Nothing has been sent yet." : "Nothing was sent."),
        ],
        null,
      ),
    );
  }
  const content =
    body.size > 0
      ? [
          element("h4", {}, `Body, ${byteCount(body.size)}`),
          recordedView(body, { label: "Response body" }),
        ]
      : null;
  return element(
    "section",
    { class: "way" },
    pair(
      "",
      [
        heading(steps.response),
        element("h4", {}, `Head, ${byteCount(head.size)}`),
        recordedView(head, { label: "Response head" }),
        content,
      ],
      [
        terms([
          ["Status", code(String(response.status))],
          ["Content", byteCount(sent)],
          ["What ends it", framings[framing] ?? framing],
          [
            "Sent",
            state === "open"
              ? "It goes on."
              : complete
                ? "to its end"
                : element("span", { class: "failed" }, "in part: it broke off"),
          ],
        ]),
      ],
    ),
  );
}

// Microseconds that an open exchange has taken so far; this clock may not be the server's.
function elapsedSince({ began, times }) {
  const last = Math.max(1, ...Object.values(times).filter((time) => time !== null));
  return Math.max((Date.now() - Date.parse(began)) * 1000 || 0, last);
}

function timesPart(times, elapsed) {
  return element(
    "section",
    { class: "way", "aria-label": "Times" },
    element("h3", {}, "How long it took"),
    timeline(times, elapsed),
  );
}
