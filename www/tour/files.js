// Step 4: asking for a file again, with and without the name of the version one has.
import "./copy.js";
import { element, find } from "./element.js";
import { settle } from "./guess.js";

const file = find("#file");
const rows = find("#asked");
const said = find("#said");
let etag = null;

const inBytes = (bytes) => `${bytes.toLocaleString("en")} bytes`;

// One request that the browser's own cache stays out of.
async function ask(fields) {
  const began = performance.now();
  const answer = await fetch(file.value, { headers: fields, cache: "no-store" });
  const body = await answer.arrayBuffer();
  return { answer, size: body.byteLength, ms: performance.now() - began };
}

function report(fields, { answer, size, ms }) {
  const condition = fields["If-None-Match"];
  const cells = [
    element("td", {}, condition ? element("code", {}, `If-None-Match: ${condition}`) : "no condition"),
    element("td", {}, String(answer.status)),
    element("td", { class: "number" }, inBytes(size)),
    element("td", { class: "number" }, `${ms.toFixed(1)} ms`),
  ];
  rows.append(element("tr", {}, ...cells));
}

async function plain() {
  const got = await ask({});
  etag = got.answer.headers.get("ETag");
  report({}, got);
  find("#etag").textContent = etag;
  find("#with").disabled = etag === null;
  said.textContent = `Status ${got.answer.status}. The server calls this version ${etag}.`;
}

async function conditional() {
  const fields = { "If-None-Match": etag };
  const got = await ask(fields);
  report(fields, got);
  const now = got.answer.headers.get("ETag");
  if (got.answer.status === 304) {
    settle(find("#guess"), "none", find("tr:last-child td:nth-child(3)", rows));
    said.textContent = "304 Not Modified: the copy that you have is still right. No content came.";
  } else {
    etag = now;
    find("#etag").textContent = etag;
    said.textContent = `Status ${got.answer.status}: the file has changed, so all of it came. It is called ${now} now.`;
  }
}

const trying = (action) => () =>
  action().catch((error) => (said.textContent = `That did not work. ${error.message}`));
find("#without").addEventListener("click", trying(plain));
find("#with").addEventListener("click", trying(conditional));
file.addEventListener("change", () => {
  rows.replaceChildren();
  etag = null;
  find("#with").disabled = true;
  find("#etag").textContent = "none yet";
  said.textContent = "";
});
find("#caching").hidden = false;
