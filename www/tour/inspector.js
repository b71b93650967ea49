// What the tour asks of the inspector at /-/, which is there when the server runs with --inspect.

const asking = fetch("/-/exchanges", { headers: { Accept: "application/json" } })
  .then((answer) => answer.ok && /json/.test(answer.headers.get("Content-Type")))
  .catch(() => false);

// Whether it is on. Shows what needs it, or else says how to turn it on.
export async function inspectorIsOn() {
  const on = await asking;
  for (const node of document.querySelectorAll(".needs-inspector")) node.hidden = !on;
  for (const node of document.querySelectorAll(".off")) node.hidden = on;
  return on;
}

export function bytesOf(sent) {
  return Uint8Array.from(atob(sent.base64), (c) => c.charCodeAt(0));
}

// Has the server take these bytes as if they had come over a connection of their own.
// Returns {response: Uint8Array, size, cut, note, id}.
export async function sendRaw(bytes) {
  const answer = await fetch("/-/send", {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream", "Gatehouse-Inspector": "1" },
    body: bytes,
  });
  if (!answer.ok) throw new Error(`The inspector answered ${answer.status}.`);
  const { id, response, note } = await answer.json();
  return { id, note, response: bytesOf(response), size: response.size, cut: response.cut };
}

async function summaries() {
  const answer = await fetch("/-/exchanges", { cache: "no-store" });
  return (await answer.json()).exchanges;
}

// The number of the newest exchange, to find later what came after it.
export async function newest() {
  if (!(await asking)) return 0;
  return (await summaries()).at(-1)?.id ?? 0;
}

// The ended exchanges after number `since` whose target is one that `wanted` accepts, oldest first.
// The last may be written a moment after its response was read, so this asks a few times.
export async function exchangesSince(since, wanted) {
  if (!(await asking)) return [];
  let found = [];
  for (let tries = 0; tries < 10; ++tries) {
    found = (await summaries()).filter((e) => e.id > since && wanted(e.target));
    if (found.length > 0 && found.every((e) => e.state === "done")) break;
    await new Promise((resume) => setTimeout(resume, 50));
  }
  return Promise.all(found.map(async (e) => (await fetch(`/-/exchanges/${e.id}`)).json()));
}
