// Sends a request through the server's own connection code.

import { bytesOf, isPlain, textOf } from "./bytes.js";
import { hasReadBody, hasWholeBody, isChunked, partRead } from "./received.js";
import { bytes as byteCount } from "./units.js";

const encoder = new TextEncoder();

// Fields that say how a body was framed or a connection was to end: they are made anew.
const framing = ["content-length", "transfer-encoding", "connection", "expect"];

function concatenated(parts) {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function nameOf(line) {
  return line.split(":", 1)[0].trim().toLowerCase();
}

// The request as it goes over, and where the lines stand that were filled in. draft: {method,
// target, lines: [text], body: bytes}.
export function requestBytes(draft, host) {
  const given = new Set(draft.lines.map(nameOf));
  const takesBody = draft.body.length > 0 || ["POST", "PUT", "PATCH"].includes(draft.method);
  const lines = [{ text: `${draft.method} ${draft.target} HTTP/1.1` }];
  if (!given.has("host")) lines.push({ text: `Host: ${host}`, added: true });
  lines.push(...draft.lines.map((text) => ({ text })));
  if (takesBody && !given.has("content-length") && !given.has("transfer-encoding")) {
    lines.push({ text: `Content-Length: ${draft.body.length}`, added: true });
  }
  if (!given.has("connection")) lines.push({ text: "Connection: close", added: true });
  return assembled(lines, draft.body);
}

function assembled(lines, body) {
  const parts = [];
  const added = [];
  let at = 0;
  for (const line of lines) {
    const part = encoder.encode(`${line.text}\r\n`);
    if (line.added) added.push({ start: at, end: at + part.length - 2, class: "added" });
    parts.push(part);
    at += part.length;
  }
  return { bytes: concatenated([...parts, encoder.encode("\r\n"), body]), added };
}

// The draft that would send a recorded exchange again. lack: what is missing of its body, and
// changes: what of its head cannot be typed, as sentences.
export function draftOf(exchange) {
  const { request, method, target } = exchange;
  const head = bytesOf(request.head);
  const kept = request.fields.filter(({ name }) => !framing.includes(name.toLowerCase()));
  return {
    method: method || "GET",
    target: target || "/",
    lines: kept.map(({ start, end }) => textOf(head, start, end).replace(/\r?\n$/, "")),
    body: bytesOf(request.body),
    lack: lackOf(exchange),
    changes: changesOf(request, head),
  };
}

// What is missing of the body, for whoever would send it again; nothing if it is all there.
export function lackOf(exchange) {
  const { body } = exchange.request;
  if (hasWholeBody(exchange)) return "";
  if (!hasReadBody(exchange)) return `Its body is not known whole: ${partRead(exchange)}.`;
  return `Of the ${byteCount(body.size)} of its body only the first ${byteCount(bytesOf(body).length)} are kept.`;
}

function changesOf({ version }, head) {
  const changes = [];
  if (version && version !== "HTTP/1.1") changes.push(`It came as ${version} and goes as HTTP/1.1.`);
  if (!isPlain(head))
    changes.push("It has bytes that are no UTF-8 and cannot be typed: � is sent for each of them.");
  return changes;
}

// Of what could not be read the head alone was refused, whatever its body was.
export function canRunAgain(exchange) {
  const { head, version } = exchange.request;
  return head.size > 0 && !head.cut && (version === "" || hasWholeBody(exchange));
}

// The recorded request, byte for byte, to be sent again at once. Chunks are not recorded: the body of
// one that came in chunks is one chunk.
export function recordedBytes({ request }) {
  const body = bytesOf(request.body);
  return concatenated([bytesOf(request.head), ...(isChunked(request) ? oneChunk(body) : [body])]);
}

// RFC 9112, 7.1
function oneChunk(body) {
  const chunk = [encoder.encode(`${body.length.toString(16)}\r\n`), body, encoder.encode("\r\n")];
  return [...(body.length > 0 ? chunk : []), encoder.encode("0\r\n\r\n")];
}

// Gives {id, response, note}; throws where it was not sent.
export async function send(bytes) {
  const answer = await fetch("send", {
    method: "POST",
    headers: { "Gatehouse-Inspector": "1", "Content-Type": "application/octet-stream" },
    body: bytes,
  });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.json();
}
