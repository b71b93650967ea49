// A message as it went over the wire: its lines, each with what it is for.
import { element } from "./element.js";

const LF = 10;

// [{start, end, text, kind}]: the first line, fields, the empty line that ends the head, the body.
// `end` is behind the line's end.
export function parts(bytes) {
  const result = [];
  for (let start = 0; start < bytes.length; ) {
    const lf = bytes.indexOf(LF, start);
    const end = lf < 0 ? bytes.length : lf + 1;
    const text = decoded(bytes.subarray(start, end));
    const kind = /^\r?\n$/.test(text) ? "empty" : start === 0 ? "first" : "field";
    result.push({ start, end, text, kind });
    start = end;
    if (kind !== "empty") continue;
    if (start < bytes.length)
      result.push({ start, end: bytes.length, text: decoded(bytes.subarray(start)), kind: "body" });
    break;
  }
  return result;
}

export function decoded(bytes) {
  return new TextDecoder("utf-8").decode(bytes);
}

// The text with its line ends made visible, as \r\n.
export function visible(text) {
  return text
    .split(/(\r\n|\r|\n)/)
    .filter((piece) => piece !== "")
    .flatMap((piece) =>
      piece === "\r\n" || piece === "\n" || piece === "\r"
        ? [element("i", {}, piece.replace("\r", "\\r").replace("\n", "\\n")), "\n"]
        : [piece],
    );
}

const MEANINGS = {
  "accept-ranges": "Parts of this can be asked for: “bytes 100 to 199”.",
  "cache-control": "Whether and how long a copy may be kept.",
  connection: "Whether the connection stays open after this.",
  "content-length": "How many bytes the body has. So the browser knows where it ends.",
  "content-security-policy": "What a page with this content may load and run.",
  "content-type": "What the body is, so that the browser knows what to do with it.",
  "content-encoding": "How the body was packed for the way.",
  date: "When the server made this response.",
  etag: "A name for exactly this version of the content.",
  host: "Which site is meant. One server may answer for many.",
  "last-modified": "When the file was last changed.",
  location: "Where to go instead.",
  server: "The program that answered.",
  "set-cookie": "A note to keep and to bring back with later requests.",
  "transfer-encoding": "The body comes in pieces, each with its size before it.",
  vary: "Which fields of the request this answer depends on.",
  "x-content-type-options": "“nosniff”: believe Content-Type, do not guess.",
  "user-agent": "The program that asks.",
  accept: "What kinds of content the browser would like.",
};

function meaning(part, first) {
  if (part.kind === "first") return first;
  if (part.kind === "empty") return "An empty line. The head ends here.";
  if (part.kind === "body") return `The body: ${part.end - part.start} bytes.`;
  const name = part.text.split(":", 1)[0].trim().toLowerCase();
  return MEANINGS[name] ?? "A field: name, colon, value.";
}

function numbers(bytes) {
  const shown = [...bytes.subarray(0, 48)].map((b) => b.toString(16).padStart(2, "0")).join(" ");
  return bytes.length > 48 ? shown + " …" : shown;
}

// Fills `list` with the message. `first` says what its first line is; `asNumbers` shows each line's
// bytes below it.
export function show(list, bytes, { first, asNumbers = false, bodyLimit = 2000 }) {
  list.replaceChildren(
    ...parts(bytes).map((part) => {
      const kind = part.kind === "first" ? "head" : part.kind === "body" ? "rest" : part.kind;
      const cut = part.kind === "body" && part.text.length > bodyLimit;
      const code = element("code", {}, ...visible(cut ? part.text.slice(0, bodyLimit) : part.text));
      if (cut) code.append(element("i", {}, "… and more"));
      const left = element("div", {}, code);
      if (asNumbers) left.append(element("small", {}, numbers(bytes.subarray(part.start, part.end))));
      return element("li", { class: kind }, left, element("span", {}, meaning(part, first)));
    }),
  );
}

// What somebody typed, as bytes: each line ends in CR LF, as HTTP wants it.
export function typed(text) {
  return new TextEncoder().encode(text.replace(/\r?\n/g, "\r\n"));
}
