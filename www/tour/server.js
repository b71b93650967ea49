// Step 1: a server in twenty lines. cgi-bin/socket-server.py runs it for this page and reports its calls.
import "./copy.js";
import { element, find } from "./element.js";
import { fill, showLineEnds } from "./lines.js";
import { settle } from "./guess.js";
import "./source.js";
import { drawTools, hear } from "./tools.js";
import { decoded, typed, visible } from "./wire.js";

const PROGRAM = "/cgi-bin/socket-server.py";
// What keeps the server running is none of the reader's own requests; the inspector keeps it apart.
const OURS = { "Gatehouse-Tour": "1" };
const CALLS = ["socket", "bind", "listen", "accept", "recv", "sendall"];
const STEP_MS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 350;

const source = find("#code");
const box = find("#request");
const said = find("#said");
const tools = find("#tools");
const buttons = Object.fromEntries(["start", "connect", "send", "hang-up"].map((id) => [id, find(`#${id}`)]));
const line = (number) => source.querySelectorAll(".line")[number - 1];

// {running, port, connected, sent, received, answered, closed}: bytes of the present connection, or of the
// last; answered: whether what was sent last has been.
let session = null;

// What a call gave, written below its line.
function note(number, ...content) {
  const at = line(number);
  find(".gave", at)?.remove();
  if (content.length > 0) at.append(element("span", { class: "gave" }, "→ ", ...content));
}

const shown = (bytes) => (bytes.length === 0 ? ["nothing: 0 bytes"] : visible(decoded(bytes)).filter((piece) => piece !== "\n"));
const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

function joined(one, other) {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

function showCall({ call, line: number, state, text, bytes }) {
  const at = line(number);
  if (!at) return;
  if (state === "called") {
    at.classList.add("waits");
    if (call === "accept" || call === "recv") tellWaiting(call);
    return;
  }
  at.classList.remove("waits");
  at.classList.add("lit");
  if (call === "accept") Object.assign(session, { sent: new Uint8Array(), received: new Uint8Array() });
  if (call === "sendall") session.answered = true;
  if (bytes !== undefined) {
    const given = bytesOf(bytes);
    note(number, ...shown(given));
    if (call === "recv" && given.length === 0) settle(find("#guess"), "none", find(".gave", at));
  } else if (text) {
    note(number, text);
  }
}

function tellWaiting(call) {
  said.textContent = call === "accept" ? "The server waits in accept: nobody is there. Connect." : waitingInRecv();
  if (call === "recv" && session.received.length > 0) tools.scrollIntoView({ block: "nearest" });
}

function waitingInRecv() {
  const { sent, received, answered } = session;
  if (sent.length === 0) return "The server waits in recv: it wants bytes. Send some, or hang up.";
  if (!answered) return `The server has read ${sent.length} bytes and waits in recv for more: no empty line yet.`;
  if (received.length === 0) return "The server has answered and waits in recv again.";
  return `The answer is here: ${received.length} bytes. Send more, or hang up.`;
}

function showAnswer(bytes) {
  Object.assign(session, { received: joined(session.received, bytes), answered: true });
  draw();
  tellWaiting("recv");
}

function showClient({ client, bytes }) {
  if (client === "connected") Object.assign(session, { connected: true, closed: false, sent: new Uint8Array(), received: new Uint8Array() });
  if (client === "sent") Object.assign(session, { sent: joined(session.sent, bytesOf(bytes)), answered: false });
  if (client === "received") showAnswer(bytesOf(bytes));
  if (client === "closed") Object.assign(session, { connected: false, closed: true });
}

function show(event) {
  if (event.call) showCall(event);
  if (event.client) hear(session, event.client, event.bytes && bytesOf(event.bytes));
  if (event.client) showClient(event);
  if (event.port && event.call === "listen") session.port = event.port;
  if (event.ended || event.trouble) said.textContent = event.ended ?? event.trouble;
  draw();
}

function draw() {
  const running = session?.running ?? false;
  buttons.start.textContent = running ? "Stop" : "Start";
  buttons.connect.disabled = !running || !session.port || session.connected;
  buttons["hang-up"].disabled = !running || !session.connected;
  buttons.send.disabled = buttons["hang-up"].disabled || box.value === "";
  for (const [id, button] of Object.entries(buttons)) button.classList.toggle("main", id === wanted());
  drawTools(tools, session, typed(box.value));
}

// The button that comes next.
function wanted() {
  if (!session?.running) return "start";
  if (!session.connected) return "connect";
  return session.received.length === 0 ? "send" : "hang-up";
}

function darken() {
  for (const lit of source.querySelectorAll(".lit")) lit.classList.remove("lit");
}

// The events of the program, one by one and slowly enough to be seen.
async function follow(mine, answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const lines = (rest + read.value).split("\n");
    rest = lines.pop();
    for (const text of lines.filter((one) => one !== "")) {
      const event = JSON.parse(text);
      if (event.session) mine.name = event.session;
      else {
        show(event);
        if (STEP_MS > 0 && event.state === "returned") await new Promise((resume) => setTimeout(resume, STEP_MS));
      }
    }
  }
}

async function start() {
  darken();
  for (const gave of source.querySelectorAll(".gave")) gave.remove();
  const mine = { running: true, leave: new AbortController(), sent: new Uint8Array(), received: new Uint8Array() };
  session = mine;
  said.textContent = "The server starts.";
  draw();
  try {
    const answer = await fetch(`${PROGRAM}?run`, { cache: "no-store", headers: OURS, signal: mine.leave.signal });
    if (!answer.ok) throw new Error(`${PROGRAM} answered ${answer.status}.`);
    await follow(mine, answer);
  } catch (error) {
    said.textContent = error.name === "AbortError" ? "The server has been stopped." : `That did not work. ${error.message}`;
  }
  Object.assign(mine, { running: false, connected: false });
  for (const waits of source.querySelectorAll(".waits")) waits.classList.remove("waits");
  draw();
}

async function act(action, body) {
  darken();
  const address = `${PROGRAM}?session=${session.name}&do=${action}`;
  const answer = await fetch(address, { method: "POST", headers: OURS, body });
  if (!answer.ok) said.textContent = await answer.text();
}

const doing = (action, body = () => undefined) => () =>
  act(action, body()).catch((error) => (said.textContent = `That did not work. ${error.message}`));

buttons.start.addEventListener("click", () => (session?.running ? session.leave.abort() : start()));
buttons.connect.addEventListener("click", doing("connect"));
buttons.send.addEventListener(
  "click",
  doing("send", () => {
    const bytes = typed(box.value);
    said.textContent = `${bytes.length} bytes are on their way to the server.`;
    return bytes;
  }),
);
buttons["hang-up"].addEventListener("click", doing("hang-up"));

source.querySelectorAll(".line").forEach((one) => {
  const call = CALLS.findIndex((name) => one.textContent.includes(`${name}(`));
  if (call >= 0) one.dataset.number = call + 1;
});
showLineEnds(box);
box.addEventListener("input", draw);
fill(box, "GET /tea HTTP/1.1\nHost: localhost\n\n");
find("#live").hidden = false;
find("#recorded").hidden = true;
draw();
