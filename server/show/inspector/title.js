// The head of an exchange: what it came to, what was asked, and, below the reason of one that failed,
// what can be done with it.

import { visible } from "./bytes.js";
import { element } from "./element.js";
import { hasWholeBody } from "./received.js";
import { copyButton } from "./step.js";
import { gravityOf } from "./summary.js";
import { bytes as byteCount, grouped } from "./units.js";
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
      targetText(exchange),
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

// Of a long target the middle is left out until it is asked for.
const shownOfTarget = { front: 100, end: 50 };
let shownWhole = null; // the id of the exchange for which it was asked

function targetText({ id, target }) {
  if (!target) return "a request that could not be read";
  const { front, end } = shownOfTarget;
  const left = target.length - front - end;
  if (left < end || shownWhole === id) return visible(target);
  const text = element("span", { tabindex: "-1" });
  const showAll = () => {
    shownWhole = id;
    text.replaceChildren(...visible(target));
    text.focus({ preventScroll: true });
  };
  text.append(
    ...visible(target.slice(0, front)),
    element("button", { type: "button", title: target, onclick: showAll }, `… ${grouped(left)} more …`),
    ...visible(target.slice(-end)),
  );
  return text;
}
