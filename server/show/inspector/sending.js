// Sends a request through the server's own connection code.

import { bytesOf, textOf } from "./bytes.js";

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

// The draft that would send a recorded exchange again.
export function draftOf(exchange) {
  const { request, method, target } = exchange;
  const head = bytesOf(request.head);
  const kept = request.fields.filter(({ name }) => !framing.includes(name.toLowerCase()));
  return {
    method: method || "GET",
    target: target || "/",
    lines: kept.map(({ start, end }) => textOf(head, start, end).replace(/\r?\n$/, "")),
    body: bytesOf(request.body),
    cut: request.body.cut ? request.body.size : 0,
  };
}

export function canRunAgain({ request }) {
  return request.head.size > 0 && !request.head.cut && !request.body.cut;
}

// The recorded request, to be sent again at once. What could not be read goes as it came.
export function recordedBytes(exchange) {
  const { request, method } = exchange;
  if (method && request.version) return requestBytes(draftOf(exchange), location.host).bytes;
  return concatenated([bytesOf(request.head), bytesOf(request.body)]);
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
