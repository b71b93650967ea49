// The distribution of a list of times on a logarithmic scale: a histogram with its median and its
// 95th percentile.
import { drawing } from "./element.js";

export function quantile(values, q) {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

const BINS = 50;
const HEIGHT = 40;

// Draws into an SVG whose viewBox is "0 0 400 44". The axis goes from 10^first to 10^last; each plot has
// the height of its own fullest bin.
export function drawSpread(svg, values, { first, last }) {
  const place = (value) => (Math.log10(Math.max(value, 1e-3)) - first) / (last - first);
  const within = (share) => Math.min(1, Math.max(0, share));
  const bins = new Array(BINS).fill(0);
  for (const value of values) ++bins[Math.min(BINS - 1, Math.floor(within(place(value)) * BINS))];
  const fullest = Math.max(...bins, 1);
  const width = 400 / BINS;
  const bars = bins.map((count, at) => {
    const height = count === 0 ? 0 : Math.max(2, Math.round((HEIGHT * count) / fullest));
    return height ? `M${at * width} ${HEIGHT}v-${height}h${width - 0.5}v${height}z` : "";
  });
  const line = (name, x, top) => drawing("line", { class: name, x1: x, x2: x, y1: top, y2: HEIGHT + 4 });
  const at = (q) => Math.round(400 * within(place(quantile(values, q))));
  const grid = [];
  for (let power = first; power <= last; ++power) grid.push(line("grid", (400 * (power - first)) / (last - first), 0));
  svg.replaceChildren(
    ...grid,
    drawing("line", { class: "base", x1: 0, x2: 400, y1: HEIGHT, y2: HEIGHT }),
    drawing("path", { class: "bars", d: bars.join("") }),
    line("p95", at(0.95), 8),
    line("median", at(0.5), 0),
  );
}

// How far two medians of such lists can be apart by chance: twice the standard error of their
// difference, and no less than a tick of the clock.
export function noise(one, other) {
  const error = (values) => (0.93 * (quantile(values, 0.75) - quantile(values, 0.25))) / Math.sqrt(values.length);
  const sorted = [...new Set([...one, ...other])].sort((a, b) => a - b);
  const steps = sorted.slice(1).map((value, at) => value - sorted[at]);
  const tick = Math.min(...steps.filter((step) => step > 0.01), Infinity);
  return Math.max(2 * Math.hypot(error(one), error(other)), Number.isFinite(tick) ? tick : 0);
}
