// The head of an exchange: what it came to, what was asked, and, below the reason of one that failed,
// what can be done with it.

import { visible } from "./bytes.js";
import { element } from "./element.js";
import { hasWholeBody } from "./received.js";
import { copyButton } from "./step.js";
import { gravityOf } from "./summary.js";
import { bytes as byteCount } from "./units.js";
import { againButton } from "./why.js";

export function title(exchange) {
  const { id, method, target, verdict, client, sent } = exchange;
  return element(
    "header",
    {},
    element(
      "p",
      { class: "verdict" },
      element("strong", { class: gravityOf(exchange) }, visible(verdict)),
      [byteCount(sent), `client ${client}`, `exchange ${id}`].join(" · "),
    ),
    element(
      "h2",
      {},
      element("span", { class: "method" }, visible(method || "?")),
      " ",
      visible(target || "a request that could not be read"),
    ),
  );
}

export function deeds(exchange, actions) {
  const { id, state, why, curl, shell } = exchange;
  const edit = { type: "button", onclick: () => actions.edit(exchange) };
  return element("p", { class: "actions" }, [
    why ? null : againButton(exchange, actions),
    element("button", edit, "Send again, edited"),
    pinButton(exchange, actions),
    copyButton("Copy as curl", hasWholeBody(exchange) ? curl : "", actions),
    copyButton("Copy as shell, without a server", shell, actions),
    element(
      "a",
      { class: "plain", href: `exchanges/${id}?download`, download: `exchange-${id}.json` },
      state === "open" ? "Download what there is as JSON" : "Download as JSON",
    ),
  ]);
}

// A pinned exchange is not forgotten.
function pinButton({ id, pinned }, actions) {
  return element(
    "button",
    {
      type: "button",
      class: "plain",
      id: "pin",
      "aria-pressed": String(pinned),
      onclick: () => actions.pin(id, !pinned),
    },
    pinned ? "Unpin" : "Pin",
  );
}
