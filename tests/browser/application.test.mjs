// The inspector on applications that run elsewhere, by FastCGI.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { checkSoundness, desktop, looks, nameOf, phone } from "./browser.mjs";
import { world } from "./world.mjs";

const room = await mkdtemp(path.join(tmpdir(), "gatehouse-application-"));
const socket = path.join(room, "socket");

function record(type, content) {
  const header = Buffer.alloc(8);
  header.set([1, type, 0, 1]);
  header.writeUInt16BE(content.length, 4);
  return Buffer.concat([header, Buffer.from(content)]);
}

const [stdin, stdout] = [5, 6];
const endRequest = record(3, Buffer.alloc(8));

// Answers each request when the empty record that ends its body has come.
function answer(connection) {
  let bytes = Buffer.alloc(0);
  connection.on("error", () => {});
  connection.on("data", (more) => {
    bytes = Buffer.concat([bytes, more]);
    while (bytes.length >= 8) {
      const content = bytes.readUInt16BE(4);
      const whole = 8 + content + bytes[6];
      if (bytes.length < whole) return;
      if (bytes[1] === stdin && content === 0) {
        connection.write(record(stdout, "Content-Type: text/plain\n\nhello"));
        connection.write(endRequest);
      }
      bytes = bytes.subarray(whole);
    }
  });
}

const application = net.createServer(answer);
before(() => new Promise((resolve) => application.listen(socket, resolve)));
after(() => rm(room, { recursive: true }));
const here = world({
  options: [
    "--inspect",
    "--map",
    `/app fastcgi:unix:${socket}`,
    "--map",
    `/nobody fastcgi:unix:${room}/nobody`,
  ],
});
after(() => application.close());

function ask(target, method = "GET", body = "") {
  return new Promise((resolve, reject) => {
    const request = http.request(here.url + target, { method }, (response) =>
      response.resume().on("end", resolve),
    );
    request.on("error", reject);
    request.end(body);
  });
}

async function shown(page, target, ...how) {
  await page.locator("#connection.live").waitFor();
  await ask(target, ...how);
  await page.locator("#list li", { hasText: target }).first().click();
  await page.locator("#exchange h2", { hasText: target }).waitFor();
}

const step = (page) => page.locator("[data-part=process]");
const stage = (page, number) => page.locator(".stages button").nth(number - 1);

test("an application that is asked is stage 4, with each record by type and length", () =>
  here.page("/-/", {}, async (page) => {
    await shown(page, "/app/records?a=b", "POST", "12345");
    assert.equal(await page.locator("#stage-4").textContent(), "4 an application is asked");
    const text = await step(page).locator("dl").first().innerText();
    assert.match(text, /FastCGI/);
    assert.ok(text.includes(`unix:${socket}`), text);
    await step(page).locator("summary", { hasText: "7 records went over" }).waitFor();
    const records = await step(page).locator("details dl > div").allTextContents();
    assert.equal(records[0], "To itFCGI_BEGIN_REQUEST, 8 bytes");
    assert.equal(records.at(-1), "From itFCGI_END_REQUEST, 8 bytes");
    assert.match(await step(page).locator("pre").first().textContent(), /12345/);
    assert.equal(await page.locator("#stage-5").textContent(), "5 answers");
    assert.match(await page.locator("[data-part=output]").textContent(), /hello/);
    assert.match(await stage(page, 4).textContent(), /application done.*FastCGI/);
  }));

test("one that cannot be reached is where its exchange failed", () =>
  here.page("/-/", {}, async (page) => {
    await shown(page, "/nobody");
    assert.match(await page.locator("#stage-4").textContent(), /is asked — this failed/);
    assert.match(await step(page).textContent(), /Nothing was sent/);
    await stage(page, 4).click();
    await page.locator("#stage-4:focus").waitFor();
  }));

for (const look of looks) {
  for (const target of ["/app/sound", "/nobody/sound"]) {
    test(`${target} is sound, ${nameOf(look)}`, () =>
      here.page("/-/", look, async (page) => {
        await shown(page, target, "POST", "12345");
        await checkSoundness(page);
        const directory = process.env.GATEHOUSE_SCREENSHOTS;
        const wanted = [desktop, phone].some(({ width }) => width === look.size?.width);
        if (directory && wanted) {
          const name = `${target.replaceAll("/", "-")}-${nameOf(look).replaceAll(/\W+/g, "-")}.png`;
          await step(page).screenshot({ path: path.join(directory, name) });
        }
      }));
  }
}
