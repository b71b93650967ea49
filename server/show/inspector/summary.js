// What a summary of an exchange comes to: how it is going, and the sign that the list has for it.

const halfFailures = ["answered_then_failed", "client_left"];

export function isScript({ kind }) {
  return kind === "script";
}

export function isFile({ kind }) {
  return kind === "file";
}

// What a page pulls in: it does not take the place of the page while the newest is followed.
export function isPieceOfAPage({ target }) {
  return /\.(css|m?js|map|ico|svg|png|jpe?g|gif|webp|avif|woff2?)(\?|$)/i.test(target);
}

export function hasFailed({ outcome }) {
  return outcome === "failed" || halfFailures.includes(outcome);
}

// Text and class. Colour alone never tells: each state has a text of its own.
export function signOf({ outcome, status }) {
  const number = status === 0 ? "" : `${status} `;
  if (outcome === "waiting") return ["…", "waiting"];
  if (outcome === "sending") return [`${number}…`, "waiting"];
  if (halfFailures.includes(outcome)) return [`${number || "– "}!`, "half"];
  return [number.trim() || "–", `answered-${String(status)[0]}`];
}

// How the stress lies on the verdict.
export function gravityOf({ outcome }) {
  if (outcome === "failed") return "failed";
  return halfFailures.includes(outcome) ? "half" : null;
}
