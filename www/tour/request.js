// Step 2: a request typed by hand, and the raw answer.
import "./copy.js";
import { find, refresh } from "./element.js";
import { settle, unsettle } from "./guess.js";
import { inspectorIsOn, sendRaw } from "./inspector.js";
import { fill, showLineEnds } from "./lines.js";
import { show, typed } from "./wire.js";

const host = location.host;
const EXAMPLES = {
  whole: `GET /tour/hello.txt HTTP/1.1\nHost: ${host}\n\n`,
  head: `HEAD /tour/hello.txt HTTP/1.1\nHost: ${host}\n\n`,
  missing: `GET /no/such/file HTTP/1.1\nHost: ${host}\n\n`,
  hostless: "GET /tour/hello.txt HTTP/1.1\n\n",
  open: `GET /tour/hello.txt HTTP/1.1\nHost: ${host}\n`,
  greeting: "Good morning, server!\n\n",
  script: `GET /cgi-bin/calc/6/times/7 HTTP/1.1\nHost: ${host}\n\n`,
};

const form = find("#by-hand");
const text = find("#typed");
const size = find("#size");
const said = find("#said");
const answer = find("#answer");
const guess = find("#guess");

// A request of HTTP/1.1 whose only fault is that it leaves out Host.
const HOSTLESS = /^[A-Z]+ \/\S* HTTP\/1\.1\n(?:(?!host:)[\w-]+:.*\n)*\n/i;

function count() {
  const bytes = typed(text.value).length;
  size.textContent = `${bytes} bytes. Each \\r\\n is two of them.`;
}

async function send() {
  unsettle(guess);
  answer.replaceChildren();
  if (text.value === "") {
    said.textContent = "There is nothing to send: type a request, or take one of those below.";
    return;
  }
  said.textContent = "Sent. Waiting for the answer.";
  try {
    const isHostless = HOSTLESS.test(text.value);
    const { response, size: total, cut, note } = await sendRaw(typed(text.value));
    show(answer, response, { first: "The status line: how it went." });
    const came = `${total} bytes came back${cut ? ", the first of them here" : ""}:`;
    said.textContent = [note, total ? came : "No answer came."].filter(Boolean).join(" ");
    if (response.length > 0) refresh(answer);
    const status = /^HTTP\/1\.1 (\d+)/.exec(answer.textContent)?.[1];
    if (status && isHostless) settle(guess, status, find("code", answer));
  } catch (error) {
    said.textContent = `That did not work. ${error.message}`;
  }
}

for (const [name, request] of Object.entries(EXAMPLES)) {
  find(`[data-example="${name}"]`).addEventListener("click", () => {
    fill(text, request);
    send();
  });
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
text.addEventListener("input", count);
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.ctrlKey) send();
});

showLineEnds(text);
fill(text, EXAMPLES.whole);
inspectorIsOn();
for (const port of document.querySelectorAll(".port")) port.textContent = location.port || "80";
