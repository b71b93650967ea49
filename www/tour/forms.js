// Step 6: five things that scripts do, each tried on the page.
import "./copy.js";
import { element, find, refresh } from "./element.js";
import { settle } from "./guess.js";
import { bytesOf, exchangesSince, inspectorIsOn, newest } from "./inspector.js";
import { light } from "./source.js";
import { decoded, visible } from "./wire.js";

const ENOUGH = 1500;

// Lights the lines of a script that read, or say, what matters now.
const lit = (file, ...texts) => light(find(`[data-source="cgi-bin/${file}"]`), ...texts);

function put(node, text) {
  const shown = text.length > ENOUGH ? text.slice(0, ENOUGH) : text;
  node.replaceChildren(...visible(shown.replace(/\r?\n$/, "")));
  if (text.length > ENOUGH) node.append(element("i", {}, "\n… and more"));
  node.hidden = false;
  refresh(node);
}

// The text alone, without marks for its line ends.
function say(node, text) {
  node.textContent = text;
  node.hidden = false;
  refresh(node);
}

// Takes the place of a form's own sending.
function instead(form, action) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    action(event.submitter).catch((error) => say(find("output", form), `That did not work. ${error.message}`));
  });
}

// What the inspector has recorded of requests that the page made: the heads both ways.
async function showWire(node, since, wanted) {
  const found = await exchangesSince(since, wanted);
  if (found.length === 0) return;
  const heads = found.map((e) => {
    const request = decoded(bytesOf(e.request.head)).split("\r\n");
    const kept = request.filter((line, at) => at === 0 || /^(cookie|content-)/i.test(line));
    const response = decoded(bytesOf(e.response.head)).trimEnd().split("\r\n");
    const back = response.filter((line, at) => at === 0 || /^(set-cookie|location|content-)/i.test(line));
    return [...kept.map((line) => "> " + line), ...back.map((line) => "< " + line)].join("\n");
  });
  say(node, heads.join("\n\n"));
}

// A form by GET and by POST.
const form = find("#form");
instead(form, async (button) => {
  const values = new URLSearchParams(new FormData(form));
  const post = button?.formMethod === "post";
  const head = post
    ? `POST /cgi-bin/form.py HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\nContent-Length: ${String(values).length}\n\n${values}`
    : `GET /cgi-bin/form.py?${values} HTTP/1.1\n`;
  say(find("#form-sent"), head);
  if (String(values).includes("more+tea+%26+cake")) settle(find("#guess"), "plus", find("#form-sent"));
  lit("form.py", post ? "sys.stdin.buffer.read" : '"QUERY_STRING"');
  const answer = post
    ? await fetch("/cgi-bin/form.py", { method: "POST", body: values })
    : await fetch(`/cgi-bin/form.py?${values}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const heading = find("main h2", page)?.textContent ?? `Status ${answer.status}`;
  say(find("#form-answer"), `${heading}:\n${find("main pre", page)?.textContent ?? ""}`);
});

// An upload. The body is made first, so that it can be shown: these are the bytes that are sent.
const upload = find("#upload");
instead(upload, async (button) => {
  const data = new FormData(upload);
  if (button?.value === "sample")
    data.set("file", new File(["Made by the page.\n"], "sample.txt", { type: "text/plain" }));
  const message = new Response(data);
  const type = message.headers.get("Content-Type");
  const body = new Uint8Array(await message.arrayBuffer());
  put(find("#upload-sent"), `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${decoded(body)}`);
  lit("upload.py", "sys.stdin.buffer.read");
  const answer = await fetch("/cgi-bin/upload.py", {
    method: "POST",
    headers: { "Content-Type": type },
    body,
  });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const lines = [...page.querySelectorAll("main h2, main tr")].map((node) =>
    [...(node.cells ?? [node])].map((cell) => cell.textContent.trim()).join(": "),
  );
  say(find("#upload-answer"), lines.join("\n") || `Status ${answer.status}: ${find("main p:last-child", page)?.textContent ?? ""}`);
});

// Cookies.
async function visit(path) {
  const since = await newest();
  lit("cookie.pl", "HTTP_COOKIE", "Set-Cookie", "SameSite=");
  const answer = await fetch(path, { cache: "no-store" });
  say(find("#cookie-answer"), await answer.text());
  await showWire(find("#cookie-wire"), since, (target) => target === path);
}
find("#cookies").addEventListener("click", (event) => {
  const path = event.target.closest("a")?.getAttribute("href");
  if (!path) return;
  event.preventDefault();
  visit(path).catch((error) => say(find("#cookie-answer"), `That did not work. ${error.message}`));
});

// Redirects.
async function follow(path) {
  const since = await newest();
  const how = path.split("/").at(-1);
  lit("redirect.pl", `'/${how}'`, `sent-by=${how}`);
  const answer = await fetch(path, { cache: "no-store" });
  await answer.text();
  const end = new URL(answer.url);
  say(
    find("#redirect-answer"),
    `asked for   ${path}\nended at    ${end.pathname}${end.search}\n` +
      (answer.redirected
        ? "The browser was told to go there, and asked again: two requests."
        : "The browser was told nothing: one request."),
  );
  await showWire(find("#redirect-wire"), since, (target) => target === path || target === end.pathname + end.search);
}
find("#redirects").addEventListener("click", (event) => {
  const path = event.target.closest("a")?.getAttribute("href");
  if (!path) return;
  event.preventDefault();
  follow(path).catch((error) => say(find("#redirect-answer"), `That did not work. ${error.message}`));
});

const isComment = (text) => text.split("\n").every((line) => line.startsWith(":"));

// Streaming: each piece of the response with the time at which it came.
let leave = null;
const pieces = find("#pieces");
async function stream() {
  leave = new AbortController();
  pieces.replaceChildren();
  find("#stop").disabled = false;
  lit("counter.sh", "data:");
  const began = performance.now();
  const note = (text, explained = "") => {
    const seconds = ((performance.now() - began) / 1000).toFixed(2);
    pieces.append(element("span", {}, `${seconds} s  ${text.trim().replace(/\n+/g, "  ")}${explained}\n`));
    pieces.scrollTop = pieces.scrollHeight;
  };
  pieces.hidden = false;
  try {
    const answer = await fetch("/cgi-bin/counter.sh?count=8", {
      headers: { Accept: "text/event-stream" },
      signal: leave.signal,
    });
    note(`status ${answer.status}: the head is here`);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      // An empty line ends an event.
      const events = (rest + read.value).split("\n\n");
      rest = events.pop();
      for (const text of events) note(text, isComment(text) ? "  (a comment, which is skipped)" : "");
    }
    note("the end");
  } catch (error) {
    note(error.name === "AbortError" ? "left; the server stops the script" : error.message);
  }
  find("#stop").disabled = true;
}
find("#start").addEventListener("click", () => {
  leave?.abort();
  stream();
});
find("#stop").addEventListener("click", () => leave?.abort());

for (const part of document.querySelectorAll(".scripted")) part.hidden = false;
inspectorIsOn();
