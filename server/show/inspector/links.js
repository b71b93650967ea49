// Bytes on the left, what they became on the right: point at one, or give it the focus, and the other
// lights up. Where the two stand side by side, lines between them show it at rest as well.

import { svg } from "./element.js";

// The narrowest gap that lines are drawn into, in pixels.
const gap = 24;

export class Links {
  #root;
  #bytes = new Map(); // key -> the segments of bytes, in order
  #outcomes = new Map(); // key -> {row, handle}
  #keys = new WeakMap(); // segment or row or handle -> its keys
  #hovered = null;
  #focused = null;
  #lines = svg("svg", { class: "lines", "aria-hidden": "true" });
  #drawing = false;
  #watch = new ResizeObserver(() => this.draw());

  // root: the element that holds both sides; onlight(keys): called with what is lit.
  constructor(root, onlight = () => {}) {
    this.#root = root;
    this.onlight = onlight;
    root.classList.add("linked");
    root.addEventListener("pointerover", (event) => this.#hover(this.#source(event.target)));
    root.addEventListener("pointerleave", () => this.#hover(null));
    root.addEventListener("focusin", (event) => this.#focus(this.#source(event.target)));
    root.addEventListener("focusout", () => this.#focus(null));
    root.addEventListener("click", (event) => this.#reveal(this.#source(event.target)));
    root.addEventListener("keydown", (event) => this.#key(event));
    root.addEventListener("scroll", () => this.draw(), { capture: true, passive: true });
    this.#watch.observe(root);
  }

  addBytes(segment, keys) {
    this.#keys.set(segment, keys);
    for (const key of keys) this.#bytes.set(key, [...(this.#bytes.get(key) ?? []), segment]);
  }

  // row lights up; handle, inside it, takes the focus. line: draw one at rest too.
  addOutcome(row, handle, key, line = false) {
    this.#keys.set(row, [key]);
    this.#outcomes.set(key, { row, handle, line });
  }

  // To be called once all is in place.
  ready() {
    for (const key of this.#bytes.keys()) {
      if (this.#outcomes.has(key)) this.#outcomes.get(key).row.classList.add("from-bytes");
    }
    for (const group of this.#root.querySelectorAll("[data-group], pre.raw")) {
      const first = group.querySelector("[role=link]");
      if (first) first.tabIndex = 0;
      // A view whose parts take the focus need not take it itself.
      if (first && group.matches("pre")) group.tabIndex = -1;
    }
    this.#root.append(this.#lines);
    this.draw();
  }

  // Redraws the lines with the next frame.
  draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      if (this.#root.isConnected) this.#drawLines();
    });
  }

  #source(target) {
    for (let at = target; at && at !== this.#root; at = at.parentElement)
      if (this.#keys.has(at)) return at;
    return null;
  }

  #hover(source) {
    if (source === this.#hovered) return;
    this.#hovered = source;
    this.#light();
  }

  #focus(source) {
    this.#focused = source;
    this.#light();
  }

  #isBytes(source) {
    return source.classList.contains("bytes");
  }

  #counterparts(source) {
    const keys = this.#keys.get(source);
    if (!this.#isBytes(source)) return keys.flatMap((key) => this.#bytes.get(key) ?? []);
    return keys.flatMap((key) => this.#outcomes.get(key)?.row ?? []);
  }

  #light() {
    for (const lit of this.#root.querySelectorAll(".lit")) lit.classList.remove("lit");
    const source = this.#hovered ?? this.#focused;
    const others = source ? this.#counterparts(source) : [];
    this.#root.classList.toggle("lighting", others.length > 0);
    if (source) {
      source.classList.add("lit");
      for (const other of others) other.classList.add("lit");
      if (others.length > 0 && !this.#isBytes(source)) scrollInside(others[0]);
    }
    this.onlight(source ? this.#keys.get(source) : []);
    this.draw();
  }

  // The other side may be out of sight: on a click it comes into it.
  #reveal(source) {
    if (!source || !getSelection().isCollapsed) return;
    const [other] = this.#counterparts(source);
    if (!this.#isBytes(source))
      this.#outcomes.get(this.#keys.get(source)[0]).handle.focus({ preventScroll: true });
    if (other) other.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

  #key(event) {
    const source = this.#source(event.target);
    if (!source || event.target.getAttribute("role") !== "link") return;
    if (event.key === "Enter") {
      const [other] = this.#counterparts(source);
      if (other)
        takeFocus(
          this.#isBytes(source) ? this.#outcomes.get(this.#keys.get(source)[0]).handle : other,
        );
      event.preventDefault();
    } else {
      step(event);
    }
  }

  #drawLines() {
    const box = this.#root.getBoundingClientRect();
    const paths = [];
    for (const [key, { row, line }] of this.#outcomes) {
      const lit = row.classList.contains("lit") && this.#bytes.has(key);
      if ((!line && !lit) || row.closest("details:not([open])")) continue;
      const segment = this.#segmentFor(key, lit);
      const path = segment && linePath(segment, row, box, lit);
      if (path) paths.push([lit, linkLine(path, row, lit)]);
    }
    paths.sort(([a], [b]) => Number(a) - Number(b));
    this.#lines.replaceChildren(...paths.map(([, path]) => path));
  }

  #segmentFor(key, lit) {
    const all = this.#bytes.get(key) ?? [];
    return (lit && all.find((segment) => segment.classList.contains("lit"))) || all[0];
  }
}

function linkLine(path, row, lit) {
  return svg("path", { d: path, class: lit ? "lit" : null, "data-origin": row.dataset.origin });
}

// Along the foot of the bytes to the edge of their view, then over to the row. Nothing where the
// two do not stand side by side, or the bytes are scrolled away.
function linePath(segment, row, box, lit) {
  const from = segment.getClientRects()[0];
  const view = segment.closest("pre").getBoundingClientRect();
  const to = row.getBoundingClientRect();
  if (!from || to.left - view.right < gap) return null;
  if (from.bottom < view.top || from.top > view.bottom) return null;
  const firstLine = parseFloat(getComputedStyle(row).fontSize);
  const [x1, x2] = [view.right - box.left, to.left - box.left - 6];
  const y1 = from.bottom - 1.5 - box.top;
  const y2 = to.top - box.top + Math.min(to.height / 2, firstLine);
  const bend = (x2 - x1) * 0.6;
  const run = lit ? `M${from.right - box.left} ${y1}H${x1}` : `M${x1} ${y1}`;
  return `${run}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}m-5 -4l5 4l-5 4`;
}

// Scrolls the view that holds the bytes, never the page: the pointer stays where it is.
function scrollInside(segment) {
  const view = segment.closest("pre");
  const [inner, outer] = [segment.getBoundingClientRect(), view.getBoundingClientRect()];
  if (inner.top < outer.top) view.scrollTop -= outer.top - inner.top + 16;
  else if (inner.bottom > outer.bottom)
    view.scrollTop += Math.min(inner.bottom - outer.bottom + 16, inner.top - outer.top);
}

// One Tab stop for a group; the arrows move inside it.
function step(event) {
  const moves = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
  const group = event.target.closest("[data-group], pre.raw");
  const all = [...group.querySelectorAll("[role=link]")];
  const at = all.indexOf(event.target);
  const ends = { Home: 0, End: all.length - 1 };
  const next = all[event.key in ends ? ends[event.key] : at + (moves[event.key] ?? NaN)];
  if (!next) return;
  event.preventDefault();
  takeFocus(next);
}

function takeFocus(next) {
  const group = next.closest("[data-group], pre.raw");
  for (const other of group.querySelectorAll("[role=link]"))
    other.tabIndex = other === next ? 0 : -1;
  next.focus();
}
