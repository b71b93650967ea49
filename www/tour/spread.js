// The distribution of a list of times: a histogram with its median and its 95th percentile.
import { drawing } from "./element.js";

export function quantile(values, q) {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

const BINS = 80;
const HEIGHT = 40;

// Draws into an SVG whose viewBox is "0 0 400 44". The axis goes from 0 to `limit`; each plot has the
// height of its own fullest bin.
export function drawSpread(svg, values, limit) {
  const bins = new Array(BINS).fill(0);
  for (const value of values)
    if (value <= limit) ++bins[Math.min(BINS - 1, Math.floor((value / limit) * BINS))];
  const fullest = Math.max(...bins, 1);
  const width = 400 / BINS;
  const bars = bins.map((count, at) => {
    const height = count === 0 ? 0 : Math.max(2, Math.round((HEIGHT * count) / fullest));
    return height ? `M${at * width} ${HEIGHT}v-${height}h${width - 0.5}v${height}z` : "";
  });
  const line = (name, x, top) =>
    drawing("line", { class: name, x1: x, x2: x, y1: top, y2: HEIGHT + 4 });
  const place = (q) => Math.round((400 * Math.min(limit, quantile(values, q))) / limit);
  svg.replaceChildren(
    drawing("line", { class: "base", x1: 0, x2: 400, y1: HEIGHT, y2: HEIGHT }),
    drawing("path", { class: "bars", d: bars.join("") }),
    line("p95", place(0.95), 8),
    line("median", place(0.5), 0),
  );
}
