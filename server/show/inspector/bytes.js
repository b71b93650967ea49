// Raw bytes on the page: line ends made visible, bytes that are no text as escapes, and stretches of
// them marked so that they can be linked. Offsets are always bytes, never characters.

import { element } from "./element.js";
import { bytes as byteCount } from "./units.js";

// How much of a long view is shown before it is asked for.
const shownAtFirst = 6000;

const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

// recorded: as in the JSON, {base64, size, cut}.
export function bytesOf(recorded) {
  const text = atob(recorded?.base64 ?? "");
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function textOf(bytes, start = 0, end = bytes.length) {
  return decoder.decode(bytes.subarray(start, end));
}

// Whether the bytes are text in UTF-8.
export function isPlain(bytes) {
  const again = new TextEncoder().encode(textOf(bytes));
  return again.length === bytes.length && again.every((byte, at) => byte === bytes[at]);
}

// Whether the bytes come out the same if they are shown as text and typed in again.
export function isText(bytes) {
  return isPlain(bytes) && !bytes.includes(13);
}

// The length of the UTF-8 sequence at an offset; 0 if there is none (RFC 3629, 4).
function sequenceLength(bytes, at, end) {
  const first = bytes[at];
  if (first < 0x80) return 1;
  const length =
    first >= 0xc2 && first < 0xe0
      ? 2
      : first >= 0xe0 && first < 0xf0
        ? 3
        : first >= 0xf0 && first < 0xf5
          ? 4
          : 0;
  if (length === 0 || at + length > end) return 0;
  for (let next = at + 1; next < at + length; ++next) if ((bytes[next] & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1];
  const overlongOrSurrogate =
    (first === 0xe0 && second < 0xa0) ||
    (first === 0xed && second > 0x9f) ||
    (first === 0xf0 && second < 0x90) ||
    (first === 0xf4 && second > 0x8f);
  return overlongOrSurrogate ? 0 : length;
}

function escaped(bytes, start, end) {
  let text = "";
  for (let at = start; at < end; ++at) text += `\\x${bytes[at].toString(16).padStart(2, "0")}`;
  return text;
}

// [{kind: "text" | "escape" | "end", text}] for a stretch of bytes; neighbours of a kind are one.
function pieces(bytes, start, end) {
  const out = [];
  const add = (kind, text) => {
    const last = out.at(-1);
    if (last?.kind === kind) last.text += text;
    else out.push({ kind, text });
  };
  for (let at = start; at < end;) {
    const length = sequenceLength(bytes, at, end);
    const text = length > 0 ? textOf(bytes, at, at + length) : "";
    if (bytes[at] === 13 && bytes[at + 1] === 10) add("end", "CR ");
    else if (bytes[at] === 10) {
      add("end", "LF");
      add("text", "\n");
    } else if (bytes[at] === 9) {
      add("end", "TAB");
      add("text", "\t");
    } else if (length === 0 || invisible.test(text))
      add("escape", escaped(bytes, at, at + Math.max(length, 1)));
    else add("text", text);
    at += Math.max(length, 1);
  }
  return out;
}

const pieceElements = {
  text: (text) => text,
  escape: (text) => element("span", { class: "escape" }, text),
  // Letters, as many fonts lack the signs for control characters. Not part of what is read out or
  // copied: there it is a real line end.
  end: (text) => element("span", { class: "end", "aria-hidden": "true" }, text),
};

function shown(bytes, start, end) {
  return pieces(bytes, start, end).map(({ kind, text }) => pieceElements[kind](text));
}

// The same without the line ends.
function readOut(bytes, start, end) {
  return pieces(bytes, start, end)
    .filter(({ kind }) => kind !== "end")
    .map(({ text }) => text)
    .join("")
    .trim();
}

// A string of the JSON, shown in the same way.
export function visible(text) {
  const bytes = new TextEncoder().encode(text ?? "");
  return shown(bytes, 0, bytes.length);
}

// Cuts [0, end) where any mark begins or ends: marks may overlap, the segments do not.
function segments(end, marks) {
  const edges = new Set([0, end]);
  for (const mark of marks) {
    for (const edge of [mark.start, mark.end]) if (edge > 0 && edge < end) edges.add(edge);
  }
  const sorted = [...edges].sort((a, b) => a - b);
  return sorted.slice(0, -1).map((start, index) => ({
    start,
    end: sorted[index + 1],
    marks: marks.filter((mark) => mark.start < sorted[index + 1] && mark.end > start),
  }));
}

// The bytes as one <pre>. marks: [{start, end, key or class, origin}]; a segment that has keys becomes
// one end of a link (see links.js), in the colour of its narrowest mark's origin. label: what the view is, for those who do not see it.
export function rawView(bytes, { label, marks = [], links = null, nameOf = null }) {
  const view = element("pre", { class: "raw", tabindex: "0", role: "group", "aria-label": label });
  const draw = (end) => {
    const made = segments(end, marks).map((segment) =>
      segmentElement(bytes, segment, links, nameOf),
    );
    view.replaceChildren(...made.flat());
  };
  // A view that is linked is drawn once, so that its segments stay the ones that are linked.
  if (links !== null || bytes.length <= shownAtFirst * 1.5) {
    draw(bytes.length);
    return [view];
  }
  draw(shownAtFirst);
  const more = element(
    "button",
    { type: "button", class: "quiet" },
    `Show all ${byteCount(bytes.length)} that are kept`,
  );
  more.addEventListener("click", () => {
    draw(bytes.length);
    more.remove();
    view.focus();
  });
  return [view, more];
}

function narrowest(marks) {
  const width = ({ start, end }) => end - start;
  return marks.filter(({ origin }) => origin).sort((a, b) => width(a) - width(b))[0];
}

function segmentElement(bytes, { start, end, marks }, links, nameOf) {
  if (start === end) return [];
  const content = shown(bytes, start, end);
  const classes = marks.map((mark) => mark.class).filter(Boolean);
  const keys = [...new Set(marks.map((mark) => mark.key).filter(Boolean))];
  if (keys.length === 0 || links === null) {
    return classes.length === 0 ? content : element("span", { class: classes.join(" ") }, content);
  }
  const segment = element(
    "span",
    {
      class: ["bytes", ...classes].join(" "),
      role: "link",
      tabindex: "-1",
      "data-origin": narrowest(marks)?.origin,
    },
    content,
  );
  segment.setAttribute(
    "aria-label",
    `${readOut(bytes, start, end)}: ${keys.map(nameOf).join(", ")}`,
  );
  links.addBytes(segment, keys);
  return segment;
}

// What a recording leaves out, in words; nothing if it is whole.
export function cutNote(recorded) {
  if (!recorded?.cut) return null;
  const kept = bytesOf(recorded).length;
  return element(
    "p",
    { class: "note cut" },
    `Cut: the first ${byteCount(kept)} of ${byteCount(recorded.size)} are kept.`,
  );
}

// A recording with its note, or a sentence where there are no bytes.
export function recordedView(recorded, options, nothing) {
  if (!recorded || recorded.size === 0) return [element("p", { class: "note" }, nothing)];
  return [...rawView(bytesOf(recorded), options), cutNote(recorded)];
}
