// What the program printed, and what the server did with it.

import { bytesOf, cutNote, rawView, visible } from "./bytes.js";
import { element } from "./element.js";
import { Links } from "./links.js";
import { code, heading, note, pair } from "./step.js";
import { bytes as byteCount, count } from "./units.js";

export function outputStep(exchange, steps) {
  const block = element("section", { class: "way" });
  const links = new Links(block);
  block.append(
    pair(
      "",
      [heading(steps.output), outputBytes(exchange, links)],
      [
        exchange.stdout.size > 0 ? element("h4", {}, "What the server did with it") : null,
        lineMeanings(exchange, links),
        remarkList(exchange),
      ],
    ),
    ...stderrPair(exchange.stderr),
  );
  links.ready();
  return block;
}

function outputBytes({ stdout, stdout_head, header_lines, state }, links) {
  if (stdout.size === 0) return note(state === "open" ? "Nothing yet." : "Nothing.");
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
      element("span", { class: "meaning" }, meaningText(meaning)),
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

// The sections of the RFC are there on demand, as they are of the variables.
function meaningText(meaning) {
  return meaning
    .split(/( ?\(RFC [^)]*\))/)
    .map((text, at) => (at % 2 ? element("span", { class: "clause" }, text) : visible(text)));
}

// What the script's author should know although the answer was given.
function remarkList({ remarks }) {
  if (remarks.length === 0) return null;
  return element(
    "ul",
    { class: "remarks", "aria-label": "Remarks" },
    remarks.map(({ reason, text, failed }) =>
      element("li", { class: failed ? "failed" : null }, visible(text), " ", code(reason)),
    ),
  );
}

function stderrPair({ head, tail, lines }) {
  if (lines === 0) return [];
  const left = lines - head.length - tail.length;
  const written = (some) => some.flatMap((line) => [...visible(line), "\n"]);
  const gap = element(
    "span",
    { class: "left-out" },
    `… ${count(left, "line is", "lines are")} left out …\n`,
  );
  return [
    pair(
      "aside",
      [
        element("h4", {}, `Standard error, ${count(lines, "line", "lines")}`),
        element(
          "pre",
          { class: "raw stderr", tabindex: "0", role: "group", "aria-label": "Standard error" },
          [written(head), left > 0 ? gap : null, written(tail)],
        ),
      ],
      [note("It goes to the server’s log. The client sees none of it.")],
    ),
  ];
}
