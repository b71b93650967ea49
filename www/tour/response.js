// Step 3: responses of this server, line by line.
import "./copy.js";
import { find, refresh } from "./element.js";
import { settle } from "./guess.js";
import { inspectorIsOn, sendRaw } from "./inspector.js";
import { show, typed } from "./wire.js";

const choice = find("#what");
const asNumbers = find("#numbers");
const list = find("#live-response");
const said = find("#said");
let bytes = new Uint8Array();

function draw() {
  show(list, bytes, {
    first: "The status line: version, status, and the status in words.",
    asNumbers: asNumbers.checked,
    bodyLimit: 700,
  });
}

async function ask(byHand) {
  const [method, target] = choice.value.split(" ");
  try {
    const got = await sendRaw(typed(`${method} ${target} HTTP/1.1\nHost: ${location.host}\n${byHand ? "" : "Gatehouse-Tour: 1\n"}\n`));
    bytes = got.response;
    draw();
    refresh(list);
    const length = [...list.querySelectorAll("code")].find((code) => /^(content-length|transfer-encoding):/i.test(code.textContent));
    if (byHand && length) settle(find("#guess"), "length", length);
    said.textContent = `${got.size} bytes, just now, for ${choice.value}.`;
  } catch (error) {
    said.textContent = `That did not work. ${error.message}`;
  }
}

choice.addEventListener("change", () => ask(true));
asNumbers.addEventListener("change", draw);
find("#again").addEventListener("click", () => ask(true));
if (await inspectorIsOn()) ask(false);
