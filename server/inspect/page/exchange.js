// One exchange, shown as the way it went: bytes on the left, what they became on the right.

import { bytesOf, cutNote, rawView, recordedView, textOf, visible } from "./bytes.js";
import { element } from "./element.js";
import { Links } from "./links.js";
import { timeline } from "./timeline.js";
import { bytes as byteCount, count, duration } from "./units.js";

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
    part("title", [state, status, ms, process, curl, shell, response.head], () =>
      title(exchange, actions),
    ),
    error && part("error", error, () => trouble(error, actions)),
    part("request", [request, route, script, variables], () => requestSteps(exchange, steps)),
    runs && part("process", [program, process, stdin, state], () => processStep(exchange, steps)),
    runs &&
      part("output", [stdout, stdout_head, header_lines, stderr, state], () =>
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

function heading([number, text]) {
  return element("h3", {}, element("span", { class: "number" }, String(number)), ` ${text}`);
}

// The two columns of every step.
function pair(className, left, right) {
  return element(
    "div",
    { class: `pair ${className}` },
    element("div", { class: "left" }, left),
    element("div", { class: "right" }, right),
  );
}

function note(...text) {
  return element("p", { class: "note" }, ...text);
}

// [[term, content, key or nothing]...] as a list of terms; those with a key are linked.
function terms(rows, links = null) {
  return element(
    "dl",
    { "data-group": true },
    rows.filter(Boolean).map(([term, content, key]) => {
      const handle = element("span", key ? { role: "link", tabindex: "-1" } : {}, term);
      const row = element("div", {}, element("dt", {}, handle), element("dd", {}, content));
      if (key) links.addOutcome(row, handle, key);
      return row;
    }),
  );
}

function code(text) {
  return element("code", {}, visible(text));
}

function title(exchange, actions) {
  const { id, method, target, status, state } = exchange;
  return element(
    "header",
    {},
    element(
      "p",
      { class: "verdict" },
      element("strong", { class: status >= 500 ? "failed" : null }, statusText(exchange)),
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

function sentence({ id, state, ms, process, client, sent }) {
  const parts = [state === "open" ? "still open" : `after ${duration(ms * 1000)}`];
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

function requestSteps(exchange, steps) {
  const { request, variables } = exchange;
  const head = bytesOf(request.head);
  const parsed = parsedParts(exchange, head);
  const caption = element("p", { class: "note caption" });
  const names = nameTable(exchange, parsed);
  const block = element("section", { class: "way" });
  const links = new Links(block, (keys) => caption.replaceChildren(...captionFor(keys, names)));
  links.onlight([]);

  const raw = rawView(head, {
    label: "Request head",
    marks: headMarks(exchange, parsed),
    links,
    nameOf: (key) => names.get(key).short,
  });
  const body =
    request.body.size > 0
      ? element(
          "div",
          { class: "request-body" },
          element(
            "h4",
            {},
            `Body, ${byteCount(request.body.size)}${exchange.program ? ": becomes standard input" : ""}`,
          ),
          recordedView(request.body, { label: "Request body" }),
        )
      : null;
  block.append(
    pair(
      steps.variables ? "sticky" : "",
      [
        heading(steps.request),
        element("div", { class: "stay" }, raw, cutNote(request.head), caption, body),
      ],
      [
        heading(steps.parsed),
        parsedList(exchange, parsed, links),
        fieldList(exchange, links),
        steps.variables ? [heading(steps.variables), variableLists(variables, links)] : null,
      ],
    ),
  );
  links.ready();
  return block;
}

// The parts of the request line with their place in the head.
function parsedParts({ method, target, request }, head) {
  const lineEnd = head.indexOf(13) < 0 ? head.indexOf(10) : head.indexOf(13);
  const line = textOf(head, 0, Math.max(lineEnd, 0));
  const whole = line === `${method} ${target} ${request.version}`;
  if (!method || !whole) return [];
  const size = (text) => new TextEncoder().encode(text).length;
  const at = size(method) + 1;
  const question = target.indexOf("?");
  const pathEnd = at + size(question < 0 ? target : target.slice(0, question));
  const targetEnd = at + size(target);
  return [
    { name: "Method", value: method, start: 0, end: at - 1 },
    { name: "Path, decoded", value: request.path, start: at, end: pathEnd },
    question >= 0 && { name: "Query", value: request.query, start: pathEnd + 1, end: targetEnd },
    {
      name: "Version",
      value: request.version,
      start: targetEnd + 1,
      end: targetEnd + 1 + size(request.version),
    },
  ]
    .filter(Boolean)
    .map((part, index) => ({ ...part, key: `part ${index}` }));
}

function headMarks({ request, variables }, parsed) {
  return [
    ...parsed.map(({ start, end, key }) => ({ start, end, key })),
    ...request.fields.map(({ start, end }, at) => ({ start, end, key: `field ${at}` })),
    ...variables.flatMap((variable, at) =>
      variable.spans.map(([start, end]) => ({
        start,
        end,
        key: `variable ${at}`,
        class: "becomes",
      })),
    ),
  ];
}

function overlaps(field, variable) {
  return variable.spans.some(([start, end]) => start < field.end && end > field.start);
}

function fateOf(field, variables) {
  const names = variables
    .filter((variable) => overlaps(field, variable))
    .map((variable) => variable.name);
  if (names.length > 0) return `becomes ${names.join(" and ")}`;
  return variables.length > 0 ? "stays with the server" : "";
}

// What a caption and a screen reader say of each key.
function nameTable({ request, variables }, parsed) {
  const table = new Map();
  for (const { key, name } of parsed) table.set(key, { short: name, long: name, rank: 2 });
  request.fields.forEach((field, at) => {
    const fate = fateOf(field, variables);
    table.set(`field ${at}`, {
      short: `field ${field.name}`,
      long: `${field.name}${fate && ": "}${fate}`,
      rank: 1,
    });
  });
  variables.forEach((variable, at) =>
    table.set(`variable ${at}`, {
      short: variable.name,
      long: `${variable.name}, from the ${variable.from} (${clauseText(variable.clause)})`,
      rank: 0,
    }),
  );
  return table;
}

// The most telling of what the lit bytes are part of.
function captionFor(keys, names) {
  if (keys.length === 0) {
    return ["Point at bytes or at a variable: what belongs together lights up."];
  }
  const known = keys.map((key) => names.get(key));
  const best = Math.min(...known.map(({ rank }) => rank));
  const text = known
    .filter(({ rank }) => rank === best)
    .map(({ long }) => long)
    .join("; ");
  return [element("span", { class: "lit-text" }, visible(text))];
}

function parsedList({ request, route, script }, parsed, links) {
  return terms(
    [
      ...parsed.map(({ name, value, key }) => [name, code(value), key]),
      route && [
        "Map",
        [code(route.prefix), ` serves ${route.serves} `, code(route.target), `, ${route.why}`],
      ],
      script && [
        "Program",
        [code(script.file), script.interpreter ? [", run by ", code(script.interpreter)] : null],
      ],
      script && [
        "Left for it",
        script.path_info === null
          ? "nothing of the path"
          : [code(script.path_info), " of the path"],
      ],
    ],
    links,
  );
}

function fieldList({ request, variables }, links) {
  if (request.fields.length === 0) return null;
  const rows = request.fields.map((field, at) => {
    const fate = fateOf(field, variables);
    return [visible(field.name), [code(field.value), fate ? note(fate) : null], `field ${at}`];
  });
  return element(
    "details",
    { open: variables.length === 0, ontoggle: () => links.draw() },
    element("summary", {}, count(rows.length, "header field", "header fields")),
    terms(rows, links),
  );
}

function variableLists(variables, links) {
  const indexed = variables.map((variable, at) => ({ ...variable, key: `variable ${at}` }));
  const start = ({ spans }) => Math.min(...spans.map(([first]) => first));
  const fromBytes = indexed
    .filter(({ spans }) => spans.length > 0)
    .sort((a, b) => start(a) - start(b));
  const others = Map.groupBy(
    indexed.filter(({ spans }) => spans.length === 0),
    ({ from }) => from,
  );
  return [
    variableList("from these bytes", fromBytes, links),
    ...[...others].map(([from, group]) => variableList(`from the ${from}`, group, links)),
  ];
}

function variableList(name, variables, links) {
  if (variables.length === 0) return null;
  const items = variables.map((variable) => variableItem(variable, links));
  return [
    element("h4", {}, name),
    element("ul", { class: "variables", "data-group": true, "aria-label": name }, items),
  ];
}

function variableItem({ name, value, clause, key }, links) {
  const handle = element("span", { class: "name", role: "link", tabindex: "-1" }, visible(name));
  const item = element(
    "li",
    {},
    element(
      "span",
      { class: "assignment" },
      handle,
      element("span", { class: "equals" }, "="),
      visible(value),
    ),
    " ",
    element("span", { class: "origin" }, clauseText(clause)),
  );
  links.addOutcome(item, handle, key, true);
  return item;
}

function clauseText(clause) {
  return /^\d/.test(clause) ? `RFC 3875, ${clause}` : clause;
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
    ["Peak memory", memory(process.max_rss_kib)],
  ];
}

function memory(kib) {
  return kib >= 1024 ? `${(kib / 1024).toFixed(1)} MiB` : `${kib} KiB`;
}

function outputStep(exchange, steps) {
  const block = element("section", { class: "way" });
  const links = new Links(block);
  block.append(
    pair(
      "",
      [heading(steps.output), outputBytes(exchange, links)],
      [element("h4", {}, "What the server did with it"), lineMeanings(exchange, links)],
    ),
    ...stderrPair(exchange.stderr),
  );
  links.ready();
  return block;
}

function outputBytes({ stdout, stdout_head, header_lines, state }, links) {
  if (stdout.size === 0) return note(state === "open" ? "Nothing yet." : "It printed nothing.");
  const all = bytesOf(stdout);
  const marks = header_lines.map(({ start, end }, at) => ({
    start,
    end,
    key: `line ${at}`,
    class: "becomes",
  }));
  const nameOf = (key) => header_lines[Number(key.slice("line ".length))].meaning;
  const headEnd =
    stdout_head > 0
      ? Math.min(stdout_head, all.length)
      : Math.min(all.length, Math.max(512, ...marks.map(({ end }) => end)));
  const head = rawView(all.subarray(0, headEnd), { label: "Header block", marks, links, nameOf });
  const rest =
    all.length > headEnd
      ? rawView(all.subarray(headEnd), { label: stdout_head > 0 ? "Body" : "More output" })
      : null;
  const bodySize = stdout.size - stdout_head;
  if (stdout_head === 0) {
    return [
      element("h4", {}, `Standard output, ${byteCount(stdout.size)}`),
      head,
      rest,
      cutNote(stdout),
    ];
  }
  return [
    element("h4", {}, `Header block, ${byteCount(stdout_head)}`),
    head,
    element("h4", {}, bodySize > 0 ? `Body, ${byteCount(bodySize)}` : "Body: none"),
    rest,
    cutNote(stdout),
  ];
}

function lineMeanings({ header_lines, stdout_head, stdout }, links) {
  const items = header_lines.map(({ text, meaning }, at) => {
    const handle = element("code", { class: "name", role: "link", tabindex: "-1" }, visible(text));
    const item = element(
      "li",
      {},
      element("span", { class: "assignment" }, handle),
      " ",
      element("span", { class: "meaning" }, visible(meaning)),
    );
    links.addOutcome(item, handle, `line ${at}`, true);
    return item;
  });
  const list =
    items.length > 0
      ? element(
          "ul",
          { class: "variables", "data-group": true, "aria-label": "Header lines" },
          items,
        )
      : null;
  if (stdout_head > 0)
    return [
      list,
      note("The empty line ends the header block. What follows is sent on as it comes."),
    ];
  return [list, stdout.size > 0 ? note("No empty line ended a header block.") : null];
}

function stderrPair({ lines, cut }) {
  if (lines.length === 0) return [];
  const text = lines.flatMap((line) => [...visible(line), "\n"]);
  return [
    pair(
      "aside",
      [
        element("h4", {}, "Standard error"),
        element(
          "pre",
          { class: "raw stderr", tabindex: "0", role: "group", "aria-label": "Standard error" },
          text,
        ),
        cut ? element("p", { class: "note cut" }, "Cut: only the last lines are kept.") : null,
      ],
      [note("It goes to the server’s log. The client sees none of it.")],
    ),
  ];
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
