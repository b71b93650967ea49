// The bytes of one connection as four programs would show them.
import { element, find } from "./element.js";
import { answerIn, requestIn } from "./exchange.js";
import { decoded } from "./wire.js";

// What stands before each line of a text.
const each = (text, before) => text.replace(/\r/g, "").split("\n").slice(0, -1).map((line) => `${before}${line}`.trimEnd());

const ended = (text) => (text === "" || text.endsWith("\n") ? text : text + "\n");

const address = (port, target) => `http://127.0.0.1:${port}${target}`;

// What is asked for: what was sent, and before that what stands in the box.
function asked({ talk, planned }) {
  const sent = requestIn(talk.filter(({ who }) => who === "you").map(({ bytes }) => bytes));
  if (sent.begun) return sent;
  const next = requestIn([planned]);
  return { ...next, method: next.method || "GET", head: sent.head };
}

const cannotSay = (program) => [`${program} cannot say that. It begins with a line such as`, "GET /tea HTTP/1.1"];

// The fields that a program does not write by itself.
const ownFields = ({ fields }) => fields.filter(({ name }) => !/^(host|content-length)$/i.test(name));

// What each side sent before the other one answered.
function turns(talk) {
  const all = [];
  for (const { who, bytes } of talk) {
    if (all.at(-1)?.who !== who) all.push({ who, bytes: [] });
    all.at(-1).bytes.push(...bytes);
  }
  return all.map(({ bytes }) => decoded(Uint8Array.from(bytes)));
}

function telnet({ port, talk, closed }) {
  const lines = [`$ telnet 127.0.0.1 ${port}`, "Trying 127.0.0.1...", "Connected to 127.0.0.1.", "Escape character is '^]'."];
  for (const text of turns(talk)) lines.push(...each(ended(text), ""));
  if (closed) lines.push("^]", "telnet> quit", "Connection closed.");
  return lines;
}

// A word for the shell.
function word(text) {
  if (/^[\w/.:~%=,+@-]+$/.test(text)) return text;
  if (!/[\0-\x1f]/.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const escaped = text.replace(/[\\']/g, "\\$&").replaceAll("\r", "\\r").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
  return `$'${escaped}'`;
}

function curlCommand(request, port) {
  const usual = request.body ? "POST" : "GET";
  const options = ["-v"];
  if (request.method === "HEAD") options.push("-I");
  else if (request.method !== usual) options.push("-X", word(request.method));
  for (const { name, value } of ownFields(request)) options.push("-H", word(`${name}: ${value}`));
  if (request.body) options.push(request.body.startsWith("@") ? "--data-raw" : "-d", word(request.body));
  return `$ curl ${options.join(" ")} ${word(address(port, request.target))}`;
}

function curl({ port, talk, planned, received, closed }) {
  const request = asked({ talk, planned });
  if (!request.method) return cannotSay("curl");
  const answer = answerIn(received, request.method);
  const lines = [curlCommand(request, port), `*   Trying 127.0.0.1:${port}...`, `* Connected to 127.0.0.1 (127.0.0.1) port ${port}`];
  lines.push(...each(request.head, "> "));
  if (request.body && !request.counted && lines.at(-1) === ">")
    lines.splice(-1, 0, `> Content-Length: ${new TextEncoder().encode(request.body).length}`);
  lines.push(...each(answer.head, "< "));
  if (answer.body.length > 0) lines.push(decoded(answer.body));
  if (answer.whole) lines.push("* Connection #0 to host 127.0.0.1 left intact");
  else if (closed) lines.push("* Closing connection");
  return lines;
}

const NAMED = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

// A string as Python writes it, so that it can be read in again.
function literal(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = [...text].map((sign) => {
    if (sign === quote) return `\\${sign}`;
    if (NAMED[sign] || sign === " " || !/[\p{C}\p{Z}]/u.test(sign)) return NAMED[sign] ?? sign;
    const code = sign.codePointAt(0).toString(16);
    if (code.length <= 2) return `\\x${code.padStart(2, "0")}`;
    return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`;
  });
  return quote + escaped.join("") + quote;
}

const dict = (fields, between) => `{${fields.map(({ name, value }) => `${literal(name)}: ${literal(value)}`).join(between)}}`;

const CALLS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

function pythonCall(request, port) {
  const own = ownFields(request);
  const isUsual = CALLS.includes(request.method);
  const given = [literal(address(port, request.target))];
  if (!isUsual) given.unshift(literal(request.method));
  if (request.body) given.push(`data=${literal(request.body)}`);
  if (own.length > 0) given.push(`headers=${dict(own, ", ")}`);
  const name = isUsual ? request.method.toLowerCase() : "request";
  return { name, text: `>>> r = requests.${name}(${given.join(", ")})` };
}

function python({ port, talk, planned, received }) {
  const request = asked({ talk, planned });
  if (!request.method) return cannotSay("requests");
  const answer = answerIn(received, request.method);
  const call = pythonCall(request, port);
  const lines = [">>> import requests", call.text];
  if (!answer.whole) return [...lines, `… ${call.name}() has not returned yet`];
  // Of a text that does not name its encoding, requests takes each byte for a sign.
  const text = String.fromCharCode(...answer.body);
  return [...lines, ">>> r.status_code", answer.status, ">>> r.headers", dict(answer.fields, ",\n "), ">>> r.text", literal(text)];
}

function browser({ port, talk, planned, received }) {
  const { method, target } = asked({ talk, planned });
  if (!method) return [cannotSay("A browser").join("\n")];
  const answer = answerIn(received, method);
  const empty = answer.status ? "(an empty page)" : "… loading: there is no answer yet";
  return [element("b", {}, `127.0.0.1:${port}${target}`), "\n\n", decoded(answer.body) || empty];
}

const TOOLS = {
  telnet: { draw: telnet, says: "telnet shows what comes and sends what you type: the bytes and nothing else." },
  curl: { draw: curl, says: "curl -v writes the request itself, marks it with > and the head of the answer with <." },
  python: { draw: python, says: "requests waits for the whole answer and takes it apart for you." },
  browser: { draw: browser, says: "A browser hides the rest: you see the address and the body." },
};

let chosen = "telnet";

// Keeps in session.talk what you and the server sent on the present connection, in that order.
export function hear(session, what, bytes) {
  if (what === "connected") session.talk = [];
  if (what === "sent") session.talk.push({ who: "you", bytes });
  if (what === "received") session.talk.push({ who: "server", bytes });
}

// session: the present connection, or the last; planned: the bytes in the box, which come next.
export function drawTools(panel, session, planned) {
  const { draw, says } = TOOLS[chosen];
  const there = session?.port && (session.connected || session.closed);
  const content = there ? draw({ ...session, planned }) : ["Nothing yet: there is no connection."];
  panel.replaceChildren(...(chosen === "browser" ? content : [content.join("\n")]));
  find("#tool-says").textContent = says;
  panel.current = [session, planned];
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
  drawTools(panel, ...panel.current);
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
