// The first request and the first answer of one connection, as a program takes them that speaks HTTP.
import { decoded, parts } from "./wire.js";

const TAKES_BODY = ["POST", "PUT", "PATCH", "DELETE"];

function headOf(bytes) {
  const lines = parts(bytes).filter(({ kind }) => kind !== "body");
  const fields = lines
    .filter(({ kind }) => kind === "field")
    .map(({ text }) => /^([^:]*):?\s*(.*?)\s*$/s.exec(text))
    .map(([, name, value]) => ({ name, value }));
  const last = lines.at(-1);
  return { text: lines.map(({ text }) => text).join(""), first: lines[0]?.text ?? "", fields, end: last?.kind === "empty" ? last.end : 0 };
}

function lengthIn(fields) {
  const { value } = fields.find(({ name }) => name.toLowerCase() === "content-length") ?? {};
  return /^\d+$/.test(value ?? "") ? Number(value) : null;
}

// sent: the bytes of each time that something was sent. Where the request does not say how long its
// body is, that is what was sent in one go with the end of its head.
// Gives {method, target, fields, head, body: text, counted}: counted if it says the length itself.
// method is "" where the first line is that of no request.
export function requestIn(sent) {
  const bytes = Uint8Array.from(sent.flatMap((one) => [...one]));
  const head = headOf(bytes);
  const [, method = "", target = "/"] = /^([!-~]+) (\/\S*) HTTP\/1\.\d\r?\n$/.exec(head.first) ?? [];
  const length = lengthIn(head.fields);
  let end = 0;
  for (const one of sent) if (end < head.end) end += one.length;
  if (length !== null) end = head.end + length;
  else if (!TAKES_BODY.includes(method)) end = head.end;
  const body = head.end > 0 ? decoded(bytes.subarray(head.end, end)) : "";
  return { method, target, fields: head.fields, head: head.text, body, counted: length !== null, begun: head.first.endsWith("\n") };
}

// Of the body that is read which Content-Length announces, and no more.
// Gives {status, fields, head, body: bytes, whole}.
export function answerIn(received, method) {
  const head = headOf(received);
  const length = method === "HEAD" ? 0 : (lengthIn(head.fields) ?? 0);
  const body = head.end > 0 ? received.subarray(head.end, head.end + length) : new Uint8Array();
  const status = /^HTTP\/[\d.]+ (\d+)/.exec(head.first)?.[1] ?? "";
  return { status, fields: head.fields, head: head.text, body, whole: head.end > 0 && body.length === length };
}
