// The times of an exchange, drawn to scale: who worked when.

import { element, svg } from "./element.js";
import { duration } from "./units.js";

const moments = [
  ["accepted", "accepted"],
  ["first_byte", "first byte"],
  ["head_read", "head read"],
  ["asked", "application asked"],
  ["process_started", "process started"],
  ["first_output", "first output"],
  ["response_began", "response began"],
  ["output_ended", "output ended"],
  ["ended", "end"],
];

const rowHeight = 2.1; // all sizes in em of the drawing's text
const barHeight = 1.2;

// times: microseconds since the first byte, null for what did not happen. elapsed: of an exchange
// that is still open, else null.
// queued: milliseconds in which the exchange has waited for a worker, or null.
export function timeline(times, elapsed, queued = null) {
  const figure = element("figure", { class: "timeline" });
  times = { first_byte: 0, ...times };
  const drawing = svg("svg", { role: "img", "aria-label": spoken(times) });
  figure.append(drawing, momentList(times));
  let width = 0;
  new ResizeObserver(([entry]) => {
    if (entry.contentRect.width === width) return;
    width = entry.contentRect.width;
    if (width > 0) draw(drawing, times, elapsed, queued, width);
  }).observe(figure);
  return figure;
}

function happened(times) {
  return moments
    .filter(([key]) => typeof times[key] === "number")
    .sort(([a], [b]) => times[a] - times[b]);
}

function spoken(times) {
  return `Timeline: ${happened(times)
    .map(([key, name]) => `${name} ${duration(times[key])}`)
    .join(", ")}`;
}

function momentList(times) {
  const items = happened(times).map(([key, name]) =>
    element(
      "li",
      {},
      element("span", {}, name),
      " ",
      element("strong", {}, times[key] === 0 ? "0" : duration(times[key])),
    ),
  );
  return element("ol", { class: "moments" }, items);
}

// Those that work or wait: [label, from, to, class, when it began to bear fruit].
function bars(times, end, queued) {
  const free = times.asked ?? times.ended; // a worker was, or none ever
  const bar = (label, from, to, kind, fruit = null) =>
    typeof from === "number"
      ? { label, from, to: Math.max(to ?? end, from), kind, fruit, open: to === null }
      : null;
  return [
    bar("Request", 0, times.head_read, "request"),
    queued === null || typeof free !== "number"
      ? null
      : bar("Queue", Math.max(free - queued * 1000, 0), free, "queue"),
    bar(
      "Program",
      times.process_started ?? times.asked,
      times.output_ended ?? times.ended,
      "program",
      times.first_output,
    ),
    bar("Response", times.response_began, times.ended, "response"),
  ].filter(Boolean);
}

function draw(drawing, times, elapsed, queued, width) {
  const em = parseFloat(getComputedStyle(drawing).fontSize);
  const known = happened(times).map(([key]) => times[key]);
  const last = Math.max(1, ...known);
  const end = elapsed ?? last;
  // An accept long before the first byte (a connection opened ahead) would leave no room for the rest.
  const begin = times.accepted < 0 && -times.accepted < end / 4 ? times.accepted : 0;
  const left = 5.5 * em;
  const x = (time) => left + ((time - begin) / (end - begin)) * (width - left - 1);
  const rows = bars(times, end, queued);
  const height = (rows.length * rowHeight + 1.8) * em;

  drawing.setAttribute("width", width);
  drawing.setAttribute("height", height);
  drawing.replaceChildren(
    ...axis(begin, end, x, rows.length * rowHeight * em, em),
    ...rows.flatMap((bar, at) => barParts(bar, at * rowHeight * em, x, width, em)),
  );
}

function barParts(bar, top, x, width, em) {
  const [from, to] = [x(bar.from), Math.max(x(bar.to), x(bar.from) + 2)];
  const y = top + ((rowHeight - barHeight) / 2) * em;
  const base = { y, height: barHeight * em };
  const fruit = bar.fruit === null ? null : Math.min(Math.max(x(bar.fruit), from), to);
  const parts = [svg("text", { x: 0, y: top + (rowHeight / 2) * em, class: "label" }, bar.label)];
  parts.push(
    svg("rect", {
      ...base,
      x: from,
      width: to - from,
      class: `${bar.kind}${fruit === null ? "" : " waiting"}`,
    }),
  );
  if (fruit !== null)
    parts.push(svg("rect", { ...base, x: fruit, width: Math.max(to - fruit, 2), class: bar.kind }));
  const text = bar.open ? `${duration(bar.to - bar.from)} so far` : duration(bar.to - bar.from);
  parts.push(durationLabel(text, from, to, top, width, em));
  return parts;
}

// After the bar where there is room, else before it, else on it.
function durationLabel(text, from, to, top, width, em) {
  const needed = text.length * 0.62 * em;
  const y = top + (rowHeight / 2) * em;
  if (to + needed + em < width) return svg("text", { x: to + 0.5 * em, y }, text);
  if (from - needed > 6 * em)
    return svg("text", { x: from - 0.5 * em, y, "text-anchor": "end" }, text);
  return svg("text", { x: to - 0.5 * em, y, "text-anchor": "end", class: "on-bar" }, text);
}

function axis(begin, end, x, bottom, em) {
  const room = (x(end) - x(begin)) / (6 * em);
  const step = niceStep((end - begin) / Math.max(room, 1));
  const parts = [svg("path", { d: `M${x(begin)} ${bottom}H${x(end)}`, class: "axis" })];
  for (let time = Math.ceil(begin / step) * step; time <= end; time += step) {
    const anchor =
      x(time) + 2 * em > x(end) ? "end" : time === 0 && begin === 0 ? "start" : "middle";
    parts.push(svg("path", { d: `M${x(time)} 0V${bottom}`, class: "grid" }));
    parts.push(
      svg(
        "text",
        { x: x(time), y: bottom + 1 * em, "text-anchor": anchor, class: "tick" },
        time === 0 ? "0" : duration(time),
      ),
    );
  }
  return parts;
}

// 1, 2 or 5 times a power of ten, at least as large.
function niceStep(atLeast) {
  const power = 10 ** Math.floor(Math.log10(Math.max(atLeast, 1)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= atLeast);
}
