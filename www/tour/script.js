// Step 5: runs the reader's own script and shows what it was given and what it printed.
import "./copy.js";
import { element, find, refresh } from "./element.js";
import { settle } from "./guess.js";
import { bytesOf, exchangesSince, inspectorIsOn, newest } from "./inspector.js";
import { place } from "./place.js";
import { light } from "./source.js";
import { decoded } from "./wire.js";

const name = find("#name");
const path = find("#path");
const query = find("#query");
const said = find("#said");
const printed = find("#printed");
const variables = find("#variables");
const process = find("#process");

const ADVICE = {
  403: "It is there, but may not be executed. Type: chmod +x DIRECTORY/NAME",
  404: "There is no DIRECTORY/NAME yet. Make it as described above, then run it again.",
  500: "It could not be started. The answer below says why.",
  502: "It ran, but what it printed is no response. The answer below says why.",
  504: "It took too long and was stopped.",
};

// The server ends its own error pages with a reason in brackets.
const isRefusal = (text) => /\([a-z-]+\)\s*$/.test(text);

function explain(status, file, text, directory) {
  if (status < 400) return `Status ${status}. Your script has answered:`;
  if (!isRefusal(text)) return `Status ${status}, which your script has set. It has answered:`;
  return `Status ${status}. ${(ADVICE[status] ?? "The answer below says why.").replace("DIRECTORY/NAME", () => `${directory}/${file}`)}`;
}

async function showExchange(since, target) {
  const exchange = (await exchangesSince(since, (t) => t === target)).at(-1);
  find("#given").hidden = !exchange?.script;
  if (!exchange?.script) return;
  variables.replaceChildren(
    ...exchange.variables.map((v) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, element("code", {}, v.name)),
        element("td", {}, element("code", {}, v.value)),
        element("td", { "data-label": "From" }, v.from),
      ),
    ),
  );
  const given = exchange.variables.find((v) => v.name === "PATH_INFO");
  if (given?.value === "/green") {
    const row = [...variables.rows].find((one) => one.cells[0].textContent === "PATH_INFO");
    settle(find("#guess"), "rest", row.cells[1].firstChild);
  }
  const took = exchange.process ? `Process ${exchange.process.pid} ${exchange.process.text}. ` : "";
  const place = element("a", { href: `/-/#${exchange.id}`, target: "_blank" }, `exchange ${exchange.id}`);
  process.replaceChildren(`${took}This is `, place, " in the inspector.");
  find("#given-variables").hidden = exchange.variables.length === 0;
  find("#given-output").hidden = exchange.stdout.size === 0;
  find("#stdout").textContent = decoded(bytesOf(exchange.stdout));
}

async function run() {
  const file = name.value.trim();
  const named = `${file}${path.value.trim().replace(/^(?=[^/])/, "/")}`;
  const target = `/cgi-bin/${named.split("/").map(encodeURIComponent).join("/")}${query.value ? "?" + encodeURI(query.value) : ""}`;
  find("#address").href = target;
  find("#address").textContent = location.origin + target;
  const since = await newest();
  light(find("#hello"), "QUERY_STRING");
  const answer = await fetch(target, { headers: { Accept: "text/plain" }, cache: "no-store" });
  const text = await answer.text();
  printed.textContent = text;
  printed.hidden = false;
  said.textContent = explain(answer.status, file, text, (await place)?.cgiBin ?? "cgi-bin");
  refresh(printed);
  await showExchange(since, target);
}

find("#run").addEventListener("submit", (event) => {
  event.preventDefault();
  run().catch((error) => (said.textContent = `That did not work. ${error.message}`));
});
find("#runner").hidden = false;
inspectorIsOn();
