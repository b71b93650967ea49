// Sending a recorded request again: the same bytes, or a sentence that says what of it is not known.

import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";

import { checkSoundness, phone } from "./browser.mjs";
import { world } from "./world.mjs";

const here = world({
  scripts: {
    "closed.sh": { mode: 0o644, text: "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nHello\\n'\n" },
    "cat.sh": "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\ncat\n",
  },
});

// These bytes over a connection of their own, until the server has closed it or says nothing more.
function send(text) {
  const { hostname, port } = new URL(here.url);
  return new Promise((resolve, reject) => {
    const client = net.connect(Number(port), hostname, () => client.end(Buffer.from(text, "latin1")));
    client.on("error", reject).on("close", resolve).resume();
  });
}

let sent = 0;

// The exchange of such a request, on the page. The head is its lines; each target has a number of its own.
async function shown(page, [first, ...fields], body = "") {
  const once = `number=${++sent}.`;
  const line = first.replace(" HTTP/", `?${once} HTTP/`);
  const host = first.endsWith("1.1") ? [`Host: ${new URL(here.url).host}`] : [];
  await send([line, ...host, ...fields, "", body].join("\r\n"));
  await page.locator(".chips label", { hasText: "all" }).click();
  await page.locator("#list li", { hasText: once }).first().click();
  await page.locator("#exchange h2", { hasText: once }).waitFor();
}

const button = (page, name) => page.getByRole("button", { name, exact: true });

async function recorded(page) {
  const id = (await page.evaluate(() => location.hash)).slice(1);
  const answer = await fetch(`${here.url}/-/exchanges/${id}`, { headers: { Connection: "close" } });
  const { request, status } = await answer.json();
  const bytesOf = ({ base64 }) => Buffer.from(base64, "base64").toString("latin1");
  return { head: bytesOf(request.head), body: bytesOf(request.body), status };
}

// Runs it again, and gives what was recorded of both.
async function twice(page) {
  const first = await recorded(page);
  const before = await page.evaluate(() => location.hash);
  await button(page, "Run again").click();
  await page.waitForFunction((hash) => location.hash !== hash, before);
  const id = (await page.evaluate(() => location.hash)).slice(1);
  await page.locator(".verdict", { hasText: `exchange ${id}` }).waitFor();
  await page.locator(".verdict", { hasText: "200 OK after" }).waitFor();
  return [first, await recorded(page)];
}

const form = ["Content-Type: application/x-www-form-urlencoded", "Content-Length: 8"];

for (const [what, request, known] of [
  ["a program that may not be run", ["POST /cgi-bin/closed.sh HTTP/1.1", ...form], "none of its 8 bytes was handed"],
  ["a name that is not there", ["POST /cgi-bin/closd.sh HTTP/1.1", ...form], "none of its 8 bytes was handed"],
  ["a file", ["POST /style.css HTTP/1.1", ...form], "none of its 8 bytes was handed"],
]) {
  test(`a body for ${what} is not known, and not left out of what is run again`, () =>
    here.page("/-/", {}, async (page) => {
      await shown(page, request, "name=Ada");
      assert.equal(await button(page, "Run again").count(), 0);
      assert.equal(await button(page, "Copy as curl").count(), 0);
      await page.locator(".actions .note", { hasText: known }).waitFor();
      await page.locator("[data-part=request]", { hasText: `Body: ${known}` }).waitFor();
      await checkSoundness(page);
      await button(page, "Send again, edited").click();
      const note = page.locator("#body-note");
      await page.locator("#body-note", { hasText: known }).waitFor();
      await page.locator("#fields").press("End");
      await page.locator("#fields").pressSequentially(" ");
      assert.match(await note.textContent(), /not known whole/);
      await page.locator("#body").fill("name=Ada");
      assert.equal(await note.isVisible(), false);
    }));
}

test("a body in chunks of which one is wrong is not known, and there is no command for it", () =>
  here.page("/-/", {}, async (page) => {
    const request = ["POST /cgi-bin/cat.sh HTTP/1.1", "Transfer-Encoding: chunked"];
    await shown(page, request, "5\r\nhello\r\nzz\r\n");
    await page.locator(".verdict", { hasText: "400" }).waitFor();
    assert.equal(await button(page, "Run again").count(), 0);
    assert.equal(await button(page, "Copy as curl").count(), 0);
    await page.locator(".actions .note", { hasText: "5 bytes of it were read" }).waitFor();
    await button(page, "Send again, edited").click();
    assert.equal(await page.locator("#body").inputValue(), "hello");
    await page.locator("#body-note", { hasText: "not known whole" }).waitFor();
  }));

test("Run again sends bytes that are no UTF-8, HTTP/1.0 and every field as they came", () =>
  here.page("/-/", {}, async (page) => {
    const request = ["GET /cgi-bin/env.sh/caf\xe9 HTTP/1.0", "X-Name: caf\xe9", "Connection: keep-alive"];
    await shown(page, request);
    const [first, second] = await twice(page);
    assert.match(first.head, /caf\xe9.* HTTP\/1\.0\r\nX-Name: caf\xe9\r\n/);
    assert.deepEqual(second, first);
    await button(page, "Send again, edited").click();
    await page.locator("#body-note", { hasText: "It came as HTTP/1.0" }).waitFor();
    await page.locator("#body-note", { hasText: "no UTF-8" }).waitFor();
  }));

test("Run again sends the body that a script has read, also one that came in chunks", () =>
  here.page("/-/", { size: phone }, async (page) => {
    for (const [fields, body] of [
      [form, "name=Ada"],
      [["Transfer-Encoding: chunked"], "4\r\nname\r\n4\r\n=Ada\r\n0\r\n\r\n"],
      [["Transfer-Encoding: chunked"], "0\r\n\r\n"],
    ]) {
      await page.goto(`${here.url}/-/`);
      await shown(page, ["POST /cgi-bin/cat.sh HTTP/1.1", ...fields], body);
      const [first, second] = await twice(page);
      assert.equal(first.body, body.startsWith("0") ? "" : "name=Ada");
      assert.deepEqual(second, first);
    }
  }));
