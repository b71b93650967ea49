// Steps 1 to 3: the bytes of the request, what they say, what they become.

import { bytesOf, cutNote, rawView, recordedView, textOf, visible } from "./bytes.js";
import { element } from "./element.js";
import { Links } from "./links.js";
import { code, heading, note, pair, terms } from "./step.js";
import { bytes as byteCount, count } from "./units.js";

export function requestSteps(exchange, steps) {
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
