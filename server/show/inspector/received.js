// What a recording knows of the body of its request: what was read for a script, and no more.

import { bytes as byteCount, grouped } from "./units.js";

function valueOf({ fields }, wanted) {
  return fields.find(({ name }) => name.toLowerCase() === wanted)?.value;
}

export function isChunked(request) {
  return valueOf(request, "transfer-encoding") !== undefined;
}

// How long the body is; null where nobody knows. Of chunks only the server that has read all of them
// knows it, and it tells the script.
function lengthOf({ request, variables }) {
  const counted = variables.find(({ name }) => name === "CONTENT_LENGTH")?.value;
  const text = isChunked(request) ? counted : (valueOf(request, "content-length") ?? "0");
  return /^\d+$/.test(text ?? "") ? Number(text) : null;
}

// Whether all of the body has been read, whether all of it is kept or not.
export function hasReadBody(exchange) {
  return lengthOf(exchange) === exchange.request.body.size;
}

export function hasWholeBody(exchange) {
  return hasReadBody(exchange) && !exchange.request.body.cut;
}

// How much is known of a body that has not been read to its end.
export function partRead(exchange) {
  const { size } = exchange.request.body;
  const length = lengthOf(exchange);
  const were = size === 1 ? "was" : "were";
  if (size === 0) {
    const of = length === null ? "nothing of it" : `none of its ${byteCount(length)}`;
    return `${of} was handed to a script`;
  }
  if (!exchange.program) return `${byteCount(size)} of it ${were} read`;
  if (length === null) return `${byteCount(size)} of it ${were} handed to the script`;
  return `${grouped(size)} of the ${byteCount(length)} ${were} handed to the script`;
}
