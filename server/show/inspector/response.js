// Stage 6: the response as it went to the client.

import { bodyView } from "./body.js";
import { bytesOf, recordedView, textOf } from "./bytes.js";
import { element } from "./element.js";
import { code, heading, note, pair, terms } from "./step.js";
import { bytes as byteCount } from "./units.js";

const framings = {
  "content-length": "Content-Length says how many bytes follow.",
  chunked: "In chunks, each with its size, as the length was not known at the beginning.",
  "until close": "The end of the connection.",
  none: "It has no body.",
};

export function responseStep({ response, sent, state }, steps) {
  const { head } = response;
  const left = [heading(steps.response)];
  if (head.size === 0) {
    left.push(note(state === "open" ? "Nothing has been sent yet." : "Nothing was sent."));
  } else {
    left.push(
      element("h4", {}, `Head, ${byteCount(head.size)}`),
      recordedView(head, { label: "Response head" }),
      responseBody(response),
    );
  }
  const right = head.size === 0 ? null : responseFacts(response, sent, state);
  return element("section", { class: "way" }, pair("", left, right));
}

function responseBody({ head, body }) {
  if (body.size === 0) return null;
  return bodyView(body, {
    title: `Body, ${byteCount(body.size)}`,
    label: "Response body",
    fields: fieldsIn(head),
  });
}

function fieldsIn(head) {
  return textOf(bytesOf(head))
    .split("\n")
    .slice(1)
    .map((line) => /^([^:]+):\s*(.*?)\s*$/.exec(line))
    .filter(Boolean)
    .map(([, name, value]) => ({ name, value }));
}

function responseFacts({ status, framing, complete }, sent, state) {
  const broken = element("span", { class: "failed" }, "in part: it broke off");
  return terms([
    ["Status", code(String(status))],
    ["Content", byteCount(sent)],
    ["What ends it", framings[framing] ?? framing],
    ["Sent", state === "open" ? "It goes on." : complete ? "to its end" : broken],
  ]);
}
