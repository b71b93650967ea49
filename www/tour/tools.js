// The bytes of one connection as four programs would show them.
import { element, find } from "./element.js";
import { decoded, parts } from "./wire.js";

// What stands before each line of a text.
const each = (text, before) => text.replace(/\r/g, "").split("\n").slice(0, -1).map((line) => `${before}${line}`.trimEnd());

function heads(bytes) {
  const found = parts(bytes);
  return {
    lines: found.filter((part) => part.kind !== "body").map((part) => part.text).join(""),
    fields: found.filter((part) => part.kind === "field").map((part) => part.text.trim()),
    body: found.find((part) => part.kind === "body")?.text ?? "",
    status: /^HTTP\/[\d.]+ (\d+)/.exec(found[0]?.text ?? "")?.[1] ?? "",
    target: /^\S+ (\/\S*)/.exec(found[0]?.text ?? "")?.[1] ?? "/",
  };
}

function telnet({ port, sent, received, closed }) {
  const lines = [`$ telnet 127.0.0.1 ${port}`, "Trying 127.0.0.1...", "Connected to 127.0.0.1.", "Escape character is '^]'."];
  lines.push(...each(decoded(sent), ""), ...each(ended(decoded(received)), ""));
  if (closed) lines.push("^]", "telnet> quit", "Connection closed.");
  return lines;
}

const ended = (text) => (text === "" || text.endsWith("\n") ? text : text + "\n");

function curl({ port, sent, received, closed }) {
  const asked = heads(sent);
  const answered = heads(received);
  const lines = [
    `$ curl -v http://127.0.0.1:${port}${asked.target}`,
    `*   Trying 127.0.0.1:${port}...`,
    `* Connected to 127.0.0.1 (127.0.0.1) port ${port}`,
    ...each(asked.lines, "> "),
    ...each(answered.lines, "< "),
  ];
  if (answered.body) lines.push(answered.body);
  if (closed) lines.push("* Closing connection");
  return lines;
}

function python({ port, sent, received }) {
  const answered = heads(received);
  const lines = [">>> import requests", `>>> r = requests.get("http://127.0.0.1:${port}${heads(sent).target}")`];
  if (!answered.status) return [...lines, "… get() has not returned yet"];
  const fields = answered.fields.map((field) => field.split(/:\s*/)).map(([name, value]) => `'${name}': '${value}'`);
  return [
    ...lines,
    ">>> r.status_code",
    answered.status,
    ">>> r.headers",
    `{${fields.join(",\n ")}}`,
    ">>> r.text",
    `'${answered.body}'`,
  ];
}

function browser({ port, sent, received }) {
  const answered = heads(received);
  const address = `127.0.0.1:${port}${heads(sent).target}`;
  return [
    element("b", {}, address),
    "\n\n",
    answered.body || (answered.status ? "(an empty page)" : "… loading: there is no answer yet"),
  ];
}

const TOOLS = {
  telnet: { draw: telnet, says: "telnet shows what comes and sends what you type: the bytes and nothing else." },
  curl: { draw: curl, says: "curl -v writes the request itself, marks it with > and the head of the answer with <." },
  python: { draw: python, says: "requests waits for the whole answer and takes it apart for you." },
  browser: { draw: browser, says: "A browser hides the rest: you see the address and the body." },
};

let chosen = "telnet";

export function drawTools(panel, session) {
  const { draw, says } = TOOLS[chosen];
  const there = session?.port && (session.connected || session.closed);
  const content = there ? draw(session) : ["Nothing yet: there is no connection."];
  panel.replaceChildren(...(chosen === "browser" ? content : [content.join("\n")]));
  find("#tool-says").textContent = says;
  panel.current = session;
}

const tabs = [...document.querySelectorAll("[role=tab]")];

function choose(tab) {
  chosen = tab.dataset.tool;
  for (const one of tabs) {
    one.setAttribute("aria-selected", String(one === tab));
    one.tabIndex = one === tab ? 0 : -1;
  }
  const panel = find("#tools");
  panel.setAttribute("aria-labelledby", tab.id);
  drawTools(panel, panel.current);
}

for (const [at, tab] of tabs.entries()) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = tabs[(at + step + tabs.length) % tabs.length];
    choose(next);
    next.focus();
  });
}
