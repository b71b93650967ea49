// Steps 1 to 3: the bytes of the request, what they say, what they become.

import { bodyView } from "./body.js";
import { bytesOf, cutNote, rawView, textOf, visible } from "./bytes.js";
import { element } from "./element.js";
import { Links } from "./links.js";
import { originOf } from "./origins.js";
import { hasReadBody, partRead } from "./received.js";
import { code, heading, note, pair, terms } from "./step.js";
import { bytes as byteCount, count } from "./units.js";
import { clauseText, variableLists } from "./variables.js";

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
  block.append(
    pair(
      steps.variables ? "sticky" : "",
      [
        heading(steps.request),
        element(
          "div",
          { class: "stay" },
          raw,
          cutNote(request.head),
          caption,
          requestBody(exchange),
        ),
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

function requestBody(exchange) {
  const { request, program } = exchange;
  const options = { label: "Request body", fields: request.fields };
  if (!hasReadBody(exchange)) {
    const title = `Body: ${partRead(exchange)}`;
    return request.body.size === 0
      ? note(title)
      : element("div", { "data-origin": "body" }, bodyView(request.body, { title, ...options }));
  }
  if (request.body.size === 0) return null;
  const title = `Body, ${byteCount(request.body.size)}${program ? ": becomes standard input" : ""}`;
  return element(
    "div",
    { class: "request-body", "data-origin": "body" },
    bodyView(request.body, { title, ...options }),
  );
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
    ["Method", method, 0, at - 1, "method"],
    ["Path, decoded", request.path, at, pathEnd, "path"],
    question >= 0 && ["Query", request.query, pathEnd + 1, targetEnd, "query"],
    [
      "Version",
      request.version,
      targetEnd + 1,
      targetEnd + 1 + size(request.version),
      "connection",
    ],
  ]
    .filter(Boolean)
    .map(([name, value, start, end, origin], index) => ({
      ...{ name, value, start, end, origin },
      key: `part ${index}`,
    }));
}

function headMarks({ request, variables }, parsed) {
  return [
    ...parsed.map(({ start, end, key, origin }) => ({ start, end, key, origin })),
    ...request.fields.map(({ start, end }, at) => ({ start, end, key: `field ${at}` })),
    ...variables.flatMap((variable, at) =>
      variable.spans.map(([start, end]) => ({
        start,
        end,
        key: `variable ${at}`,
        class: "becomes",
        origin: originOf(variable),
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
      long: variableCaption(variable),
      rank: 0,
    }),
  );
  return table;
}

function variableCaption({ name, from, clause }) {
  const where = `${name}, from the ${from}`;
  return document.body.classList.contains("sections") ? `${where} (${clauseText(clause)})` : where;
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

function parsedList({ request, route, script, application }, parsed, links) {
  // An application that answers below a prefix, and runs no file.
  const isMapped = application !== null && !script?.interpreter;
  return terms(
    [
      ...parsed.map(({ name, value, key, origin }) => [name, code(value), key, origin]),
      route && [
        "Map",
        [code(route.prefix), ` serves ${route.serves} `, code(route.target), `, ${route.why}`],
      ],
      script && !isMapped && [
        "Program",
        [code(script.file), script.interpreter ? [", run by ", code(script.interpreter)] : null],
      ],
      script && [
        "PATH_INFO",
        script.path_info === null
          ? "not set: the path ends with the program's name"
          : [
              code(script.path_info),
              `, what follows the ${isMapped ? "prefix" : "program's name"} in the path`,
            ],
      ],
    ],
    links,
  );
}

function fieldList({ request, variables }, links) {
  if (request.fields.length === 0) return null;
  const rows = request.fields.map((field, at) => {
    const fate = fateOf(field, variables);
    return [
      visible(field.name),
      [code(field.value), fate ? note(fate) : null],
      `field ${at}`,
      "fields",
    ];
  });
  return element(
    "details",
    { open: variables.length === 0, ontoggle: () => links.draw() },
    element("summary", {}, count(rows.length, "header field", "header fields")),
    terms(rows, links),
  );
}
